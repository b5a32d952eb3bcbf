#pragma once

// What HAProxy's runtime socket answers, read strictly.
//
// `show stat` is read as CSV, not as JSON: the same numbers take 3 KB instead of 126 KB, twice a
// second. Columns are found by their names, so a newer HAProxy may add some; a row that is shorter
// or longer than the header, a number that is none, or a name that stands twice is refused, because
// half-understood counters are worse than none. Texts in it (the last check's reply) come from the
// services and may hold anything, line ends in quotes included; none of them is kept.
//
// Several commands of one line answer one after another, each reply closed by an empty line. Each
// parser takes its own reply off the front of `rest`.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::haproxy {

/// Totals since HAProxy started or its counters were cleared. edge_view.hpp says what they mean.
struct StatRow {
    std::string name;  ///< Of the server; "BACKEND" for the backend itself.
    bool is_backend{false};
    bool is_http{false};              ///< Its mode; the others know neither requests nor statuses.
    std::uint64_t queue_now{0};       ///< qcur
    std::uint64_t sessions_now{0};    ///< scur
    std::uint64_t sessions_max{0};    ///< slim, a server's `maxconn`; 0: it has none.
    std::uint64_t sessions_total{0};  ///< stot
    std::uint64_t answers_total{0};   ///< req_tot
    std::uint64_t answers_5xx_total{0};      ///< hrsp_5xx
    std::uint64_t connect_errors_total{0};   ///< econ
    std::uint64_t response_errors_total{0};  ///< eresp
    std::uint64_t server_aborts_total{0};    ///< srv_abrt
    std::uint64_t retries_total{0};          ///< wretr
    std::uint64_t redispatches_total{0};     ///< wredis
    std::uint64_t queue_ms{0};               ///< qtime, of the last answers, as are the next two.
    std::uint64_t connect_ms{0};             ///< ctime
    std::uint64_t response_ms{0};            ///< rtime
};

struct ServerState {
    std::string name;
    std::uint32_t operational{0};     ///< 0 stopped, 1 starting, 2 running, 3 stopping.
    std::uint32_t administrative{0};  ///< Bits, see edge_view.cpp.
    std::uint64_t weight{0};          ///< The effective one; 0: gets no new requests.
    std::uint64_t unchanged_s{0};     ///< srv_time_since_last_change: edge_view.hpp.
};

/// The reply to `show stat BACKEND 6 -1`. ENSURES: exactly one row is the backend's.
/// ERRORS: absent (no such backend), broken (anything else that is not such a table).
[[nodiscard]] Result<std::vector<StatRow>> take_stat(std::string_view& rest,
                                                     std::string_view backend);

/// The reply to `show servers state BACKEND`. ERRORS: as above.
[[nodiscard]] Result<std::vector<ServerState>> take_servers_state(std::string_view& rest,
                                                                  std::string_view backend);

/// The reply to `show table TABLE key KEY`: whether the entry is there with a gpt0 above zero. Only
/// its own reply is taken off, also when there is no such table.
/// ERRORS: absent (no such table), broken (anything else that is not such an entry).
[[nodiscard]] Result<bool> take_switch(std::string_view& rest,
                                       std::string_view table,
                                       std::string_view key);

/// An entry of a stick table, as far as we use it.
struct TableEntry {
    std::uint32_t value{0};  ///< Its gpt0.
    /// In whole milliseconds. Zero: its time is over, or its table has no `expire` and it stays.
    Duration expires_after{};
};

/// The same reply: the entry, or nothing if it was never set or its time is over.
/// ERRORS: absent (no such table, or one without gpt0), broken.
[[nodiscard]] Result<std::optional<TableEntry>> take_entry(std::string_view& rest,
                                                           std::string_view table,
                                                           std::string_view key);

/// The same reply: the numbers that the entry stores under these names, in their order; nothing if
/// there is no entry. ERRORS: absent (no such table, or one without such a number), broken.
[[nodiscard]] Result<std::optional<std::vector<std::uint64_t>>> take_numbers(
    std::string_view& rest,
    std::string_view table,
    std::string_view key,
    std::span<const std::string_view> names);

/// The reply to a command that changes something, one of several on a line: empty if it was done,
/// else HAProxy's complaint. ERRORS: broken: it was cut.
[[nodiscard]] Result<std::string> take_complaint(std::string_view& rest);

/// What a stick table is made of.
struct TableShape {
    bool has_text_keys{false};  ///< Keys of the type `string`; a name is no other.
    bool has_switch{false};     ///< It stores gpt0.
};

/// The reply to `show table TABLE data.gpt0 gt 0`, its entries left out.
/// ERRORS: absent (no such table), broken.
[[nodiscard]] Result<TableShape> take_shape(std::string_view& rest, std::string_view table);

/// Text from the socket as a person may read it: one line of printable ASCII, at most 200 bytes.
[[nodiscard]] std::string plain_text(std::string_view text);

}  // namespace homeostat::adapters::haproxy
