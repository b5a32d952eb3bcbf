#pragma once

// Runs one seed: a world, our lives in it one after another, and the referee's verdict.

#include "homeostat/base/time.hpp"
#include "homeostat/sim/referee/referee.hpp"
#include "homeostat/sim/run/kill_points.hpp"
#include "homeostat/sim/run/options.hpp"
#include "homeostat/sim/run/twin.hpp"
#include "homeostat/sim/world/views.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace homeostat::sim {

/// P10: what a demon may cost users, in seconds of the guarded service's whole traffic: two
/// remedies that are wrong and held, one after the other, for a minute each, with their proofs.
constexpr double harm_seconds_max = 150;

struct SeedResult {
    std::vector<Violation> violations;
    bool is_settled{false};  ///< Healed or told, and nothing left at work.
    bool is_healed{false};
    double virtual_seconds{0};
    std::uint64_t trace_hash{0};
    std::uint64_t orders_count{0};
    std::uint64_t steps_count{0};
    std::uint32_t deaths_count{0};
    std::map<std::string, std::uint64_t> marks;
    std::vector<std::string> trace;  ///< Empty unless it was asked for.
    FinalState final_state;
    Tally users;                  ///< What they got.
    double seconds_lost{0};       ///< Of the guarded service's traffic: P10.
    std::vector<LifeSeen> lives;  ///< Empty unless their calls were counted.
    double harm_seconds{0};       ///< Lost beyond those of a world without us; only with the demon.
};

/// Once. The same options give the same result.
[[nodiscard]] SeedResult run_once(const Options& options, bool keeps_trace);

/// Twice, and holds the traces against each other (P25); against a twin where the options have one
/// (P20), and with the demon against a world without us (P10). The lines kept are of the first.
[[nodiscard]] SeedResult run_seed(const Options& options, bool keeps_trace = false);

}  // namespace homeostat::sim
