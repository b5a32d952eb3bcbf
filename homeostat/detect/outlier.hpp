#pragma once

// Outlier: is one instance slower than its siblings by itself, or are all of them slow by turns?
//
// On a machine that is short of everything answers waver by far more than any factor that one would
// call slow, and of three instances one is always the slowest. So ranks decide, not ratios: were
// the instances alike, each order of their figures would be as likely as any other. That all n
// figures of one are above all m of its siblings, in the same time, has then a chance of
//
//     1 / (n + m over n),
//
// whatever the times look like. The time goes back to where the streak of slow figures began, or to
// where a sibling was last as slow; so the chance is one for each figure at which it may begin.
//
// Figures are ranked as they came, each a mean of many answers; of a stall that lasts for several
// figures the chance says too little, which is why slowness has to last as well (slowness.hpp).
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace homeostat::detect {

/// More say nothing new: eight against eight are one in 12,870.
constexpr std::size_t figures_kept_max = 32;

struct Figure {
    Instant at{};
    double ms{0};
};

/// Of one instance, oldest first; at most figures_kept_max.
using Figures = std::vector<Figure>;

void keep(Figures& figures, const Figure& figure);

/// The chance that so many of `own` since then would be above all of the siblings' by the way they
/// fall. One if there is nothing to compare.
[[nodiscard]] double chance_of_rank(const Figures& own,
                                    std::span<const Figures* const> siblings,
                                    Instant since);

}  // namespace homeostat::detect
