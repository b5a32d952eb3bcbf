#pragma once

// The commands by which sources of requests are marked, and what HAProxy answers to them.
//
// A mark is the gpt0 of an entry of a stick table, whose keys are IPv6 addresses: IPv4 is mapped
// into them, which HAProxy does by itself with the source of a request. Addresses and networks have
// a table each, so that a request costs two look-ups however many entries there are.
//
// Keys are written from bytes, so no text of a feed is in a command.
//
// Pure. Values only.

#include "homeostat/adapters/haproxy/runtime_reply.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/marking.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::haproxy {

/// The stick tables that the operator's configuration has for marks.
struct MarkTables {
    std::string addresses;
    std::string networks;
    std::string counts;
};

/// HAProxy reads a line of commands into one buffer of 16 KiB (tune.bufsize), and answers nothing
/// to a longer one.
constexpr std::size_t mark_line_bytes_max = std::size_t{8} << 10U;

/// One line of commands: as many of the sources as fit into it and are in one table, and a look at
/// the last of them.
struct MarkLine {
    std::string command;
    std::size_t sources_count{0};  ///< From the front; at least one.
    std::string table;             ///< Of all of them.
    std::string key;               ///< Of the last one.
};

/// REQUIRES: plain names of tables; sources that are sources; at least one of them.
[[nodiscard]] MarkLine mark_line(const MarkTables& tables,
                                 Mark mark,
                                 std::span<const Network> sources);

/// The reply to it: the last entry. ERRORS: refused: HAProxy said no to one of them; absent: it has
/// no such table, or no gpt0 in it; broken.
[[nodiscard]] Result<TableEntry> read_mark_reply(std::string_view reply, const MarkLine& line);

/// `show table COUNTS key all`. REQUIRES: a plain name.
[[nodiscard]] std::string counts_command(const MarkTables& tables);

/// The reply to it; nothing counted yet is all zero. ERRORS: absent: no such table, or one that
/// does not store http_req_cnt and gpc(6); broken.
[[nodiscard]] Result<MarkCounts> read_counts(std::string_view reply, const MarkTables& tables);

}  // namespace homeostat::adapters::haproxy
