#pragma once

// ModelRanker: what a language model's word makes of a menu that somebody else has ranked.
//
// A model weighs kinds of remedies. Which target a kind has, and whether a person is called, stay
// with whoever ranked before: it adds nothing, leaves nothing out and names nobody.
//
// Pure. Values only.

#include "homeostat/cases/candidate.hpp"
#include "homeostat/domain/ranking.hpp"

#include <vector>

namespace homeostat::cases {

/// What a model is asked to weigh, each once, in the order of the menu.
[[nodiscard]] std::vector<RemedyKind> kinds_of(const std::vector<Candidate>& menu);

/// By the model alone: each kind weighs what the model says, and among its candidates that is
/// shared out as they were weighed before.
/// weight_min: what a smaller weight counts as, above 0.
/// REQUIRES: weights that sum to 1; a ranking of exactly `kinds_of(menu)`. ENSURES: they sum to 1.
void rank_by_model(std::vector<Candidate>& menu, const Ranking& ranking, double weight_min);

/// By both: log weight + lambda · (log p − log p neutral), as the loop does it if `weight_min` is
/// its own (decide/decide.hpp). REQUIRES, ENSURES: as above.
void weigh_in(std::vector<Candidate>& menu,
              const Ranking& ranking,
              double lambda,
              double weight_min);

/// By how much a kind is lifted, in units of a score.
struct KindLift {
    RemedyKind kind{RemedyKind::observe};
    double lift{0};
};

/// What an operator's notes change: among what has a kind, the order is that of log weight +
/// lift. The heaviest of these stands to a person as the heaviest did before, so that notes
/// neither hide a person nor call one.
/// REQUIRES: as above; `lifts` has the kinds of `kinds_of(menu)`. ENSURES: as above.
void heed_notes(std::vector<Candidate>& menu,
                const std::vector<KindLift>& lifts,
                double weight_min);

}  // namespace homeostat::cases
