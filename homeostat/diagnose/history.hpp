#pragma once

// History: what a diagnosis remembers of a service, its instances and its neighbours.
//
// Fixed windows and fixed maxima everywhere: text that others write can fill the list of new
// templates and nothing else, and hearsay about changes cannot push out what we saw ourselves.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/signal.hpp"
#include "homeostat/domain/trouble.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::diagnose {

constexpr std::size_t subjects_max = 256;         ///< Far above one service's inventory.
constexpr std::size_t traffic_samples_max = 256;  ///< A minute at four a second.
constexpr std::size_t memory_samples_max = 128;   ///< Thinned as it fills: always the whole life.
constexpr std::size_t new_templates_max = 64;
constexpr std::size_t changes_max = 32;
constexpr Duration claims_apart_max = std::chrono::minutes{1};

/// More that wait at the edge teach nothing of ordinary days; so few wait a moment on any of them.
constexpr std::uint64_t waiting_usual_max = 4;
/// Samples that have to pass without a queue before one teaches: the first of a surge come before
/// its queue. 1.5 s at four a second.
constexpr std::size_t samples_before_learning = 6;
/// What was learnt fades by e in so long, seen: a day's habits, not a minute's.
constexpr Duration usual_rate_fades_after = std::chrono::hours{1};
/// Samples further apart say nothing of the time between them.
constexpr Duration samples_apart_max = std::chrono::seconds{6};

/// What the edge counted between two of its readings.
struct TrafficSample {
    Instant at{};
    std::uint64_t requests{0};
    std::uint64_t errors{0};
    std::uint64_t waiting{0};  ///< In the queue at `at`.
    std::optional<double> latency_ms;
};

/// How many requests come per second on the service's ordinary days: while nobody waits for long
/// and no spare helps. The mean over requests and not over time, so that a night, or the idle
/// minutes before the first user, do not make every morning a surge. Both sums fade.
struct UsualRate {
    double requests{0};
    double requests_by_rate{0};  ///< Each request times the rate at which it came.
    Duration learnt_for{};

    [[nodiscard]] double per_second() const {
        return requests > 0 ? requests_by_rate / requests : 0.0;
    }
};

struct MemorySample {
    Instant at{};
    double bytes{0};
};

/// One process of an instance, from when we first saw it.
struct ProcessHistory {
    std::optional<bool> is_alive;
    std::optional<Instant> started_at;
    std::vector<MemorySample> memory;          ///< Oldest first, of the present process only.
    std::optional<double> memory_limit_bytes;  ///< Where that may be changed.
    std::optional<Instant> memory_killed_at;  ///< The last time that one was ended for reaching it.
};

/// Whether an instance answers our probes.
struct AnswerHistory {
    bool is_answering{true};
    bool has_answered{false};  ///< Ever, since we look.
    Instant since_at{};
    Instant last_at{};
};

/// What our last look into a cache found.
struct Copies {
    double keys{0};   ///< Those that could be held against the source.
    double stale{0};  ///< Of these.
};

/// A log template that was not known before: when, from whom and how bad. No text.
struct NewTemplate {
    TemplateId id;
    LogLevel level{LogLevel::info};
    Subject subject;
    Instant at{};
};

/// Log lines that claim one class of trouble: since when they come, and when the last one came. A
/// minute without any ends it.
struct Claim {
    Instant began_at{};
    Instant last_at{};
    double lines{0};
};

struct State {
    std::map<Subject, std::deque<TrafficSample>> traffic;
    UsualRate usual_rate;            ///< Of the guarded service.
    std::map<Subject, bool> spares;  ///< Instances seen idle by order; true: at work since.
    std::map<Subject, ProcessHistory> processes;
    std::map<Subject, AnswerHistory> answers;
    std::map<Subject, Copies> copies;
    std::map<Subject, bool> checks;        ///< Of declared tasks: whether the last found it well.
    std::list<NewTemplate> new_templates;  ///< Oldest first.
    std::map<Trouble, Claim> claims;       ///< Of the guarded service's instances together.
    /// Of the guarded service and its instances: how many it keeps from serving. Those that are.
    std::map<std::pair<Subject, Obstacle>, double> obstacles;
    double old_count{0};  ///< Of the guarded service, as the latest signal of the name says.
    std::optional<Instant> watched_since;  ///< The first signal; claims of before were not seen.
    std::vector<Change> changes;           ///< Oldest first.
};

/// Takes one signal in.
void remember(State& state, const Signal& signal);

/// Takes a change in; one that is known already is left as it is.
void remember(State& state, const Change& change);

}  // namespace homeostat::diagnose
