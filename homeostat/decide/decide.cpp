#include "homeostat/decide/decide.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/exact.hpp"
#include "homeostat/decide/ranking_check.hpp"
#include "homeostat/domain/evidence.hpp"
#include "homeostat/domain/low_risk.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace homeostat::decide {

namespace {

constexpr std::size_t trouble_bytes_max = 200;
/// A model may misread a note, and any text in front of it moves it a little. From here on, on
/// cases for calibration, no words about something else changed a choice, and no more choices were
/// harmful that no note had asked for (ADR 0015).
constexpr double sure_of_note_min = 0.6;
/// Natural log: twenty times likelier. What a model has no idea of without a note would else be
/// lifted without end.
constexpr double lift_by_notes_max = 3.0;

/// The model's part in this choice.
struct Weighing {
    bool is_rules_aside{false};  ///< Mode `model`: the prior does not count.
    double lambda{0};
    const Ranking* ranking{nullptr};  ///< Null: the rules go on alone.
    double lambda_notes{0};
    const Ranking* without_notes{nullptr};  ///< Null: notes change nothing.
};

bool has_answered(const Opinion& opinion) {
    const bool is_out = opinion.answer == ModelAnswer::late ||
                        opinion.answer == ModelAnswer::refused ||
                        opinion.answer == ModelAnswer::absent;
    return opinion.ranking && !is_out;
}

/// What became of the question, before anybody weighs the answer.
void note_answer(Choice& choice, const Opinion& opinion, const Menu& menu) {
    choice.model_answer = opinion.answer;
    choice.model_trouble = opinion.trouble.substr(0, trouble_bytes_max);
    if (opinion.ranking && is_recordable(*opinion.ranking)) {
        choice.ranking = opinion.ranking;
    }
    if (!has_answered(opinion)) {
        const bool claims_answer =
            opinion.answer == ModelAnswer::used || opinion.answer == ModelAnswer::recorded;
        choice.model_answer = claims_answer ? ModelAnswer::absent : opinion.answer;
        return;
    }
    if (auto objection = objection_to(*opinion.ranking, kinds_to_rank(menu))) {
        choice.model_answer = ModelAnswer::refused;
        choice.model_trouble = "not a ranking of this menu: " + *objection;
        return;
    }
    choice.model_answer = ModelAnswer::recorded;
}

/// What became of the second question, before anybody weighs what notes change.
NotesWord notes_word(const WithoutNotes& told,
                     const Ranking& with_notes,
                     std::span<const RemedyKind> kinds,
                     double lambda) {
    NotesWord word{.lambda = 0, .trouble = told.trouble.substr(0, trouble_bytes_max)};
    if (!told.ranking) {
        return word;
    }
    if (is_recordable(*told.ranking)) {
        word.without = told.ranking;
    }
    if (const auto objection = objection_to(with_notes, *told.ranking, kinds)) {
        word.trouble = objection->substr(0, trouble_bytes_max);
    } else {
        word.lambda = lambda;
    }
    return word;
}

Weighing weigh(const Choice& choice, const Opinion& opinion, const Settings& settings) {
    const bool is_usable = choice.model_answer == ModelAnswer::recorded;
    if (!is_usable || settings.mode == OracleMode::rules) {
        return {};
    }
    if (settings.mode == OracleMode::model) {
        return {.is_rules_aside = true, .lambda = 1, .ranking = &*opinion.ranking};
    }
    const double lambda = calibrated_lambda(settings.calibration, *opinion.ranking, Beside::rules);
    if (choice.notes && choice.notes->lambda > 0) {
        return {.lambda = lambda,
                .ranking = &*opinion.ranking,
                .lambda_notes = choice.notes->lambda,
                .without_notes = &*choice.notes->without};
    }
    return {.lambda = lambda, .ranking = lambda > 0 ? &*opinion.ranking : nullptr};
}

/// Where it was asked without notes as well, λ is for what it says of the evidence alone.
double score_without_notes(const MenuItem& item, const Weighing& weighing) {
    // Written so that NaN becomes the smallest prior.
    const double prior = item.prior >= prior_min ? item.prior : prior_min;
    if (weighing.ranking == nullptr) {
        return exact_log(prior);
    }
    const Ranking& plain =
        weighing.without_notes != nullptr ? *weighing.without_notes : *weighing.ranking;
    const RankedKind& model = ranked(plain, kind_of(item.remedy));
    if (weighing.is_rules_aside) {
        return model.log_probability;
    }
    const double gained = model.log_probability - model.neutral_log_probability;
    return exact_log(prior) + weighing.lambda * gained;
}

double weighed_lift(const MenuItem& item, const Weighing& weighing) {
    return weighing.without_notes == nullptr
               ? 0.0
               : weighing.lambda_notes * lift_by_notes(*weighing.ranking, *weighing.without_notes,
                                                       kind_of(item.remedy));
}

double softmax_at(const std::vector<ScoredRemedy>& scores, std::size_t chosen) {
    double sum = 0;
    for (const ScoredRemedy& scored : scores) {
        sum +=
            exact_exp(scored.score - scores[chosen].score);  // At most 1 each: chosen is highest.
    }
    return 1 / sum;
}

bool is_for(const std::optional<Calibration>& calibration, const Ranking& ranking, Beside beside) {
    return calibration && calibration->model == ranking.model &&
           calibration->prompt_digest == ranking.prompt_digest &&
           !objection_to(*calibration, beside);
}

/// REQUIRES: all else of the choice is settled.
std::optional<HoldBack> hold_back(const Choice& choice,
                                  const Opinion& opinion,
                                  const Settings& settings) {
    const bool is_heard =
        choice.model_answer == ModelAnswer::used || choice.model_answer == ModelAnswer::recorded;
    if (!settings.holds_back || settings.mode == OracleMode::rules || !is_heard) {
        return std::nullopt;
    }
    const RemedyKind kind = kind_of(choice.remedy);
    const std::optional<Calibration>& calibration = settings.calibration;
    const bool is_by_model = settings.mode == OracleMode::model;  // Beside nobody: not measured.
    if (is_by_model || (calibration && !is_for(calibration, *opinion.ranking, Beside::rules))) {
        return is_low_risk(kind) ? std::nullopt
                                 : std::optional(HoldBack{.by = HeldBackBy::uncalibrated});
    }
    const bool has_bars = calibration && calibration->acts;
    return has_bars && choice.model_answer == ModelAnswer::used
               ? hold_back_by(*calibration->acts, kind, choice.confidence)
               : std::nullopt;
}

/// The place of the highest score; of equal ones the first.
std::size_t best_of(const std::vector<double>& scores) {
    return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

}  // namespace

std::vector<RemedyKind> kinds_to_rank(const Menu& menu) {
    std::vector<RemedyKind> kinds;
    const auto is_unlearnt = [](const MenuItem& item) {
        return task_of(item.remedy) != nullptr || std::holds_alternative<Resize>(item.remedy) ||
               std::holds_alternative<PauseRollout>(item.remedy);
    };
    if (std::ranges::any_of(menu.items, is_unlearnt)) {
        return kinds;
    }
    for (const MenuItem& item : menu.items) {
        const RemedyKind kind = kind_of(item.remedy);
        if (std::ranges::find(kinds, kind) == kinds.end()) {
            kinds.push_back(kind);
        }
    }
    return kinds;
}

double calibrated_lambda(const std::optional<Calibration>& calibration,
                         const Ranking& ranking,
                         Beside beside) {
    return is_for(calibration, ranking, beside) ? std::clamp(calibration->lambda, 0.0, lambda_max)
                                                : 0.0;
}

double calibrated_lambda_notes(const std::optional<Calibration>& calibration,
                               const Ranking& ranking,
                               Beside beside) {
    return is_for(calibration, ranking, beside)
               ? std::clamp(calibration->lambda_notes, 0.0, lambda_max)
               : 0.0;
}

std::optional<Evidence> question_without_notes(const Evidence& evidence,
                                               const Ranking& ranking,
                                               const std::optional<Calibration>& calibration,
                                               Beside beside) {
    Evidence rest = without_notes(evidence);
    const bool has_notes = rest.lines.size() < evidence.lines.size();
    const bool is_weighed = calibrated_lambda_notes(calibration, ranking, beside) > 0;
    return has_notes && is_weighed ? std::optional(std::move(rest)) : std::nullopt;
}

std::optional<std::string> objection_to(const Ranking& with_notes,
                                        const Ranking& without,
                                        std::span<const RemedyKind> kinds) {
    if (without.model != with_notes.model || without.prompt_digest != with_notes.prompt_digest) {
        return "without notes another model has answered";
    }
    if (const auto objection = objection_to(without, kinds)) {
        return "not a ranking of this menu: " + *objection;
    }
    return std::nullopt;
}

double lift_by_notes(const Ranking& with_notes, const Ranking& without, RemedyKind kind) {
    const auto lift = [&](const RankedKind& one) {
        return one.log_probability - ranked(without, one.kind).log_probability;
    };
    const auto lifted = std::ranges::max_element(with_notes.kinds, {}, lift);
    const bool is_sure = exact_exp(lifted->log_probability) >= sure_of_note_min;
    return is_sure && lifted->kind == kind ? std::clamp(lift(*lifted), 0.0, lift_by_notes_max)
                                           : 0.0;
}

Choice choose(const Menu& menu, const Opinion& opinion, const Settings& settings) {
    ensure(!menu.items.empty(), "a menu has at least `observe`");
    Choice choice;
    choice.mode = settings.mode;
    note_answer(choice, opinion, menu);
    if (choice.ranking && settings.calibration) {
        choice.calibration_digest = settings.calibration->digest;
    }
    const bool is_usable = choice.model_answer == ModelAnswer::recorded;
    if (is_usable && opinion.without_notes && settings.mode == OracleMode::both) {
        choice.notes = notes_word(
            *opinion.without_notes, *opinion.ranking, kinds_to_rank(menu),
            calibrated_lambda_notes(settings.calibration, *opinion.ranking, Beside::rules));
    }
    const Weighing weighing = weigh(choice, opinion, settings);
    if (weighing.ranking != nullptr) {
        choice.model_answer = ModelAnswer::used;
        choice.lambda = weighing.lambda;
    }
    std::vector<double> plain;
    std::vector<double> scores;
    for (const MenuItem& item : menu.items) {
        plain.push_back(score_without_notes(item, weighing));
        scores.push_back(plain.back() + weighed_lift(item, weighing));
        choice.scores.push_back({item.remedy, item.prior, scores.back()});
    }
    const std::size_t chosen = best_of(scores);
    const std::size_t otherwise = best_of(plain);
    choice.remedy = menu.items[chosen].remedy;
    if (choice.notes && otherwise != chosen) {
        choice.notes->instead_of = menu.items[otherwise].remedy;
    }
    choice.confidence = softmax_at(choice.scores, chosen);
    choice.held_back = hold_back(choice, opinion, settings);
    return choice;
}

}  // namespace homeostat::decide
