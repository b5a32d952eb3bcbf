#pragma once

// Signal: a measured value with a time, a subject and the observer that measured it.
//
// Everything that later decides (which symptom, which remedy is on offer) is made of these. There
// is no text in a signal but ids: what services or users wrote arrives as template ids, counts and
// words of closed lists.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/obstacle.hpp"
#include "homeostat/domain/trouble.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat {

/// Who measured. Two signals are independent evidence only if their observers differ.
enum class Observer : std::uint8_t {
    probe,    ///< Our own request to one instance.
    journey,  ///< Our own request through the edge on a new connection, as a user makes it.
    edge,     ///< The proxy's counters about real requests.
    process,  ///< The kernel's view of a process.
    metrics,  ///< What the instance says of itself.
    logs,     ///< Templates of what the instance wrote.
    cache,    ///< Our own reads of a cache, held against its source.
    check,    ///< What a declared task says of what it mends.
};

constexpr auto names_of(std::type_identity<Observer>) {
    return std::to_array<std::string_view>(
        {"probe", "journey", "edge", "process", "metrics", "logs", "cache", "check"});
}

enum class SignalKind : std::uint8_t {
    requests_count,  ///< Requests ended since the last reading. Edge.
    errors_count,    ///< Of these, answered 5xx or not answered at all. Edge.
    retries_count,   ///< Retries and redispatches since the last reading. Edge.
    queue_length,    ///< Requests waiting for a server now. Edge.
    latency_ms,  ///< Time to answer: of one request (probe, journey), mean since the last (edge).
    is_in_rotation,      ///< 1: the edge sends this instance requests; 0: down, drained. Edge.
    is_answering,        ///< 1: the request was answered 2xx in time; 0: not. Probe, journey.
    is_alive,            ///< 1: the process runs; 0: it has ended. Process.
    resident_bytes,      ///< Process.
    uptime_seconds,      ///< Process.
    cpu_ratio,           ///< Of one core, since the last reading. Process.
    lines_count,         ///< Log lines of one template since the last reading. Logs.
    template_is_new,     ///< 1: this template was never seen before. Logs.
    is_wanted,           ///< 0: a spare that nobody has started. Sent for those only. Process.
    has_ended_well,      ///< 1: the process ended with status 0, so somebody asked it to. Process.
    keys_count,          ///< Keys whose copy could be held against the source. Cache, journey.
    stale_count,         ///< Of these, such as differ though the source has not changed lately.
    is_well,             ///< 1: the check of a task finds nothing to do for it; 0: it does. Check.
    old_count,           ///< Serving instances that a rollout has not replaced yet. Process.
    value,               ///< A number that the instance published under a name. Metrics.
    memory_limit_bytes,  ///< So much it may use, where that may be changed. Process.
    memory_killed_seconds,  ///< So long ago its process was ended for reaching that limit. Process.
    obstacle_count,  ///< So many of ours are kept from serving by an obstacle now. Edge, process.
};

constexpr auto names_of(std::type_identity<SignalKind>) {
    return std::to_array<std::string_view>({"requests_count",     "errors_count",
                                            "retries_count",      "queue_length",
                                            "latency_ms",         "is_in_rotation",
                                            "is_answering",       "is_alive",
                                            "resident_bytes",     "uptime_seconds",
                                            "cpu_ratio",          "lines_count",
                                            "template_is_new",    "is_wanted",
                                            "has_ended_well",     "keys_count",
                                            "stale_count",        "is_well",
                                            "old_count",          "value",
                                            "memory_limit_bytes", "memory_killed_seconds",
                                            "obstacle_count"});
}

/// What a signal or a symptom is about.
enum class SubjectKind : std::uint8_t {
    service,    ///< The guarded service as a whole.
    instance,   ///< One of its instances.
    neighbour,  ///< Another service that the guarded one calls.
    cache,      ///< A cache that it reads through.
    task,       ///< What a declared task mends.
};

constexpr auto names_of(std::type_identity<SubjectKind>) {
    return std::to_array<std::string_view>({"service", "instance", "neighbour", "cache", "task"});
}

struct Subject {
    SubjectKind kind{SubjectKind::service};
    std::string name;  ///< The service's, instance's or neighbour's id, from the inventory.

    static void fields(auto& self, auto&& field) {
        field("kind", self.kind);
        field("name", self.name);
    }
    friend auto operator<=>(const Subject&, const Subject&) = default;
};

/// How bad a log template is, from its own level word.
enum class LogLevel : std::uint8_t { info, warning, error };

constexpr auto names_of(std::type_identity<LogLevel>) {
    return std::to_array<std::string_view>({"info", "warning", "error"});
}

struct Signal {
    SignalKind kind{SignalKind::value};
    Observer observer{Observer::probe};
    Subject subject;
    double value{0};  ///< UNITS: as the kind says.
    Instant at{};
    TemplateId template_id{};            ///< Logs only.
    LogLevel level{LogLevel::info};      ///< Logs only.
    std::optional<Trouble> trouble{};    ///< Logs only: what the lines claim, by their gloss.
    std::optional<Obstacle> obstacle{};  ///< obstacle_count only: which.
    std::string name{};                  ///< Metrics only: the metric's name, at most 64 bytes.

    friend bool operator==(const Signal&, const Signal&) = default;
};

}  // namespace homeostat
