#include "homeostat/app/choice_sentences.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/domain/remedy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::app {

std::string_view oracle_of(const Choice& choice) {
    return choice.model_answer == ModelAnswer::not_asked ? "rules" : to_text(choice.mode);
}

std::string model_sentence(const Choice& choice) {
    const bool has_task = std::ranges::any_of(
        choice.scores, [](const ScoredRemedy& one) { return task_of(one.remedy) != nullptr; });
    if (has_task && choice.model_answer == ModelAnswer::not_asked) {
        return "model: not_asked, as it has learnt nothing of an operator's tasks";
    }
    if (!choice.ranking) {
        const std::string trouble =
            choice.model_trouble.empty() ? std::string() : " (" + plain(choice.model_trouble) + ")";
        return fmt::format("model: {}{}", to_text(choice.model_answer), trouble);
    }
    const auto best =
        std::ranges::max_element(choice.ranking->kinds, {}, &RankedKind::log_probability);
    const std::string favourite =
        best == choice.ranking->kinds.end() ? "nothing" : std::string(to_text(best->kind));
    return fmt::format("model {} in {:.0f} ms: would take {}, weight {}",
                       to_text(choice.model_answer), to_ms(choice.ranking->took), favourite,
                       choice.lambda);
}

std::string notes_sentence(const NotesWord& notes) {
    if (notes.lambda == 0) {
        return fmt::format("notes: change nothing; not told without them ({})",
                           plain(notes.trouble));
    }
    return fmt::format("notes: {}, weight {}",
                       notes.instead_of
                           ? "without them it would be " + plain(describe(*notes.instead_of))
                           : std::string("the choice is the same without them"),
                       notes.lambda);
}

std::string hold_back_sentence(const Choice& choice, const HoldBack& held_back) {
    const std::string_view kind = to_text(kind_of(choice.remedy));
    switch (held_back.by) {
        case HeldBackBy::bar:
            return fmt::format(
                "held back: {} is done without a person from a confidence of {:.3f} "
                "on, by the calibration's bar",
                kind, held_back.confidence_min);
        case HeldBackBy::no_bar:
            return fmt::format(
                "held back: the calibration has no bar for {}, so that a person "
                "has to agree",
                kind);
        case HeldBackBy::uncalibrated:
            return fmt::format(
                "held back: uncalibrated; without a person only what can be taken "
                "back and takes nobody out is done, and {} is not that",
                kind);
    }
    return {};
}

}  // namespace homeostat::app
