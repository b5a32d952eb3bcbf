// What to do now so that a remedy's goal comes nearer.
//
// One instance at a time, in this order: one that we replaced and that does not serve yet (finish
// it, or wait); a dead one; one that does not serve; a serving one. So capacity comes back before
// any is taken away, and the next is never touched before the previous serves again.

#include "homeostat/act/act.hpp"
#include "homeostat/act/hastening.hpp"
#include "homeostat/act/resizing.hpp"
#include "homeostat/act/rollout.hpp"
#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <variant>
#include <vector>

namespace homeostat::act {

namespace {

/// What the kubelet waits before it starts a container for the second time; then twice as long.
constexpr Duration orchestrated_start_after = std::chrono::seconds{10};

/// Where an instance stands on its way to the goal; earlier members are dealt with first.
enum class Progress : std::uint8_t { returning, dead, out, serving, arrived };

struct View {
    const Plan& plan;
    const Facts& facts;
    Instant now;
    std::span<const InstanceId> drained_by_others;

    /// Somebody else wants it out of rotation.
    [[nodiscard]] bool is_left_drained(const InstanceFacts& instance) const {
        return std::ranges::find(drained_by_others, instance.runtime.instance) !=
               drained_by_others.end();
    }

    /// It serves, or would if nobody else kept it out.
    [[nodiscard]] bool is_back(const InstanceFacts& instance) const {
        return is_serving(instance) || (is_left_drained(instance) && instance.runtime.is_answering);
    }

    [[nodiscard]] bool is_serving(const InstanceFacts& instance) const {
        return instance.is_serving(facts.has_edge);
    }

    [[nodiscard]] std::size_t replaced_count(const InstanceId& instance) const {
        return static_cast<std::size_t>(
            std::ranges::count(plan.replacements, instance, &Replacement::instance));
    }

    /// One of our own replacements, or at least a process that is younger than the plan. A start is
    /// known to a clock tick only, so the effect's id in the record is the better witness.
    [[nodiscard]] bool is_new(const InstanceFacts& instance) const {
        const auto is_of = [&](const Replacement& replacement) {
            return !replacement.effect.empty() && replacement.effect == instance.runtime.effect;
        };
        return instance.runtime.started_at > plan.began_at + other_clock_grace() ||
               std::ranges::any_of(plan.replacements, is_of);
    }

    /// When a pod was started is told by another machine's clock, to a second: of an eviction the
    /// effect alone says what is new, and a rollout makes all that it starts.
    [[nodiscard]] Duration other_clock_grace() const {
        if (!facts.is_orchestrated) {
            return Duration::zero();
        }
        constexpr Duration clocks_apart_max = std::chrono::seconds{5};
        return std::holds_alternative<Rollback>(plan.remedy) ? -clocks_apart_max : clocks_apart_max;
    }

    /// The process is the one that the remedy wants there.
    [[nodiscard]] bool has_right_process(const InstanceFacts& instance) const {
        if (!instance.runtime.is_alive) {
            return false;
        }
        const auto* rollback = std::get_if<Rollback>(&plan.remedy);
        return rollback != nullptr ? instance.runtime.version_of(rollback->artifact) == rollback->to
                                   : is_new(instance);
    }

    /// We have taken it out or will. An instance that a rollback never touches may be ill for
    /// reasons of its own and is left alone, unless a drain is all that keeps it out.
    [[nodiscard]] bool is_ours_to_return(const InstanceFacts& instance) const {
        const bool is_well_but_drained =
            instance.runtime.is_answering && instance.rotation == Rotation::draining;
        return is_well_but_drained || is_new(instance) ||
               !std::holds_alternative<Rollback>(plan.remedy);
    }

    [[nodiscard]] Progress progress_of(const InstanceFacts& instance) const {
        if (has_right_process(instance)) {
            const bool is_awaited = !is_back(instance) && is_ours_to_return(instance);
            return is_awaited ? Progress::returning : Progress::arrived;
        }
        if (instance.runtime.is_coming) {
            return Progress::returning;
        }
        if (!instance.runtime.is_alive) {
            return Progress::dead;
        }
        return is_serving(instance) ? Progress::serving : Progress::out;
    }

    [[nodiscard]] bool is_target(const InstanceFacts& instance) const {
        const InstanceId* named = instance_of(plan.remedy);
        return named == nullptr || *named == instance.runtime.instance;
    }
};

Next wait(const View& view, std::string because) {
    return Wait{view.now + wait_for, std::move(because)};
}

/// Waits for what should happen by itself soon after our last step; gives up when it does not.
Next wait_for_return(const View& view, std::string because) {
    const Instant since = view.plan.step_last_at.value_or(view.plan.began_at);
    const Duration patience = view.facts.is_orchestrated ? rollout_for_max : come_back_for_max;
    if (view.now - since > patience) {
        return Stuck{fmt::format("{} for {:.0f} s", because, to_seconds(view.now - since))};
    }
    return wait(view, std::move(because));
}

Next replace(const View& view, const InstanceFacts& instance) {
    const RuntimeInstance& runtime = instance.runtime;
    if (view.replaced_count(runtime.instance) >= replaces_per_instance_max) {
        return Stuck{fmt::format("{} was started {} times and is not there; its log says why",
                                 runtime.instance.text(), replaces_per_instance_max)};
    }
    return Replace{runtime.instance, runtime.present(), view.facts.versions.deploy.current,
                   view.facts.versions.config.current};
}

bool do_others_serve(const View& view, const InstanceFacts& instance) {
    return std::ranges::any_of(view.facts.instances, [&](const InstanceFacts& other) {
        return &other != &instance && view.is_serving(other);
    });
}

bool is_at_work(const InstanceFacts& instance) {
    return instance.runtime.is_answering && instance.sessions_now > 0;
}

/// The process has to go. Its sessions may end first, for a while, if it still answers them.
Next retire(const View& view, const InstanceFacts& instance) {
    const Plan& plan = view.plan;
    const InstanceId& name = instance.runtime.instance;
    if (plan.drains && view.is_serving(instance) && instance.rotation == Rotation::in &&
        do_others_serve(view, instance)) {
        return Drain{name};
    }
    if (plan.drains && instance.rotation == Rotation::draining && is_at_work(instance)) {
        // A drain that we did not announce cannot be older than what it waits for here.
        const Instant until = plan.drain_began_at.value_or(plan.began_at) + plan.drain_for_max;
        if (view.now < until) {
            return wait(view, fmt::format("{} sessions of {} are ending", instance.sessions_now,
                                          name.text()));
        }
    }
    return replace(view, instance);
}

/// Whoever orchestrates the instances starts one that ended by itself, and waits longer each time.
/// Ours take that wait away: a successor that ends as well is left to it for as long as the first
/// of its waits, then for twice as long, so that our few starts reach as far as an outage may last.
Next start_anew(const View& view, const InstanceFacts& instance) {
    const std::size_t count = view.replaced_count(instance.runtime.instance);
    if (view.facts.is_orchestrated && count > 0 && count < replaces_per_instance_max) {
        const Instant since = view.plan.step_last_at.value_or(view.plan.began_at);
        if (view.now < since + orchestrated_start_after * (1U << (count - 1))) {
            return wait(view, instance.runtime.instance.text() + " has ended again");
        }
    }
    return replace(view, instance);
}

/// The process is right and users do not reach it yet.
Next bring_back(const View& view, const InstanceFacts& instance) {
    const InstanceId& name = instance.runtime.instance;
    if (!instance.runtime.is_answering) {
        return wait_for_return(view, name.text() + " does not answer");
    }
    if (view.facts.has_edge && instance.rotation == Rotation::draining) {
        return Undrain{name};
    }
    return wait_for_return(
        view, fmt::format("{} is not in rotation ({})", name.text(), to_text(instance.rotation)));
}

Next step_for(const View& view, const InstanceFacts& instance) {
    switch (view.progress_of(instance)) {
        case Progress::returning:
            return bring_back(view, instance);
        case Progress::dead:
            return start_anew(view, instance);
        case Progress::out:
        case Progress::serving:
            return retire(view, instance);
        case Progress::arrived:
            break;
    }
    return Complete{};
}

/// Whoever orchestrates the instances brings the version to all of them, at its own pace.
Next wait_for_rollout(const View& view, const Rollback& remedy) {
    if (const InstanceFacts* one = one_to_hasten(view.plan, view.facts, remedy, view.now)) {
        return replace(view, *one);
    }
    for (const InstanceFacts& instance : view.facts.instances) {
        if (view.progress_of(instance) != Progress::arrived) {
            return wait_for_return(
                view, instance.runtime.instance.text() + " does not serve the version yet");
        }
    }
    return Complete{};
}

/// Every target in turn, the one whose turn it is first.
Next step_for_group(const View& view) {
    const InstanceFacts* first = nullptr;
    for (const InstanceFacts& instance : view.facts.instances) {
        if (view.is_target(instance) &&
            (first == nullptr || view.progress_of(instance) < view.progress_of(*first))) {
            first = &instance;
        }
    }
    return first == nullptr ? Next{Complete{}} : step_for(view, *first);
}

Next set_circuit(const View& view, const ServiceId& neighbour, bool is_open) {
    const CircuitFacts* circuit = find_circuit(view.facts, neighbour);
    if (circuit == nullptr) {
        return Stuck{"the edge says nothing of the circuit of " + neighbour.text()};
    }
    return circuit->is_open == is_open ? Next{Complete{}} : Next{SetCircuit{neighbour, is_open}};
}

/// Until nothing in it is stale, or it is plain that somebody goes on filling it wrongly.
Next invalidate(const View& view, const CacheId& name) {
    const CacheFacts* cache = find_cache(view.facts, name);
    const bool is_needed = cache != nullptr && cache->is_answering && cache->is_source_answering &&
                           cache->stale_count > 0;
    return is_needed && view.plan.invalidations_count < invalidations_max ? Next{Invalidate{name}}
                                                                          : Next{Complete{}};
}

/// Readers first: what is dropped while they still read through the cache they would put back.
Next reroute(const View& view, const CacheId& name) {
    const RouteFacts* route = find_route(view.facts, name);
    if (route == nullptr) {
        return Stuck{"the edge says nothing of the route of " + name.text()};
    }
    if (!route->is_to_source && view.plan.invalidations_count == 0) {
        return SetRoute{name, true};
    }
    return invalidate(view, name);
}

/// Starts one spare after another; each has to serve before the next.
Next step_up(const View& view, const Scale& remedy) {
    for (const InstanceFacts& instance : view.facts.instances) {
        if (instance.runtime.is_spare && view.replaced_count(instance.runtime.instance) > 0 &&
            view.progress_of(instance) != Progress::arrived) {
            return step_for(view, instance);
        }
    }
    if (view.facts.instances.size() >= remedy.to) {
        return Complete{};
    }
    // Where they are orchestrated an instance that nobody wants is not always one to be had.
    const auto spare = std::ranges::find_if(
        view.facts.spares, [](const InstanceFacts& one) { return one.runtime.is_spare; });
    return spare == view.facts.spares.end() ? Next{Stuck{"there is no spare left to start"}}
                                            : replace(view, *spare);
}

/// Stops one spare after another, the last first, each once its sessions have ended.
Next step_down(const View& view, const Scale& remedy) {
    const auto& instances = view.facts.instances;
    if (instances.size() <= remedy.to) {
        return Complete{};
    }
    const auto last = std::find_if(instances.rbegin(), instances.rend(),
                                   [](const auto& one) { return one.runtime.is_spare; });
    if (last == instances.rend() && view.facts.is_orchestrated) {
        return Complete{};  // Somebody has set another number since, and it is theirs.
    }
    if (last == instances.rend()) {
        return Stuck{"none of the instances is a spare that may be stopped"};
    }
    const RuntimeInstance& runtime = last->runtime;
    if (view.plan.drains && runtime.is_alive && last->rotation == Rotation::in) {
        return Drain{runtime.instance};
    }
    const Instant drained_by =
        view.plan.drain_began_at.value_or(view.plan.began_at) + view.plan.drain_for_max;
    if (view.plan.drains && is_at_work(*last) && view.now < drained_by) {
        return wait(view, fmt::format("{} sessions of {} are ending", last->sessions_now,
                                      runtime.instance.text()));
    }
    return Stop{runtime.instance, runtime.present()};
}

/// Once. What did not happen is not forced, and what may have is done again only where that is
/// declared to do no harm, and nothing is destroyed by it.
Next run(const View& view, const DeclaredTask& task, bool is_inverse) {
    const Plan& plan = view.plan;
    if (plan.run_ended == OutcomeKind::done) {
        return Complete{};  // Whether it helped is for verification to find.
    }
    if (plan.run_ended == OutcomeKind::refused) {
        return Stuck{task.task.text() + " was refused, so nothing was done"};
    }
    const TaskFacts* known = find_task(view.facts, task.task);
    if (known == nullptr) {
        return wait_for_return(view, "the check of " + task.task.text() + " does not answer");
    }
    if (known->is_well && !is_inverse) {
        return Complete{};
    }
    // Whoever agreed that it destroys has agreed to once.
    const bool bears_another = known->of.is_repeatable && !task.is_destructive;
    if (plan.runs_count > 0 && !bears_another) {
        return Stuck{
            fmt::format("what became of {} is not known, its check {}, and a second time "
                        "may do harm",
                        task.task.text(), known->is_well ? "is well" : "still fails")};
    }
    return Run{task.task, task.declaration, is_inverse, task.keeps_capacity};
}

Next absent(const InstanceId& instance) {
    return Stuck{instance.text() + " is not among the instances"};
}

struct NextOf {
    const View& view;

    Next operator()(const Observe&) const { return Complete{}; }

    Next operator()(const Eject& remedy) const {
        const InstanceFacts* target = find_instance(view.facts, remedy.instance);
        if (target == nullptr) {
            return absent(remedy.instance);
        }
        // Draining is the goal; one whose checks fail is out already.
        return target->rotation == Rotation::in ? Next{Drain{remedy.instance}} : Next{Complete{}};
    }

    Next operator()(const Readmit& remedy) const {
        const InstanceFacts* target = find_instance(view.facts, remedy.instance);
        const bool is_out = target != nullptr && target->rotation == Rotation::draining &&
                            !view.is_left_drained(*target);
        return is_out ? Next{Undrain{remedy.instance}} : Next{Complete{}};
    }

    Next operator()(const OpenCircuit& remedy) const {
        return set_circuit(view, remedy.neighbour, true);
    }

    Next operator()(const CloseCircuit& remedy) const {
        return set_circuit(view, remedy.neighbour, false);
    }

    Next operator()(const InvalidateCache& remedy) const { return invalidate(view, remedy.cache); }

    Next operator()(const Reroute& remedy) const { return reroute(view, remedy.cache); }

    Next operator()(const RouteBack& remedy) const {
        const RouteFacts* route = find_route(view.facts, remedy.cache);
        if (route == nullptr) {
            return Stuck{"the edge says nothing of the route of " + remedy.cache.text()};
        }
        return route->is_to_source ? Next{SetRoute{remedy.cache, false}} : Next{Complete{}};
    }

    Next operator()(const RunTask& remedy) const { return run(view, remedy.of, false); }

    Next operator()(const TakeBackTask& remedy) const { return run(view, remedy.of, true); }

    Next operator()(const Resize& remedy) const {
        return next_of_resize(view.plan, remedy, view.facts, view.now);
    }

    Next operator()(const Restart& remedy) const {
        if (find_instance(view.facts, remedy.instance) == nullptr) {
            return absent(remedy.instance);
        }
        return step_for_group(view);
    }

    Next operator()(const RollingRestart&) const { return step_for_group(view); }

    Next operator()(const PauseRollout& remedy) const { return next_of(remedy, view.facts); }

    Next operator()(const ResumeRollout& remedy) const { return next_of(remedy, view.facts); }

    Next operator()(const Scale& remedy) const {
        return remedy.to > remedy.from ? step_up(view, remedy) : step_down(view, remedy);
    }

    Next operator()(const Rollback& remedy) const {
        const VersionFacts& versions = view.facts.versions[remedy.artifact];
        if (!is_started_with(remedy.artifact) && versions.current.empty()) {
            return wait_for_return(view, "nobody confirms which are in force");
        }
        if (versions.is_in_force(remedy.from, remedy.to)) {
            return SwapVersion{remedy.service, remedy.from, remedy.to, remedy.artifact};
        }
        if (!versions.is_in_force(remedy.to, remedy.from)) {
            // Somebody else changes it; we do not fight over it.
            return Stuck{fmt::format("current is {}, which is neither end of the rollback",
                                     versions.current.text())};
        }
        if (!is_started_with(remedy.artifact)) {
            return Complete{};
        }
        // Of its pods an orchestrator looks after the program; what they read they keep.
        const bool is_rolled_out =
            view.facts.is_orchestrated && remedy.artifact == Artifact::deploy;
        return is_rolled_out ? wait_for_rollout(view, remedy) : step_for_group(view);
    }
};

/// Of a number that goes down the orchestrator chooses whom it ends: the same order again may be
/// for another one, and has not come to nothing where fewer are there.
std::uint32_t times_come_about(const View& view, const Step& step) {
    const auto* scale = std::get_if<Scale>(&view.plan.remedy);
    const auto count = static_cast<std::uint32_t>(view.facts.instances.size());
    const bool is_number = scale != nullptr && view.facts.is_orchestrated &&
                           std::holds_alternative<Stop>(step) && scale->from > count;
    return is_number ? scale->from - count : 0;
}

/// Whether the step may be announced now, or once more.
Next paced(const View& view, const Step& step) {
    const Plan& plan = view.plan;
    if (plan.steps_count >= steps_max) {
        return Stuck{fmt::format("the goal is not reached after {} steps", steps_max)};
    }
    if (plan.step_last != step) {
        return step;
    }
    if (plan.step_last_count >= step_tries_max + times_come_about(view, step)) {
        return Stuck{fmt::format("{} was tried {} times and came to nothing", describe(step),
                                 plan.step_last_count)};
    }
    const Instant again_at = plan.step_last_at.value_or(plan.began_at) + try_again_after;
    return view.now < again_at ? Next{Wait{again_at, describe(step) + " came to nothing"}}
                               : Next{step};
}

}  // namespace

Next next_step(const Plan& plan,
               const Facts& facts,
               Instant now,
               std::span<const InstanceId> drained_by_others) {
    const View view{plan, facts, now, drained_by_others};
    if (!facts.is_complete) {
        return wait_for_return(view, "a part of the world does not answer");
    }
    Next next = std::visit(NextOf{view}, plan.remedy);
    const auto* step = std::get_if<Step>(&next);
    return step != nullptr ? paced(view, *step) : next;
}

}  // namespace homeostat::act
