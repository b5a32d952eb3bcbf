#include "homeostat/cases/model_ranker.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace homeostat::cases {

namespace {

void bring_heaviest_to_front(std::vector<Candidate>& menu) {
    std::ranges::sort(menu, [](const Candidate& one, const Candidate& other) {
        return one.weight != other.weight ? one.weight > other.weight : one.place < other.place;
    });
}

/// Gives each candidate that has a kind the share of `score` that is its own, of what a person does
/// not have, and brings the heaviest to the front. What weighs the same stands as the case names
/// it.
template <class F>
void share_out(std::vector<Candidate>& menu, F&& score) {
    double for_person = 0;
    double best = -std::numeric_limits<double>::infinity();
    for (Candidate& candidate : menu) {
        if (candidate.kind) {
            best = std::max(best, score(candidate));
        } else {
            for_person += candidate.weight;
        }
    }
    std::vector<double> shares;
    double sum = 0;
    for (const Candidate& candidate : menu) {
        shares.push_back(candidate.kind ? std::exp(score(candidate) - best) : 0.0);
        sum += shares.back();
    }
    for (std::size_t index = 0; index < menu.size(); ++index) {
        if (menu[index].kind) {
            menu[index].weight = (1 - for_person) * shares[index] / sum;
        }
    }
    bring_heaviest_to_front(menu);
}

}  // namespace

std::vector<RemedyKind> kinds_of(const std::vector<Candidate>& menu) {
    std::vector<RemedyKind> kinds;
    for (const Candidate& candidate : menu) {
        if (candidate.kind && std::ranges::find(kinds, *candidate.kind) == kinds.end()) {
            kinds.push_back(*candidate.kind);
        }
    }
    return kinds;
}

void rank_by_model(std::vector<Candidate>& menu, const Ranking& ranking, double weight_min) {
    std::vector<double> of_kind(ranking.kinds.size(), 0.0);
    const auto place = [&](const Candidate& candidate) {
        return static_cast<std::size_t>(&ranked(ranking, *candidate.kind) - ranking.kinds.data());
    };
    for (const Candidate& candidate : menu) {
        if (candidate.kind) {
            of_kind[place(candidate)] += std::max(candidate.weight, weight_min);
        }
    }
    share_out(menu, [&](const Candidate& candidate) {
        const std::size_t at = place(candidate);
        const double weight = std::max(candidate.weight, weight_min);
        return ranking.kinds[at].log_probability + std::log(weight / of_kind[at]);
    });
}

void weigh_in(std::vector<Candidate>& menu,
              const Ranking& ranking,
              double lambda,
              double weight_min) {
    share_out(menu, [&](const Candidate& candidate) {
        const RankedKind& model = ranked(ranking, *candidate.kind);
        const double gained = model.log_probability - model.neutral_log_probability;
        return std::log(std::max(candidate.weight, weight_min)) + lambda * gained;
    });
}

void heed_notes(std::vector<Candidate>& menu,
                const std::vector<KindLift>& lifts,
                double weight_min) {
    double heaviest = 0;  // Of what has a kind.
    double best = -std::numeric_limits<double>::infinity();
    std::vector<double> scores;
    for (const Candidate& candidate : menu) {
        scores.push_back(0);
        if (candidate.kind) {
            const auto its = std::ranges::find(lifts, *candidate.kind, &KindLift::kind);
            scores.back() = std::log(std::max(candidate.weight, weight_min)) + its->lift;
            heaviest = std::max(heaviest, candidate.weight);
            best = std::max(best, scores.back());
        }
    }
    double sum = 0;
    for (std::size_t index = 0; index < menu.size(); ++index) {
        if (menu[index].kind) {
            menu[index].weight = heaviest * std::exp(scores[index] - best);
        }
        sum += menu[index].weight;
    }
    for (Candidate& candidate : menu) {
        candidate.weight /= sum;
    }
    bring_heaviest_to_front(menu);
}

}  // namespace homeostat::cases
