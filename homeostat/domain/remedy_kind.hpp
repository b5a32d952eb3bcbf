#pragma once

// RemedyKind: which remedies there are, and what is true of every remedy of a kind.
//
// SOURCE of the traits: DESIGN of the project, "Remedies".
//
// Pure. Values only.

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat {

enum class RemedyKind : std::uint8_t {
    observe,
    eject,
    readmit,
    open_circuit,
    close_circuit,
    invalidate_cache,
    reroute,
    route_back,
    restart,
    rolling_restart,
    scale,
    rollback,
    run_task,
    take_back_task,
    resize,
    pause_rollout,
    resume_rollout,
};

constexpr auto names_of(std::type_identity<RemedyKind>) {
    return std::to_array<std::string_view>(
        {"observe", "eject", "readmit", "open_circuit", "close_circuit", "invalidate_cache",
         "reroute", "route_back", "restart", "rolling_restart", "scale", "rollback", "run_task",
         "take_back_task", "resize", "pause_rollout", "resume_rollout"});
}

/// How much a remedy disturbs; a second remedy in one incident must be of a lower class.
enum class Disruption : std::uint8_t { none, capacity, rotation, instance, rolling, version };

constexpr auto names_of(std::type_identity<Disruption>) {
    return std::to_array<std::string_view>(
        {"none", "capacity", "rotation", "instance", "rolling", "version"});
}

/// What may be said about repeating an effect.
enum class Idempotence : std::uint8_t {
    read_back,    ///< A target state that is set and read back.
    conditional,  ///< A write that happens only while the target is as we saw it.
    one_shot,     ///< Never retried after an unknown reply.
};

constexpr auto names_of(std::type_identity<Idempotence>) {
    return std::to_array<std::string_view>({"read_back", "conditional", "one_shot"});
}

struct RemedyTraits {
    Disruption disruption;
    bool is_reversible;       ///< Has an inverse that `undo` performs.
    Idempotence idempotence;  ///< Of its most dangerous step.
    bool removes_capacity;    ///< Takes an instance out for a while: the floor applies.
    bool is_temporary;        ///< Held once it has helped, then given back by its inverse.
};

[[nodiscard]] constexpr RemedyTraits traits_of(RemedyKind kind) {
    switch (kind) {
        case RemedyKind::observe:
            return {Disruption::none, true, Idempotence::read_back, false, false};
        case RemedyKind::eject:
            return {Disruption::rotation, true, Idempotence::read_back, true, true};
        case RemedyKind::open_circuit:
            return {Disruption::rotation, true, Idempotence::read_back, false, true};
        case RemedyKind::invalidate_cache:
            return {Disruption::capacity, false, Idempotence::read_back, false, false};
        case RemedyKind::reroute:
            return {Disruption::rotation, true, Idempotence::read_back, false, true};
        case RemedyKind::readmit:
        case RemedyKind::close_circuit:
        case RemedyKind::route_back:
            return {Disruption::rotation, false, Idempotence::read_back, false, false};
        case RemedyKind::restart:
            return {Disruption::instance, false, Idempotence::one_shot, true, false};
        case RemedyKind::rolling_restart:
            return {Disruption::rolling, false, Idempotence::one_shot, true, false};
        case RemedyKind::scale:
            return {Disruption::capacity, true, Idempotence::one_shot, false, true};
        case RemedyKind::rollback:
            return {Disruption::version, true, Idempotence::conditional, true, false};
        // What serves goes on serving; what is to come does not come.
        case RemedyKind::pause_rollout:
            return {Disruption::capacity, true, Idempotence::conditional, false, true};
        case RemedyKind::resume_rollout:
            return {Disruption::capacity, false, Idempotence::conditional, false, false};
        // Nothing of it ends; lowering it again is refused below what is in use.
        case RemedyKind::resize:
            return {Disruption::capacity, true, Idempotence::conditional, false, false};
        // Of what a stranger's command does the worst is assumed; whether one can be taken back
        // and takes capacity is said by its declaration (remedy.hpp).
        case RemedyKind::run_task:
        case RemedyKind::take_back_task:
            return {Disruption::version, false, Idempotence::one_shot, true, false};
    }
    // Not a member: the worst case.
    return {Disruption::version, false, Idempotence::one_shot, true, false};
}

}  // namespace homeostat
