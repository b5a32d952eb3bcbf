#include "homeostat/heal/choice_difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace homeostat::heal {

namespace {

/// Another machine's logarithm may differ in the last digits; no choice hangs on those.
bool is_near(double left, double right) {
    constexpr double slack = 1e-9;
    return std::abs(left - right) <= slack * std::max({1.0, std::abs(left), std::abs(right)});
}

std::string text_of(const std::optional<NotesWord>& notes) {
    if (!notes) {
        return "notes unheard";
    }
    return fmt::format("notes weigh {}, instead of {} ({})", notes->lambda,
                       notes->instead_of ? describe(*notes->instead_of) : "nothing else",
                       notes->trouble);
}

std::string text_of(const std::optional<HoldBack>& held_back) {
    return held_back ? fmt::format("held back by {}, at {}", to_text(held_back->by),
                                   held_back->confidence_min)
                     : std::string("not held back");
}

}  // namespace

std::string words_of(const Choice& choice) {
    return fmt::format("{} ({:.3f}, model {})", describe(choice.remedy), choice.confidence,
                       to_text(choice.model_answer));
}

Difference choice_difference(const Choice& recorded, const Choice& again) {
    if (recorded.remedy != again.remedy || recorded.model_answer != again.model_answer ||
        !is_near(recorded.confidence, again.confidence)) {
        return std::pair{words_of(recorded), words_of(again)};
    }
    if (recorded.mode != again.mode || !is_near(recorded.lambda, again.lambda)) {
        return std::pair{fmt::format("mode {}, λ {}", to_text(recorded.mode), recorded.lambda),
                         fmt::format("mode {}, λ {}", to_text(again.mode), again.lambda)};
    }
    if (recorded.model_trouble != again.model_trouble) {
        return std::pair{recorded.model_trouble, again.model_trouble};
    }
    if (recorded.notes != again.notes) {
        return std::pair{text_of(recorded.notes), text_of(again.notes)};
    }
    if (recorded.held_back != again.held_back) {
        return std::pair{text_of(recorded.held_back), text_of(again.held_back)};
    }
    if (recorded.scores.size() != again.scores.size()) {
        return std::pair{fmt::format("{} scores", recorded.scores.size()),
                         fmt::format("{} scores", again.scores.size())};
    }
    for (std::size_t index = 0; index < again.scores.size(); ++index) {
        const ScoredRemedy& left = recorded.scores[index];
        const ScoredRemedy& right = again.scores[index];
        if (left.remedy != right.remedy || !is_near(left.prior, right.prior) ||
            !is_near(left.score, right.score)) {
            const auto text = [](const ScoredRemedy& scored) {
                return fmt::format("{} scores {:.6f} (prior {})", describe(scored.remedy),
                                   scored.score, scored.prior);
            };
            return std::pair{text(left), text(right)};
        }
    }
    return std::nullopt;
}

}  // namespace homeostat::heal
