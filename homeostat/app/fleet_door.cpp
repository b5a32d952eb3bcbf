#include "homeostat/app/fleet_door.hpp"

#include "homeostat/app/fleet_wire.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace homeostat::app {

namespace {

/// It goes into the ledger with what it led to.
constexpr std::size_t says_bytes_max = 300;

std::string bounded(std::string text) {
    text.resize(std::min(text.size(), says_bytes_max));
    return text;
}

}  // namespace

FleetDoor::FleetDoor(const Config& config,
                     ports::Clock& clock,
                     boost::asio::any_io_executor executor)
    : config_(config),
      clock_(clock),
      executor_(std::move(executor)),
      state_{.name = config.fleet->limits.name} {}

/// On a connection of its own: one that hangs is of no use to the next question.
Task<Result<std::string>> FleetDoor::post(std::string path, std::string body, Instant deadline) {
    Result<net::Endpoint> endpoint = net::unix_endpoint(fleet_socket_of(config_).string());
    if (!endpoint) {
        co_return std::unexpected(endpoint.error());
    }
    net::HttpRequest request;
    request.method = "POST";
    request.path = std::move(path);
    request.body = std::move(body);
    const Result<net::HttpResponse> response =
        co_await net::request_once(executor_, *std::move(endpoint), std::move(request), deadline);
    if (!response) {
        co_return fail(response.error().fault, "homeostat-shipper does not answer (" +
                                                   bounded(response.error().text) +
                                                   "); see shipper.log beside the ledger");
    }
    if (response->status != 200) {
        co_return fail(Fault::unreachable, bounded(response->body));
    }
    co_return response->body;
}

void FleetDoor::note(const Result<FleetWord>& word) {
    const FleetSays says = word ? word->says : FleetSays::unreachable;
    state_.granted_count += says == FleetSays::granted ? 1 : 0;
    state_.full_count += says == FleetSays::full ? 1 : 0;
    state_.unreachable_count += says == FleetSays::unreachable ? 1 : 0;
    state_.says = word ? word->because : word.error().text;
    state_.said_at = clock_.wall_now();
}

Task<Result<FleetWord>> FleetDoor::take(FleetAsk ask, Instant deadline) {
    std::string body = to_text(to_json(FleetTake{ask.place, ask.holds_for, deadline}));
    const Result<std::string> answer = co_await post(fleet_take_path, std::move(body), deadline);
    const Result<json::value> value =
        answer ? parse_json(*answer) : std::unexpected<Error>(answer.error());
    Result<FleetWord> word =
        value ? from_json<FleetWord>(*value) : std::unexpected<Error>(value.error());
    if (word && word->place != ask.place) {
        word = fail(Fault::broken, "homeostat-shipper answered about another place");
    }
    if (word) {
        word->because = bounded(std::move(word->because));
    }
    note(word);
    co_return word;
}

Task<Result<void>> FleetDoor::give_back(FleetWord granted, bool was_used, Instant deadline) {
    std::string body = to_text(to_json(FleetGiveBack{std::move(granted), was_used}));
    const Result<std::string> answer =
        co_await post(fleet_give_back_path, std::move(body), deadline);
    co_return answer ? Result<void>{} : std::unexpected<Error>(answer.error());
}

}  // namespace homeostat::app
