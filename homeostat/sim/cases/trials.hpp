#pragma once

// Trials: every remedy at every target of a world, and what carrying one out does to it.
//
// Replicas that nobody could tell apart are tried once: the verdict is that of all of them. The
// remedies are carried out as Homeostat does: out of rotation first, one replica after the other.
//
// Pure.

#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/sim/world/world.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::sim::cases {

/// The remedies that begin something, by their names in `domain/remedy_kind.hpp`, and to call a
/// person.
enum class TrialKind : std::uint8_t {
    observe,
    restart,
    rolling_restart,
    rollback,
    scale,
    eject,
    open_circuit,
    invalidate_cache,
    reroute,
    escalate,
};

constexpr auto names_of(std::type_identity<TrialKind>) {
    return std::to_array<std::string_view>({"observe", "restart", "rolling_restart", "rollback",
                                            "scale", "eject", "open_circuit", "invalidate_cache",
                                            "reroute", "escalate"});
}

struct Trial {
    TrialKind kind{TrialKind::observe};
    std::uint32_t target{none};           ///< Service, or cache of those about one. `none`: all.
    std::vector<ReplicaIndex> replicas;   ///< restart, eject: those alike, any of them.
    Artifact artifact{Artifact::deploy};  ///< rollback.
    VersionId to;                         ///< rollback.
    std::uint32_t replicas_count{0};      ///< scale: to so many.
};

[[nodiscard]] bool is_about_cache(TrialKind kind);

/// What was current before what is current now. None: nothing was.
[[nodiscard]] std::optional<VersionId> previous_version(const World& world,
                                                        ServiceIndex service,
                                                        Artifact artifact);

/// All that can be tried at these services and caches; observe and escalate stand first.
[[nodiscard]] std::vector<Trial> trials_at(const World& world,
                                           std::span<const ServiceIndex> services,
                                           std::span<const CacheIndex> caches);

/// Carries it out, and lets time pass where it needs some, to `ends_at` at most.
void carry_out(World& world, const Trial& trial, Tick ends_at);

}  // namespace homeostat::sim::cases
