// The rule about neighbours: whoever takes capacity away lets a neighbour end first that is at it.
//
// Their word can only delay. It is heeded for a bounded time in each incident, from the first that
// is in the way on, whoever says it and however often; then it counts for nothing. That nobody was
// asked, or nobody has answered, is none in the way.

#include "homeostat/guard/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace homeostat::guard {

namespace {

/// The one that lasts longest; null: nobody objects.
const NeighbourWord* longest_objection(const Facts& facts) {
    const NeighbourWord* longest = nullptr;
    for (const NeighbourWord& word : *facts.neighbours) {
        const bool is_longer = longest == nullptr || word.lasts > longest->lasts;
        longest = word.says != NeighbourSays::go && is_longer ? &word : longest;
    }
    return longest;
}

}  // namespace

bool heeds_neighbours(const Case& asked) {
    const bool starts_dead =
        asked.is_reflex && std::holds_alternative<Restart>(asked.remedy);  // It takes none away.
    return removes_capacity(asked.remedy) && !asked.is_undo && !starts_dead;
}

std::optional<Instant> heed_until_after(const Case& asked, const Facts& facts, Instant now) {
    const bool is_first = !asked.heed_until && heeds_neighbours(asked) && facts.neighbours &&
                          longest_objection(facts) != nullptr;
    return is_first ? std::optional(now + heed_for_max) : asked.heed_until;
}

std::optional<Objection> rule::neighbours(const Matter& matter) {
    const std::optional<Instant>& until = matter.asked.heed_until;
    const bool heeds = matter.facts.neighbours && heeds_neighbours(matter.asked) && until &&
                       matter.now < *until && !is_in_hand(matter);
    const NeighbourWord* word = heeds ? longest_objection(matter.facts) : nullptr;
    if (word == nullptr) {
        return std::nullopt;
    }
    const Duration lasts = std::clamp(word->lasts, ask_again_after, heed_word_for_max);
    return Objection{.because = fmt::format("{} says \"{}\", for {:.1f} s", word->neighbour.text(),
                                            to_text(word->says), to_seconds(word->lasts)),
                     .again_at = std::min(matter.now + lasts, *until),
                     .may_pass = true};
}

}  // namespace homeostat::guard
