#include "homeostat/shipper/fleet_clerk.hpp"

#include "homeostat/adapters/postgres/postgres_fleet.hpp"
#include "homeostat/app/fleet_wire.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/proc.hpp"
#include "homeostat/shipper/ledger_tail.hpp"
#include "homeostat/shipper/sink_making.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace homeostat::shipper {

namespace {

namespace asio = boost::asio;
using adapters::postgres::FleetAgent;
using adapters::postgres::PostgresFleet;

/// What waits for the store is given up by the store's own deadlines, a little later than this.
constexpr std::chrono::seconds stop_within{3};

net::HttpResponse refused(const Error& error) {
    return {.status = 503, .body = error.text, .content_type = "text/plain"};
}

template <class T>
Result<T> parsed(const std::string& body) {
    const Result<json::value> value = parse_json(body);
    return value ? from_json<T>(*value) : std::unexpected<Error>(value.error());
}

}  // namespace

struct FleetClerk::State {
    explicit State(const app::Config& of) : config(of) {}

    /// Which ledger the agent writes: its effects are named by it.
    [[nodiscard]] Result<FleetAgent> agent() const {
        const LedgerTail tail({config.ledger_directory, os::read_boot_id().value_or("")},
                              config.service.text());
        const Result<std::optional<std::string>> ledger = tail.ledger();
        if (!ledger || !*ledger) {
            return fail(Fault::absent,
                        ledger ? "the ledger has no record yet" : ledger.error().text);
        }
        return FleetAgent{**ledger, config.service.text()};
    }

    /// The address is read when it is needed first: a file that is mended is enough then.
    Result<PostgresFleet*> store() {
        if (!fleet) {
            auto options = postgres_options(config.fleet->postgres);
            if (!options) {
                return std::unexpected(options.error());
            }
            fleet.emplace(*std::move(options));
        }
        return &*fleet;
    }

    net::HttpResponse take(const std::string& body) {
        const Result<app::FleetTake> asked = parsed<app::FleetTake>(body);
        const Result<FleetAgent> who = asked ? agent() : std::unexpected<Error>(asked.error());
        const Result<PostgresFleet*> where = who ? store() : std::unexpected<Error>(who.error());
        const auto is_waited_for = [&] { return os::read_boot_clock() < asked->until; };
        const Result<FleetWord> word =
            where ? (*where)->take(*who, {asked->place, config.fleet->limits, asked->holds_for},
                                   is_waited_for)
                  : std::unexpected<Error>(where.error());
        return word ? net::HttpResponse{.body = to_text(to_json(*word))} : refused(word.error());
    }

    net::HttpResponse give_back(const std::string& body) {
        const Result<app::FleetGiveBack> said = parsed<app::FleetGiveBack>(body);
        const Result<FleetAgent> who = said ? agent() : std::unexpected<Error>(said.error());
        const Result<PostgresFleet*> where = who ? store() : std::unexpected<Error>(who.error());
        const Result<void> done = where ? (*where)->give_back(*who, config.fleet->limits.name,
                                                              said->granted, said->was_used)
                                        : std::unexpected<Error>(where.error());
        return done ? net::HttpResponse{.body = "{}"} : refused(done.error());
    }

    net::HttpResponse answer(const net::HttpRequest& request) {
        if (request.method != "POST") {
            return {.status = 405, .body = "POST", .content_type = "text/plain"};
        }
        if (request.path == app::fleet_take_path) {
            return take(request.body);
        }
        return request.path == app::fleet_give_back_path
                   ? give_back(request.body)
                   : net::HttpResponse{.status = 404, .body = "", .content_type = "text/plain"};
    }

    /// Blocks the thread that it runs on, and no other.
    Task<net::HttpResponse> answer_later(net::HttpRequest request) { co_return answer(request); }

    const app::Config& config;
    std::optional<PostgresFleet> fleet{};
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::optional<net::HttpServer> server{};
    std::promise<void> has_ended{};
    std::future<void> end{has_ended.get_future()};
    std::thread thread{};
};

FleetClerk::FleetClerk(const app::Config& config) : state_(std::make_unique<State>(config)) {}

FleetClerk::~FleetClerk() {
    (void)stop();
}

Result<void> FleetClerk::start() {
    State& state = *state_;
    const Result<net::Endpoint> endpoint =
        net::unix_endpoint(app::fleet_socket_of(state.config).string());
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    state.server.emplace(state.context.get_executor(), [&state](net::HttpRequest request) {
        return state.answer_later(std::move(request));
    });
    if (Result<void> listening = state.server->listen(*endpoint); !listening) {
        return listening;
    }
    state.thread = std::thread([&state] {
        state.context.run();
        state.has_ended.set_value();
    });
    return {};
}

bool FleetClerk::stop() {
    State& state = *state_;
    if (!state.thread.joinable()) {
        return true;
    }
    state.context.stop();
    if (state.end.wait_for(stop_within) != std::future_status::ready) {
        spdlog::warn("fleet_left text=\"its store does not answer; ending without it\"");
        return false;
    }
    state.thread.join();
    return true;
}

}  // namespace homeostat::shipper
