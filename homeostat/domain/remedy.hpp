#pragma once

// Remedy: a typed action with its target and parameters. The list is closed: what is not here
// cannot be offered, chosen or performed.
//
// A new remedy is a struct here; every stage that must answer for it then fails to compile.
// SOURCE of the traits: DESIGN of the project, "Remedies".
//
// Pure. Values only.

#include "homeostat/domain/ids.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace homeostat {

enum class RemedyKind : std::uint8_t { observe, restart, rolling_restart, rollback };

constexpr auto names_of(std::type_identity<RemedyKind>) {
    return std::to_array<std::string_view>({"observe", "restart", "rolling_restart", "rollback"});
}

/// Do nothing and go on looking: an answer, not the lack of one.
struct Observe {
    static constexpr std::string_view kind_name = "observe";
    static constexpr RemedyKind kind = RemedyKind::observe;
    static void fields(auto&, auto&&) {}
    friend bool operator==(const Observe&, const Observe&) = default;
};

/// Replace the process of one instance.
struct Restart {
    static constexpr std::string_view kind_name = "restart";
    static constexpr RemedyKind kind = RemedyKind::restart;
    InstanceId instance;
    static void fields(auto& self, auto&& field) { field("instance", self.instance); }
    friend bool operator==(const Restart&, const Restart&) = default;
};

/// Replace the process of every instance, one after another.
struct RollingRestart {
    static constexpr std::string_view kind_name = "rolling_restart";
    static constexpr RemedyKind kind = RemedyKind::rolling_restart;
    ServiceId service;
    static void fields(auto& self, auto&& field) { field("service", self.service); }
    friend bool operator==(const RollingRestart&, const RollingRestart&) = default;
};

/// Make `to` the current version again and replace every instance that runs another one.
struct Rollback {
    static constexpr std::string_view kind_name = "rollback";
    static constexpr RemedyKind kind = RemedyKind::rollback;
    ServiceId service;
    VersionId from;
    VersionId to;
    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("from", self.from);
        field("to", self.to);
    }
    friend bool operator==(const Rollback&, const Rollback&) = default;
};

using Remedy = std::variant<Observe, Restart, RollingRestart, Rollback>;

/// How much a remedy disturbs; a second remedy in one incident must be of a lower class.
enum class Disruption : std::uint8_t { none, instance, rolling, version };

constexpr auto names_of(std::type_identity<Disruption>) {
    return std::to_array<std::string_view>({"none", "instance", "rolling", "version"});
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
};

[[nodiscard]] constexpr RemedyTraits traits_of(RemedyKind kind) {
    switch (kind) {
        case RemedyKind::observe:
            return {Disruption::none, true, Idempotence::read_back, false};
        case RemedyKind::restart:
            return {Disruption::instance, false, Idempotence::one_shot, true};
        case RemedyKind::rolling_restart:
            return {Disruption::rolling, false, Idempotence::one_shot, true};
        case RemedyKind::rollback:
            return {Disruption::version, true, Idempotence::conditional, true};
    }
    return {Disruption::version, false, Idempotence::one_shot, true};  // Not a member: worst case.
}

[[nodiscard]] inline RemedyKind kind_of(const Remedy& remedy) {
    return std::visit([](const auto& alternative) { return alternative.kind; }, remedy);
}

/// "rollback payments from v2 to v1", for people.
[[nodiscard]] std::string describe(const Remedy& remedy);

}  // namespace homeostat
