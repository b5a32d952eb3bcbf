#pragma once

// Reading: what an adapter saw, before anybody made sense of it.
//
// Counters are totals as the source gives them; `sense` turns them into signals per interval and
// copes with counters that start again from zero. Log lines are the one place where text from
// outside enters; `sense` turns each line into a template id and drops the text.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/obstacle.hpp"
#include "homeostat/domain/process_identity.hpp"
#include "homeostat/domain/signal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat {

/// One request of our own. `observer` says whether to one instance or through the edge.
struct ProbeReading {
    Observer observer{Observer::probe};
    Subject subject;
    bool has_answered{false};  ///< A whole answer came before the deadline.
    int status{0};             ///< HTTP status; 0 if none came.
    Duration latency{};
    Instant at{};
};

/// The proxy's totals for one backend or one server in it. Totals restart at zero with the proxy.
struct EdgeCounters {
    std::uint64_t requests_total{0};
    std::uint64_t errors_total{0};  ///< 5xx answers, connection errors, timeouts.
    std::uint64_t retries_total{0};
    std::uint64_t queue_length{0};
    std::uint64_t sessions_now{0};
    double latency_ms{0};  ///< Mean of the last requests, as the proxy keeps it.
    /// Answers over which that mean decays. Zero: the proxy does not say.
    std::uint64_t latency_answers_max{0};

    static void fields(auto& self, auto&& field) {
        field("requests_total", self.requests_total);
        field("errors_total", self.errors_total);
        field("retries_total", self.retries_total);
        field("queue_length", self.queue_length);
        field("sessions_now", self.sessions_now);
        field("latency_ms", self.latency_ms);
        field("latency_answers_max", self.latency_answers_max);
    }
    friend bool operator==(const EdgeCounters&, const EdgeCounters&) = default;
};

/// Whether the edge gives an instance new requests.
enum class Rotation : std::uint8_t {
    in,        ///< Yes.
    draining,  ///< No new ones, by our (or a person's) order; the old ones may end.
    down,      ///< No: its checks fail.
    unknown,   ///< The edge does not know the instance or did not say.
};

constexpr auto names_of(std::type_identity<Rotation>) {
    return std::to_array<std::string_view>({"in", "draining", "down", "unknown"});
}

struct EdgeServerReading {
    InstanceId instance;
    EdgeCounters counters;
    Rotation rotation{Rotation::unknown};
};

struct EdgeReading {
    Subject subject;  ///< The guarded service, or a neighbour.
    EdgeCounters counters;
    std::vector<EdgeServerReading> servers;  ///< Empty for a neighbour.
    Instant at{};
};

struct ProcessReading {
    InstanceId instance;
    bool is_wanted{true};  ///< False: a spare that nobody has started; the rest is empty.
    bool is_alive{false};
    ProcessIdentity identity;
    VersionId version;
    Instant started_at{};
    std::uint64_t resident_bytes{0};
    Duration cpu_total{};
    std::optional<int> exit_status{};  ///< As waitpid gives it, when the shim recorded one.
    /// Held to so much memory. Absent: to none that is known, or none that we may change.
    std::optional<std::uint64_t> memory_limit_bytes{};
    /// When its last process to be ended for reaching that limit ended. Absent: none was.
    std::optional<Instant> memory_killed_at{};
    Instant at{};
};

struct MetricsReading {
    InstanceId instance;
    std::vector<std::pair<std::string, double>> values;
    Instant at{};
};

struct LogReading {
    InstanceId instance;
    std::vector<std::string> lines;  ///< At most 2,000 of at most 2 KiB each; untrusted.
    std::uint64_t lines_dropped_count{0};
    Instant at{};
};

/// One look at the copies of a cache. `observer` says whether in the cache itself or as its readers
/// get them, through the edge.
struct CacheReading {
    CacheId cache;
    Observer observer{Observer::cache};
    std::uint32_t keys_count{0};  ///< As the signals of these names.
    std::uint32_t stale_count{0};
    Instant at{};
};

/// One answer of a task's check. That it did not answer is no reading.
struct CheckReading {
    TaskId task;
    bool is_well{false};
    Instant at{};
};

/// What a rollout that is under way, and that nobody has paused, has not replaced yet.
struct RolloutReading {
    ServiceId service;
    std::uint32_t old_count{0};  ///< Old instances that serve. 0: no such rollout is under way.
    Instant at{};
};

/// So many of ours are kept from serving by it now. Told when it is another number.
struct ObstacleReading {
    Subject subject;  ///< The guarded service, or one of its instances.
    Obstacle obstacle{Obstacle::sends_to_nobody};
    std::uint32_t count{0};  ///< 0: by that nobody any more.
    Instant at{};
};

struct ChangeReading {
    Change change;
};

using Reading = std::variant<ProbeReading,
                             EdgeReading,
                             ProcessReading,
                             MetricsReading,
                             LogReading,
                             CacheReading,
                             CheckReading,
                             ChangeReading,
                             RolloutReading,
                             ObstacleReading>;

}  // namespace homeostat
