#pragma once

// PendingEffect: what was announced, and may have happened.
//
// Pure. Values only.

#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/step.hpp"

namespace homeostat::heal {

/// An effect whose intent is durable and whose outcome is not yet.
struct PendingEffect {
    EffectId effect;
    Step step;

    static void fields(auto& self, auto&& field) {
        field("effect", self.effect);
        field("step", self.step);
    }
};

}  // namespace homeostat::heal
