#include "homeostat/app/clusters.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/app/cluster_question.hpp"
#include "homeostat/base/ensure.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <chrono>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;
namespace kubernetes = adapters::kubernetes;

constexpr Duration ask_those_away_for = std::chrono::seconds{1};

/// 50,000 objects are 500 pages, each of which takes the server some tenths of a second at worst.
constexpr Duration whole_is_listed_within = std::chrono::minutes{2};

/// Without its selector: all of the kind in that namespace.
std::string whole_kind(const std::string& path) {
    return path.substr(0, path.find('?'));
}

kubernetes::WatchOptions watch_options(std::string path) {
    kubernetes::WatchOptions options;
    options.path = std::move(path);
    return options;
}

/// Of the objects of a whole namespace. A page is read as a whole before it is trimmed, so a small
/// one bounds what a list takes at once.
kubernetes::WatchOptions shared_options(std::string path) {
    kubernetes::WatchOptions options = watch_options(std::move(path));
    options.page_objects = 100;
    options.objects_max = 50'000;
    options.bytes_max = std::size_t{512} << 20U;  // Of what is told, of which less is kept.
    return options;
}

/// Only pauses are drawn: so that agents that lost one server do not all come back at once.
Rng rng_of(const ports::Clock& clock) {
    return Rng(static_cast<std::uint64_t>(clock.now().time_since_epoch().count()));
}

}  // namespace

Result<KubernetesPlace> ClusterLink::find(const Config& config, Instant deadline) {
    if (!finder_) {
        auto finder = ClusterFinder::make(*config.kubernetes);
        if (!finder) {
            return std::unexpected(finder.error());
        }
        finder_ = *std::move(finder);
    }
    // Many services shall not wait one after another for what does not answer the first.
    const Instant until =
        is_away_ ? std::min(deadline, clock_.now() + ask_those_away_for) : deadline;
    Result<KubernetesPlace> place = finder_->find(config, until);
    is_away_ = !place && may_pass(place.error()) && !finder_->has_answered();
    return place;
}

Instant ClusterLink::listed_by(const std::string& name_space, Instant soonest) const {
    return is_shared(name_space) ? std::max(soonest, clock_.now() + whole_is_listed_within)
                                 : soonest;
}

Result<kubernetes::HttpApiClient*> ClusterLink::api() {
    if (!api_) {
        auto api = kubernetes::HttpApiClient::make(executor_, finder_->access());
        if (!api) {
            return fail(finder_->access().told_by, api.error());
        }
        api_ = *std::move(api);
    }
    return api_.get();
}

std::unique_ptr<kubernetes::WatchedKind> ClusterLink::own(std::string path) {
    return std::make_unique<kubernetes::ObjectWatch>(
        *api_, *api_, clock_, executor_, watch_options(std::move(path)), rng_of(clock_));
}

kubernetes::SharedWatch& ClusterLink::shared(const std::string& path) {
    std::unique_ptr<kubernetes::SharedWatch>& watch = shared_[path];
    if (!watch) {
        watch = std::make_unique<kubernetes::SharedWatch>(*api_, *api_, clock_, executor_,
                                                          shared_options(path), rng_of(clock_));
    }
    return *watch;
}

std::unique_ptr<kubernetes::WatchedKind> ClusterLink::watch_name(const kubernetes::Options& options,
                                                                 std::string path,
                                                                 const std::string& name) {
    return is_shared(options.name_space) ? shared(whole_kind(path)).share_of(name)
                                         : own(std::move(path));
}

std::unique_ptr<kubernetes::WatchedKind> ClusterLink::watch_labels(
    const kubernetes::Options& options, std::string path, const std::string& selector) {
    const auto labels = kubernetes::parse_label_selector(selector);
    // One that we cannot read ourselves is left to the server.
    return is_shared(options.name_space) && labels ? shared(whole_kind(path)).share_of(*labels)
                                                   : own(std::move(path));
}

std::unique_ptr<kubernetes::WatchedKind> ClusterLink::watch_one(const kubernetes::Options& options,
                                                                std::string path,
                                                                const std::string& name) {
    // All objects of the kind would be read for it, ConfigMaps of others too: a stream for this
    // name alone is shared by those that name it.
    return is_shared(options.name_space) ? shared(path).share_of(name) : own(std::move(path));
}

std::unique_ptr<kubernetes::WatchedKind> ClusterLink::watch_trimmed(
    const kubernetes::Options& options, const std::string& path, const std::string& selector) {
    const auto labels = kubernetes::parse_label_selector(selector);
    ensure(labels.has_value(), "a selector of ours is one that we can read");
    return shared(is_shared(options.name_space) ? whole_kind(path) : path).share_of(*labels);
}

kubernetes::ClusterEvents& ClusterLink::events(const kubernetes::Options& options) {
    const std::string path = kubernetes::warnings_path(options);
    std::unique_ptr<kubernetes::ClusterEvents>& events = events_[path];
    if (!events) {
        events = std::make_unique<kubernetes::ClusterEvents>(*api_, *api_, clock_, executor_,
                                                             watch_options(path), log_);
    }
    events->follow(options.deployment);
    return *events;
}

std::unique_ptr<LeaseUse> ClusterLink::lease(const kubernetes::Options& options,
                                             const std::string& identity) {
    std::unique_ptr<HeldLease>& held = leases_[kubernetes::lease_path(options)];
    if (!held) {
        held = std::make_unique<HeldLease>(HeldLease{.options = options});
        held->lease = std::make_unique<kubernetes::Lease>(
            *api_, clock_, held->options,
            kubernetes::LeaseSettings{.identity = identity, .log = log_});
    }
    return std::make_unique<LeaseUse>(*held);
}

LeaseUse::~LeaseUse() {
    if (--held_.users_count == 0 && held_.is_begun) {
        held_.lease->stop();
    }
}

void ClusterLink::begin() {
    finder_.reset();
    for (const auto& [path, watch] : shared_) {
        asio::co_spawn(executor_, watch->run(), asio::detached);
    }
    for (const auto& [path, events] : events_) {
        asio::co_spawn(executor_, events->run(), asio::detached);
    }
    for (const auto& [path, held] : leases_) {
        if (held->users_count > 0) {
            held->is_begun = true;
            asio::co_spawn(executor_, held->lease->run(), asio::detached);
        }
    }
}

void ClusterLink::stop() {
    for (const auto& [path, held] : leases_) {
        held->lease->stop();
    }
    for (const auto& [path, watch] : shared_) {
        watch->stop();
    }
    for (const auto& [path, events] : events_) {
        events->stop();
    }
}

std::string ClusterLink::stands_by_because() const {
    std::string reasons;
    for (const auto& [path, held] : leases_) {
        const std::string reason = held->users_count > 0 ? held->lease->reason() : std::string();
        reasons += (reasons.empty() || reason.empty() ? "" : "; ") + reason;
    }
    return reasons;
}

ClusterLink& Clusters::link(const KubernetesConfig& config) {
    std::unique_ptr<ClusterLink>& found = links_[{config.kubeconfig.string(), config.context}];
    if (!found) {
        found = std::make_unique<ClusterLink>(executor_, clock_, log_);
    }
    return *found;
}

void Clusters::expect(const Config& config) {
    if (config.kubernetes) {
        link(*config.kubernetes).expect(config.kubernetes->name_space);
    }
}

ClusterLink& Clusters::link_of(const Config& config) {
    return link(*config.kubernetes);
}

void Clusters::begin() {
    for (const auto& [key, link] : links_) {
        link->begin();
    }
}

void Clusters::stop() {
    for (const auto& [key, link] : links_) {
        link->stop();
    }
}

std::string Clusters::stands_by_because() const {
    std::string reasons;
    for (const auto& [key, link] : links_) {
        const std::string reason = link->stands_by_because();
        reasons += (reasons.empty() || reason.empty() ? "" : "; ") + reason;
    }
    return reasons;
}

}  // namespace homeostat::app
