#include "homeostat/heal/healing_outside.hpp"

#include <utility>

namespace homeostat::heal::node {

bool is_to_ask_outside(const Verdict& verdict, const Facts& facts) {
    return homeostat::guard::awaits_confirmation(verdict, facts) ||
           homeostat::guard::awaits_place(verdict, facts);
}

/// A place is taken last, so that nobody holds one while he waits for somebody else.
HealingTurn ask_outside(IncidentState state,
                        const homeostat::guard::Case& asked,
                        const Verdict& verdict,
                        EffectId effect,
                        const HealingContext& context) {
    ReadFacts wanted{.confirmed_by = homeostat::guard::confirmed_by(asked, context.around.guard)};
    if (verdict.rule == homeostat::guard::fleet_rule) {
        wanted.place = std::move(effect);
    }
    HealingTurn turn = stay(std::move(state));
    turn.commands.emplace_back(std::move(wanted));
    return turn;
}

}  // namespace homeostat::heal::node
