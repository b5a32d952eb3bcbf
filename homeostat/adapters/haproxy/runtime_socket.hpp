#pragma once

// RuntimeSocket: the commands that we send to HAProxy, and no others.
//
// HAProxy reads several commands from one line, parted by `;`, and has no quoting that would keep a
// name from ending one. So only plain names get into a command: a command that would hold any other
// is never made. A HAProxy that answers at all ends its reply with an empty line; a reply without
// one was cut, also when nothing came (a killed process closes its sockets).
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/haproxy/edge_view.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::haproxy {

enum class TrafficState : std::uint8_t { drain, ready };

/// `set server B/S state drain`. ERRORS: invalid if a name is not plain.
[[nodiscard]] Result<std::string> state_command(std::string_view backend,
                                                std::string_view server,
                                                TrafficState state);

/// `show stat B 6 -1;show servers state B`, for each backend. ERRORS: invalid, as above.
[[nodiscard]] Result<std::string> look_command(const std::vector<std::string>& backends);

/// Where HAProxy keeps the switch of a circuit or a route, or a dimmer's value: an entry of a stick
/// table, which expires by itself.
struct TableSwitch {
    std::string table;
    std::string key;
};

/// `show table T key K`, for each. ERRORS: invalid if a name is not plain.
[[nodiscard]] Result<std::string> switches_command(const std::vector<TableSwitch>& switches);

/// `show table T data.gpt0 gt 0`, for each. ERRORS: invalid, as above.
[[nodiscard]] Result<std::string> tables_command(const std::vector<std::string>& tables);

/// `set table T key K data.gpt0 1`, or `clear table T key K`. ERRORS: invalid, as above.
[[nodiscard]] Result<std::string> switch_command(const TableSwitch& of, bool is_open);

/// `show table T key K;set table T key K data.gpt0 N;show table T key K`: in one exchange what was,
/// the change, and what is. ERRORS: invalid, as above.
[[nodiscard]] Result<std::string> value_command(const TableSwitch& of, std::uint32_t value);

struct EntryLook {
    bool has_table{false};
    std::optional<TableEntry> entry{};
};

/// An entry before and after it was set; nothing: there was none.
struct EntryChange {
    std::optional<TableEntry> before;
    std::optional<TableEntry> after;
};

struct EntryReply {
    bool is_sent{false};  ///< False: HAProxy cannot have seen it, now or later.
    /// ERRORS: refused: HAProxy said no; absent: it has no such table, or
    /// no gpt0 in it. Nothing has changed then.
    /// Any other after it was sent: nobody knows.
    Result<EntryChange> change;
};

/// What became of a command that changes something.
struct Reply {
    bool is_sent{false};            ///< False: HAProxy cannot have seen it, now or later.
    Result<std::string> complaint;  ///< Empty: HAProxy did it.
};

class RuntimeSocket {
  public:
    RuntimeSocket(boost::asio::any_io_executor executor, net::Endpoint socket)
        : executor_(std::move(executor)), socket_(std::move(socket)) {}

    /// Each backend's view, in the order asked for, all from one exchange.
    /// ERRORS: unreachable, late, broken, absent (no such backend), invalid (a name).
    [[nodiscard]] Task<Result<std::vector<BackendView>>> look(std::vector<std::string> backends,
                                                              Instant deadline) const;

    [[nodiscard]] Task<Reply> set_state(std::string backend,
                                        std::string server,
                                        TrafficState state,
                                        Instant deadline) const;

    /// Whether each circuit is open, in the order asked for; nothing for one without a table.
    /// ERRORS: as above.
    [[nodiscard]] Task<Result<std::vector<std::optional<bool>>>> look_at_switches(
        std::vector<TableSwitch> switches, Instant deadline) const;

    /// The shape of each table, in the order asked for; nothing for one that is not there.
    /// ERRORS: unreachable, late, broken, invalid (a name).
    [[nodiscard]] Task<Result<std::vector<std::optional<TableShape>>>> look_at_tables(
        std::vector<std::string> tables, Instant deadline) const;

    [[nodiscard]] Task<Reply> set_switch(TableSwitch of, bool is_open, Instant deadline) const;

    /// Each entry, in the order asked for. ERRORS: unreachable, late, broken, invalid (a name).
    [[nodiscard]] Task<Result<std::vector<EntryLook>>> look_at_entries(
        std::vector<TableSwitch> entries, Instant deadline) const;

    /// Sets an entry's value, which begins its `expire` anew.
    [[nodiscard]] Task<EntryReply> set_value(TableSwitch of,
                                             std::uint32_t value,
                                             Instant deadline) const;

    [[nodiscard]] const net::Endpoint& endpoint() const { return socket_; }

  private:
    [[nodiscard]] Task<Reply> change(Result<std::string> command, Instant deadline) const;
    [[nodiscard]] Task<Result<std::string>> ask(Result<std::string> command,
                                                Instant deadline) const;

    boost::asio::any_io_executor executor_;
    net::Endpoint socket_;
};

}  // namespace homeostat::adapters::haproxy
