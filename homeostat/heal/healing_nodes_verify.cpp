// Where it is proven whether a remedy has helped, and what follows from that: the node verify.

#include "homeostat/heal/healing_drains.hpp"
#include "homeostat/heal/healing_hand.hpp"
#include "homeostat/heal/healing_turn.hpp"
#include "homeostat/heal/healing_undo.hpp"
#include "homeostat/record/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal::node {

namespace {

HealingTurn after_help(IncidentState state, const Remedy& remedy, const HealingContext& context) {
    if (is_give_back(state) && state.held->is_residue) {
        return end_residue(std::move(state));
    }
    const bool is_given_back = is_give_back(state);
    const bool is_ours = is_done_by_us(state, context);
    if (state.held && !is_given_back) {
        return go(std::move(state), "hold");  // It looks whether that was the cure.
    }
    if (traits_of(kind_of(remedy)).is_temporary && !state.is_undo && is_ours) {
        return begin_hold(std::move(state), remedy, context);
    }
    turn_to_next(state);
    state.has_healed = is_ours || is_given_back;
    return go(state, state.held ? "hold" : "close");
}

HealingTurn after_no_help(IncidentState state, const HealingContext& context) {
    if (is_give_back(state) && state.held->is_residue) {
        return end_residue(std::move(state));  // It was not put back to help.
    }
    if (is_give_back(state)) {
        // The symptom came back with what was given back. It may be asked for once more, as long
        // as attempts are left.
        std::erase(state.tried, state.held->remedy);
        turn_to_next(state);
        state.wants_cure = state.held.has_value();
        return go(state, state.held ? "hold" : "rejudge");
    }
    if (!state.is_undo && is_done_by_us(state, context) && inverse_of(remedy_in_hand(state))) {
        return go(std::move(state), "undo");  // Also a cure of what is held meanwhile.
    }
    if (state.held) {
        return go(std::move(state), "hold");
    }
    const std::string_view next = restarts_anew(state) ? "guard" : "rejudge";
    return go(std::move(state), next);
}

/// A person's yes for just this was used: also for what was held back, whatever its kind may do
/// alone.
bool was_agreed_to(const IncidentState& state, const HealingContext& context) {
    const homeostat::guard::IncidentMemory* memory = context.around.history->find(state.id);
    return memory != nullptr && memory->approval && memory->approval->is_used &&
           memory->approval->remedy == remedy_in_hand(state);
}

/// Done by us, alone, and of a kind that may. What only takes back is judged by what it reverts,
/// and what starts an ended process backs off instead, or a crash loop would cost us the one remedy
/// that nobody has to think about. A remedy that did nothing itself has shown nothing.
bool was_done_alone(const IncidentState& state, const HealingContext& context) {
    const Remedy& remedy = remedy_in_hand(state);
    const bool starts_dead = is_reflex(state) && kind_of(remedy) == RemedyKind::restart;
    return context.around.guard.demotes && !state.is_undo && !starts_dead &&
           is_done_by_us(state, context) && !was_agreed_to(state, context) &&
           homeostat::guard::autonomy_now(remedy, *context.around.history, context.around.guard) ==
               Autonomy::act;
}

/// How often it was proven to help, this time included, and how long each time it lasted.
std::string text_of_successes(std::vector<homeostat::guard::Success> successes,
                              const homeostat::guard::Success& latest) {
    constexpr std::size_t told_max = 5;  // The last ones; a limit may be in the hundreds.
    successes.push_back(latest);
    std::string text =
        fmt::format("it was proven to help {} times within {:.0f} s", successes.size(),
                    to_seconds(latest.proven_at - successes.front().opened_at));
    const std::size_t first = successes.size() - std::min(successes.size(), told_max + 1);
    for (std::size_t index = first; index + 1 < successes.size(); ++index) {
        const Duration lasted = successes[index + 1].opened_at - successes[index].proven_at;
        text += fmt::format("{} {:.0f} s", index == first ? ", and lasted" : ",",
                            to_seconds(std::max(lasted, Duration{})));
    }
    return text;
}

/// The demotion that a proof leads to; absent: none. What did not help is of its whole kind. What
/// helps each time, and is needed again soon, is of what comes back: an incident's attempts never
/// end that, as each time it is another incident.
std::optional<Demotion> demotion_by(const IncidentState& state,
                                    const Proof& proof,
                                    const HealingContext& context) {
    if (!was_done_alone(state, context)) {
        return std::nullopt;
    }
    const Remedy& remedy = remedy_in_hand(state);
    if (proof.kind == ProofKind::not_helped) {
        return demotion_for(remedy, state.id, proof.because);
    }
    const homeostat::guard::Limits& limits = context.around.guard;
    const homeostat::guard::History& history = *context.around.history;
    const auto success = proof.kind == ProofKind::helped
                             ? history.success_by(state.id, remedy, context.now)
                             : std::nullopt;
    if (!success || limits.successes_max == 0) {
        return std::nullopt;
    }
    const auto before = history.successes().like(*success, context.now - limits.successes_window);
    if (before.size() + 1 < limits.successes_max) {
        return std::nullopt;
    }
    Demotion demotion = demotion_for(remedy, state.id, text_of_successes(before, *success));
    demotion.relapse = success->of;
    const TaskId* task = demotion.task ? &*demotion.task : nullptr;
    return history.demotions().against(demotion.remedy, task, &success->of) == nullptr
               ? std::optional(std::move(demotion))
               : std::nullopt;
}

}  // namespace

HealingTurn verify(IncidentState state, const HealingEvent& event, const HealingContext& context) {
    if (is_first(event)) {
        state.node_since = context.now;
    }
    if (!std::holds_alternative<Incident::Message>(event)) {
        HealingTurn turn{.state = state};
        turn.commands.emplace_back(Verify{state.proposal.symptom});
        return turn;
    }
    const auto* verified = message_in<Verified>(event);
    if (verified == nullptr) {
        return stay(std::move(state));
    }
    const Remedy remedy = remedy_in_hand(state);
    Proof proof = verified->proof;
    if (state.plan && !state.plan->left_drained.empty()) {
        proof.because += "; " + text_of_left(state.plan->left_drained);
    }
    std::vector<Entry> records{record::proof(state.id, remedy, proof)};
    if (std::optional<Demotion> demotion = demotion_by(state, proof, context)) {
        records.push_back(record::demoted(*std::move(demotion)));
    }
    HealingTurn turn = state.order ? go(std::move(state), "close")
                       : verified->proof.kind == ProofKind::helped
                           ? after_help(std::move(state), remedy, context)
                           : after_no_help(std::move(state), context);
    turn.records.insert(turn.records.begin(), std::make_move_iterator(records.begin()),
                        std::make_move_iterator(records.end()));
    return turn;
}

}  // namespace homeostat::heal::node
