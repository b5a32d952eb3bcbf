#pragma once

// decide: Menu, answer → Choice. The front door of the stage.
//
// score = log prior + λ·(log p − log p neutral). The prior is the rules' weight, p what the model
// says on this evidence and p neutral what it says on evidence that says nothing, so that a model's
// liking for one label cancels out. λ is 0 unless a calibration matches the model and the prompt
// that answered, and was measured beside the rules. The model only reorders: it cannot add an
// entry, name a target or leave a kind out. An answer that is not a ranking of exactly this menu is
// refused whole and the rules go on alone.
//
// What an operator's notes change has a weight of its own. The model is asked once with them and
// once without, about the same evidence, and λ notes·(log p with − log p without) is added to the
// kind that they lift most, if the model is sure of it. What it likes anyway cancels out, so that
// one that knows little of telemetry can still say what a note asks for. Nothing is lowered, and
// without the second answer notes change nothing.
//
// What the model's word has brought about may be held back: then a person has to agree. Where the
// calibration has bars and the word counts, by them; where there is a calibration and it is for
// another model, or where the model alone decides, whatever is no low risk, because nobody measured
// that. What the rules choose by themselves is not held back: their weights are no probabilities,
// and nothing was measured of them. A model that is late or down changes nothing about that.
//
// Pure.

#include "homeostat/decide/calibration.hpp"
#include "homeostat/domain/choice.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/menu.hpp"
#include "homeostat/domain/ranking.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace homeostat::decide {

/// What a prior of zero counts as. Zero itself would be minus infinity, which no record can hold
/// and no model could ever lift. Whoever weighs a model's word as the loop does has to take this
/// one.
constexpr double prior_min = 1e-6;

/// What came of asking the model again, about the same evidence without the operator's notes.
struct WithoutNotes {
    std::optional<Ranking> ranking;
    std::string trouble;  ///< Why there is no ranking; empty when there is one.
};

/// What came of asking the model. A ranking counts unless `answer` says late, refused or absent;
/// whether it was then `used` or only `recorded` is for `choose` to say.
struct Opinion {
    ModelAnswer answer{ModelAnswer::not_asked};
    std::optional<Ranking> ranking;
    std::string trouble;  ///< Why there is no ranking; empty when there is one.
    std::optional<WithoutNotes> without_notes{};  ///< None: nobody was to be asked again.
};

struct Settings {
    OracleMode mode{OracleMode::both};
    std::optional<Calibration> calibration;  ///< None: λ is 0.
    bool holds_back{false};  ///< False: a ledger's record of before, when nothing was held back.

    static void fields(auto& self, auto&& field) {
        field("mode", self.mode);
        field("calibration", self.calibration);
        field("holds_back", self.holds_back, may_be_absent);
    }
};

/// The distinct remedy kinds of the menu, in its order: what the model is asked to rank. A menu
/// with fewer than two kinds leaves nothing to ask, and none has learnt what an operator's tasks
/// do, nor when more memory helps, nor when to let a rollout stand.
[[nodiscard]] std::vector<RemedyKind> kinds_to_rank(const Menu& menu);

/// What the model's word is worth: 0 unless the calibration is for this model, this prompt and who
/// has weighed the menu.
[[nodiscard]] double calibrated_lambda(const std::optional<Calibration>& calibration,
                                       const Ranking& ranking,
                                       Beside beside);

/// What a note's change is worth: as above.
[[nodiscard]] double calibrated_lambda_notes(const std::optional<Calibration>& calibration,
                                             const Ranking& ranking,
                                             Beside beside);

/// What has to be asked after `ranking`, which is an answer to `evidence`: the same without the
/// operator's notes. None: there are no notes, or what they change has no weight.
[[nodiscard]] std::optional<Evidence> question_without_notes(
    const Evidence& evidence,
    const Ranking& ranking,
    const std::optional<Calibration>& calibration,
    Beside beside);

/// Why two answers, of which the first was given with notes, do not tell what these changed; none
/// if they do. kinds: what both had to rank.
[[nodiscard]] std::optional<std::string> objection_to(const Ranking& with_notes,
                                                      const Ranking& without,
                                                      std::span<const RemedyKind> kinds);

/// By how much notes lift a kind: log p with them − log p without, for the kind for which that is
/// most, where the model is sure of it with them; 0 for all others. REQUIRES: both rank the same.
[[nodiscard]] double lift_by_notes(const Ranking& with_notes,
                                   const Ranking& without,
                                   RemedyKind kind);

/// The entry with the highest score; of equal ones the first on the menu.
/// REQUIRES: the menu is not empty (`observe` is always on it).
[[nodiscard]] Choice choose(const Menu& menu, const Opinion& opinion, const Settings& settings);

}  // namespace homeostat::decide
