#pragma once

// Runs one seed: a world, our lives in it one after another, and the referee's verdict.

#include "homeostat/base/time.hpp"
#include "homeostat/sim/referee/referee.hpp"
#include "homeostat/sim/run/options.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace homeostat::sim {

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
};

/// Once. The same options give the same result.
[[nodiscard]] SeedResult run_once(const Options& options, bool keeps_trace);

/// Twice, and holds the traces against each other (P25).
[[nodiscard]] SeedResult run_seed(const Options& options);

}  // namespace homeostat::sim
