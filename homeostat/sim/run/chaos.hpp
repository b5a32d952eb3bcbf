#pragma once

// Chaos: what may be added to the options of a seed: faults of the world, troubles on our ways to
// it, deaths.
//
// Pure. What is drawn hangs on the order of the calls.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/run/options.hpp"

#include <array>
#include <cstdint>

namespace homeostat::sim {

constexpr Tick fault_begins_at = ticks_of(20);  ///< We have looked at ordinary days by then.

/// The ways by which something is done.
constexpr std::array act_on{Way::runtime, Way::edge, Way::caches};

/// A span between so many seconds.
[[nodiscard]] Tick draw_ticks(Rng& rng, double from_s, double to_s);

/// At a moment of the chaos.
[[nodiscard]] Tick draw_moment(Rng& rng, const Options& options);

/// Of the guarded service, for the whole chaos, of the usual strength.
[[nodiscard]] InjectedFault fault_of(const Options& options, FaultKind kind);

/// Begins within 10 s.
void add_fault(Rng& rng, Options& options, FaultKind kind);
/// As `add_fault`, in one of the replicas.
void add_fault_of_one(Rng& rng, Options& options, FaultKind kind);

/// Any that this world can have, by preference near the guarded service. It goes at the end of the
/// chaos, unless a rollback cures it.
void add_any_fault(Rng& rng, Options& options);

/// Of those that a remedy of ours is for, on what is guarded: something to do.
void add_work(Rng& rng, Options& options);

/// Something that takes many steps to mend, and something that needs one.
void add_acts(Rng& rng, Options& options);

/// `trouble` says way, kind and chance.
void add_trouble(Rng& rng, Options& options, double seconds, Trouble trouble);

/// One of the ways in which a server says no to an order, or loses its watchers. Of the runtime:
/// proxies and caches have no such answers.
void add_refusal(Rng& rng, Options& options);

/// Of our process: after an intent or an order with this chance, so many at most.
void add_deaths(Options& options, double chance, std::uint32_t deaths_max);

}  // namespace homeostat::sim
