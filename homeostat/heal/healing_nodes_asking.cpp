// Where somebody else has the word: a person, the agent once more, or a neighbour.

#include "homeostat/base/fields.hpp"
#include "homeostat/heal/healing_put_off.hpp"
#include "homeostat/heal/healing_rollout.hpp"
#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/mesh/limits.hpp"
#include "homeostat/record/record.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal::node {

bool is_told_already(const IncidentState& state, const HealingContext& context) {
    const std::optional<Instant> told_at =
        context.around.history->told_at(state.trouble_rule, about_of(state));
    const bool has_begun_nothing = state.tried.empty() && !state.held;
    // While a rollout stands its symptom comes and goes in the one incident.
    const bool comes_again = lets_stand(state) && !state.is_undo;
    return !state.trouble_rule.empty() && (has_begun_nothing || comes_again) && told_at &&
           context.now < *told_at + told_again_after;
}

namespace {

bool may_ask_neighbours(const homeostat::guard::Case& asked, const HealingContext& context) {
    const bool has_patience = !asked.heed_until || context.now < *asked.heed_until;
    return context.around.asks_neighbours && homeostat::guard::heeds_neighbours(asked) &&
           has_patience;
}

}  // namespace

bool has_yet_to_ask(const homeostat::guard::Case& asked,
                    const Facts& facts,
                    const HealingContext& context) {
    return may_ask_neighbours(asked, context) && !facts.neighbours;
}

HealingTurn ask_neighbours(IncidentState state) {
    // Nothing else is in the way: what they say is a wait of its own, with an end of its own.
    state.refused_since.reset();
    HealingTurn turn = stay(std::move(state));
    turn.commands.emplace_back(ReadFacts{.asks_neighbours = true});
    return turn;
}

bool has_lost_its_turn(const homeostat::guard::Case& asked,
                       const act::Plan& plan,
                       const HealingEvent& event,
                       const HealingContext& context) {
    constexpr Duration turn_for_max = mesh::Limits{}.leave_for;
    const bool is_late = context.now - plan.looked_at.value_or(plan.began_at) >= turn_for_max;
    return (is_late || is_after_restart(event)) && may_ask_neighbours(asked, context);
}

void keep_turn(IncidentState& state,
               const homeostat::guard::Case& asked,
               const HealingContext& context) {
    // Exact enough beside a turn of three seconds; each change of it is a group of the ledger.
    constexpr Duration noted_every = std::chrono::seconds{1};
    const Instant noted_at = state.plan->looked_at.value_or(state.plan->began_at);
    if (state.plan->steps_count == 0 && context.now - noted_at >= noted_every &&
        may_ask_neighbours(asked, context)) {
        state.plan->looked_at = context.now;
    }
}

/// What makes it late may make it late each time, a disk that is slow for instance: from the first
/// time on it heeds neighbours no longer than if one objected each time.
HealingTurn take_turn_anew(IncidentState state, const HealingContext& context) {
    state.tried.pop_back();
    state.heed_until = state.heed_until.value_or(context.now + homeostat::guard::heed_for_max);
    return go(std::move(state), "guard");
}

HealingTurn ask(IncidentState state, const HealingEvent& event, const HealingContext&) {
    const Answer& answer = std::get<graph::Answered<Incident>>(event).answer;
    if (answer.kind == AnswerKind::cleared && state.held) {
        state.is_cleared = true;
        return escalate_because(std::move(state), "the symptom is gone, and nobody has answered");
    }
    if (answer.kind == AnswerKind::cleared) {
        return go(std::move(state), "close");
    }
    if (answer.kind == AnswerKind::silence) {
        return escalate_because(std::move(state), "nobody answered the question: silence is no");
    }
    const bool is_yes = answer.kind == AnswerKind::approved;
    Entry entry =
        record::answered(state.id, {.question = answer.question,
                                    .remedy = state.proposal.choice.remedy,
                                    .preconditions = state.asked_about,
                                    .says = is_yes ? PersonSays::approved : PersonSays::denied,
                                    .by = answer.by,
                                    .because = answer.because,
                                    .leave = is_yes ? answer.leave : std::nullopt});
    if (is_yes) {
        state.is_just_agreed = true;
        return with(go(std::move(state), "guard"), std::move(entry));  // On what is there now.
    }
    const std::string words = answer.because.empty() ? "" : ": " + answer.because;
    HealingTurn turn = escalate_because(std::move(state), answer.by + " said no" + words);
    return with(std::move(turn), std::move(entry));
}

namespace {

/// What only contained the symptom bounds nothing; nor does memory that came where it stood.
bool is_of_lower_class(const Remedy& remedy, const std::vector<Remedy>& tried) {
    const auto disruption_of = [](const Remedy& one) { return traits_of(kind_of(one)).disruption; };
    const auto last = std::find_if(tried.rbegin(), tried.rend(), [](const Remedy& one) {
        return !traits_of(kind_of(one)).is_temporary && kind_of(one) != RemedyKind::resize;
    });
    return last == tried.rend() || disruption_of(remedy) < disruption_of(*last);
}

}  // namespace

namespace {

Duration doubled(Duration pause, std::uint32_t times) {
    for (; times > 0 && pause < judge_again_pause_max; --times) {
        pause = std::min(2 * pause, judge_again_pause_max);
    }
    return pause;
}

/// A person is told, unless they were at an earlier such refusal and nothing was begun since. Then
/// the incident stands by until the agent is to judge anew, no earlier than `earliest`.
HealingTurn judge_again_later(IncidentState state,
                              std::string rule,
                              std::string because,
                              Instant earliest,
                              const HealingContext& context) {
    const bool is_told = state.judge_again_at.has_value();
    const Duration pause = doubled(judge_again_first, state.judge_again_count);
    const Instant at = std::max(earliest, context.now + pause);
    because += fmt::format("; judged again in {:.0f} s", to_seconds(at - context.now));
    HealingTurn turn = escalate_by_rule(std::move(state), std::move(rule), std::move(because));
    turn.state.judge_again_at = at;
    turn.state.judge_again_count += 1;
    turn.next = is_told ? "stand_by" : "escalate";
    return turn;
}

}  // namespace

HealingTurn put_off(IncidentState state,
                    const Verdict& verdict,
                    bool is_step,
                    const HealingContext& context) {
    if (is_step) {
        state.tried.pop_back();  // It would have been the first.
    }
    state.plan.reset();
    const bool lacked_sight = is_for_want_of_sight(state, verdict);
    std::string because = lacked_sight ? verdict.rule : "refused (" + verdict.rule + ")";
    because += ": " + verdict.because;
    if (lacked_sight) {
        because += fmt::format("; {} did not answer when that was chosen",
                               fmt::join(*state.proposal.unseen, ", "));
    }
    return judge_again_later(std::move(state), verdict.rule, std::move(because),
                             verdict.again_at.value_or(context.now), context);
}

const std::vector<std::string>* waits_to_see(const IncidentState& state, Instant now) {
    const bool waits = state.judge_again_at && now < *state.judge_again_at;
    const Duration pause = doubled(see_again_first, std::max(state.judge_again_count, 1U) - 1);
    return does_nothing(state) && waits && state.proposal.unseen && now >= state.node_since + pause
               ? &*state.proposal.unseen
               : nullptr;
}

HealingTurn judge_again(IncidentState state,
                        const HealingEvent& event,
                        const HealingContext& context) {
    const auto* read = message_in<FactsRead>(event);
    if (read == nullptr) {
        return read_facts(std::move(state));
    }
    if (!read->facts || !read->facts->is_complete) {
        return wait_until(std::move(state), context.now + look_every_max);
    }
    count_from(state, *read->facts);
    state.silence = {};
    return go(std::move(state), "rejudge");
}

HealingTurn rejudge(IncidentState state, const HealingEvent& event, const HealingContext& context) {
    if (is_first(event)) {
        state.node_since = context.now;
        state.plan.reset();
        state.is_undo = false;
        if (state.tried.size() >= remedies_max) {
            return escalate_because(std::move(state), "two remedies did not help");
        }
    }
    if (message_in<Cleared>(event) != nullptr) {
        return go(std::move(state), "close");
    }
    if (const auto* proposed = message_in<Proposed>(event)) {
        if (!is_of_lower_class(proposed->proposal.choice.remedy, state.tried)) {
            return escalate_because(std::move(state), "the second remedy is not of a lower class");
        }
        state.proposal = proposed->proposal;
        Entry entry = record::proposed(state.id, state.proposal);
        return with(go(std::move(state), "guard"), std::move(entry));
    }
    const Instant until = state.node_since + context.around.rejudge_for_max;
    const bool is_put_off = state.judge_again_at && state.judge_again_count < judge_again_max;
    if (context.now >= until && is_put_off) {
        return judge_again_later(state, state.trouble_rule, "no remedy is proposed", context.now,
                                 context);
    }
    if (context.now >= until) {
        return escalate_because(std::move(state), "the remedy did not help, and there is no other");
    }
    return wait_until(std::move(state), until);
}

}  // namespace homeostat::heal::node
