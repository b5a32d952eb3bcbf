#include "homeostat/app/model_voice.hpp"

#include "homeostat/app/asked_model.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/cases/model_ranker.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/decide/ranking_check.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace homeostat::app {

ModelVoice::ModelVoice(AskModel ask,
                       const DecideOptions& options,
                       std::optional<decide::Calibration> calibration)
    : ask_(std::move(ask)),
      calibration_(std::move(calibration)),
      is_alone_(options.ranker == CaseRanker::model),
      beside_(options.beside) {}

Result<ModelVoice> ModelVoice::start(const DecideOptions& options, std::function<bool()> is_over) {
    std::optional<decide::Calibration> calibration;
    if (!options.calibration.empty()) {
        Result<decide::Calibration> read = read_calibration(options.calibration);
        if (!read) {
            return std::unexpected(read.error());
        }
        calibration = *std::move(read);
    }
    Result<std::unique_ptr<AskedModel>> model =
        AskedModel::start(options.model, std::move(is_over));
    if (!model) {
        return std::unexpected(model.error());
    }
    AskModel ask = [asked = *std::move(model)](const Evidence& evidence,
                                               const std::vector<RemedyKind>& kinds) {
        return asked->rank(evidence, kinds);
    };
    return ModelVoice(std::move(ask), options, std::move(calibration));
}

std::optional<Ranking> ModelVoice::ask(const Evidence& evidence,
                                       const std::vector<RemedyKind>& kinds) {
    asked_count_ += 1;
    Result<Ranking> ranking = ask_(evidence, kinds);
    if (!ranking) {
        last_trouble_ = ranking.error().text;
        return std::nullopt;
    }
    if (const auto objection = decide::objection_to(*ranking, kinds)) {
        last_trouble_ = "not a ranking of this menu: " + *objection;
        return std::nullopt;
    }
    answered_count_ += 1;
    return *std::move(ranking);
}

std::optional<Ranking> ModelVoice::ask_without_notes(const Evidence& evidence,
                                                     const Ranking& with_notes,
                                                     const std::vector<RemedyKind>& kinds) {
    const std::optional<Evidence> rest =
        decide::question_without_notes(evidence, with_notes, calibration_, beside_);
    if (is_alone_ || !rest) {
        return std::nullopt;
    }
    std::optional<Ranking> without = ask(*rest, kinds);
    if (const auto objection =
            without ? decide::objection_to(with_notes, *without, kinds) : std::nullopt) {
        last_trouble_ = *objection;
        return std::nullopt;
    }
    return without;
}

std::optional<ModelWord> ModelVoice::weigh(std::vector<cases::Candidate>& menu,
                                           const Evidence& evidence) {
    const std::vector<RemedyKind> kinds = cases::kinds_of(menu);
    if (kinds.size() < 2) {
        return std::nullopt;
    }
    std::optional<Ranking> ranking = ask(evidence, kinds);
    if (!ranking) {
        return std::nullopt;
    }
    name_ = ranking->model;
    prompt_digest_ = ranking->prompt_digest;
    lambda_ = decide::calibrated_lambda(calibration_, *ranking, beside_);
    lambda_notes_ = decide::calibrated_lambda_notes(calibration_, *ranking, beside_);
    if (is_alone_) {
        cases::rank_by_model(menu, *ranking, decide::prior_min);
        return ModelWord{*std::move(ranking), std::nullopt};
    }
    std::optional<Ranking> without = ask_without_notes(evidence, *ranking, kinds);
    if (lambda_ > 0) {
        cases::weigh_in(menu, without ? *without : *ranking, lambda_, decide::prior_min);
    }
    if (without) {
        std::vector<cases::KindLift> lifts;
        for (const RemedyKind kind : kinds) {
            lifts.push_back(
                {kind, lambda_notes_ * decide::lift_by_notes(*ranking, *without, kind)});
        }
        cases::heed_notes(menu, lifts, decide::prior_min);
    }
    return ModelWord{*std::move(ranking), std::move(without)};
}

json::object ModelVoice::document() const {
    json::object document{{"name", name_},
                          {"prompt_digest", prompt_digest_},
                          {"asked", asked_count_},
                          {"answered", answered_count_}};
    if (!is_alone_) {
        document["lambda"] = lambda_;
        document["lambda_notes"] = lambda_notes_;
    }
    return document;
}

std::string ModelVoice::trouble() const {
    if (answered_count_ < asked_count_) {
        return fmt::format("the model answered {} of {} questions; last: {}", answered_count_,
                           asked_count_, last_trouble_);
    }
    if (is_alone_ || answered_count_ == 0 || lambda_ > 0 || lambda_notes_ > 0) {
        return "";
    }
    if (!calibration_) {
        return "without --calibration the model weighed nothing";
    }
    const auto objection = decide::objection_to(*calibration_, beside_);
    return fmt::format("{}; {} weighed nothing",
                       objection.value_or("the calibration is for another model or prompt"), name_);
}

}  // namespace homeostat::app
