#pragma once

// Trials of advice: for each kind against each cause a world in which that cause comes again, and
// the same world with the change.
//
// The worlds are ordinary ones for which the advice might be meant, not the best that it could wish
// for: sizes, loads and strengths are drawn, and some of them leave it nothing to do. Homeostat
// guards both worlds of a pair, with every remedy at `act`, so what is compared is the change
// beside what is healed anyway.
//
// Pure.

#include "homeostat/advise/before_after.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/sim/run/options.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::sim {

constexpr double trial_seconds = 900;     ///< That pass in each world.
constexpr std::uint32_t trial_times = 3;  ///< So often the cause comes in it.

struct Trial {
    CauseKind cause;
    advise::AdviceKind advice;
    /// Adds the cause, and what the world has to have for it.
    void (*shape)(Rng& rng, Options& options, const advise::TrialOrder& order){nullptr};
    /// What is advised.
    void (*change)(Options& options, const advise::TrialOrder& order){nullptr};
    /// For people: before and after.
    std::string (*says)(const advise::TrialOrder& order){nullptr};
    std::string_view not_simulated{};  ///< Why; the functions are null then.
};

/// Null: advice of this kind is given against no such cause.
[[nodiscard]] const Trial* find_trial(CauseKind cause, advise::AdviceKind advice);

struct PairedOptions {
    Options before;
    Options after;
};

/// One pair. REQUIRES: a trial that can be simulated.
[[nodiscard]] PairedOptions draw_pair(const Trial& trial,
                                      const advise::TrialOrder& order,
                                      std::uint64_t seed);

/// What the worlds of an order are, for people.
[[nodiscard]] std::string describe_worlds(const advise::TrialOrder& order);

}  // namespace homeostat::sim
