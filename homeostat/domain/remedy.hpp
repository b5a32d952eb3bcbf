#pragma once

// Remedy: a typed action with its target and parameters. The list is closed: what is not here
// cannot be offered, chosen or performed.
//
// A new remedy is a struct here; every stage that must answer for it then fails to compile.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/declared_task.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy_kind.hpp"
#include "homeostat/domain/resize.hpp"
#include "homeostat/domain/rollout.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace homeostat {

/// Do nothing and go on looking: an answer, not the lack of one.
struct Observe {
    static constexpr std::string_view kind_name = "observe";
    static constexpr RemedyKind kind = RemedyKind::observe;
    static void fields(auto&, auto&&) {}
    friend bool operator==(const Observe&, const Observe&) = default;
};

/// Take one instance out of rotation and leave its process alone. A stopgap: it is held until the
/// instance is cured or its time is up, and given back by `Readmit`.
struct Eject {
    static constexpr std::string_view kind_name = "eject";
    static constexpr RemedyKind kind = RemedyKind::eject;
    InstanceId instance;
    static void fields(auto& self, auto&& field) { field("instance", self.instance); }
    friend bool operator==(const Eject&, const Eject&) = default;
};

/// Put an ejected instance back into rotation. The inverse of `Eject`, and on no menu.
struct Readmit {
    static constexpr std::string_view kind_name = "readmit";
    static constexpr RemedyKind kind = RemedyKind::readmit;
    InstanceId instance;
    static void fields(auto& self, auto&& field) { field("instance", self.instance); }
    friend bool operator==(const Readmit&, const Readmit&) = default;
};

/// Let the edge answer calls to a neighbour itself, with the fallback that its operator has
/// declared. A stopgap: it is held until the neighbour is well or its time is up, and given back by
/// `CloseCircuit`.
struct OpenCircuit {
    static constexpr std::string_view kind_name = "open_circuit";
    static constexpr RemedyKind kind = RemedyKind::open_circuit;
    ServiceId neighbour;
    static void fields(auto& self, auto&& field) { field("neighbour", self.neighbour); }
    friend bool operator==(const OpenCircuit&, const OpenCircuit&) = default;
};

/// Let calls through to the neighbour again. The inverse of `OpenCircuit`, and on no menu.
struct CloseCircuit {
    static constexpr std::string_view kind_name = "close_circuit";
    static constexpr RemedyKind kind = RemedyKind::close_circuit;
    ServiceId neighbour;
    static void fields(auto& self, auto&& field) { field("neighbour", self.neighbour); }
    friend bool operator==(const CloseCircuit&, const CloseCircuit&) = default;
};

/// Drop the declared keys of a cache, so that they are filled again from their source. What they
/// held was a copy: there is nothing to take back.
struct InvalidateCache {
    static constexpr std::string_view kind_name = "invalidate_cache";
    static constexpr RemedyKind kind = RemedyKind::invalidate_cache;
    CacheId cache;
    static void fields(auto& self, auto&& field) { field("cache", self.cache); }
    friend bool operator==(const InvalidateCache&, const InvalidateCache&) = default;
};

/// Let the edge send the reads of a cache to its source, then drop the cache's keys. A
/// stopgap: it is held until the cache agrees with its source or its time is up, and given back by
/// `RouteBack`.
struct Reroute {
    static constexpr std::string_view kind_name = "reroute";
    static constexpr RemedyKind kind = RemedyKind::reroute;
    CacheId cache;
    static void fields(auto& self, auto&& field) { field("cache", self.cache); }
    friend bool operator==(const Reroute&, const Reroute&) = default;
};

/// Let reads go through the cache again. The inverse of `Reroute`, and on no menu.
struct RouteBack {
    static constexpr std::string_view kind_name = "route_back";
    static constexpr RemedyKind kind = RemedyKind::route_back;
    CacheId cache;
    static void fields(auto& self, auto&& field) { field("cache", self.cache); }
    friend bool operator==(const RouteBack&, const RouteBack&) = default;
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

/// Run so many instances, by starting declared spares or by stopping them again. More is temporary:
/// it is held until its time is up, and given back by the same remedy the other way round.
struct Scale {
    static constexpr std::string_view kind_name = "scale";
    static constexpr RemedyKind kind = RemedyKind::scale;
    ServiceId service;
    std::uint32_t from{0};
    std::uint32_t to{0};
    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("from", self.from);
        field("to", self.to);
    }
    friend bool operator==(const Scale&, const Scale&) = default;
};

/// Make `to` the artifact's current version again and replace every instance that runs another. Of
/// flags only what differs between the two goes back, and nobody is replaced.
struct Rollback {
    static constexpr std::string_view kind_name = "rollback";
    static constexpr RemedyKind kind = RemedyKind::rollback;
    ServiceId service;
    VersionId from;
    VersionId to;
    Artifact artifact{Artifact::deploy};
    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("from", self.from);
        field("to", self.to);
        field("artifact", self.artifact, may_be_absent);
    }
    friend bool operator==(const Rollback&, const Rollback&) = default;
};

using Remedy = std::variant<Observe,
                            Eject,
                            Readmit,
                            OpenCircuit,
                            CloseCircuit,
                            InvalidateCache,
                            Reroute,
                            RouteBack,
                            Restart,
                            RollingRestart,
                            Scale,
                            Rollback,
                            RunTask,
                            TakeBackTask,
                            Resize,
                            PauseRollout,
                            ResumeRollout>;

[[nodiscard]] inline RemedyKind kind_of(const Remedy& remedy) {
    return std::visit([](const auto& alternative) { return alternative.kind; }, remedy);
}

/// The one instance that the remedy is about; null for those about a service, a neighbour or a
/// cache.
[[nodiscard]] const InstanceId* instance_of(const Remedy& remedy);

/// The declared task that the remedy runs or takes back; null for every other.
[[nodiscard]] const DeclaredTask* task_of(const Remedy& remedy);

/// Takes an instance out for a while: the floor applies. By its kind, but for a task that is
/// declared not to, and for flags.
[[nodiscard]] bool removes_capacity(const Remedy& remedy);

/// What takes the remedy back; nothing for those that cannot be.
[[nodiscard]] std::optional<Remedy> inverse_of(const Remedy& remedy);

/// "rollback payments from v2 to v1", "rollback the configuration of payments from c2 to c1", for
/// people.
[[nodiscard]] std::string describe(const Remedy& remedy);

extern template struct fields_detail::Codec<Remedy>;

}  // namespace homeostat
