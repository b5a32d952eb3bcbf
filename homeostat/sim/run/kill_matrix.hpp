#pragma once

// KillMatrix: one fault for each remedy, and a death before each call by which it is mended; then
// for each of those deaths a second one before each call of the recovery.
//
// A call is what changes a disk or the world (kill_points.hpp). Whoever has died is started again,
// and the third life is left alone: all must have settled then, and no promise be broken on the
// way.
//
// Pure. Not thread-safe.

#include "homeostat/sim/run/options.hpp"
#include "homeostat/sim/run/run_seed.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sim {

struct KillScene {
    std::string_view name;  ///< Of the remedy that it needs.
    void (*shape)(Options&);
    /// What is ordered, at least, where nobody dies; without it the scene proves nothing of that.
    std::array<std::string_view, 4> orders;
};

[[nodiscard]] std::span<const KillScene> kill_scenes();

struct KillOrder {
    std::uint64_t seed{1};
    std::uint64_t pairs_max{0};  ///< Of each scene, spread over all of them. 0: every pair.
    bool has_power_loss{false};  ///< Each death is the machine's: what was not synced may be gone.
};

/// A world in which its lives die before these of their calls.
[[nodiscard]] Options kill_options(const KillScene& scene,
                                   const KillOrder& order,
                                   std::vector<std::uint64_t> dies_before);

struct KillFailure {
    std::vector<std::uint64_t> dies_before;
    std::string because;
};

struct KillReport {
    std::string_view scene;
    std::uint64_t points{0};      ///< Calls of a life that nobody ends.
    std::uint64_t recoveries{0};  ///< After deaths that left the ledger or the world otherwise.
    std::uint64_t pairs{0};       ///< Two deaths, each pair another one.
    std::uint64_t pairs_run{0};
    std::uint64_t told{0};  ///< Of all that was run: how often a person was told.
    std::vector<KillFailure> failures;
};

/// Until it is through, or `is_enough`.
[[nodiscard]] KillReport run_kills(
    const KillScene& scene, const KillOrder& order, const std::function<bool()>& is_enough = [] {
        return false;
    });

}  // namespace homeostat::sim
