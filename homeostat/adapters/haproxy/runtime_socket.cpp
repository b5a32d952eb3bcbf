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
    for (const auto& [service, backend, circuit, dimmer] : options.neighbours) {
        names.push_back(backend);
        for (const std::string* table : {&circuit, &dimmer}) {
            if (!table->empty()) {
                names.push_back(*table);
            }
        }
    }
    for (const auto& [cache, source, table] : options.routes) {
        names.push_back(cache.text());
        names.push_back(source);
        names.push_back(table);
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

Result<std::string> switches_command(const std::vector<TableSwitch>& switches) {
    std::string command;
    for (const TableSwitch& one : switches) {
        for (const std::string_view name : {one.table, one.key}) {
            if (const Result<void> checked = check_name(name); !checked) {
                return std::unexpected(checked.error());
            }
        }
        command +=
            fmt::format("{}show table {} key {}", command.empty() ? "" : ";", one.table, one.key);
    }
    return command;
}

Result<std::string> tables_command(const std::vector<std::string>& tables) {
    std::string command;
    for (const std::string& table : tables) {
        if (const Result<void> checked = check_name(table); !checked) {
            return std::unexpected(checked.error());
        }
        command += fmt::format("{}show table {} data.gpt0 gt 0", command.empty() ? "" : ";", table);
    }
    return command;
}

Result<std::string> switch_command(const TableSwitch& of, bool is_open) {
    for (const std::string_view name : {of.table, of.key}) {
        if (const Result<void> checked = check_name(name); !checked) {
            return std::unexpected(checked.error());
        }
    }
    return is_open ? fmt::format("set table {} key {} data.gpt0 1", of.table, of.key)
                   : fmt::format("clear table {} key {}", of.table, of.key);
}

Result<std::string> value_command(const TableSwitch& of, std::uint32_t value) {
    const Result<std::string> look = switches_command({of});
    if (!look) {
        return std::unexpected(look.error());
    }
    return fmt::format("{0};set table {1} key {2} data.gpt0 {3};{0}", *look, of.table, of.key,
                       value);
}

namespace {

/// The three replies to a value_command.
Result<EntryChange> read_change(std::string_view rest, const TableSwitch& of) {
    const Result<std::optional<TableEntry>> before = take_entry(rest, of.table, of.key);
    if (!before) {
        return std::unexpected(before.error());
    }
    const Result<std::string> complaint = take_complaint(rest);
    if (!complaint || !complaint->empty()) {
        return complaint ? fail(Fault::refused, "HAProxy says: " + *complaint)
                         : std::unexpected(complaint.error());
    }
    const Result<std::optional<TableEntry>> after = take_entry(rest, of.table, of.key);
    if (!after) {
        // That a table was there and is not says nothing of the order in between.
        return fail(Fault::broken, after.error().text);
    }
    if (!rest.empty()) {
        return fail(Fault::broken, "HAProxy's reply goes on after what was asked for");
    }
    return EntryChange{*before, *after};
}

}  // namespace

Task<Result<std::string>> RuntimeSocket::ask(Result<std::string> command, Instant deadline) const {
    if (!command) {
        co_return std::unexpected(command.error());
    }
    net::LineExchange exchange = co_await net::exchange_line(
        executor_, socket_, *std::move(command), deadline, look_bytes_max);
    if (!exchange.reply) {
        co_return explain(exchange, socket_);
    }
    if (exchange.reply->empty()) {
        co_return fail(Fault::broken, "HAProxy closed its runtime socket without a reply");
    }
    co_return *std::move(exchange.reply);
}

Task<Result<std::vector<BackendView>>> RuntimeSocket::look(std::vector<std::string> backends,
                                                           Instant deadline) const {
    Result<std::string> command = look_command(backends);
    const Result<std::string> reply = co_await ask(std::move(command), deadline);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    std::string_view rest = *reply;
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

Task<Result<std::vector<std::optional<bool>>>> RuntimeSocket::look_at_switches(
    std::vector<TableSwitch> switches, Instant deadline) const {
    std::vector<std::optional<bool>> found;
    if (switches.empty()) {
        co_return found;
    }
    Result<std::string> command = switches_command(switches);
    const Result<std::string> reply = co_await ask(std::move(command), deadline);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    std::string_view rest = *reply;
    for (const auto& [table, key] : switches) {
        const Result<bool> is_open = take_switch(rest, table, key);
        if (!is_open && is_open.error().fault != Fault::absent) {
            co_return std::unexpected(is_open.error());
        }
        found.push_back(is_open ? std::optional(*is_open) : std::nullopt);
    }
    if (!rest.empty()) {
        co_return fail(Fault::broken, "HAProxy's reply goes on after what was asked for");
    }
    co_return found;
}

Task<Result<std::vector<std::optional<TableShape>>>> RuntimeSocket::look_at_tables(
    std::vector<std::string> tables, Instant deadline) const {
    std::vector<std::optional<TableShape>> found;
    if (tables.empty()) {
        co_return found;
    }
    Result<std::string> command = tables_command(tables);
    const Result<std::string> reply = co_await ask(std::move(command), deadline);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    std::string_view rest = *reply;
    for (const std::string& table : tables) {
        const Result<TableShape> shape = take_shape(rest, table);
        if (!shape && shape.error().fault != Fault::absent) {
            co_return std::unexpected(shape.error());
        }
        found.push_back(shape ? std::optional(*shape) : std::nullopt);
    }
    if (!rest.empty()) {
        co_return fail(Fault::broken, "HAProxy's reply goes on after what was asked for");
    }
    co_return found;
}

Task<Reply> RuntimeSocket::change(Result<std::string> command, Instant deadline) const {
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

Task<Reply> RuntimeSocket::set_state(std::string backend,
                                     std::string server,
                                     TrafficState state,
                                     Instant deadline) const {
    Result<std::string> command = state_command(backend, server, state);
    Reply reply = co_await change(std::move(command), deadline);
    co_return reply;
}

Task<Reply> RuntimeSocket::set_switch(TableSwitch of, bool is_open, Instant deadline) const {
    Result<std::string> command = switch_command(of, is_open);
    Reply reply = co_await change(std::move(command), deadline);
    co_return reply;
}

Task<Result<std::vector<EntryLook>>> RuntimeSocket::look_at_entries(
    std::vector<TableSwitch> entries, Instant deadline) const {
    std::vector<EntryLook> found;
    if (entries.empty()) {
        co_return found;
    }
    Result<std::string> command = switches_command(entries);
    const Result<std::string> reply = co_await ask(std::move(command), deadline);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    std::string_view rest = *reply;
    for (const auto& [table, key] : entries) {
        const Result<std::optional<TableEntry>> entry = take_entry(rest, table, key);
        if (!entry && entry.error().fault != Fault::absent) {
            co_return std::unexpected(entry.error());
        }
        found.push_back(entry ? EntryLook{true, *entry} : EntryLook{});
    }
    if (!rest.empty()) {
        co_return fail(Fault::broken, "HAProxy's reply goes on after what was asked for");
    }
    co_return found;
}

Task<EntryReply> RuntimeSocket::set_value(TableSwitch of,
                                          std::uint32_t value,
                                          Instant deadline) const {
    Result<std::string> command = value_command(of, value);
    if (!command) {
        co_return EntryReply{false, std::unexpected(command.error())};
    }
    net::LineExchange exchange = co_await net::exchange_line(
        executor_, socket_, *std::move(command), deadline, complaint_bytes_max);
    if (!exchange.reply) {
        co_return EntryReply{exchange.is_sent, explain(exchange, socket_)};
    }
    co_return EntryReply{true, read_change(*exchange.reply, of)};
}

}  // namespace homeostat::adapters::haproxy
