#include "homeostat/adapters/task/task_telemetry.hpp"

#include "homeostat/os/clock.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::adapters::task {

TaskTelemetry::TaskTelemetry(Checker& checker, TaskId task, Duration every)
    : checker_(checker), task_(std::move(task)), every_(every), name_("check " + task_.text()) {}

/// An answer that comes meanwhile waits no longer than this.
Duration TaskTelemetry::interval() const {
    constexpr Duration look_every = std::chrono::milliseconds{500};
    return std::min(every_, look_every);
}

bool TaskTelemetry::is_about(const Subject& subject) const {
    return subject.kind == SubjectKind::task && subject.name == task_.text();
}

Task<Result<std::vector<Reading>>> TaskTelemetry::read(Instant /*deadline*/) {
    if (os::read_boot_clock() >= checker_.began_at() + every_) {
        checker_.begin();
    }
    std::vector<Reading> readings;
    Result<bool> latest = true;
    for (const Answer& answer : checker_.since(told_)) {
        told_ = answer.number;
        latest = answer.is_well;
        if (answer.is_well) {
            readings.emplace_back(
                CheckReading{.task = task_, .is_well = *answer.is_well, .at = answer.began_at});
        }
    }
    // What was said before counts more than that the latest says nothing.
    if (readings.empty() && !latest) {
        co_return fail(name_, latest.error());
    }
    co_return readings;
}

}  // namespace homeostat::adapters::task
