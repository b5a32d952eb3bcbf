// What `homeostat doctor` asks of lists of sources, and of the edge that marks them.
//
// A CrowdSec is not asked for its list: it remembers per key what it has told, and what it tells us
// an agent would not hear any more.

#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/adapters/haproxy/runtime_socket.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/adapters/taxii/taxii_feed.hpp"
#include "homeostat/app/block_sources.hpp"
#include "homeostat/app/doctor_peers.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace homeostat::app {

namespace {

namespace haproxy = adapters::haproxy;

constexpr int unauthorized = 401;
constexpr int forbidden = 403;

/// What nobody may be denied by yet is worth knowing of, and no illness.
Check finding(const Config& config, std::string says, std::string mend) {
    const bool is_used = config.block_source == Autonomy::act;
    return {"block_sources", is_used ? Health::ill : Health::note, std::move(says),
            std::move(mend)};
}

std::string mend_of(std::string_view table, std::string_view stores) {
    return fmt::format(
        "write `backend {}` with `stick-table {}` into haproxy.cfg as "
        "docs/block_sources.md has it, then reload HAProxy",
        table, stores);
}

/// Empty when the table is as marks need it.
std::string trouble_with(const std::optional<haproxy::TableShape>& shape) {
    if (!shape) {
        return "there is no stick table";
    }
    if (!shape->has_switch) {
        return "no gpt0 is stored in the stick table";
    }
    return shape->has_text_keys ? "keys are strings, and no addresses, in the stick table" : "";
}

Task<Findings> check_tables(boost::asio::any_io_executor executor,
                            net::Endpoint endpoint,
                            Config config,
                            Instant deadline) {
    const BlockSourcesConfig& of = *config.block_sources;
    Findings found;
    const haproxy::RuntimeSocket socket(executor, endpoint);
    std::vector<std::string> tables{of.addresses, of.networks};
    const auto shapes = co_await socket.look_at_tables(std::move(tables), deadline);
    if (!shapes) {
        found.push_back({"block_sources", Health::note,
                         "the edge does not answer, so nobody knows whether it has the tables"});
        co_return found;  // What is to do about it, the check of the edge tells.
    }
    const std::array names{of.addresses, of.networks};
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (const std::string trouble = trouble_with((*shapes)[index]); !trouble.empty()) {
            found.push_back(
                finding(config, fmt::format("{} '{}'", trouble, names[index]),
                        mend_of(names[index], "type ipv6 size 64k expire 3m store gpt0")));
        }
    }
    haproxy::HaproxyMarker marker(executor, {endpoint, {of.addresses, of.networks, of.counts}});
    const Result<MarkCounts> counts = co_await marker.count(deadline);
    if (!counts) {
        found.push_back(
            finding(config, counts.error().text,
                    mend_of(of.counts, "type string len 8 size 16 store http_req_cnt,gpc(6)")));
    }
    co_return found;
}

/// Without the key it says no, and that is an answer.
Task<Findings> check_crowdsec(boost::asio::any_io_executor executor,
                              BlockFeedConfig feed,
                              Config config,
                              Instant deadline) {
    Findings found;
    const Result<net::Address> address = net::parse_endpoint(feed.crowdsec);
    if (!address) {
        co_return found;  // Refused when the configuration was read.
    }
    net::HttpRequest request;
    request.path = "/v1/decisions/stream";
    net::Endpoint endpoint = address->endpoint;
    const Result<net::HttpResponse> response = co_await net::request_once(
        std::move(executor), std::move(endpoint), std::move(request), deadline);
    if (!response) {
        found.push_back(finding(config, fmt::format("{}: {}", feed.name, response.error().text),
                                "start CrowdSec, or name where its local API listens"));
    } else if (response->status != unauthorized && response->status != forbidden) {
        found.push_back(finding(config,
                                fmt::format("{}: no CrowdSec: it answers {} without a key",
                                            feed.name, response->status),
                                "name where CrowdSec's local API listens"));
    }
    co_return found;
}

/// A collection keeps no account of who has read what, so it is asked as the agent asks.
Task<Findings> check_collection(boost::asio::any_io_executor executor,
                                BlockFeedConfig feed,
                                Config config,
                                adapters::taxii::Options options,
                                Instant deadline) {
    const adapters::system::SystemClock clock(executor);
    adapters::taxii::TaxiiFeed collection(executor, std::move(options), clock);
    const Result<void> looked = co_await collection.look(deadline);
    if (looked) {
        co_return Findings{};
    }
    const bool is_refused = looked.error().fault == Fault::refused;
    Findings found;
    found.push_back(finding(config, fmt::format("{}: {}", feed.name, looked.error().text),
                            is_refused ? "ask the server's people for a login that may read it"
                                       : "name the collection as docs/block_sources.md has it"));
    co_return found;
}

Task<Findings> check_feed(boost::asio::any_io_executor executor,
                          BlockFeedConfig feed,
                          Config config,
                          Instant deadline) {
    const Result<FeedOptions> options = feed_options_of(feed);
    Findings found;
    if (options && feed.taxii) {
        auto of_taxii = std::get<adapters::taxii::Options>(*options);
        found = co_await check_collection(std::move(executor), std::move(feed), std::move(config),
                                          std::move(of_taxii), deadline);
        co_return found;
    }
    if (!feed.taxii) {
        found = co_await check_crowdsec(std::move(executor), feed, std::move(config), deadline);
    }
    if (!options) {  // The agent does not start then, whatever it may do.
        found.insert(
            found.begin(),
            {"block_sources", Health::ill, fmt::format("{}: {}", feed.name, options.error().text),
             feed.taxii ? "write the line name:password, or a bearer token, into it"
                        : "`cscli bouncers add homeostat -o raw` makes one"});
    }
    co_return found;
}

}  // namespace

Task<Findings> check_block_sources(boost::asio::any_io_executor executor,
                                   Config config,
                                   Instant deadline) {
    Findings found;
    if (config.envoy) {
        found = co_await check_envoy_sources(executor, config, deadline);
    }
    if (config.haproxy) {
        const Result<net::Endpoint> endpoint = net::unix_endpoint(config.haproxy->socket.string());
        if (endpoint) {
            found = co_await check_tables(executor, *endpoint, config, deadline);
        }
    }
    for (const BlockFeedConfig& feed : config.block_sources->feeds) {
        const Findings of_feed = co_await check_feed(executor, feed, config, deadline);
        found.insert(found.end(), of_feed.begin(), of_feed.end());
    }
    if (found.empty()) {
        found.push_back(
            well("block_sources", "each list answers, and the edge has what marks need"));
    }
    co_return found;
}

}  // namespace homeostat::app
