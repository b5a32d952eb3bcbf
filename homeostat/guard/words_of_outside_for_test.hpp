#pragma once

// What the rules in words ask of others outside: who has the decision, and whether the fleet has a
// place; and the drawing of what they answered.
//
// Pure. For tests only.

#include "homeostat/guard/question_for_test.hpp"
#include "homeostat/guard/words_of_remedy_for_test.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::guard::for_test {

/// Somebody outside has a word: nothing of it has begun, and it neither takes back nor starts what
/// has ended.
[[nodiscard]] inline bool begins_a_change(const Question& it) {
    const bool starts_dead = it.asked.is_reflex && std::holds_alternative<Restart>(it.asked.remedy);
    return it.step && !it.asked.is_undo && !starts_dead && !is_in_hand(it);
}

[[nodiscard]] inline bool has_decision(const Confirmations& told, const std::string& name) {
    return std::ranges::any_of(told.all, [&](const Confirmation& one) {
        return one.from == name && one.up_to && told.decided_in && *one.up_to >= *told.decided_in;
    });
}

/// One of those lacks it who have to have it.
[[nodiscard]] inline bool is_unconfirmed(const Question& it) {
    if (!begins_a_change(it) || !it.limits.confirmed_by) {
        return false;
    }
    const RemedyKind kind = kind_of(it.asked.remedy);
    return std::ranges::any_of(*it.limits.confirmed_by, [&](const auto& required) {
        const bool is_meant =
            required.first == kind ||
            (kind == RemedyKind::reroute && required.first == RemedyKind::invalidate_cache);
        return is_meant && std::ranges::any_of(required.second, [&](const std::string& name) {
                   return !it.facts.confirmations || !has_decision(*it.facts.confirmations, name);
               });
    });
}

/// The fleet has not granted a place for just this effect.
[[nodiscard]] inline bool has_no_place(const Question& it) {
    const std::optional<FleetWord>& word = it.facts.fleet;
    const bool is_granted = word && word->place == it.effect && word->says == FleetSays::granted;
    return begins_a_change(it) && it.limits.fleet && !is_granted;
}

inline void draw_confirmations(Chance& chance, Question& it) {
    auto& required = it.limits.confirmed_by.emplace();
    required[kind_of(it.asked.remedy)] = {"pg"};
    if (chance.one_in(3)) {
        required[RemedyKind::invalidate_cache] = {"pg", "wall"};
    }
    if (chance.is_odd()) {
        return;  // Nobody was asked.
    }
    Confirmations& told = it.facts.confirmations.emplace();
    told.decided_in = 7;
    chance.upset(told.decided_in, std::array{std::optional<std::uint64_t>{}});
    for (const std::string name : {"pg", "wall"}) {
        if (!chance.is_odd()) {
            Confirmation& one = told.all.emplace_back();
            one.from = name;
            one.up_to = 7;
            chance.upset(one.up_to, std::array{std::optional<std::uint64_t>{}, std::optional{6UL},
                                               std::optional{8UL}});
        }
    }
}

inline void draw_place(Chance& chance, Question& it) {
    it.limits.fleet.emplace().name = "shop";
    if (chance.is_odd()) {
        return;  // None was asked for.
    }
    it.facts.fleet = FleetWord{.place = it.effect, .says = FleetSays::granted};
    chance.upset(it.facts.fleet->place, std::array{EffectId("i-1.e8")});
    chance.upset(it.facts.fleet->says, std::array{FleetSays::full, FleetSays::unreachable});
}

inline void draw_outside(Chance& chance, Question& it) {
    if (chance.one_in(3)) {
        draw_confirmations(chance, it);
    }
    if (chance.one_in(3)) {
        draw_place(chance, it);
    }
}

}  // namespace homeostat::guard::for_test
