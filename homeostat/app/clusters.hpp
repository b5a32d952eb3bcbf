#pragma once

// Clusters: what the services of one process have of a cluster together: connections, watches, and
// the Lease by which their process is elected.
//
// A service that is alone in its namespace watches what is its own, by its own selectors, and needs
// no right beyond that. Two or more share: one list and one stream of a kind for all of them, where
// each would cost connections and memory of its own (docs/kubernetes.md, ADR 36). Requests of all
// go over the same few connections, so that many services ask one server no more at once than one.
//
// Everything of a start is made before the strand runs; from then on it only runs.
//
// Not thread-safe; lives on the strand of its executor, and longer than the services.

#include "homeostat/adapters/kubernetes/cluster_events.hpp"
#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/label_selector.hpp"
#include "homeostat/adapters/kubernetes/lease.hpp"
#include "homeostat/adapters/kubernetes/shared_watch.hpp"
#include "homeostat/adapters/kubernetes/watched_kind.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/kubernetes_place.hpp"
#include "homeostat/app/switches.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace homeostat::app {

/// A Lease that services of a process name, for as long as one of them wants it.
struct HeldLease {
    adapters::kubernetes::Options options;
    std::unique_ptr<adapters::kubernetes::Lease> lease{};
    std::size_t users_count{0};
    bool is_begun{false};
};

/// A service's part in a Lease. The last one who gives it back lets it go, so that another process
/// may guard what this one does not.
class LeaseUse {
  public:
    explicit LeaseUse(HeldLease& held) : held_(held) { ++held_.users_count; }
    LeaseUse(const LeaseUse&) = delete;
    LeaseUse& operator=(const LeaseUse&) = delete;
    LeaseUse(LeaseUse&&) = delete;
    LeaseUse& operator=(LeaseUse&&) = delete;
    ~LeaseUse();

    /// It stays, and is engaged as any that is not held, when it has been given back.
    [[nodiscard]] adapters::kubernetes::Lease& lease() const { return *held_.lease; }

  private:
    HeldLease& held_;
};

/// One cluster, as one account.
class ClusterLink {
  public:
    ClusterLink(boost::asio::any_io_executor executor,
                ports::Clock& clock,
                std::function<void(const std::string&)> log)
        : executor_(std::move(executor)), clock_(clock), log_(std::move(log)) {}

    /// One more service that will be found there.
    void expect(const std::string& name_space) { ++services_count_[name_space]; }
    [[nodiscard]] bool is_shared(const std::string& name_space) const {
        const auto found = services_count_.find(name_space);
        return found != services_count_.end() && found->second > 1;
    }
    /// Until when a service of that namespace waits for its first list: no sooner than `soonest`,
    /// and where all there is is listed, page after page, much later.
    [[nodiscard]] Instant listed_by(const std::string& name_space, Instant soonest) const;

    /// Asks the cluster about a service, on a strand of its own, over a connection that is kept for
    /// the next one. One that was away is asked for a moment only. ERRORS: as find_in_cluster.
    [[nodiscard]] Result<KubernetesPlace> find(const Config& config, Instant deadline);
    /// Nobody answered when it was asked last: no fault of the service's own.
    [[nodiscard]] bool is_away() const { return is_away_; }

    /// REQUIRES: something was found. ERRORS: of the credentials.
    [[nodiscard]] Result<adapters::kubernetes::HttpApiClient*> api();

    /// What a service watches at `path`, on a stream of its own; or its share of one that is for
    /// all: by its name in the whole kind, by its labels in the whole kind, or by its name in what
    /// that very path tells. REQUIRES: api() was asked for.
    [[nodiscard]] std::unique_ptr<adapters::kubernetes::WatchedKind> watch_name(
        const adapters::kubernetes::Options& options, std::string path, const std::string& name);
    [[nodiscard]] std::unique_ptr<adapters::kubernetes::WatchedKind> watch_labels(
        const adapters::kubernetes::Options& options,
        std::string path,
        const std::string& selector);
    [[nodiscard]] std::unique_ptr<adapters::kubernetes::WatchedKind> watch_one(
        const adapters::kubernetes::Options& options, std::string path, const std::string& name);
    /// Of those whose labels fit what is read of them, and no more, also where nobody shares it.
    /// REQUIRES: `selector` is one that parse_label_selector takes.
    [[nodiscard]] std::unique_ptr<adapters::kubernetes::WatchedKind> watch_trimmed(
        const adapters::kubernetes::Options& options,
        const std::string& path,
        const std::string& selector);

    /// The Events of that namespace that tell why pods cannot run: one watch for all. REQUIRES:
    /// api() was asked for.
    [[nodiscard]] adapters::kubernetes::ClusterEvents& events(
        const adapters::kubernetes::Options& options);

    /// The one Lease of that name for all that name it. `identity`: of whoever asks first.
    /// REQUIRES: begin() is to come; this outlives it.
    [[nodiscard]] std::unique_ptr<LeaseUse> lease(const adapters::kubernetes::Options& options,
                                                  const std::string& identity);

    /// Runs what is shared, until stop().
    void begin();
    void stop();
    /// Each Lease that is wanted and not held, and why; empty: there is none.
    [[nodiscard]] std::string stands_by_because() const;

  private:
    [[nodiscard]] adapters::kubernetes::SharedWatch& shared(const std::string& path);
    [[nodiscard]] std::unique_ptr<adapters::kubernetes::WatchedKind> own(std::string path);

    boost::asio::any_io_executor executor_;
    ports::Clock& clock_;
    std::function<void(const std::string&)> log_;
    std::map<std::string, std::size_t> services_count_;  ///< By namespace.
    std::unique_ptr<ClusterFinder> finder_;              ///< Null: not asked yet, or begun.
    bool is_away_{false};
    std::unique_ptr<adapters::kubernetes::HttpApiClient> api_;  ///< Null: likewise.
    std::map<std::string, std::unique_ptr<adapters::kubernetes::SharedWatch>>
        shared_;  ///< By path.
    std::map<std::string, std::unique_ptr<adapters::kubernetes::ClusterEvents>>
        events_;                                                ///< By path.
    std::map<std::string, std::unique_ptr<HeldLease>> leases_;  ///< By its path.
};

class Clusters {
  public:
    Clusters(boost::asio::any_io_executor executor,
             ports::Clock& clock,
             std::function<void(const std::string&)> log)
        : executor_(std::move(executor)), clock_(clock), log_(std::move(log)) {}

    /// One more service. Before any link is asked for anything.
    void expect(const Config& config);

    /// REQUIRES: config.kubernetes, and that it was expected.
    [[nodiscard]] ClusterLink& link_of(const Config& config);

    void begin();
    void stop();
    /// What keeps this process from acting: each Lease that another holds. Empty: nothing.
    [[nodiscard]] std::string stands_by_because() const;

  private:
    using Key = std::pair<std::string, std::string>;  ///< kubeconfig and context.

    [[nodiscard]] ClusterLink& link(const KubernetesConfig& config);

    boost::asio::any_io_executor executor_;
    ports::Clock& clock_;
    std::function<void(const std::string&)> log_;
    std::map<Key, std::unique_ptr<ClusterLink>> links_;
};

}  // namespace homeostat::app
