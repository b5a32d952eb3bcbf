#include "homeostat/adapters/task/task_actuator.hpp"

#include "homeostat/adapters/task/proof_file.hpp"
#include "homeostat/adapters/task/run_action.hpp"
#include "homeostat/adapters/task/task_lock.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::task {

namespace {

Outcome refused(std::string because) {
    return {OutcomeKind::refused, std::move(because)};
}

}  // namespace

TaskActuator::TaskActuator(Checker& checker, Declaration declaration, ActuatorOptions options)
    : checker_(checker),
      declaration_(std::move(declaration)),
      declared_(declared(declaration_)),
      options_(std::move(options)) {}

bool TaskActuator::performs(const Step& step) const {
    const auto* run = std::get_if<Run>(&step);
    return run != nullptr && run->task == declaration_.task;
}

std::optional<Duration> TaskActuator::performs_for_max(const Step& step) const {
    const auto* run = std::get_if<Run>(&step);
    const bool takes_back = run != nullptr && run->is_inverse && declaration_.take_back;
    return (takes_back ? declaration_.take_back->timeout : declaration_.run.timeout) + end_within;
}

bool TaskActuator::is_about(const Subject& subject) const {
    return subject.kind == SubjectKind::task && subject.name == declaration_.task.text();
}

std::string TaskActuator::objection_to(const Run& step) const {
    if (step.declaration != declared_.declaration) {
        return "it is declared otherwise by now";
    }
    if (step.is_inverse) {
        return declaration_.take_back ? "" : "it declares nothing to take it back with";
    }
    if (declaration_.is_destructive && !options_.destructive_allowed) {
        return "it is destructive, and the configuration does not allow that";
    }
    const std::string lack =
        lack_of_proof(options_.directory, declaration_.task, declared_.declaration);
    return lack.empty() ? "" : "it is not proven: " + lack;
}

Task<Outcome> TaskActuator::perform(Request request, Instant deadline) {
    const auto* step = std::get_if<Run>(&request.step());
    if (step == nullptr || step->task != declaration_.task) {
        co_return refused("no task of that name is declared");
    }
    if (std::string objection = objection_to(*step); !objection.empty()) {
        co_return refused(std::move(objection));
    }
    if (Result<void> made = os::make_directories(options_.directory.string()); !made) {
        co_return refused(made.error().text);
    }
    Result<TaskLock> lock = TaskLock::take(lock_path(options_.directory, declaration_.task));
    if (!lock) {
        co_return refused(lock.error().text);
    }
    const Action action = step->is_inverse ? *declaration_.take_back : declaration_.run;
    Purpose purpose{.effect = options_.service + "/" + request.effect().text(),
                    .held_fd = lock->fd(),
                    .jobs = options_.jobs};
    has_last_ended_ = false;
    ++begun_count_;
    const Ran ran = co_await run_action(action, std::move(purpose), deadline - end_within);
    ran_until_ = os::read_boot_clock();
    Outcome outcome = outcome_of(action, ran);
    has_last_ended_ = outcome.kind != OutcomeKind::unknown;
    co_return outcome;
}

/// By us, by what a predecessor has left, or by a test.
bool TaskActuator::is_held() {
    const bool is_held = TaskLock::is_held(lock_path(options_.directory, declaration_.task));
    ran_until_ = is_held ? os::read_boot_clock() : ran_until_;
    return is_held;
}

/// One goes on in the cluster without us. ERRORS: busy: it does; any other: nobody can tell.
Task<Result<void>> TaskActuator::look_for_job(Instant deadline) {
    if (!options_.jobs.goes_on || has_last_ended_) {
        co_return Result<void>{};
    }
    const std::uint64_t begun_before = begun_count_;
    Task<Result<bool>> asked = options_.jobs.goes_on(deadline);
    const Result<bool> goes_on = co_await std::move(asked);
    if (begun_count_ != begun_before) {
        co_return fail(Fault::busy, declaration_.task.text() + " was run meanwhile");
    }
    if (!goes_on && goes_on.error().fault != Fault::refused) {
        co_return std::unexpected(goes_on.error());
    }
    // A check that began before now may be of the world while one went on.
    ran_until_ = os::read_boot_clock();
    has_last_ended_ = !goes_on || !*goes_on;
    if (!has_last_ended_) {
        co_return fail(Fault::busy, "a Job of " + declaration_.task.text() + " is still under way");
    }
    co_return Result<void>{};
}

TasksFacts TaskActuator::facts() {
    TasksFacts part;
    part.read_at = os::read_boot_clock();
    const Answer* answer = checker_.last();
    const bool may_go_on = is_held() || (options_.jobs.goes_on && !has_last_ended_);
    if (!may_go_on && answer != nullptr && answer->is_well && answer->began_at > ran_until_) {
        const std::string lack =
            lack_of_proof(options_.directory, declaration_.task, declared_.declaration);
        part.tasks.push_back({.of = declared_,
                              .is_well = *answer->is_well,
                              .checked_at = answer->began_at,
                              .is_proven = lack.empty()});
    }
    return part;
}

Task<Result<FactsPart>> TaskActuator::read(Instant deadline) {
    // A check that begins while something runs tells of neither.
    if (is_held() && !has_last_ended_) {
        co_return fail(Fault::busy, "an action of " + declaration_.task.text() +
                                        " is, or may be, still under way; it holds " +
                                        lock_path(options_.directory, declaration_.task));
    }
    if (const Result<void> found = co_await look_for_job(deadline); !found) {
        co_return std::unexpected(found.error());
    }
    checker_.begin();
    co_await checker_.wait(std::min(deadline, os::read_boot_clock() + look_within));
    TasksFacts seen = facts();
    co_return seen;
}

Task<Result<FactsPart>> TaskActuator::glance(Instant /*deadline*/) {
    TasksFacts seen = facts();
    co_return seen;
}

}  // namespace homeostat::adapters::task
