#include "homeostat/decide/ranking_check.hpp"

#include "homeostat/base/exact.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/menu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace homeostat::decide {

namespace {

/// Rounding in the server's and our exponentials; far below any difference that could decide.
constexpr double probability_slack = 0.01;
constexpr std::size_t name_bytes_max_of_model = 256;

bool is_log_probability(double value) {
    return std::isfinite(value) && value <= probability_slack;
}

std::ptrdiff_t count_of(const Ranking& ranking, RemedyKind kind) {
    return std::ranges::count(ranking.kinds, kind, &RankedKind::kind);
}

}  // namespace

std::optional<std::string> objection_to(const Ranking& ranking, std::span<const RemedyKind> kinds) {
    if (ranking.kinds.size() != kinds.size()) {
        return fmt::format("it ranks {} kinds of {}", ranking.kinds.size(), kinds.size());
    }
    double sum = 0;
    for (const RemedyKind kind : kinds) {
        const std::ptrdiff_t count = count_of(ranking, kind);
        if (count != 1) {
            return fmt::format("it ranks {} {} times", to_text(kind), count);
        }
        const RankedKind& entry = ranked(ranking, kind);
        if (!is_log_probability(entry.log_probability) ||
            !is_log_probability(entry.neutral_log_probability)) {
            return fmt::format("{} has no probability", to_text(kind));
        }
        sum += exact_exp(entry.log_probability);
    }
    if (std::abs(sum - 1) > probability_slack) {
        return fmt::format("its probabilities sum to {:.3f}", sum);
    }
    return std::nullopt;
}

bool is_recordable(const Ranking& ranking) {
    return ranking.kinds.size() <= menu_items_max &&
           ranking.model.size() <= name_bytes_max_of_model &&
           ranking.prompt_digest.size() <= name_bytes_max_of_model &&
           ranking.evidence_digest.size() <= name_bytes_max_of_model &&
           std::ranges::all_of(ranking.kinds, [](const RankedKind& entry) {
               return std::isfinite(entry.log_probability) &&
                      std::isfinite(entry.neutral_log_probability);
           });
}

}  // namespace homeostat::decide
