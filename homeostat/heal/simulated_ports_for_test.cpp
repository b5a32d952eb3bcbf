#include "homeostat/heal/simulated_ports_for_test.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace homeostat::heal {

Task<Result<ports::Position>> SimulatedLedger::append(EntryGroup group,
                                                      ports::Durability durability) {
    if (disk_.full_at && disk_.groups.size() + waiting_count_ >= *disk_.full_at) {
        co_return fail(Fault::full, "no space left on the disk");
    }
    // In the order of the calls, like the real one.
    const Instant ready_at = std::max(clock_.now(), busy_until_) + disk_.append_takes;
    if (disk_.append_takes > Duration{}) {
        busy_until_ = ready_at;
        waiting_count_ += 1;
        co_await clock_.sleep_until(ready_at);
        waiting_count_ -= 1;
    }
    group.index = disk_.groups.size();
    group.boot_id = disk_.boot_id;
    if (durability == ports::Durability::synced) {
        disk_.synced.insert(group.index);
    }
    disk_.groups.push_back(std::move(group));
    disk_.synced_count =
        durability == ports::Durability::synced ? disk_.groups.size() : disk_.synced_count;
    co_return ports::Position{disk_.groups.back().index, {}};
}

Result<void> SimulatedLedger::replay(const std::function<void(const EntryGroup&)>& visit) {
    for (const EntryGroup& group : disk_.groups) {
        visit(group);
    }
    return {};
}

bool SimulatedActuator::performs(const Step& step) const {
    const bool is_of_edge = std::holds_alternative<Drain>(step) ||
                            std::holds_alternative<Undrain>(step) ||
                            std::holds_alternative<SetRoute>(step);
    const bool is_of_caches = std::holds_alternative<Invalidate>(step);
    const bool is_of_tasks = std::holds_alternative<Run>(step);
    const Part rest = is_of_tasks ? Part::tasks : Part::runtime;
    const Part whose = is_of_edge ? Part::edge : is_of_caches ? Part::caches : rest;
    return whose == part_;
}

bool SimulatedActuator::is_about(const Subject& subject) const {
    return part_ != Part::tasks || subject.kind == SubjectKind::task;
}

Task<Outcome> SimulatedActuator::perform(Request request, Instant deadline) {
    performed.push_back(request.effect());
    SimulatedReply reply = SimulatedReply::prompt;
    if (!replies_next.empty()) {
        reply = replies_next.front();
        replies_next.pop_front();
    }
    if (reply == SimulatedReply::never) {
        co_await clock_.sleep_until(Instant::max());
    }
    if (reply == SimulatedReply::late) {
        const Instant too_late = deadline + std::chrono::seconds(1);
        co_await clock_.sleep_until(too_late);
    }
    Outcome outcome{OutcomeKind::unknown, "no reply"};
    if (reply != SimulatedReply::unknown_undone) {
        Outcome seen = world_.apply(request.effect(), request.step());
        const bool is_lost = reply == SimulatedReply::unknown_done;
        outcome = is_lost ? outcome : std::move(seen);
    }
    // The world has changed and we do not know it yet: the best moment to die.
    co_await clock_.sleep_until(clock_.now() + perform_takes);
    co_return outcome;
}

Task<Result<FactsPart>> SimulatedActuator::read(Instant) {
    if (reads_answer_at > clock_.now()) {
        co_await clock_.sleep_until(reads_answer_at);
    }
    switch (part_) {
        case Part::edge:
            co_return world_.read_edge();
        case Part::caches:
            co_return world_.read_caches();
        case Part::tasks:
            reads_count += 1;
            co_return world_.read_tasks();
        case Part::runtime:
            break;
    }
    co_return world_.read_runtime();
}

Task<Result<FactsPart>> SimulatedActuator::glance(Instant deadline) {
    if (part_ == Part::tasks) {
        co_return world_.read_tasks();
    }
    Result<FactsPart> part = co_await read(deadline);
    co_return part;
}

Task<Result<std::vector<Reading>>> SimulatedJourneys::read(Instant) {
    if (answers_at > clock_.now()) {
        co_await clock_.sleep_until(answers_at);
    }
    const bool is_good = !world_.is_failing() && world_.serving_count() > 0;
    ProbeReading journey;
    journey.observer = Observer::journey;
    journey.subject = {SubjectKind::service, "payments"};
    journey.has_answered = true;
    journey.status = is_good ? 200 : 503;
    journey.latency = std::chrono::milliseconds{12};
    journey.at = world_.now;
    CacheReading copies;
    copies.cache = CacheId("quotes");
    copies.observer = Observer::journey;
    copies.keys_count = 5;
    copies.stale_count = world_.is_misleading() ? 5 : 0;
    copies.at = world_.now;
    std::vector<Reading> readings{journey, copies};
    for (const SimulatedInstance& one : world_.instances) {
        ProcessReading process;
        process.instance = one.runtime.instance;
        process.is_alive = one.runtime.is_alive;
        process.identity = one.runtime.identity;
        process.started_at = one.runtime.started_at;
        process.at = world_.now;
        readings.emplace_back(std::move(process));
    }
    const std::vector<TaskFacts> heard =
        world_.are_checks_answering ? world_.tasks : std::vector<TaskFacts>{};
    for (const TaskFacts& task : heard) {
        readings.emplace_back(CheckReading{task.of.task, task.is_well, world_.now});
    }
    co_return readings;
}

Result<void> SimulatedSwitch::flip(bool engaged) {
    world_.is_suspended = engaged;
    return {};
}

}  // namespace homeostat::heal
