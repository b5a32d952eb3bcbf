#pragma once

// Life: one process of ours in a cell, from its start to its end, which is its destructor. The real
// roles, with the real runtime, watches and Lease of Kubernetes, over the ports of the cell.
//
// Lives on one strand, which its cell drives.

#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/adapters/kubernetes/kubernetes_runtime.hpp"
#include "homeostat/adapters/kubernetes/lease.hpp"
#include "homeostat/adapters/kubernetes/object_watch.hpp"
#include "homeostat/adapters/kubernetes/pod_telemetry.hpp"
#include "homeostat/adapters/kubernetes/rollout_telemetry.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/ports/oracle.hpp"

#include "api_port.hpp"
#include "cell_ledger.hpp"
#include "front.hpp"
#include "stage.hpp"
#include "watch_port.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::matrix {

/// Has no opinion, so that rules decide, and takes a moment to say so.
class NoOpinion final : public ports::Oracle {
  public:
    NoOpinion(CellClock& clock, std::function<void()> on_rank)
        : clock_(clock), on_rank_(std::move(on_rank)) {}
    Task<Result<Ranking>> rank(Evidence evidence,
                               std::vector<RemedyKind> kinds,
                               Instant deadline) override;
    [[nodiscard]] std::string state() const override { return "ready: matrix"; }

  private:
    CellClock& clock_;
    std::function<void()> on_rank_;
};

class Life {
  public:
    explicit Life(Stage& stage);
    ~Life();
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    /// ERRORS: those of ExecutorRole::recover.
    [[nodiscard]] Result<void> start();

    [[nodiscard]] heal::ExecutorRole& executor() { return *executor_; }
    [[nodiscard]] boost::asio::io_context& context() { return *context_; }

  private:
    [[nodiscard]] std::unique_ptr<kubernetes::ObjectWatch> watch(std::string path,
                                                                 std::uint64_t seed);
    void listen();
    void make_executor();
    void make_agent();

    Stage& stage_;
    std::unique_ptr<boost::asio::io_context> context_;
    CellLedger ledger_;
    ApiPort api_;
    ApiPort edge_api_;  ///< A client of its own, with its own patience.
    WatchPort told_;
    kubernetes::Slots slots_;
    std::unique_ptr<kubernetes::ObjectWatch> deployments_;
    std::unique_ptr<kubernetes::ObjectWatch> replica_sets_;
    std::unique_ptr<kubernetes::ObjectWatch> pods_;
    kubernetes::Group group_;
    kubernetes::KubernetesRuntime runtime_;
    FrontEdge edge_;
    kubernetes::Lease lease_;
    NoOpinion oracle_;
    kubernetes::PodTelemetry pods_seen_;
    std::optional<kubernetes::RolloutTelemetry> rollouts_seen_;
    EdgeSource edge_seen_;
    EdgeSource edge_counted_;
    Journeys journeys_;
    std::unique_ptr<heal::ExecutorRole> executor_;
    std::unique_ptr<heal::AgentRole> agent_;
};

}  // namespace homeostat::matrix
