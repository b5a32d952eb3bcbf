#pragma once

// replay: every decision of an incident made again, from the ledger's records alone.
//
// A choice is made again from its menu, the recorded ranking and the settings in force; a verdict,
// and the permit behind an intent, from the recorded grounds, the limits in force and what the
// ledger held by then; the end of what was held, from the facts that it was given back on. What
// comes is compared with what is recorded. A difference means that the record is not of this
// decision or that this program decides otherwise than the one that wrote it.
//
// What detection and verification saw is not in the ledger: symptoms and proofs are taken as given.
//
// Pure. Nothing here can make a permit.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/guard/limits.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::heal {

/// What decisions rest on besides facts and the ledger; each `started` entry holds them.
struct DecisionSettings {
    guard::Limits guard;
    decide::Settings decide;

    static void fields(auto& self, auto&& field) {
        field("guard", self.guard);
        field("decide", self.decide);
    }
};

enum class Replay : std::uint8_t {
    same,
    differs,
    not_recorded,  ///< The record is older than what a replay needs of it.
};

constexpr auto names_of(std::type_identity<Replay>) {
    return std::to_array<std::string_view>({"same", "differs", "not_recorded"});
}

/// One decision, made again.
struct Redecision {
    std::uint64_t group{0};  ///< Where it stands in the ledger: EntryGroup::index.
    Instant at{};
    /// "choice", "verdict on rollback …", "permit of i-1.e2 for drain …", "give-back of eject …"
    std::string decision;
    Replay replay{Replay::same};
    std::string recorded;
    std::string replayed;  ///< What came this time; why nothing could, when it is not recorded.

    static void fields(auto& self, auto&& field) {
        field("group", self.group);
        field("at", self.at);
        field("decision", self.decision);
        field("replay", self.replay);
        field("recorded", self.recorded);
        field("replayed", self.replayed);
    }
};

struct IncidentReplay {
    std::string version;  ///< Of the program that made the first decision; empty if not recorded.
    std::vector<Redecision> decisions;  ///< In the ledger's order.
};

/// REQUIRES: all groups of the ledger, oldest first. ERRORS: absent: no such incident in them.
[[nodiscard]] Result<IncidentReplay> replay(std::span<const EntryGroup> groups,
                                            const IncidentId& incident);

}  // namespace homeostat::heal
