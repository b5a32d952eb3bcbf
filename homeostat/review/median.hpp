#pragma once

// Median: of spans of time. Of an even number of them the mean of the two in the middle.
//
// Pure.

#include "homeostat/base/time.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace homeostat::review {

/// Nothing of nothing.
[[nodiscard]] inline std::optional<Duration> median_of(std::vector<Duration> spans) {
    if (spans.empty()) {
        return std::nullopt;
    }
    std::ranges::sort(spans);
    const std::size_t middle = spans.size() / 2;
    return spans.size() % 2 == 1 ? spans[middle] : (spans[middle - 1] + spans[middle]) / 2;
}

}  // namespace homeostat::review
