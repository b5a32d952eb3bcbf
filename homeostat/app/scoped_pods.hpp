#pragma once

// ScopedPods: pods as an agent sees them that stands beside one, or on their node.
//
// It asks no API server and holds no credentials: which instances stand there, and where each ought
// to answer, comes with the executor's replies. Beside a pod its loopback is asked, whatever a
// reply says, and of that only the port is taken. How a container ended it cannot see; that is the
// kubelet's to mend and the executor's to look at.
//
// The choice not taken: a right to list pods, which no rule could narrow to the pod's own.
//
// Not thread-safe; lives on the strand of its agent.

#include "homeostat/adapters/roles/reply.hpp"
#include "homeostat/adapters/roles/scope.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/guarded_group.hpp"
#include "homeostat/app/seen_well.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

class ScopedPods final : public GuardedGroup {
  public:
    /// REQUIRES: `config`, whose scope is of a pod or a node, and `clock` outlive it. ERRORS:
    /// invalid: no probe is configured, so that there is nothing that it could see.
    [[nodiscard]] static Result<std::unique_ptr<ScopedPods>> make(
        const Config& config, boost::asio::any_io_executor executor, ports::Clock& clock);

    [[nodiscard]] std::vector<ports::Actuator*> actuators() override { return {}; }
    void add_watchers(std::vector<ports::Telemetry*>& sources,
                      const PerArtifact<VersionId>& known) override;
    void add_verifiers(std::vector<ports::Telemetry*>&) override {}
    Task<Result<void>> arrive(Instant) override { co_return Result<void>{}; }
    /// There is none before `stop`: a probe has its own pace.
    Task<ports::Telemetry*> wait_for_news() override;
    void stop() override;
    [[nodiscard]] std::vector<InstanceId> instances_at(
        const adapters::roles::Scope& scope) override;
    void follow(const std::vector<adapters::roles::Place>& places) override;
    /// A pod that is not asked now, or was not yet, nobody here has seen well.
    [[nodiscard]] bool has_seen_well(const Symptom& symptom) const override;
    [[nodiscard]] Duration look_every() const override { return std::chrono::seconds{5}; }
    [[nodiscard]] Duration perform_for_max() const override { return Duration::zero(); }

  private:
    /// Who stands for an instance, and where it ought to answer.
    struct Stand {
        std::string pod;  ///< Its uid.
        net::Endpoint endpoint;

        friend bool operator==(const Stand&, const Stand&) = default;
    };

    ScopedPods(const Config& config, boost::asio::any_io_executor executor, ports::Clock& clock);

    [[nodiscard]] std::function<std::optional<net::Address>()> address_of(InstanceId instance,
                                                                          std::string path) const;

    const Config& config_;
    boost::asio::any_io_executor executor_;
    ports::Clock& clock_;
    boost::asio::steady_timer until_stop_;
    std::map<InstanceId, Stand> places_;  ///< Of those that ought to answer now.
    SeenWell seen_well_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
};

}  // namespace homeostat::app
