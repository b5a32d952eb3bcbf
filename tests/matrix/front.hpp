#pragma once

// What stands in front of the pods, and tells the truth in every cell: the edge's counters and
// rotation, and requests of our own.
//
// As adapters/kubernetes/service_edge.hpp: before an effect rotation is read by fresh lists, at
// other times as the watches have it.
//
// Lives on the strand of one process.

#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/telemetry.hpp"

#include "cell_clock.hpp"
#include "cluster.hpp"

#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

namespace homeostat::matrix {

class FrontEdge final : public ports::Actuator {
  public:
    FrontEdge(Cluster& cluster,
              kubernetes::ApiClient& api,
              kubernetes::Group& group,
              CellClock& clock)
        : cluster_(cluster), reads_(api, cluster.options), group_(group), clock_(clock) {}

    [[nodiscard]] bool performs(const Step& /*step*/) const override { return false; }
    Task<Outcome> perform(Request request, Instant deadline) override;
    Task<Result<FactsPart>> read(Instant deadline) override;
    Task<Result<FactsPart>> glance(Instant deadline) override;

  private:
    [[nodiscard]] FactsPart facts();

    Cluster& cluster_;
    kubernetes::DirectReads reads_;
    kubernetes::Group& group_;
    CellClock& clock_;
};

class EdgeSource final : public ports::Telemetry {
  public:
    EdgeSource(Cluster& cluster, CellClock& clock) : cluster_(cluster), clock_(clock) {}
    [[nodiscard]] std::string_view name() const override { return "edge"; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{250}; }
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    Cluster& cluster_;
    CellClock& clock_;
};

class Journeys final : public ports::Telemetry {
  public:
    Journeys(Cluster& cluster, CellClock& clock) : cluster_(cluster), clock_(clock) {}
    std::function<void()> on_read;
    [[nodiscard]] std::string_view name() const override { return "journeys"; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{100}; }
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    Cluster& cluster_;
    CellClock& clock_;
};

}  // namespace homeostat::matrix
