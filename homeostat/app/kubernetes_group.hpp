#pragma once

// KubernetesGroup: the guarded service as pods of a Deployment.
//
// Before anything is guarded the cluster is asked once for the Deployment, and for the Service if
// one is named: a name that is wrong, a right that is missing and a server that is not there end
// the start with words, and not an agent that sees nothing for ever. From then on a server that is
// away for a while is waited for. Connections and watches may be shared with other services of this
// process (clusters.hpp).

#include "homeostat/adapters/kubernetes/config_history.hpp"
#include "homeostat/adapters/kubernetes/configs.hpp"
#include "homeostat/adapters/kubernetes/endpoint_slices.hpp"
#include "homeostat/adapters/kubernetes/event_writer.hpp"
#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/incident_writer.hpp"
#include "homeostat/adapters/kubernetes/kubernetes_runtime.hpp"
#include "homeostat/adapters/kubernetes/lease.hpp"
#include "homeostat/adapters/kubernetes/opt_out.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/adapters/kubernetes/pod_telemetry.hpp"
#include "homeostat/adapters/kubernetes/service_edge.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/adapters/kubernetes/switch_object.hpp"
#include "homeostat/adapters/kubernetes/watched_kind.hpp"
#include "homeostat/app/clusters.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/guarded_group.hpp"
#include "homeostat/app/incident_objects.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/app/node_events.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

class KubernetesGroup final : public GuardedGroup {
  public:
    /// Asks the cluster, for a few seconds at most. REQUIRES: `config`, `link` and `clock` outlive
    /// it.
    /// ERRORS: what of the configuration or of the cluster keeps us from guarding it.
    [[nodiscard]] static Result<std::unique_ptr<KubernetesGroup>> make(
        const Config& config,
        ClusterLink& link,
        boost::asio::any_io_executor executor,
        ports::Clock& clock,
        std::function<void(const std::string&)> log,
        ProcessRole role = ProcessRole::both);

    /// None in a process that only watches.
    [[nodiscard]] std::vector<ports::Actuator*> actuators() override;
    void add_watchers(std::vector<ports::Telemetry*>& sources,
                      const PerArtifact<VersionId>& known) override;
    void add_verifiers(std::vector<ports::Telemetry*>& sources) override;
    Task<Result<void>> arrive(Instant deadline) override;
    Task<ports::Telemetry*> wait_for_news() override;
    void stop() override;
    [[nodiscard]] std::vector<adapters::roles::Place> places() override;
    [[nodiscard]] std::vector<InstanceId> instances_at(
        const adapters::roles::Scope& scope) override;
    void follow(const std::vector<adapters::roles::Place>& places) override;
    void tell(const EntryGroup& group, const std::string& ledger) override;
    void recall(const EntryGroup& group) override;
    [[nodiscard]] std::optional<ShownFigures> shown() const override;
    [[nodiscard]] std::vector<OtherSwitch> kill_switches() override;
    [[nodiscard]] Duration look_every() const override { return std::chrono::seconds{5}; }
    [[nodiscard]] Duration perform_for_max() const override;

  private:
    /// What `make` has found.
    struct Found {
        KubernetesPlace place;
        adapters::kubernetes::Slots slots;
        adapters::kubernetes::ConfigHistory config_history;
        ClusterLink& link;
        adapters::kubernetes::HttpApiClient& api;
    };

    KubernetesGroup(const Config& config,
                    Found found,
                    boost::asio::any_io_executor executor,
                    ports::Clock& clock,
                    std::function<void(const std::string&)> log);

    void watch_configs();
    void make_edge();
    [[nodiscard]] Task<bool> answers(std::string ip, Instant deadline);
    void add_probes(std::vector<ports::Telemetry*>& sources);
    void make_probes();
    void add_metrics(std::vector<ports::Telemetry*>& sources);
    void add_journey(std::vector<ports::Telemetry*>& sources);
    [[nodiscard]] std::string describe_pods() const;
    [[nodiscard]] std::string deployment_uid() const;
    void tell_of_slots();
    [[nodiscard]] std::vector<adapters::kubernetes::WatchedKind*> watches() const;
    Task<void> tell_of_switch();
    Task<void> tell_of_owner();
    [[nodiscard]] bool tell_of_pause(bool was_paused);

    template <class T, class... Arguments>
    T& add(std::vector<ports::Telemetry*>& sources, Arguments&&... arguments) {
        auto source = std::make_unique<T>(std::forward<Arguments>(arguments)...);
        T& made = *source;
        sources.push_back(&made);
        telemetry_.push_back(std::move(source));
        return made;
    }

    const Config& config_;
    KubernetesPlace place_;
    boost::asio::any_io_executor executor_;
    ports::Clock& clock_;
    std::function<void(const std::string&)> log_;
    adapters::kubernetes::Slots slots_;
    ClusterLink& link_;
    adapters::kubernetes::HttpApiClient& api_;
    adapters::kubernetes::ConfigHistory config_history_;
    std::unique_ptr<adapters::kubernetes::WatchedKind> deployments_;
    std::unique_ptr<adapters::kubernetes::OptOut> opt_out_;
    std::unique_ptr<adapters::kubernetes::WatchedKind> replica_sets_;
    std::unique_ptr<adapters::kubernetes::WatchedKind> pods_;
    std::unique_ptr<adapters::kubernetes::WatchedKind> switches_;  ///< Null: none is named.
    std::unique_ptr<adapters::kubernetes::SwitchObject> switch_;   ///< Likewise.
    adapters::kubernetes::Lease* lease_{nullptr};                  ///< Likewise; of the process.
    std::unique_ptr<LeaseUse> lease_use_;                          ///< Null: given back, too.
    NodeEvents node_events_;
    std::unique_ptr<adapters::kubernetes::EventWriter> events_;  ///< Null: none are wanted.
    IncidentObjects incident_objects_;
    std::unique_ptr<adapters::kubernetes::IncidentWriter> incidents_;  ///< Null: none are wanted.
    std::vector<std::unique_ptr<adapters::kubernetes::WatchedKind>> config_maps_;
    std::unique_ptr<adapters::kubernetes::Configs> configs_;  ///< Null: none are named.
    std::unique_ptr<adapters::kubernetes::Group> group_;
    std::unique_ptr<adapters::kubernetes::KubernetesRuntime> runtime_;  ///< Null: we only watch.
    std::unique_ptr<adapters::kubernetes::WatchedKind>
        slice_objects_;                                             ///< Null: no Service is named.
    std::unique_ptr<adapters::kubernetes::EndpointSlices> slices_;  ///< Likewise.
    std::unique_ptr<adapters::kubernetes::ServiceEdge> edge_;       ///< Likewise.
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
    std::vector<ports::Telemetry*> probes_;  ///< Of all slots; empty: none, or not made yet.
    adapters::kubernetes::PodTelemetry* pod_watcher_{nullptr};
    bool is_caught_up_{false};  ///< What was recorded before this start is on its way, too.
    bool is_stopping_{false};
    std::string told_of_slots_;  ///< Last; empty: all is well with them.
};

}  // namespace homeostat::app
