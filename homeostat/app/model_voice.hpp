#pragma once

// ModelVoice: the local model's word on menus of cases, which somebody else has ranked.
//
// Not thread-safe.

#include "homeostat/app/commands.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/cases/candidate.hpp"
#include "homeostat/decide/calibration.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/ranking.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// What the model said of one case.
struct ModelWord {
    Ranking ranking;
    std::optional<Ranking> without_notes;  ///< Where what notes change was to be weighed, and is.
};

/// Answers one question, or says why not.
using AskModel =
    std::move_only_function<Result<Ranking>(const Evidence&, const std::vector<RemedyKind>&)>;

class ModelVoice {
  public:
    /// Of a model that is up, by whatever way it is asked.
    ModelVoice(AskModel ask,
               const DecideOptions& options,
               std::optional<decide::Calibration> calibration);

    /// With the ranker `model` the kinds are ranked by it alone, otherwise as far as the
    /// calibration lets it count. is_over: as in AskedModel::start. ERRORS: those of
    /// read_calibration and of AskedModel::start.
    static Result<ModelVoice> start(const DecideOptions& options, std::function<bool()> is_over);

    /// Asks the model and ranks the menu anew, as far as its word counts; without an answer, or
    /// where there is nothing to choose, the menu stays as it is. REQUIRES: weights that sum to 1.
    std::optional<ModelWord> weigh(std::vector<cases::Candidate>& menu, const Evidence& evidence);

    [[nodiscard]] json::object document() const;
    /// Why the model's word did not count, or not everywhere, for people; empty if it did.
    [[nodiscard]] std::string trouble() const;

  private:
    /// Counts the question. None: no ranking of these kinds.
    std::optional<Ranking> ask(const Evidence& evidence, const std::vector<RemedyKind>& kinds);
    std::optional<Ranking> ask_without_notes(const Evidence& evidence,
                                             const Ranking& with_notes,
                                             const std::vector<RemedyKind>& kinds);

    AskModel ask_;
    std::optional<decide::Calibration> calibration_;
    bool is_alone_;
    decide::Beside beside_;
    std::uint64_t asked_count_{0};
    std::uint64_t answered_count_{0};
    std::string name_;  ///< Of the last answer, as the two below.
    std::string prompt_digest_;
    double lambda_{0};
    double lambda_notes_{0};
    std::string last_trouble_;
};

}  // namespace homeostat::app
