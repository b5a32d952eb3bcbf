// The rule about mass failure: when much of the world looks dead at once, the observer is the
// suspect.
//
// What looks dead runs, as the kernel says, and does not answer us: the opinion of one observer. A
// process that has ended is no opinion, and starting it takes nothing down; nor does it to end and
// start one that is drained and has no session left, whatever is true of the others. One that is
// out because its checks fail is not of these: it may be back in a moment, by itself. The second
// kind of observer is the edge, which counts what became of real requests.
//
// Without its word nothing is done. With it the fault is real, and what answers is all that is
// left: that is not taken away but by a change of version, which may be the cure for all of it.
// Which of the silent ones are lost the sum of errors does not say (something else may have caused
// them): for the floor (rules_room.cpp) they serve as long as the edge has them in rotation.
//
// One silent instance among others is a fault of its own: the others show that the prober works. Of
// an only one nobody shows it, so where there is an edge that one is restarted on its word only: it
// counts what failed, or has it out since its own checks fail. Without an edge nobody else can be
// asked, and whoever offers the restart has other evidence (diagnose): memory that climbed.

#include "homeostat/guard/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <variant>

namespace homeostat::guard {

namespace {

/// A younger process may still be starting (as in detect): its silence is no sign.
constexpr Duration start_grace = std::chrono::seconds{3};
/// One silent instance among others is a fault of its own, whatever its share.
constexpr std::size_t mass_min = 2;
/// Half of the instances dead and in rotation fail half of the requests; the edge sees them die
/// within a second or two, and the count goes back further than that.
constexpr std::uint64_t confirming_errors_min = 4;
constexpr std::uint64_t confirming_requests_per_error = 20;

bool looks_dead(const InstanceFacts& instance, Instant read_at) {
    const RuntimeInstance& runtime = instance.runtime;
    return runtime.is_alive && !runtime.is_answering && runtime.started_at <= read_at - start_grace;
}

std::size_t dead_count(const Facts& facts) {
    const auto count = std::ranges::count_if(facts.instances, [&](const InstanceFacts& instance) {
        return looks_dead(instance, facts.read_at);
    });
    return static_cast<std::size_t>(count);
}

bool is_mass(std::size_t dead, const Facts& facts, const Limits& limits) {
    const auto all = static_cast<double>(facts.instances.size());
    return dead >= mass_min && static_cast<double>(dead) > limits.freeze_above * all;
}

/// What the edge has counted since shortly before the incident opened. A proxy that was started
/// again counts from zero; what it counted since is new in any case.
struct EdgeSince {
    std::uint64_t requests{0};
    std::uint64_t errors{0};

    [[nodiscard]] bool confirms() const {
        return errors >= confirming_errors_min &&
               errors >= requests / confirming_requests_per_error;
    }
};

EdgeSince edge_since(const Case& asked, const EdgeCounters& edge) {
    const bool has_restarted = edge.requests_total < asked.edge_requests_at_open ||
                               edge.errors_total < asked.edge_errors_at_open;
    return has_restarted ? EdgeSince{edge.requests_total, edge.errors_total}
                         : EdgeSince{edge.requests_total - asked.edge_requests_at_open,
                                     edge.errors_total - asked.edge_errors_at_open};
}

/// What somebody who is served could lose by it, from the least.
enum class Stake : std::uint8_t {
    nothing,    ///< It gives back, or starts what has ended or serves nobody.
    silent,     ///< It is at an instance that does not answer us.
    change,     ///< It changes what all of them run or call, or how many there are.
    answering,  ///< It takes away what answers.
};

Stake stake_in(const InstanceFacts* target) {
    if (target == nullptr || !target->runtime.is_alive) {
        return Stake::nothing;
    }
    return target->runtime.is_answering ? Stake::answering : Stake::silent;
}

/// It comes back by an order only, so nobody can be served by it before that.
bool is_drained(const InstanceFacts* target, const Facts& facts) {
    return target != nullptr && facts.has_edge && target->rotation == Rotation::draining &&
           target->sessions_now == 0;
}

Stake stake_in_restart(const InstanceFacts* target, const Facts& facts) {
    return is_drained(target, facts) ? Stake::nothing : stake_in(target);
}

Stake stake_in_task(const DeclaredTask* task) {
    return task != nullptr && task->keeps_capacity ? Stake::change : Stake::answering;
}

struct StakeOfRemedy {
    const Facts& facts;

    Stake operator()(const Observe&) const { return Stake::silent; }
    Stake operator()(const Readmit&) const { return Stake::nothing; }
    Stake operator()(const OpenCircuit&) const { return Stake::change; }
    Stake operator()(const CloseCircuit&) const { return Stake::nothing; }
    Stake operator()(const InvalidateCache&) const { return Stake::change; }
    Stake operator()(const Reroute&) const { return Stake::change; }
    Stake operator()(const RouteBack&) const { return Stake::nothing; }
    Stake operator()(const Eject& remedy) const {
        return stake_in(find_instance(facts, remedy.instance));
    }
    Stake operator()(const Restart& remedy) const {
        return stake_in_restart(find_instance(facts, remedy.instance), facts);
    }
    // The silent ones come first, and each step is asked for by itself.
    Stake operator()(const RollingRestart&) const { return Stake::silent; }
    Stake operator()(const Rollback&) const { return Stake::change; }
    // What serves goes on serving, and nothing new comes.
    Stake operator()(const PauseRollout&) const { return Stake::nothing; }
    Stake operator()(const ResumeRollout&) const { return Stake::change; }
    // Whatever its command does: it may take away what answers, unless it is declared not to.
    Stake operator()(const RunTask& remedy) const { return stake_in_task(&remedy.of); }
    Stake operator()(const TakeBackTask& remedy) const { return stake_in_task(&remedy.of); }
    Stake operator()(const Scale& remedy) const {
        return remedy.to > remedy.from ? Stake::change : Stake::answering;
    }
    Stake operator()(const Resize& remedy) const {
        return remedy.to_bytes > remedy.from_bytes
                   ? Stake::nothing
                   : stake_in(find_instance(facts, remedy.instance));
    }
};

struct StakeOfStep {
    const Facts& facts;
    bool is_change;  ///< The step belongs to a rollback.

    Stake operator()(const Undrain&) const { return Stake::nothing; }
    Stake operator()(const SwapVersion&) const { return Stake::change; }
    Stake operator()(const SetCircuit& step) const {
        return step.is_open ? Stake::change : Stake::nothing;
    }
    Stake operator()(const SetRoute& step) const {
        return step.is_to_source ? Stake::change : Stake::nothing;
    }
    Stake operator()(const Invalidate&) const { return Stake::change; }
    Stake operator()(const SetPaused& step) const {
        return step.is_paused ? Stake::nothing : Stake::change;
    }
    // Nobody loses by having more; by less, whoever uses it.
    Stake operator()(const SetMemory& step) const {
        return step.to_bytes > step.from_bytes ? Stake::nothing
                                               : stake_in(find_instance(facts, step.instance));
    }
    Stake operator()(const Run& step) const {
        const TaskFacts* task = find_task(facts, step.task);
        return stake_in_task(task != nullptr ? &task->of : nullptr);
    }
    Stake operator()(const Drain& step) const {
        return of(stake_in(find_instance(facts, step.instance)));
    }
    // It is not started again, so a drained one is lost as well.
    Stake operator()(const Stop& step) const {
        return of(stake_in(find_instance(facts, step.instance)));
    }
    Stake operator()(const Replace& step) const {
        return find_spare(facts, step.instance) != nullptr
                   ? Stake::change
                   : of(stake_in_restart(find_instance(facts, step.instance), facts));
    }

    [[nodiscard]] Stake of(Stake stake) const {
        return is_change && stake == Stake::answering ? Stake::change : stake;
    }
};

Stake stake_of(const Matter& matter) {
    if (matter.step == nullptr) {
        return std::visit(StakeOfRemedy{matter.facts}, matter.asked.remedy);
    }
    const bool is_change = std::holds_alternative<Rollback>(matter.asked.remedy);
    return std::visit(StakeOfStep{matter.facts, is_change}, *matter.step);
}

/// Why nobody but our probes says it; nothing once the edge does.
std::optional<std::string> doubt(const Matter& matter) {
    if (!matter.facts.has_edge) {
        return "and there is no edge to ask whether it is so";
    }
    const EdgeSince edge = edge_since(matter.asked, matter.facts.edge);
    if (matter.asked.silence.is_confirmed || edge.confirms()) {
        return std::nullopt;
    }
    return edge.requests == 0
               ? "and no request has come to the edge to say whether it is so"
               : fmt::format("but {} of {} requests at the edge failed: the prober is the suspect",
                             edge.errors, edge.requests);
}

/// A refusal while that may pass by itself, then a person. What was done before, and how long ago,
/// is no measure: the edge can only begin to confirm the silence once there is one.
Objection stop_for(Duration patience, std::string because, const Matter& matter) {
    const Instant since = std::min(matter.asked.silence.since.value_or(matter.now), matter.now);
    const bool waits = matter.now - since < patience;
    return {.kind = waits ? VerdictKind::refusal : VerdictKind::escalation,
            .because = std::move(because),
            .again_at = waits ? std::optional(matter.now + ask_again_after) : std::nullopt,
            .may_pass = true};
}

/// A restart of the only instance, which nobody but our prober may have found silent.
bool is_restart_of_only_one(const Matter& matter) {
    const Facts& facts = matter.facts;
    const Remedy& remedy = matter.asked.remedy;
    const bool is_restart =
        std::holds_alternative<Restart>(remedy) || std::holds_alternative<RollingRestart>(remedy);
    if (!is_restart || !facts.has_edge || facts.instances.size() != 1) {
        return false;
    }
    const InstanceFacts& only = facts.instances.front();
    return only.rotation != Rotation::down && stake_in_restart(&only, facts) == Stake::silent;
}

}  // namespace

bool is_much_silent(const Facts& facts, const Limits& limits) {
    const auto silent = std::ranges::count_if(facts.instances, [](const InstanceFacts& instance) {
        return instance.runtime.is_alive && !instance.runtime.is_answering;
    });
    return is_mass(static_cast<std::size_t>(silent), facts, limits);
}

Silence silence_after(const Case& asked, const Facts& facts, const Limits& limits) {
    const Silence& before = asked.silence;
    if (!facts.is_complete) {
        return before;
    }
    if (!is_mass(dead_count(facts), facts, limits)) {
        return {};
    }
    const bool is_confirmed = facts.has_edge && edge_since(asked, facts.edge).confirms();
    return {before.since.value_or(facts.read_at), before.is_confirmed || is_confirmed};
}

namespace rule {

std::optional<Objection> freeze(const Matter& matter) {
    if (is_restart_of_only_one(matter)) {
        const std::optional<std::string> why = doubt(matter);
        return why ? std::optional(
                         passing("the only instance runs and does not answer us, " + *why, matter))
                   : std::nullopt;
    }
    const std::size_t dead = dead_count(matter.facts);
    const bool is_frozen = is_mass(dead, matter.facts, matter.limits);
    const Stake stake = is_frozen ? stake_of(matter) : Stake::nothing;
    if (stake == Stake::nothing) {
        return std::nullopt;
    }
    const std::string seen = fmt::format("{} of {} instances run and do not answer us", dead,
                                         matter.facts.instances.size());
    if (const std::optional<std::string> why = doubt(matter)) {
        return stop_for(confirm_for_max, seen + ", " + *why, matter);
    }
    return stake == Stake::answering
               ? std::optional(stop_for(ask_again_for_max,
                                        seen + ": what answers is not taken away as well", matter))
               : std::nullopt;
}

}  // namespace rule
}  // namespace homeostat::guard
