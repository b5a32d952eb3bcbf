// The rules about how much and how often: autonomy, one in hand, held elsewhere, taken back,
// cool-down, attempts, back-off; and whether a person has agreed.

#include "homeostat/base/fields.hpp"
#include "homeostat/guard/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::guard {

namespace {

/// Remedies of this incident before the one that is asked for, by the caller's count or the
/// ledger's, whichever is higher.
std::uint32_t attempts_before(const Matter& matter) {
    const IncidentMemory* memory = matter.history.find(matter.asked.incident);
    const std::uint32_t begun = memory == nullptr ? 0 : memory->attempts_count;
    const std::uint32_t of_these = is_in_hand(matter) ? 1 : 0;
    return std::max(matter.asked.attempts_count, begun - std::min(begun, of_these));
}

/// The wait before the next restart of an instance that was restarted `count` times.
Duration back_off_after(std::size_t count, const Limits& limits) {
    Duration wait = std::min(limits.back_off_first, limits.back_off_max);
    for (std::size_t doubled = 1; doubled < count && wait < limits.back_off_max; ++doubled) {
        wait = wait > limits.back_off_max / 2 ? limits.back_off_max : wait * 2;
    }
    return wait;
}

/// The one instance that a reflex starts; null where it is about to do something else.
const InstanceId* instance_to_start(const Matter& matter) {
    if (matter.step != nullptr) {
        return instance_of(*matter.step);
    }
    const auto* restart = std::get_if<Restart>(&matter.asked.remedy);
    return restart == nullptr ? nullptr : &restart->instance;
}

/// A dead process is started beside another incident's remedy, which goes on meanwhile, as long as
/// that touches other instances or none. At the same one they would cross, and while a version is
/// being swapped it is not known yet what a start would start.
bool are_apart(const Matter& matter, const IncidentMemory& other) {
    if (matter.asked.is_reflex == other.is_reflex || !other.step_last) {
        return false;
    }
    if (matter.asked.is_reflex) {
        const InstanceId* ours = instance_to_start(matter);
        return ours != nullptr && !may_touch(*other.step_last, *ours);
    }
    const InstanceId* theirs = instance_of(*other.step_last);
    return is_in_hand(matter) && matter.step != nullptr && theirs != nullptr &&
           !may_touch(*matter.step, *theirs);
}

/// Whose permission counts: of two in one plan the lower one, and of a task its own.
std::string name_that_counts(const Remedy& remedy, const Limits& limits) {
    const RemedyKind kind = kind_of(remedy);
    if (task_of(remedy) != nullptr) {
        return describe(remedy);
    }
    const bool is_lower = limits.autonomy_in_effect(kind) < limits.autonomy_of(kind);
    return std::string(to_text(is_lower ? RemedyKind::invalidate_cache : kind));
}

bool is_destructive(const Remedy& remedy) {
    const auto* run = std::get_if<RunTask>(&remedy);
    return run != nullptr && run->of.is_destructive;
}

/// Of the kind, or of the other one that its plan needs leave of, or of just this task, or of what
/// it was to cure once more; null: none is demoted.
const Demotion* demotion_of(RemedyKind kind,
                            const TaskId* task,
                            const Relapse* relapse,
                            const Demotions& demotions) {
    const Demotion* own = demotions.against(kind, task, relapse);
    return own == nullptr && kind == RemedyKind::reroute
               ? demotions.against(RemedyKind::invalidate_cache, nullptr, relapse)
               : own;
}

/// Whatever is wrong, without `relapse`.
const Demotion* demotion_of(const Remedy& remedy,
                            const Relapse* relapse,
                            const History& history,
                            const Limits& limits) {
    const DeclaredTask* task = task_of(remedy);
    return limits.demotes ? demotion_of(kind_of(remedy), task != nullptr ? &task->task : nullptr,
                                        relapse, history.demotions())
                          : nullptr;
}

/// Why what a person has agreed to is not leave for this; empty: it is.
std::string trouble_with(const Approval& given, const Matter& matter) {
    if (given.is_used) {
        return fmt::format("what {} agreed to has been done", given.by);
    }
    if (matter.asked.leave_trouble) {
        return *matter.asked.leave_trouble;
    }
    const Duration age = matter.now - given.at;
    if (age > approval_for_max) {
        return fmt::format("{} agreed {:.0f} s ago, which is too long", given.by, to_seconds(age));
    }
    if (given.preconditions != preconditions_of(matter.asked.remedy, matter.facts)) {
        return fmt::format("what {} agreed to is no longer what is there", given.by);
    }
    return {};
}

/// The latest that was given for just this; null: none.
const Approval* approval_for(const Case& asked, const History& history) {
    const IncidentMemory* memory = history.find(asked.incident);
    const bool has_one =
        memory != nullptr && memory->approval && memory->approval->remedy == asked.remedy;
    return has_one ? &*memory->approval : nullptr;
}

/// To start what has ended needs no model's word, whoever was asked about it meanwhile, and nobody
/// is woken for it because a judged restart did not help: it backs off, and then calls.
bool starts_dead(const Case& asked) {
    return asked.is_reflex && kind_of(asked.remedy) == RemedyKind::restart;
}

/// What has begun without leave is carried through: a demotion is for what begins after it.
bool has_begun_without(const Case& asked, const History& history) {
    const IncidentMemory* memory = history.find(asked.incident);
    return memory != nullptr && memory->remedy_in_hand == asked.remedy &&
           memory->is_undo_in_hand == asked.is_undo && approval_for(asked, history) == nullptr;
}

/// Null: no demotion keeps it from acting alone.
const Demotion* demotion_against(const Case& asked, const History& history, const Limits& limits) {
    const Relapse relapse{target_of(asked.remedy), asked.symptom.kind};
    return starts_dead(asked) || has_begun_without(asked, history)
               ? nullptr
               : demotion_of(asked.remedy, &relapse, history, limits);
}

/// Somebody has to agree: their settings say so, the agent is not sure enough to act alone, or one
/// of the kind did not help.
bool needs_leave(const Case& asked, const History& history, const Limits& limits) {
    const bool is_held_back = asked.is_held_back && !starts_dead(asked);
    const bool is_demoted = demotion_against(asked, history, limits) != nullptr;
    return (limits.autonomy_in_effect(asked.remedy) == Autonomy::ask || is_held_back ||
            is_demoted) &&
           !asked.is_undo;
}

/// REQUIRES: somebody has to agree.
std::string why_ask(const Matter& matter) {
    const std::string name = name_that_counts(matter.asked.remedy, matter.limits);
    const Autonomy level = matter.limits.autonomy_in_effect(matter.asked.remedy);
    if (level == Autonomy::ask) {
        return is_destructive(matter.asked.remedy)
                   ? name + " is destructive, and is never done unasked"
                   : name + " stands at ask";
    }
    const Demotion* demotion = demotion_against(matter.asked, matter.history, matter.limits);
    return demotion != nullptr
               ? fmt::format("{} is demoted to ask, as {}", describe(*demotion), why(*demotion))
               : fmt::format("{} stands at {}, and this one is held back", name, to_text(level));
}

/// People were asked so often within the hour that one more would be answered unread.
std::optional<Objection> asked_enough(const Matter& matter) {
    if (!matter.limits.questions_per_hour_max) {
        return std::nullopt;
    }
    const std::uint32_t count_max = *matter.limits.questions_per_hour_max;
    const std::vector<Instant> asked =
        matter.history.questions_since(matter.now - questions_window);
    if (asked.size() < count_max) {
        return std::nullopt;
    }
    Objection enough{.because = fmt::format("{} questions were asked within the hour, and more "
                                            "than {} are not: whoever is asked too often says yes "
                                            "unread",
                                            asked.size(), count_max)};
    if (count_max > 0) {
        enough.again_at = asked.at(asked.size() - count_max) + questions_window;
        enough.may_pass = true;
    }
    return enough;
}

}  // namespace

namespace rule {

std::optional<Objection> autonomy(const Matter& matter) {
    if (matter.asked.is_undo) {
        return std::nullopt;  // Whoever may act may take it back.
    }
    const Autonomy level = matter.limits.autonomy_in_effect(matter.asked.remedy);
    return level == Autonomy::ask || level == Autonomy::act
               ? std::nullopt
               : std::optional(Objection{
                     .because = fmt::format("{} stands at {}",
                                            name_that_counts(matter.asked.remedy, matter.limits),
                                            to_text(level))});
}

// By the executor's own facts, as every flag of a task: the catalogue has compared them.
std::optional<Objection> destructive(const Matter& matter) {
    const bool begins = is_destructive(matter.asked.remedy) && !matter.asked.is_undo;
    return begins && !matter.limits.destructive_allowed
               ? std::optional(Objection{
                     .because = "nothing brings back what it removes, and guard.destructive is "
                                "not set"})
               : std::nullopt;
}

// Until then it stays where every remedy begins, at watch: what was declared has never been seen to
// work, nor to end.
std::optional<Objection> proven(const Matter& matter) {
    const DeclaredTask* task = task_of(matter.asked.remedy);
    const TaskFacts* known = task != nullptr ? find_task(matter.facts, task->task) : nullptr;
    const bool is_proven = task == nullptr || (known != nullptr && known->is_proven);
    return is_proven || matter.asked.is_undo
               ? std::nullopt
               : std::optional(Objection{
                     .because = fmt::format("what it declares was not tried yet: it stays at "
                                            "watch until `homeostat remedy test {}` has",
                                            task->task.text())});
}

std::optional<Objection> one_in_hand(const Matter& matter) {
    const IncidentMemory* memory = matter.history.find(matter.asked.incident);
    if (memory != nullptr && !memory->effects_open.empty()) {
        return passing(
            fmt::format("what became of {} is not known yet", memory->effects_open.front().text()),
            matter);
    }
    for (const IncidentId& other : matter.history.busy_incidents(matter.asked.incident)) {
        if (!are_apart(matter, *matter.history.find(other))) {
            return passing(fmt::format("incident {} has one in hand", other.text()), matter);
        }
    }
    return std::nullopt;
}

// Each is given back by whoever began it. Of two at the same target the first give-back would take
// the other with it, as the spares that it started.
std::optional<Objection> held_elsewhere(const Matter& matter) {
    const RemedyKind kind = kind_of(matter.asked.remedy);
    if (!traits_of(kind).is_temporary || matter.asked.is_undo || is_in_hand(matter)) {
        return std::nullopt;
    }
    const std::string target = target_of(matter.asked.remedy);
    const auto holder = matter.history.holder_of(kind, target, matter.asked.incident);
    return holder ? std::optional(passing(fmt::format("incident {} holds {} on {}", holder->text(),
                                                      to_text(kind), target),
                                          matter))
                  : std::nullopt;
}

// Whoever takes it back wants it otherwise: a third time would be a fight, not a remedy.
std::optional<Objection> taken_back(const Matter& matter) {
    const std::string part = matter.step == nullptr
                                 ? lasting_part_of(matter.asked.remedy)
                                 : lasting_part_of(matter.asked.remedy, *matter.step);
    if (part.empty()) {
        return std::nullopt;
    }
    const std::uint32_t count = matter.history.lasting().taken_back_count(
        part, matter.facts, matter.now - taken_back_window);
    if (count < matter.limits.taken_back_max) {
        return std::nullopt;
    }
    return Objection{.kind = VerdictKind::escalation,
                     .because = fmt::format("somebody else changes {}: what we did did not last "
                                            "{} times in the last {:.0f} s",
                                            part, count, to_seconds(taken_back_window))};
}

std::optional<Objection> cool_down(const Matter& matter) {
    const RemedyKind kind = kind_of(matter.asked.remedy);
    if (matter.asked.is_reflex && kind == RemedyKind::restart) {
        return std::nullopt;  // It backs off instead: a dead process should not wait minutes.
    }
    if (matter.asked.is_undo) {
        return std::nullopt;  // What was done may be taken back at any time.
    }
    const std::string target = target_of(matter.asked.remedy);
    const std::optional<Instant> since = matter.history.cooling_since(kind, target);
    if (since && matter.now < *since + matter.limits.cool_down) {
        return Objection{
            .because = fmt::format("an incident that used {} on {} ended {:.1f} s ago",
                                   to_text(kind), target, to_seconds(matter.now - *since)),
            .again_at = *since + matter.limits.cool_down,
            .may_pass = true};
    }
    // One that holds something may stay open for long after its last effect.
    const std::optional<Instant> used_at =
        matter.history.used_elsewhere_at(kind, target, matter.asked.incident);
    if (used_at && matter.now < *used_at + matter.limits.cool_down) {
        return Objection{
            .because = fmt::format("an incident that is open still used {} on {} {:.1f} s ago",
                                   to_text(kind), target, to_seconds(matter.now - *used_at)),
            .again_at = *used_at + matter.limits.cool_down,
            .may_pass = true};
    }
    return std::nullopt;
}

std::optional<Objection> attempts(const Matter& matter) {
    if (matter.asked.is_undo) {
        return std::nullopt;  // It ends the attempt that it reverts; the catalogue allows one.
    }
    const std::uint32_t count = attempts_before(matter);
    if (count >= matter.limits.attempts_max) {
        return Objection{.kind = VerdictKind::escalation,
                         .because = fmt::format("{} of {} remedies are used in this incident",
                                                count, matter.limits.attempts_max)};
    }
    return std::nullopt;
}

std::optional<Objection> back_off(const Matter& matter) {
    const auto* restart = std::get_if<Restart>(&matter.asked.remedy);
    const bool restarts = matter.step == nullptr || std::holds_alternative<Replace>(*matter.step);
    if (!matter.asked.is_reflex || restart == nullptr || !restarts) {
        return std::nullopt;
    }
    const Instant since = matter.now - matter.limits.effects_window;
    const std::vector<Instant> before =
        matter.history.reflex_restarts_since(restart->instance, since);
    if (before.empty()) {
        return std::nullopt;
    }
    if (before.size() >= matter.limits.attempts_max) {
        return Objection{.kind = VerdictKind::escalation,
                         .because = fmt::format("{} was restarted {} times and ends again",
                                                restart->instance.text(), before.size())};
    }
    const Instant again_at = before.back() + back_off_after(before.size(), matter.limits);
    if (matter.now < again_at) {
        return Objection{.because = fmt::format("{} restarts of {} so far", before.size(),
                                                restart->instance.text()),
                         .again_at = again_at,
                         .may_pass = true};
    }
    return std::nullopt;
}

std::optional<Objection> approval(const Matter& matter) {
    const Approval* given = approval_for(matter.asked, matter.history);
    const bool has_begun_by_it = given != nullptr && given->is_used && is_in_hand(matter);
    const Denial* denial = matter.history.denial_of(matter.asked.remedy);
    const bool is_denied = denial != nullptr && matter.now - denial->at < denial_for &&
                           (given == nullptr || given->at <= denial->at);
    // A no to what was held back is a no as well when the next choice is surer, or a model is late.
    const bool is_bound =
        is_denied && !matter.asked.is_undo && !matter.asked.is_reflex && !is_in_hand(matter);
    if ((!needs_leave(matter.asked, matter.history, matter.limits) && !is_bound) ||
        has_begun_by_it) {
        return std::nullopt;
    }
    if (is_denied) {
        return Objection{.because = fmt::format("{} said no to this {:.0f} s ago", denial->by,
                                                to_seconds(matter.now - denial->at))};
    }
    std::string because = why_ask(matter);
    if (given != nullptr) {
        const std::string trouble = trouble_with(*given, matter);
        if (trouble.empty()) {
            return std::nullopt;
        }
        because += ", and " + trouble;
    }
    if (auto enough = asked_enough(matter)) {
        return enough;
    }
    return Objection{.kind = VerdictKind::question, .because = std::move(because)};
}

}  // namespace rule

Autonomy autonomy_now(RemedyKind kind, const History& history, const Limits& limits) {
    const auto lowered = [&](Autonomy level, const TaskId* task) {
        const bool is_demoted =
            limits.demotes && demotion_of(kind, task, nullptr, history.demotions()) != nullptr;
        return is_demoted ? std::min(level, Autonomy::ask) : level;
    };
    if (kind != RemedyKind::run_task) {
        return lowered(limits.autonomy_in_effect(kind), nullptr);
    }
    Autonomy highest = Autonomy::watch;
    for (const auto& [task, level] : limits.tasks) {
        highest = std::max(highest, lowered(level, &task));
    }
    return highest;
}

Autonomy autonomy_now(const Remedy& remedy, const History& history, const Limits& limits) {
    const Autonomy level = limits.autonomy_in_effect(remedy);
    return demotion_of(remedy, nullptr, history, limits) != nullptr ? std::min(level, Autonomy::ask)
                                                                    : level;
}

std::string approver_of(const Case& asked, const History& history, const Limits& limits) {
    const Approval* given = approval_for(asked, history);
    return given != nullptr && needs_leave(asked, history, limits) ? given->by : std::string();
}

}  // namespace homeostat::guard
