#pragma once

// ExecutorSlot: one thread of the healing graph as the executor keeps it, with what it has yet to
// be told.
//
// Values only; lives on the heal strand.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/heal/healing_graph.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace homeostat::heal {

/// What became of an input; empty until something did.
using ExecutorFate = std::optional<Result<void>>;

struct ExecutorIncoming {
    HealingInput input;
    std::shared_ptr<ExecutorFate> fate{};  ///< Null: nobody wants to know.
};

struct ExecutorSlot {
    HealingThread thread;
    std::deque<ExecutorIncoming> inbox;
    bool is_pumping{false};
    std::uint64_t wake_generation{0};
    Instant written_at{};
    bool is_known{false};          ///< The ledger, or what is kept for it, has a commit of it.
    std::vector<Entry> unwritten;  ///< For the group of its next step.
    bool was_half_way{false};      ///< So the ledger said when it was recovered.
    /// The group of the ledger that holds what is decided, or a later one; absent: nobody asked.
    std::optional<std::uint64_t> decided_in{};
    std::optional<FleetWord> place{};  ///< That was granted, and not given back.
    bool is_of_this_boot{true};        ///< So are its instants; else they are of the latest commit.
};

/// A version on its way to being good.
struct VersionProving {
    VersionId version;
    Instant since{};  ///< Nothing has disturbed it since.
};

/// What a person wants taken back of a closed incident, and all that may speak against it.
struct UndoCase;

}  // namespace homeostat::heal
