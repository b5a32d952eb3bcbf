#include "homeostat/domain/ranking.hpp"

#include "homeostat/base/ensure.hpp"

#include <algorithm>

namespace homeostat {

const RankedKind& ranked(const Ranking& ranking, RemedyKind kind) {
    const auto found = std::ranges::find(ranking.kinds, kind, &RankedKind::kind);
    ensure(found != ranking.kinds.end(), "an accepted ranking holds every kind of the menu");
    return *found;
}

}  // namespace homeostat
