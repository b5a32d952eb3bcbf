// The nodes at which somebody else has the word: a person, or the agent once more.

#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/record/record.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal::node {

HealingTurn ask(IncidentState state, const HealingEvent& event, const HealingContext&) {
    const Answer& answer = std::get<graph::Answered<Incident>>(event).answer;
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
                                    .because = answer.because});
    if (is_yes) {
        state.is_just_agreed = true;
        return with(go(std::move(state), "guard"), std::move(entry));  // On what is there now.
    }
    const std::string words = answer.because.empty() ? "" : ": " + answer.because;
    HealingTurn turn = escalate_because(std::move(state), answer.by + " said no" + words);
    return with(std::move(turn), std::move(entry));
}

namespace {

/// What only contained the symptom bounds nothing.
bool is_of_lower_class(const Remedy& remedy, const std::vector<Remedy>& tried) {
    const auto disruption_of = [](const Remedy& one) { return traits_of(kind_of(one)).disruption; };
    const auto last = std::find_if(tried.rbegin(), tried.rend(), [](const Remedy& one) {
        return !traits_of(kind_of(one)).is_temporary;
    });
    return last == tried.rend() || disruption_of(remedy) < disruption_of(*last);
}

}  // namespace

HealingTurn rejudge(IncidentState state, const HealingEvent& event, const HealingContext& context) {
    constexpr std::size_t remedies_max = 2;  // The first, and one of a lower class.
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
    if (context.now >= until) {
        return escalate_because(std::move(state), "the remedy did not help, and there is no other");
    }
    return wait_until(std::move(state), until);
}

}  // namespace homeostat::heal::node
