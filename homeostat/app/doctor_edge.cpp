#include "homeostat/adapters/haproxy/runtime_reply.hpp"
#include "homeostat/adapters/haproxy/runtime_socket.hpp"
#include "homeostat/app/doctor_peers.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/line_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

namespace haproxy = adapters::haproxy;

constexpr std::size_t level_bytes_max = 4096;

Check missing(std::string says, std::string mend) {
    return ill("haproxy", std::move(says), std::move(mend));
}

std::string stats_line(const Config& config) {
    return "stats socket " + config.haproxy->socket.string() + " mode 600 level admin";
}

/// A backend that the configuration names, and where.
struct NamedBackend {
    std::string name;
    std::string key;
};

std::vector<NamedBackend> backends_of(const Config& config) {
    std::vector<NamedBackend> backends{{config.haproxy->backend, "edge.haproxy.backend"}};
    for (const NeighbourConfig& neighbour : config.neighbours) {
        backends.push_back({neighbour.backend,
                            fmt::format("backend of {} in neighbours", neighbour.service.text())});
    }
    for (const CacheConfig& cache : config.caches) {
        if (cache.reroute) {
            backends.push_back({cache.reroute->source,
                                fmt::format("reroute.source of {} in caches", cache.name.text())});
        }
    }
    return backends;
}

/// A switch or a dimmer in a stick table, and what turns it.
struct NamedSwitch {
    haproxy::TableSwitch place;
    std::string_view turned_by;  ///< As `autonomy` has it.
    Autonomy autonomy{Autonomy::watch};
    std::string key;     ///< Where the configuration names it.
    Duration expires{};  ///< Of its table, at least.
    std::string rule;    ///< In haproxy.cfg.
};

/// What nobody turns back has to outlive what is held or promised, and not by much.
constexpr Duration switch_slack = std::chrono::seconds{30};
constexpr Duration dimmer_slack = std::chrono::seconds{2};
constexpr Duration promise_lasts = std::chrono::seconds{10};  // SOURCE: docs/pledges.md, `ttl`.

NamedSwitch switch_of(const Config& config,
                      haproxy::TableSwitch place,
                      RemedyKind remedy,
                      std::string key) {
    std::string rule = fmt::format("the rule for it with `if {{ str({}),table_gpt0({}) gt 0 }}`",
                                   place.key, place.table);
    return {.place = std::move(place),
            .turned_by = to_text(remedy),
            .autonomy = config.guard.autonomy_of(remedy),
            .key = std::move(key),
            .expires = config.hold_for + switch_slack,
            .rule = std::move(rule)};
}

NamedSwitch dimmer_of(const Config& config, const NeighbourConfig& neighbour) {
    std::string rule = fmt::format(
        "in its frontend `http-request set-var(txn.held) str({}),table_gpt0({})` and the fallback "
        "with `if {{ rand(1000),sub(txn.held) lt 0 }}`",
        neighbour.backend, neighbour.dimmer);
    return {.place = {neighbour.dimmer, neighbour.backend},
            .turned_by = "reduce_mode",
            .autonomy = config.reduce_mode,
            .key = fmt::format("dimmer of {} in neighbours", neighbour.service.text()),
            .expires = (config.mesh ? config.mesh->ttl : promise_lasts) + dimmer_slack,
            .rule = std::move(rule)};
}

std::vector<NamedSwitch> switches_of(const Config& config) {
    std::vector<NamedSwitch> switches;
    for (const NeighbourConfig& neighbour : config.neighbours) {
        if (!neighbour.circuit.empty()) {
            switches.push_back(
                switch_of(config, {neighbour.circuit, neighbour.backend}, RemedyKind::open_circuit,
                          fmt::format("circuit of {} in neighbours", neighbour.service.text())));
        }
        if (!neighbour.dimmer.empty()) {
            switches.push_back(dimmer_of(config, neighbour));
        }
    }
    for (const CacheConfig& cache : config.caches) {
        if (cache.reroute) {
            switches.push_back(
                switch_of(config, {cache.reroute->table, cache.name.text()}, RemedyKind::reroute,
                          fmt::format("reroute.table of {} in caches", cache.name.text())));
        }
    }
    return switches;
}

/// Empty when the table is as its switch needs it.
std::string trouble_with(const std::optional<haproxy::TableShape>& shape) {
    if (!shape) {
        return "there is no stick table";
    }
    if (!shape->has_switch) {
        return "no gpt0 is stored in the stick table";
    }
    return shape->has_text_keys ? "" : "keys are no strings in the stick table";
}

/// A table that nothing may use yet is worth knowing of, and no illness.
Check check_of(const NamedSwitch& wanted, const std::string& trouble) {
    const auto expires = std::chrono::ceil<std::chrono::seconds>(wanted.expires);
    return {"haproxy", wanted.autonomy == Autonomy::watch ? Health::note : Health::ill,
            fmt::format("{} '{}' ({}), where {} is switched", trouble, wanted.place.table,
                        wanted.key, wanted.turned_by),
            fmt::format("write `backend {}` with `stick-table type string len 65 size 100 expire "
                        "{}s store gpt0` into haproxy.cfg, and {}, then reload HAProxy",
                        wanted.place.table, expires.count(), wanted.rule)};
}

/// The names for which `is_so`, as one text.
template <class Condition>
std::string listed(const std::vector<std::string>& servers, Condition is_so) {
    std::string names;
    for (const std::string& server : servers) {
        if (is_so(server)) {
            names += (names.empty() ? "" : ", ") + server;
        }
    }
    return names;
}

void add_servers(const Config& config, const haproxy::BackendView& view, Findings& found) {
    const HaproxyConfig& edge = *config.haproxy;
    const std::string absent = listed(edge.servers, [&view](const std::string& name) {
        return haproxy::find_server(view, name) == nullptr;
    });
    if (!absent.empty()) {
        found.push_back(missing(fmt::format("backend {} has no server {}", edge.backend, absent),
                                "name its servers in edge.haproxy.servers, or add them to "
                                "haproxy.cfg and reload HAProxy"));
    }
    const std::string unlimited = listed(edge.servers, [&view](const std::string& name) {
        const haproxy::ServerView* server = haproxy::find_server(view, name);
        return server != nullptr && server->sessions_max == 0;
    });
    if (!unlimited.empty() && config.guard.autonomy_of(RemedyKind::scale) != Autonomy::watch) {
        found.push_back(missing(
            fmt::format("in backend {} there is no maxconn for {}: nothing ever queues, so "
                        "overload is not seen and nothing is scaled",
                        edge.backend, unlimited),
            fmt::format(
                "write `default-server maxconn 100` (what one instance can serve "
                "at once) above the servers of backend {} in haproxy.cfg and reload HAProxy, or "
                "leave autonomy.scale out",
                edge.backend)));
    }
}

/// That it is there and lets us change states; what the rest needs. Empty: nothing is missing.
Task<Findings> check_level(boost::asio::any_io_executor executor,
                           net::Endpoint endpoint,
                           Config config,
                           Instant deadline) {
    const net::LineExchange level = co_await net::exchange_line(
        executor, endpoint, "show cli level", deadline, level_bytes_max);
    Findings found;
    if (!level.reply) {
        const bool is_silent = level.reply.error().fault == Fault::late;
        found.push_back(missing(level.reply.error().text,
                                fmt::format("{} HAProxy with `{}`", is_silent ? "restart" : "start",
                                            stats_line(config))));
        co_return found;
    }
    const std::string word = haproxy::plain_text(*level.reply);
    if (word == "user" || word == "operator") {
        found.push_back(missing(fmt::format("{} gives the level '{}', and only admin may drain",
                                            config.haproxy->socket.string(), word),
                                "write `" + stats_line(config) + "` and reload HAProxy"));
    } else if (word != "admin") {
        found.push_back(missing(
            fmt::format("what answers at {} is no runtime socket of HAProxy: '{}'",
                        config.haproxy->socket.string(), word),
            "name HAProxy's own in edge.haproxy.socket: that of `" + stats_line(config) + "`"));
    }
    co_return found;
}

Task<Findings> check_backends(haproxy::RuntimeSocket socket, Config config, Instant deadline) {
    Findings found;
    for (const NamedBackend& wanted : backends_of(config)) {
        std::vector<std::string> names{wanted.name};
        const Result<std::vector<haproxy::BackendView>> views =
            co_await socket.look(std::move(names), deadline);
        if (!views) {
            found.push_back(missing(
                views.error().text,
                views.error().fault == Fault::absent
                    ? fmt::format("correct {}, or add `backend {}` to haproxy.cfg and reload "
                                  "HAProxy",
                                  wanted.key, wanted.name)
                    : "ask again; should it stay so, `haproxy -vv` says whether HAProxy is 2.6 or "
                      "newer"));
        } else if (wanted.key == "edge.haproxy.backend") {
            add_servers(config, views->front(), found);
        }
    }
    co_return found;
}

Task<Findings> check_tables(haproxy::RuntimeSocket socket, Config config, Instant deadline) {
    const std::vector<NamedSwitch> switches = switches_of(config);
    std::vector<std::string> tables;
    for (const NamedSwitch& wanted : switches) {
        tables.push_back(wanted.place.table);
    }
    const Result<std::vector<std::optional<haproxy::TableShape>>> shapes =
        co_await socket.look_at_tables(std::move(tables), deadline);
    Findings found;
    if (!shapes) {
        found.push_back(missing(shapes.error().text, "ask again"));
        co_return found;
    }
    for (std::size_t index = 0; index < switches.size(); ++index) {
        if (const std::string trouble = trouble_with((*shapes)[index]); !trouble.empty()) {
            found.push_back(check_of(switches[index], trouble));
        }
    }
    co_return found;
}

}  // namespace

Task<Findings> check_edge(boost::asio::any_io_executor executor, Config config, Instant deadline) {
    const std::string path = config.haproxy->socket.string();
    const Result<net::Endpoint> endpoint = net::unix_endpoint(path);
    Findings found;
    if (!endpoint) {
        found.push_back(missing(endpoint.error().text, "choose a shorter path"));
        co_return found;
    }
    found = co_await check_level(executor, *endpoint, config, deadline);
    if (!found.empty()) {
        co_return found;
    }
    const haproxy::RuntimeSocket socket(executor, *endpoint);
    found = co_await check_backends(socket, config, deadline);
    Findings tables = co_await check_tables(socket, config, deadline);
    std::ranges::move(tables, std::back_inserter(found));
    if (found.empty()) {
        found.push_back(well("haproxy", path + " answers at level admin and has each backend, "
                                               "server and stick table that is named"));
    }
    co_return found;
}

}  // namespace homeostat::app
