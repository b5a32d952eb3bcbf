#pragma once

// Entry: one thing worth keeping for ever, as the ledger stores it.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

enum class EntryKind : std::uint8_t {
    started,     ///< An executor opened this ledger: version, configuration digest.
    opened,      ///< An incident began: symptom, diagnosis, menu, choice (the proposal).
    proposed,    ///< A further proposal in an open incident.
    verdict,     ///< Guard's answer and the rule that decided.
    answered,    ///< A person said yes or no to what they were asked.
    intent,      ///< An effect is about to happen. Durable before it does.
    outcome,     ///< What became of it.
    proof,       ///< What verification found.
    undo,        ///< The inverse of a remedy that did not help begins.
    held,        ///< A temporary remedy helped and stays in force for now.
    given_back,  ///< Its inverse begins.
    escalated,   ///< A person is needed, with the reason.
    closed,      ///< The incident is over.
    change,      ///< A deploy, configuration, flag or scale event.
    good,        ///< A version has proven itself by time in service.
    suspended,   ///< The kill switch was engaged.
    resumed,     ///< And released.
    gap,         ///< The ledger took nothing for a while; what was kept of it stands before this.
    checkpoint,  ///< The state of a graph thread after a superstep.
    dropped,     ///< The ledger's own: what is older than this is not kept any longer.
    pledge,      ///< Neighbours have agreed on something, or it has ended.
    dimming,     ///< A dimmer of the edge is about to be turned. Durable before it is.
    dimmed,      ///< What became of it.
    marking,     ///< Sources of requests are about to be marked. Durable before they are.
    marked,      ///< What became of it.
    feed,        ///< What happened to a feed, or to what it lists.
    demoted,     ///< A kind of remedy may no longer act alone: one of it did not help.
    promoted,    ///< A person says that it may again.
    aftermath,   ///< The world, once a symptom had gone for which nothing might be done.
};

constexpr auto names_of(std::type_identity<EntryKind>) {
    return std::to_array<std::string_view>(
        {"started",    "opened",  "proposed", "verdict",   "answered",   "intent",
         "outcome",    "proof",   "undo",     "held",      "given_back", "escalated",
         "closed",     "change",  "good",     "suspended", "resumed",    "gap",
         "checkpoint", "dropped", "pledge",   "dimming",   "dimmed",     "marking",
         "marked",     "feed",    "demoted",  "promoted",  "aftermath"});
}

struct Entry {
    EntryKind kind{EntryKind::started};
    IncidentId incident;  ///< Empty for what belongs to no incident.
    json::value body;     ///< An object; its fields depend on the kind.

    static void fields(auto& self, auto&& field) {
        field("entry", self.kind);
        field("incident", self.incident);
        field("body", self.body);
    }
};

/// Entries that become durable together or not at all: one superstep.
struct EntryGroup {
    std::uint64_t index{0};  ///< 0, 1, 2, … over the life of the ledger. Given by the ledger.
    Instant at{};
    WallTime wall_at{};
    std::string boot_id;  ///< Of the boot that `at` belongs to. Given by the ledger.
    std::vector<Entry> entries;

    static void fields(auto& self, auto&& field) {
        field("index", self.index);
        field("at", self.at);
        field("wall_at", self.wall_at);
        field("boot_id", self.boot_id);
        field("entries", self.entries);
    }
};

}  // namespace homeostat
