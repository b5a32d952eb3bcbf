#pragma once

// MeshStory: what neighbours have agreed on, from the ledgers of all of them, as one timeline.
//
// Ledgers of several machines have wall time alone in common. Where two moments of one agreement
// come in an order that their clocks contradict, the reader sees it: nothing is put right.
//
// Pure.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies_pledges.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::app {

/// One pledge entry, and whose ledger has it.
struct MeshMoment {
    std::string service;
    std::int64_t at_ns{0};    ///< Of its machine's own clock.
    std::int64_t wall_ms{0};  ///< Since 1970.
    PledgeBody pledge;

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("at_ns", self.at_ns);
        field("wall_ms", self.wall_ms);
        field("pledge", self.pledge);
    }
};

/// The moments of one ledger.
[[nodiscard]] std::vector<MeshMoment> moments_of(const std::vector<EntryGroup>& groups);

/// Those of one agreement, by its thread (p3.1) or its trace; of all, if `id` is empty. By wall
/// time.
[[nodiscard]] std::vector<MeshMoment> story_of(std::vector<MeshMoment> moments,
                                               const std::string& id);

/// A line each, for people.
[[nodiscard]] std::string to_lines(const std::vector<MeshMoment>& story);

}  // namespace homeostat::app
