#pragma once

// Turn check: whether a node keeps to what its graph says of it.
//
// Pure.

#include "homeostat/graph/shape.hpp"
#include "homeostat/graph/turn.hpp"

#include <algorithm>
#include <string>

namespace homeostat::graph {

/// Each function says what is wrong, as part of a sentence on the node; empty: nothing.
template <class D>
struct TurnCheck {
    /// What the turn does that its node did not declare. `may_act`: an act node may ask for
    /// something here.
    [[nodiscard]] static std::string wrong_with(const NodeShape& shape,
                                                const Turn<D>& turn,
                                                bool may_act) {
        switch (turn.end_) {
            case TurnEnd::stay:
                return wrong_with_stay(shape, turn, may_act);
            case TurnEnd::done:
                return wrong_with_going_on(shape, turn);
            case TurnEnd::fail:
                return {};
        }
        return {};
    }

  private:
    [[nodiscard]] static std::string wrong_with_stay(const NodeShape& shape,
                                                     const Turn<D>& turn,
                                                     bool may_act) {
        const bool may_wait = shape.kind == NodeKind::think || shape.kind == NodeKind::act;
        const bool acts = shape.kind == NodeKind::act && !turn.commands_.empty();
        return !may_wait          ? "does not go on"
               : acts && !may_act ? "would act, in a branch of the past"
                                  : "";
    }

    [[nodiscard]] static std::string wrong_with_going_on(const NodeShape& shape,
                                                         const Turn<D>& turn) {
        if (!turn.commands_.empty()) {
            return "asks for something and does not wait for it";
        }
        if (turn.targets_.empty() == shape.is_choice) {
            return shape.is_choice ? "does not say what comes next" : "chooses, and may not";
        }
        const auto stray = std::ranges::find_if(turn.targets_, [&](const Target<D>& target) {
            return std::ranges::find(shape.successors, target.node) == shape.successors.end();
        });
        return stray == turn.targets_.end() ? ""
                                            : "leads to '" + stray->node + "', not a successor";
    }
};

}  // namespace homeostat::graph
