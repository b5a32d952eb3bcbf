#pragma once

// ObstacleTelemetry: what keeps our pods from running, by Events and by the objects themselves.
//
// An Event alone counts for nothing: whoever may write Events could call people by them, or have a
// remedy left out. It counts while the object that it is about is as it says: a pod without a node,
// a container that does not start, a probe that is not passed, a ReplicaSet with fewer pods than it
// wants. Only of a liveness probe nothing else is seen; nothing follows from it.
//
// Nothing is asked here: the watches' view is told from. Lives on one strand.

#include "homeostat/adapters/kubernetes/cluster_events.hpp"
#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/domain/obstacle.hpp"
#include "homeostat/domain/signal.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

class ObstacleTelemetry final : public ports::Telemetry {
  public:
    /// REQUIRES: all of these outlive it.
    ObstacleTelemetry(Group& group, ClusterEvents& events, ports::Clock& clock);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{500}; }

    /// An ObstacleReading for each that begins, is of another number, or is over. ERRORS: as of
    /// group_view.hpp: the view is not whole.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    using Counts = std::map<std::pair<Subject, Obstacle>, std::uint32_t>;

    [[nodiscard]] Counts counts_of(const GroupView& view) const;
    void add_pod(const PodView& pod, const Subject& subject, Counts& counts) const;
    void add_replica_set(const ReplicaSetView& replica_set,
                         const GroupView& view,
                         Counts& counts) const;

    Group& group_;
    ClusterEvents& events_;
    ports::Clock& clock_;
    std::string name_;
    Counts told_;
};

}  // namespace homeostat::adapters::kubernetes
