#include "homeostat/adapters/haproxy/runtime_socket.hpp"

#include "homeostat/adapters/haproxy/options.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/net/line_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

namespace homeostat::adapters::haproxy {

namespace {

constexpr std::size_t look_bytes_max = std::size_t{1} << 20U;        // About 1,800 servers.
constexpr std::size_t complaint_bytes_max = std::size_t{64} << 10U;  // Its help text has 13 KiB.

Result<void> check_name(std::string_view name) {
    if (!is_plain_name(name)) {
        return fail(Fault::invalid,
                    fmt::format("'{}' cannot be a name on HAProxy's command line: 1 to 64 letters, "
                                "digits, '.', '_' and '-' are allowed",
                                plain_text(name)));
    }
    return {};
}

/// What a person does about a socket behind which nobody is.
std::unexpected<Error> explain(const net::LineExchange& exchange, const net::Endpoint& socket) {
    Error error = exchange.reply.error();
    const auto* file = std::get_if<net::UnixEndpoint>(&socket);
    if (file != nullptr && !exchange.is_sent && error.fault == Fault::unreachable) {
        error.text += fmt::format(" (start it with `stats socket {} level admin`)", file->path);
    }
    return fail("HAProxy", error);
}

}  // namespace

Result<void> check(const Options& options) {
    std::set<std::string> instances;
    std::set<std::string> servers;
    std::vector<std::string_view> names{options.backend};
    for (const auto& [instance, server] : options.servers) {
        names.push_back(server);
        if (!instances.insert(instance.text()).second || !servers.insert(server).second) {
            return fail(Fault::invalid,
                        fmt::format("instance '{}' or HAProxy's server '{}' is named twice",
                                    plain_text(instance.text()), plain_text(server)));
        }
    }
    for (const auto& [service, backend] : options.neighbours) {
        names.push_back(backend);
    }
    if (options.neighbours.size() > neighbours_max) {
        return fail(Fault::invalid, fmt::format("at most {} neighbours, these are {}",
                                                neighbours_max, options.neighbours.size()));
    }
    for (const std::string_view name : names) {
        if (Result<void> checked = check_name(name); !checked) {
            return checked;
        }
    }
    return {};
}

Result<std::string> state_command(std::string_view backend,
                                  std::string_view server,
                                  TrafficState state) {
    for (const std::string_view name : {backend, server}) {
        if (const Result<void> checked = check_name(name); !checked) {
            return std::unexpected(checked.error());
        }
    }
    return fmt::format("set server {}/{} state {}", backend, server,
                       state == TrafficState::drain ? "drain" : "ready");
}

Result<std::string> look_command(const std::vector<std::string>& backends) {
    std::string command;
    for (const std::string& backend : backends) {
        if (const Result<void> checked = check_name(backend); !checked) {
            return std::unexpected(checked.error());
        }
        // 6: rows of backends (2) and of servers (4). -1: all of them.
        command += fmt::format("{}show stat {} 6 -1;show servers state {}",
                               command.empty() ? "" : ";", backend, backend);
    }
    return command;
}

Task<Result<std::vector<BackendView>>> RuntimeSocket::look(std::vector<std::string> backends,
                                                           Instant deadline) const {
    Result<std::string> command = look_command(backends);
    if (!command) {
        co_return std::unexpected(command.error());
    }
    net::LineExchange exchange = co_await net::exchange_line(
        executor_, socket_, *std::move(command), deadline, look_bytes_max);
    if (!exchange.reply) {
        co_return explain(exchange, socket_);
    }
    std::string_view rest = *exchange.reply;
    if (rest.empty()) {
        co_return fail(Fault::broken, "HAProxy closed its runtime socket without a reply");
    }
    std::vector<BackendView> views;
    for (const std::string& backend : backends) {
        Result<BackendView> view = take_backend(rest, backend);
        if (!view) {
            co_return std::unexpected(view.error());
        }
        views.push_back(*std::move(view));
    }
    if (!rest.empty()) {
        co_return fail(Fault::broken, "HAProxy's reply goes on after what was asked for");
    }
    co_return views;
}

Task<Reply> RuntimeSocket::set_state(std::string backend,
                                     std::string server,
                                     TrafficState state,
                                     Instant deadline) const {
    Result<std::string> command = state_command(backend, server, state);
    if (!command) {
        co_return Reply{false, std::unexpected(command.error())};
    }
    net::LineExchange exchange = co_await net::exchange_line(
        executor_, socket_, *std::move(command), deadline, complaint_bytes_max);
    if (!exchange.reply) {
        co_return Reply{exchange.is_sent, fail("HAProxy", exchange.reply.error())};
    }
    if (!exchange.reply->ends_with('\n')) {
        co_return Reply{true, fail(Fault::broken, "HAProxy closed its socket without a reply")};
    }
    co_return Reply{true, plain_text(*exchange.reply)};
}

}  // namespace homeostat::adapters::haproxy
