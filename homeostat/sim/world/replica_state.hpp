#pragma once

// ReplicaState: one replica, its process and its share of the flow. Internal to the folder.
//
// Times are ms, flows are requests per tick, shares are 0 to 1.
//
// Pure. Values only.

#include "homeostat/sim/world/fault.hpp"
#include "homeostat/sim/world/topology.hpp"

#include <array>
#include <cstdint>

namespace homeostat::sim {

/// What running one version, or with one flag, does.
struct Traits {
    double error_share{0};
    double time_factor{1};
    double workers_factor{1};

    static void fields(auto& self, auto&& field) {
        field(self.error_share, self.time_factor, self.workers_factor);
    }
};

/// What faults use up of a process and of its volume.
struct Wear {
    double workers_stuck{0};
    double descriptors_leaked{0};
    double disk_used_share{disk_used_at_rest};
    // What faults make of it; renewed with the other causes.
    double stuck_per_tick{0};
    double descriptors_per_request{0};
    double disk_per_tick{0};

    static void fields(auto& self, auto&& field) {
        field(self.workers_stuck, self.descriptors_leaked, self.disk_used_share,
              self.stuck_per_tick, self.descriptors_per_request, self.disk_per_tick);
    }
    friend bool operator==(const Wear&, const Wear&) = default;
};

struct ReplicaState {
    // Fixed.
    ServiceIndex service{0};
    std::uint32_t zone{0};
    HostIndex host{0};
    bool is_spare{false};
    // The process.
    bool is_wanted{true};
    bool is_alive{false};
    bool is_stalled{false};
    bool is_wearing{false};             ///< By a fault; see `wear`.
    bool is_out_of_descriptors{false};  ///< Follows from `wear`.
    bool has_exit_status{false};
    std::int32_t exit_status{0};
    std::int32_t pid{0};
    std::uint32_t starts_count{0};
    std::array<std::uint32_t, 2> versions{1, 1};  ///< By Artifact: "vN", "cN".
    Tick started_at{0};
    Tick ended_at{0};
    Tick answers_from_at{0};
    Tick warm_from_at{0};
    double leaked_mb{0};
    double connections_lost{0};
    double cpu_total_ms{0};
    // The edge's view.
    bool is_drained{false};
    Tick rotation_since{0};  ///< Of the last change: a drain, its end, or what checks say.
    bool is_up{false};
    std::uint32_t checks_failed_count{0};
    Tick outlier_until{0};
    static constexpr double weight = 1;  ///< Of its share: the edge favours none.
    double share{0};                     ///< Of the service's attempts.
    // What versions, flags and faults make of it; renewed when one of them changes.
    bool is_reachable{true};
    double error_share{0};
    double time_factor{1};
    double workers{1};
    Wear wear;
    double leak_mb{0};           ///< Per tick.
    double connections_leak{0};  ///< Per tick.
    Tick dies_after{never};      ///< Of its start.
    // The flow.
    double queue{0};
    double offered{0};
    double refused{0};  ///< Connections.
    double hold_ms{0};  ///< Mean time a request has a worker.
    double wait_ms{0};
    double rate{0};    ///< Requests that it can work on in a tick.
    double worked{0};  ///< Such as it did.
    double turned_away_share{0};
    double late_share{0};
    double failing_share{0};  ///< Of those neither turned away nor late.
    double requests_total{0};
    double errors_total{0};
    double retries_total{0};
    double edge_mean_ms{0};

    [[nodiscard]] bool is_accepting(Tick now) const {
        return is_alive && is_reachable && now >= answers_from_at && !is_out_of_descriptors;
    }
    [[nodiscard]] bool is_answering(Tick now) const { return is_accepting(now) && !is_stalled; }
    [[nodiscard]] bool is_in_rotation(Tick now) const {
        return is_up && !is_drained && now >= outlier_until;
    }

    static void fields(auto& self, auto&& field) {
        field(self.is_wanted, self.is_alive, self.is_stalled, self.has_exit_status,
              self.exit_status, self.pid, self.starts_count, self.versions, self.started_at,
              self.ended_at, self.answers_from_at, self.warm_from_at, self.leaked_mb,
              self.connections_lost, self.cpu_total_ms);
        field(self.is_drained, self.rotation_since, self.is_up, self.checks_failed_count,
              self.outlier_until, weight, self.share, self.is_reachable, self.error_share,
              self.time_factor, self.workers, self.leak_mb, self.connections_leak, self.dies_after);
        field(self.queue, self.offered, self.refused, self.hold_ms, self.wait_ms, self.rate,
              self.worked, self.turned_away_share, self.late_share, self.failing_share,
              self.requests_total, self.errors_total, self.retries_total, self.edge_mean_ms);
    }
};

}  // namespace homeostat::sim
