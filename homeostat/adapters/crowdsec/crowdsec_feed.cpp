#include "homeostat/adapters/crowdsec/crowdsec_feed.hpp"

#include "homeostat/adapters/crowdsec/decisions.hpp"
#include "homeostat/net/http_message.hpp"

#include <fmt/format.h>

#include <utility>

namespace homeostat::adapters::crowdsec {

namespace {

constexpr std::string_view key_header = "X-Api-Key";
constexpr std::size_t key_bytes_max = 256;
constexpr int ok = 200;
constexpr int unauthorized = 401;
constexpr int forbidden = 403;

}  // namespace

Result<void> check(const Options& options) {
    if (!net::is_local(options.api)) {
        return fail(Fault::invalid,
                    "CrowdSec's API has to be on this machine: its key would cross the network as "
                    "it is");
    }
    const bool is_key = !options.key.empty() && options.key.size() <= key_bytes_max &&
                        net::is_sendable(key_header, options.key);
    if (!is_key) {
        return fail(Fault::invalid,
                    "not the key of a bouncer: `cscli bouncers add homeostat -o raw` makes one");
    }
    return {};
}

CrowdsecFeed::CrowdsecFeed(boost::asio::any_io_executor executor, Options options)
    : options_(std::move(options)),
      client_(std::move(executor), options_.api, {.body_bytes_max = reply_bytes_max}) {}

Task<Result<FeedUpdate>> CrowdsecFeed::poll(bool is_whole, Instant deadline) {
    net::HttpRequest request;
    request.path = fmt::format("/v1/decisions/stream?startup={}", is_whole);
    request.headers.emplace_back(key_header, options_.key);
    const Result<net::HttpResponse> response =
        co_await client_.request(std::move(request), deadline);
    if (!response) {
        co_return std::unexpected(response.error());
    }
    if (response->status == forbidden || response->status == unauthorized) {
        co_return fail(Fault::refused, "CrowdSec does not know the key");
    }
    if (response->status != ok) {
        co_return fail(Fault::broken, fmt::format("CrowdSec answers {}", response->status));
    }
    co_return parse_decisions(response->body);
}

}  // namespace homeostat::adapters::crowdsec
