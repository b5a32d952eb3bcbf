#include "homeostat/adapters/kubernetes/cluster_events.hpp"

#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/object_fields.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t text_bytes_max = 253;
constexpr std::size_t note_bytes_max = std::size_t{32} << 10U;  // The API has 1 kB.
/// A pod's name is cut to 63 bytes, of which five are drawn: before those its ReplicaSet's, cut.
constexpr std::size_t generated_name_bytes = 63;
constexpr std::size_t deployment_bytes_kept = 46;

struct Reason {
    std::string_view kind;
    std::string_view reason;
    std::string_view begins;  ///< The note does; empty: whatever it is.
    std::string_view has;     ///< So does the note have this.
    Obstacle obstacle;
};

// SOURCE: the scheduler's, the kubelet's and the controllers' own reasons, as of Kubernetes 1.34.
// The first that fits counts.
// Not the scheduler's "Preempted": it is of the type Normal, which we do not ask for. A second
// watch in each namespace is much for what a person is told beside other things; whoever took the
// pod's place leaves its successor a "FailedScheduling". The kubelet's "Preempting" is a warning.
constexpr std::array reasons{
    Reason{"Pod", "FailedScheduling", "", "", Obstacle::no_room},
    Reason{"Pod", "FailedMount", "", "", Obstacle::volume_missing},
    Reason{"Pod", "FailedAttachVolume", "", "", Obstacle::volume_missing},
    Reason{"Pod", "FailedMapVolume", "", "", Obstacle::volume_missing},
    Reason{"Pod", "Unhealthy", "Liveness probe", "", Obstacle::liveness_failing},
    Reason{"Pod", "Unhealthy", "Readiness probe", "", Obstacle::readiness_failing},
    Reason{"Pod", "Unhealthy", "Startup probe", "", Obstacle::startup_failing},
    Reason{"Pod", "BackOff", "", "", Obstacle::backing_off},
    Reason{"Pod", "Failed", "", "", Obstacle::image_missing},
    Reason{"Pod", "ErrImageNeverPull", "", "", Obstacle::image_missing},
    Reason{"Pod", "InspectFailed", "", "", Obstacle::image_missing},
    Reason{"Pod", "Evicted", "", "", Obstacle::evicted},
    Reason{"Pod", "Preempting", "", "", Obstacle::evicted},
    Reason{"ReplicaSet", "FailedCreate", "", "exceeded quota", Obstacle::quota_used_up},
    Reason{"ReplicaSet", "FailedCreate", "", "", Obstacle::creation_refused},
};

std::optional<Obstacle> obstacle_of(std::string_view kind,
                                    std::string_view reason,
                                    std::string_view note) {
    const auto found = std::ranges::find_if(reasons, [&](const Reason& one) {
        return one.kind == kind && one.reason == reason && note.starts_with(one.begins) &&
               note.contains(one.has);
    });
    return found == reasons.end() ? std::nullopt : std::optional(found->obstacle);
}

/// Whoever writes one has a choice of fields for it.
std::optional<WallTime> last_seen(const ObjectFields& event) {
    std::optional<WallTime> last;
    for (const std::optional<WallTime>& at :
         {event.object("series").time("lastObservedTime"), event.time("deprecatedLastTimestamp"),
          event.time("eventTime"), event.object("metadata").time("creationTimestamp")}) {
        last = std::max(last, at);
    }
    return last;
}

std::string_view without_last_part(std::string_view name) {
    const std::size_t dash = name.rfind('-');
    return dash == std::string_view::npos ? std::string_view() : name.substr(0, dash);
}

}  // namespace

std::optional<ClusterEvent> parse_event(const json::value& object) {
    std::optional<Error> error;
    const ObjectFields fields(object, "Event", error);
    const ObjectFields regarding = fields.object("regarding");
    ClusterEvent event;
    event.kind = regarding.text("kind", text_bytes_max);
    event.name = regarding.text("name", text_bytes_max);
    event.uid = regarding.text("uid", text_bytes_max);
    const std::string reason = fields.text("reason", text_bytes_max);
    const std::string note = fields.text("note", note_bytes_max);
    const std::optional<WallTime> at = last_seen(fields);
    const std::optional<Obstacle> obstacle = obstacle_of(event.kind, reason, note);
    if (error || !obstacle || !at || event.uid.empty()) {
        return std::nullopt;
    }
    event.obstacle = *obstacle;
    event.at = *at;
    return event;
}

bool is_made_for(const ClusterEvent& event, const std::set<std::string>& deployments) {
    const std::string_view of_set = without_last_part(event.name);
    const std::string_view of_deployment = event.kind == "Pod" ? without_last_part(of_set) : of_set;
    if (deployments.contains(std::string(of_deployment))) {
        return true;
    }
    return event.name.size() == generated_name_bytes &&
           std::ranges::any_of(deployments, [&](const std::string& deployment) {
               return deployment.size() > deployment_bytes_kept &&
                      event.name.starts_with(
                          std::string_view(deployment).substr(0, deployment_bytes_kept));
           });
}

// NOLINTNEXTLINE(readability-function-size): four parts of the world, what to watch, whom to tell.
ClusterEvents::ClusterEvents(ApiClient& api,
                             WatchSource& source,
                             ports::Clock& clock,
                             boost::asio::any_io_executor strand,
                             WatchOptions options,
                             std::function<void(const std::string&)> log)
    : clock_(clock),
      log_(std::move(log)),
      watch_(
          api,
          source,
          clock,
          std::move(strand),
          [&] {
              options.sink = this;
              return std::move(options);
          }(),
          // Only pauses are drawn: so that agents that lost one server do not all come back at
          // once.
          Rng(static_cast<std::uint64_t>(clock.now().time_since_epoch().count()))) {}

std::optional<Instant> ClusterEvents::said_at(const std::string& uid, Obstacle obstacle) const {
    const auto said = said_.find(uid);
    if (said == said_.end()) {
        return std::nullopt;
    }
    const auto at = said->second.find(obstacle);
    const bool is_of_late = at != said->second.end() && clock_.now() - at->second < kept_for;
    return is_of_late ? std::optional(at->second) : std::nullopt;
}

bool ClusterEvents::wants(const std::string& /*name*/, const json::value& object) const {
    const std::optional<ClusterEvent> event = parse_event(object);
    return event && is_made_for(*event, deployments_);
}

/// What a page of a list is held as until it is whole.
void ClusterEvents::trim(json::value& object) const {
    json::object* fields = object.if_object();
    if (fields == nullptr) {
        return;
    }
    json::object kept;
    for (const std::string_view name : {"regarding", "reason", "note", "series", "eventTime",
                                        "deprecatedLastTimestamp", "metadata"}) {
        if (json::value* part = fields->if_contains(name)) {
            kept.emplace(name, std::move(*part));
        }
    }
    object = std::move(kept);
}

void ClusterEvents::replace(std::map<std::string, json::value> objects, std::uint64_t /*version*/) {
    said_.clear();
    for (const auto& [name, object] : objects) {
        keep(object);
    }
}

void ClusterEvents::put(const std::string& /*name*/,
                        json::value object,
                        std::uint64_t /*version*/) {
    keep(object);
}

void ClusterEvents::keep(const json::value& object) {
    const std::optional<ClusterEvent> event = parse_event(object);
    if (!event || !is_made_for(*event, deployments_)) {
        return;
    }
    const Instant at = to_instant(event->at, clock_.now(), clock_.wall_now());
    if (clock_.now() - at >= kept_for) {
        return;
    }
    if (said_.size() >= objects_kept_max) {
        forget_old();
    }
    if (said_.size() < objects_kept_max || said_.contains(event->uid)) {
        Instant& last = said_[event->uid].try_emplace(event->obstacle, at).first->second;
        last = std::max(last, at);
    }
}

void ClusterEvents::forget_old() {
    const Instant now = clock_.now();
    for (auto& [uid, said] : said_) {
        std::erase_if(said, [&](const auto& one) { return now - one.second >= kept_for; });
    }
    std::erase_if(said_, [](const auto& entry) { return entry.second.empty(); });
}

void ClusterEvents::look() {
    const KindSeen seen = seen_by(watch_);
    const Result<void> is_heard = check_kind_heard("Events", seen, clock_.now());
    const bool is_coming = seen.objects->resource_version == 0 && !seen.trouble->has_value();
    if (!is_heard && !is_coming && !is_told_) {
        log_(is_heard.error().text + "; why pods cannot run is not taken from Events");
        is_told_ = true;
    } else if (is_heard && !seen.trouble->has_value() && is_told_) {
        log_("Events: told again");  // And not where they may be listed and not watched.
        is_told_ = false;
    }
}

}  // namespace homeostat::adapters::kubernetes
