// The node at which a person is asked.

#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/record/record.hpp"

#include <string>
#include <utility>

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

}  // namespace homeostat::heal::node
