#pragma once

// Batch: durable groups of a ledger on their way to a sink, and what a sink knows of a ledger.
//
// The ledger's segments are the outbox: nothing is kept between them and a sink but the sink's
// cursor. Every entry has a key that is the same for ever (ledger, group, entry), so that a sink
// can tell what it has already; and the chain's hash after its group, so that it can tell another
// history from its own. Checkpoints stay behind: they are the graph's own state and say nothing to
// others, as in `homeostat export`.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::outbox {

/// Where an entry stands in its ledger.
struct EntryPlace {
    std::uint64_t group{0};
    std::uint32_t entry{0};  ///< In its group, from 0.
    friend auto operator<=>(const EntryPlace&, const EntryPlace&) = default;
};

struct BatchEntry {
    EntryPlace place;
    std::string hash;  ///< Of the chain after its group.
    WallTime wall_at{};
    std::string kind;
    std::string incident{};  ///< Empty: it belongs to none.
    std::string remedy{};    ///< Its kind; empty: the entry names none.
    std::string body;        ///< JSON, as recorded.
};

struct Batch {
    std::string ledger;  ///< Which one: the hash of its group 0.
    std::string service;
    std::uint64_t first_group{0};
    std::uint64_t next_group{0};  ///< Behind the last one.
    std::string hash;             ///< Of the chain after the group before `next_group`.
    std::vector<BatchEntry> entries;
};

/// How far a sink has a ledger.
struct Cursor {
    std::uint64_t next_group{0};  ///< The first group that it lacks, in whole or in part.
    std::string hash{};           ///< Of the chain after the group before; empty: it does not know.
    bool is_begun{false};         ///< Of that group it has something: so the ledger has to have it.
    friend bool operator==(const Cursor&, const Cursor&) = default;
};

/// "LEDGER.GROUP.ENTRY": the same for ever, whoever sends it how often.
[[nodiscard]] std::string key_of(std::string_view ledger, const EntryPlace& place);

}  // namespace homeostat::outbox
