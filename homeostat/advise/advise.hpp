#pragma once

// Advise: what could be changed in the structure of a service because a cause came again. Front
// door of the folder; no part of the loop.
//
// A remedy ends an incident; advice is for the next one. It is made of the records alone and of the
// configuration as it stands: what is set already is not advised, and where the records do not
// speak for a change there is none. Every name in it is the configuration's, never a record's.
// Nothing here is applied by anybody but a person.
//
// Pure.

#include "homeostat/advise/past.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::advise {

/// What kind of structural remedy.
enum class AdviceKind : std::uint8_t {
    limit,              ///< On what may queue.
    timeout,            ///< Of calls to a neighbour.
    retry_budget,       ///< How many calls may be tried again.
    breaker,            ///< A circuit with a fallback.
    probe,              ///< Of each instance.
    disruption_budget,  ///< How many must go on serving while something is done.
    ttl,                ///< Of copies in a cache.
    replica_floor,      ///< Instances that always run.
};

constexpr auto names_of(std::type_identity<AdviceKind>) {
    return std::to_array<std::string_view>({"limit", "timeout", "retry_budget", "breaker", "probe",
                                            "disruption_budget", "ttl", "replica_floor"});
}

struct NeighbourSettings {
    ServiceId service;
    std::string backend;
    std::string circuit;  ///< The edge's table for it; empty: none.
};

struct CacheSettings {
    CacheId name;
    std::string key;  ///< With {entry} in it.
    Duration max_age{};
};

/// What of the configuration advice is held against.
struct Settings {
    ServiceId service;
    std::uint32_t instances{1};    ///< Spares included.
    std::uint32_t spares{0};       ///< Of these, such as run only while `scale` needs them.
    std::uint32_t min_healthy{1};  ///< As guard has it.
    bool has_probe{false};         ///< Instances are asked for their health.
    std::string backend;           ///< Of HAProxy; empty: the edge is another one, or none.
    std::string cluster;           ///< Of Envoy; likewise.
    Duration latency_p99_goal{};
    Duration hold_for{};
    std::vector<NeighbourSettings> neighbours{};
    std::vector<CacheSettings> caches{};
};

/// A key of the configuration and the YAML that is to stand there.
struct Setting {
    std::string path;   ///< "guard.min_healthy", "neighbours[0].circuit"
    std::string value;  ///< "2"

    static void fields(auto& self, auto&& field) {
        field("path", self.path);
        field("value", self.value);
    }
    friend bool operator==(const Setting&, const Setting&) = default;
};

/// Text for a place that is not the configuration.
struct Snippet {
    std::string place;  ///< "haproxy.cfg, backend payments"
    std::string text;   ///< Whole lines.

    static void fields(auto& self, auto&& field) {
        field("place", self.place);
        field("text", self.text);
    }
    friend bool operator==(const Snippet&, const Snippet&) = default;
};

/// What a cause came again for.
struct Recurrence {
    CauseKind cause{CauseKind::unknown};
    std::string target;                     ///< A neighbour, a cache or the service.
    std::vector<PastIncident> incidents{};  ///< Oldest first.
};

struct Advice {
    AdviceKind kind{AdviceKind::limit};
    Recurrence ground;    ///< Those incidents alone that speak for it.
    std::string because;  ///< One sentence of ours.
    std::optional<Setting> setting{};
    std::optional<Snippet> snippet{};  ///< With a setting: what it needs besides.
};

/// Why nothing is advised against a cause that came again.
enum class Silence : std::uint8_t {
    no_target,  ///< The configuration has no such neighbour or cache (any longer).
    no_rule,    ///< No structural remedy that we know is against it.
    no_ground,  ///< What there is is set already, or these incidents do not speak for it.
};

constexpr auto names_of(std::type_identity<Silence>) {
    return std::to_array<std::string_view>({"no_target", "no_rule", "no_ground"});
}

struct SilentCause {
    Recurrence ground;
    Silence why{Silence::no_ground};
};

struct Findings {
    std::vector<Advice> advice;        ///< In the order of causes, targets and rules.
    std::vector<SilentCause> silent;   ///< Came again, and nothing is advised.
    std::size_t incidents_count{0};    ///< Closed incidents of the service that were looked at.
    std::size_t unexplained_count{0};  ///< Of these, such as no cause was found for.
    std::size_t strange_count{0};      ///< Incidents of other services, which were not.
};

/// `times_min`: a cause has to be seen so often, and a rule needs as many incidents.
/// REQUIRES: times_min > 0.
[[nodiscard]] Findings advise(std::span<const PastIncident> incidents,
                              const Settings& settings,
                              std::size_t times_min);

}  // namespace homeostat::advise
