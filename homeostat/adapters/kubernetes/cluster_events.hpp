#pragma once

// ClusterEvents: why pods cannot run, as the cluster's own Events say.
//
// Of an Event one word of a closed list is kept, and of what and when it speaks. What is written in
// it for people is not: many accounts of a namespace may write Events, about any object. Only the
// beginning of a probe's note (which probe) and the quota in a refusal tell one word from another.
// That an Event says so is no proof either: obstacle_telemetry.hpp holds it against the object.
//
// One watch of a namespace for all that is guarded there, of warnings alone. Of other Deployments
// nothing is kept, and of what is kept no more than some hundred kilobytes.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/object_watch.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/obstacle.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

/// What an Event says, as far as it is of the list.
struct ClusterEvent {
    std::string kind;  ///< "Pod" or "ReplicaSet".
    std::string name;  ///< Of the object that it is about.
    std::string uid;   ///< Likewise.
    Obstacle obstacle{Obstacle::no_room};
    WallTime at{};  ///< When it was last seen.
};

/// Of an Event of events.k8s.io/v1. Nothing: it is none of the list, or is not as the API has it;
/// what others write there is no error of anybody's.
[[nodiscard]] std::optional<ClusterEvent> parse_event(const json::value& object);

/// Whether an object of that name is made for a Deployment of this one: its ReplicaSet or a pod.
[[nodiscard]] bool is_made_for(const ClusterEvent& event, const std::set<std::string>& deployments);

class ClusterEvents final : private ObjectSink {
  public:
    static constexpr std::size_t objects_kept_max = 1024;  ///< Beyond it new ones are left out.
    /// Whoever tries again does so within this, and says so again.
    static constexpr std::chrono::minutes kept_for{20};

    /// As of ObjectWatch; `options.path` as of warnings_path. `log`: when they are not told, and
    /// when they are again; not blocking.
    ClusterEvents(ApiClient& api,
                  WatchSource& source,
                  ports::Clock& clock,
                  boost::asio::any_io_executor strand,
                  WatchOptions options,
                  std::function<void(const std::string&)> log);
    ClusterEvents(const ClusterEvents&) = delete;
    ClusterEvents& operator=(const ClusterEvents&) = delete;
    ClusterEvents(ClusterEvents&&) = delete;
    ClusterEvents& operator=(ClusterEvents&&) = delete;
    ~ClusterEvents() override = default;

    /// REQUIRES: run() has not begun.
    void follow(const std::string& deployment) { deployments_.insert(deployment); }

    /// Until stop(). Once, in a task of its own.
    Task<void> run() { return watch_.run(); }
    void stop() { watch_.stop(); }

    /// Tells when the server does not let us follow them, and when it does again. What was said
    /// before stays said for a while: it is held against objects that are seen now.
    void look();

    /// When that was last said of the object with this uid. Nothing: not within `kept_for`.
    [[nodiscard]] std::optional<Instant> said_at(const std::string& uid, Obstacle obstacle) const;

    [[nodiscard]] std::size_t objects_kept() const { return said_.size(); }

  private:
    [[nodiscard]] bool wants(const std::string& name, const json::value& object) const override;
    void trim(json::value& object) const override;
    void replace(std::map<std::string, json::value> objects, std::uint64_t version) override;
    void put(const std::string& name, json::value object, std::uint64_t version) override;
    void erase(const std::string& /*name*/, std::uint64_t /*version*/) override {}
    void tell_trouble() override {}

    void keep(const json::value& object);
    void forget_old();

    ports::Clock& clock_;
    std::function<void(const std::string&)> log_;
    std::set<std::string> deployments_;
    std::map<std::string, std::map<Obstacle, Instant>> said_;  ///< By the uid.
    bool is_told_{false};                                      ///< That they are not told.
    ObjectWatch watch_;                                        ///< The last: it hands on to these.
};

}  // namespace homeostat::adapters::kubernetes
