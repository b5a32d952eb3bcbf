#pragma once

// Facts: the executor's own view of the world, read right before it decides.
//
// Nothing in here comes from a proposal. What a source did not say is absent, never zero or
// "healthy": `is_complete` is false then, and guard permits nothing that could remove capacity.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/cache_facts.hpp"
#include "homeostat/domain/confirmation.hpp"
#include "homeostat/domain/declared_task.hpp"
#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/neighbour_word.hpp"
#include "homeostat/domain/reading.hpp"
#include "homeostat/domain/runtime_facts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace homeostat {

struct EdgeInstance {
    InstanceId instance;
    Rotation rotation{Rotation::unknown};
    std::uint64_t sessions_now{0};
    double latency_ms{0};                     ///< Mean of its last answers, as the proxy keeps it.
    std::optional<Instant> rotation_since{};  ///< As in InstanceFacts.
};

/// A neighbour that declares a circuit, as the edge sees it.
struct CircuitFacts {
    ServiceId neighbour;
    bool is_open{false};  ///< The edge answers for it.
    std::uint32_t servers_count{0};
    std::uint32_t answering_count{0};  ///< Servers of it that answer the edge's own checks.
    double latency_ms{0};              ///< Mean of its last answers. Stands still while open.

    /// Half of its servers could serve calls, as far as checks can tell.
    [[nodiscard]] bool is_answering() const {
        return answering_count > 0 && 2 * std::uint64_t{answering_count} >= servers_count;
    }

    static void fields(auto& self, auto&& field) {
        field("neighbour", self.neighbour);
        field("is_open", self.is_open);
        field("servers_count", self.servers_count);
        field("answering_count", self.answering_count);
        field("latency_ms", self.latency_ms);
    }
    friend bool operator==(const CircuitFacts&, const CircuitFacts&) = default;
};

struct EdgeFacts {
    std::vector<EdgeInstance> instances;
    EdgeCounters counters;  ///< Of the guarded service's backend.
    Instant read_at{};
    std::vector<CircuitFacts> circuits{};  ///< Those that the edge has; a missing one is unknown.
    std::vector<RouteFacts> routes{};      ///< Likewise.
};

/// The definitions of the service's flags.
struct FlagFacts {
    VersionFacts versions;  ///< Nothing is known of `good` here.
    Instant read_at{};
};

/// What one actuator reports of its part of the world.
using FactsPart = std::variant<RuntimeFacts, EdgeFacts, CachesFacts, TasksFacts, FlagFacts>;

struct InstanceFacts {
    RuntimeInstance runtime;
    Rotation rotation{Rotation::unknown};
    std::uint64_t sessions_now{0};
    double latency_ms{0};  ///< Mean of its last answers, as the edge keeps it.
    /// When the edge last changed anything of its state, a failed check included; to a second. So
    /// it stands as it does since then or for longer. Absent: the edge does not say.
    std::optional<Instant> rotation_since{};

    /// Serves users: alive, answering and, where there is an edge, in rotation.
    [[nodiscard]] bool is_serving(bool has_edge) const {
        return runtime.is_alive && runtime.is_answering && (!has_edge || rotation == Rotation::in);
    }

    static void fields(auto& self, auto&& field) {
        field("runtime", self.runtime);
        field("rotation", self.rotation);
        field("sessions_now", self.sessions_now);
        field("latency_ms", self.latency_ms);
        field("rotation_since", self.rotation_since);
    }
    friend bool operator==(const InstanceFacts&, const InstanceFacts&) = default;
};

struct Facts {
    ServiceId service;
    std::vector<InstanceFacts> instances;  ///< That ought to serve, in order.
    std::vector<InstanceFacts> spares;     ///< That may be started by `scale`, in order.
    /// Somebody else starts what is missing and brings a change of version to all of them.
    bool is_orchestrated{false};
    bool has_edge{false};                ///< An edge is configured.
    bool is_complete{false};             ///< Every configured source answered.
    EdgeCounters edge;                   ///< Of the service's backend; zero without an edge.
    std::vector<CircuitFacts> circuits;  ///< A declared one that is missing is unknown.
    std::vector<RouteFacts> routes;      ///< Likewise.
    std::vector<CacheFacts> caches;      ///< Likewise.
    std::vector<TaskFacts> tasks{};      ///< Likewise; read for an incident about one alone.
    PerArtifact<VersionFacts> versions;
    std::optional<RolloutFacts> rollout{};  ///< As in RuntimeFacts.
    bool is_suspended{true};                ///< The kill switch. Unreadable counts as engaged.
    std::string suspended_because{};        ///< By whom or until when; empty: nobody says.
    /// What neighbours answered to the question whether they go first; absent: none was asked.
    std::optional<std::vector<NeighbourWord>> neighbours{};
    /// Who outside has the decision that this is read for; absent: nobody was asked.
    std::optional<Confirmations> confirmations{};
    /// What the fleet's budget answered; absent: it was not asked.
    std::optional<FleetWord> fleet{};
    Instant read_at{};

    static void fields(auto& self, auto&& field) {
        field("service", self.service);
        field("instances", self.instances);
        field("spares", self.spares);
        field("is_orchestrated", self.is_orchestrated, may_be_absent);
        field("has_edge", self.has_edge);
        field("is_complete", self.is_complete);
        field("edge", self.edge);
        field("circuits", self.circuits);
        field("routes", self.routes, may_be_absent);
        field("caches", self.caches, may_be_absent);
        field("tasks", self.tasks, may_be_absent);
        field("deploy", self.versions.deploy);
        field("config", self.versions.config);
        field("flag", self.versions.flag, may_be_absent);
        field("rollout", self.rollout);
        field("is_suspended", self.is_suspended);
        field("suspended_because", self.suspended_because, may_be_absent);
        field("neighbours", self.neighbours);
        field("confirmations", self.confirmations);
        field("fleet", self.fleet);
        field("read_at", self.read_at);
    }
    friend bool operator==(const Facts&, const Facts&) = default;
};

[[nodiscard]] const InstanceFacts* find_instance(const Facts& facts, const InstanceId& instance);
[[nodiscard]] const InstanceFacts* find_spare(const Facts& facts, const InstanceId& instance);

/// Null: no such circuit is declared, or the edge says nothing of it.
[[nodiscard]] const CircuitFacts* find_circuit(const Facts& facts, const ServiceId& neighbour);

/// Null: none is declared, or nobody says anything of it.
[[nodiscard]] const RouteFacts* find_route(const Facts& facts, const CacheId& cache);
[[nodiscard]] const CacheFacts* find_cache(const Facts& facts, const CacheId& cache);

/// Null: no such task is declared, or its check has not answered since it was run last.
[[nodiscard]] const TaskFacts* find_task(const Facts& facts, const TaskId& task);

[[nodiscard]] std::uint32_t serving_count(const Facts& facts);

extern template struct fields_detail::Codec<InstanceFacts>;
extern template struct fields_detail::Codec<Facts>;

}  // namespace homeostat
