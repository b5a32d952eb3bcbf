#include "homeostat/adapters/kubernetes/pod_telemetry.hpp"

#include "homeostat/adapters/kubernetes/pod_resize.hpp"

#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

std::optional<bool> is_alive(const PodView& pod) {
    switch (pod.life) {
        case ContainerLife::running:
            return pod.was_ready ? std::optional(true) : std::nullopt;
        case ContainerLife::backing_off:
            return false;
        case ContainerLife::coming:
        case ContainerLife::restarting:
            break;
    }
    return std::nullopt;
}

std::optional<ProcessReading> reading_of(const Slot& slot,
                                         const GroupView& view,
                                         const Options& options,
                                         const ports::Clock& clock) {
    ProcessReading reading;
    reading.instance = slot.instance;
    reading.is_wanted = slot.is_wanted;
    reading.at = clock.now();
    if (!slot.is_wanted) {
        return reading;
    }
    const std::optional<bool> is_pod_alive = slot.pod ? is_alive(*slot.pod) : std::nullopt;
    if (!is_pod_alive) {
        return std::nullopt;
    }
    const PodView& pod = *slot.pod;
    reading.is_alive = *is_pod_alive;
    reading.identity = identity_of(pod);
    reading.version = version_of(view, pod);
    const WallTime started_at = pod.started_at.value_or(pod.created_at);
    reading.started_at = to_instant(started_at, reading.at, clock.wall_now());
    if (const auto memory = memory_facts_of(pod, options, clock.wall_now())) {
        reading.memory_limit_bytes = memory->limit_bytes;
        if (memory->was_killed) {
            reading.memory_killed_at =
                to_instant(*pod.memory->killed_at, reading.at, clock.wall_now());
        }
    }
    if (!reading.is_alive && pod.exit_code) {
        reading.exit_status = to_exit_status(*pod.exit_code);
    }
    return reading;
}

}  // namespace

int to_exit_status(int exit_code) {
    // SOURCE: POSIX shells and container runtimes give 128 + N for an end by signal N; Linux
    // has 64.
    constexpr int signalled_from = 128;
    constexpr int signals_max = 64;
    const bool is_signalled =
        exit_code > signalled_from && exit_code <= signalled_from + signals_max;
    return is_signalled ? exit_code - signalled_from : (exit_code & 0xff) << 8;
}

PodTelemetry::PodTelemetry(Group& group, WatchedKind& pods, ports::Clock& clock)
    : group_(group),
      pods_(pods),
      clock_(clock),
      name_("pods of " + group.options().service.text()) {}

Task<Result<std::vector<Reading>>> PodTelemetry::read(Instant /*deadline*/) {
    changes_known_ = pods_.changes_count();
    const Result<const GroupView*> view = group_.look();
    if (!view && group_.is_catching_up()) {
        co_return std::vector<Reading>{};
    }
    if (!view) {
        co_return fail(name_, view.error());
    }
    std::vector<Reading> readings;
    for (const Slot& slot : group_.slots().all()) {
        if (std::optional<ProcessReading> reading =
                reading_of(slot, **view, group_.options(), clock_)) {
            readings.emplace_back(*std::move(reading));
        }
    }
    co_return readings;
}

Task<void> PodTelemetry::wait_for_change() {
    co_await pods_.wait_for_change(changes_known_);
    // Whoever does not read in between waits for the next news, and not for these again.
    changes_known_ = pods_.changes_count();
}

}  // namespace homeostat::adapters::kubernetes
