#include "homeostat/decide/decide.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/exact.hpp"
#include "homeostat/decide/ranking_check.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::decide {

namespace {

constexpr std::size_t trouble_bytes_max = 200;

/// The model's part in this choice.
struct Weighing {
    bool is_rules_aside{false};  ///< Mode `model`: the prior does not count.
    double lambda{0};
    const Ranking* ranking{nullptr};  ///< Null: the rules go on alone.
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

Weighing weigh(const Choice& choice, const Opinion& opinion, const Settings& settings) {
    const bool is_usable = choice.model_answer == ModelAnswer::recorded;
    if (!is_usable || settings.mode == OracleMode::rules) {
        return {};
    }
    if (settings.mode == OracleMode::model) {
        return {.is_rules_aside = true, .lambda = 1, .ranking = &*opinion.ranking};
    }
    const double lambda = calibrated_lambda(settings.calibration, *opinion.ranking, Beside::rules);
    return {.lambda = lambda, .ranking = lambda > 0 ? &*opinion.ranking : nullptr};
}

double score_of(const MenuItem& item, const Weighing& weighing) {
    // Written so that NaN becomes the smallest prior.
    const double prior = item.prior >= prior_min ? item.prior : prior_min;
    if (weighing.ranking == nullptr) {
        return exact_log(prior);
    }
    const RankedKind& model = ranked(*weighing.ranking, kind_of(item.remedy));
    if (weighing.is_rules_aside) {
        return model.log_probability;
    }
    const double gained = model.log_probability - model.neutral_log_probability;
    return exact_log(prior) + weighing.lambda * gained;
}

double softmax_at(const std::vector<ScoredRemedy>& scores, std::size_t chosen) {
    double sum = 0;
    for (const ScoredRemedy& scored : scores) {
        sum +=
            exact_exp(scored.score - scores[chosen].score);  // At most 1 each: chosen is highest.
    }
    return 1 / sum;
}

}  // namespace

std::vector<RemedyKind> kinds_to_rank(const Menu& menu) {
    std::vector<RemedyKind> kinds;
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
    const bool is_match = calibration && calibration->model == ranking.model &&
                          calibration->prompt_digest == ranking.prompt_digest &&
                          !objection_to(*calibration, beside);
    return is_match ? std::clamp(calibration->lambda, 0.0, lambda_max) : 0.0;
}

Choice choose(const Menu& menu, const Opinion& opinion, const Settings& settings) {
    ensure(!menu.items.empty(), "a menu has at least `observe`");
    Choice choice;
    choice.mode = settings.mode;
    note_answer(choice, opinion, menu);
    if (choice.ranking && settings.calibration) {
        choice.calibration_digest = settings.calibration->digest;
    }
    const Weighing weighing = weigh(choice, opinion, settings);
    if (weighing.ranking != nullptr) {
        choice.model_answer = ModelAnswer::used;
        choice.lambda = weighing.lambda;
    }
    std::size_t chosen = 0;
    for (const MenuItem& item : menu.items) {
        choice.scores.push_back({item.remedy, item.prior, score_of(item, weighing)});
        if (choice.scores.back().score > choice.scores[chosen].score) {
            chosen = choice.scores.size() - 1;
        }
    }
    choice.remedy = menu.items[chosen].remedy;
    choice.confidence = softmax_at(choice.scores, chosen);
    return choice;
}

}  // namespace homeostat::decide
