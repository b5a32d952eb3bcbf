#pragma once

// ScoredLabels: what one question to a model server yields, whichever API it has.
//
// Pure. Values only.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace homeostat::adapters::llm {

struct ScoredLabels {
    std::vector<double> probabilities;  ///< In the order of the permitted labels; sum is 1.
    /// Of the prompt, taken over from the last one; none where the server does not say.
    std::optional<std::uint32_t> tokens_cached_count;
    std::uint32_t tokens_fresh_count{0};  ///< Of the prompt, evaluated now.
};

/// Natural logarithm with a floor of log 1e-9: single precision says 0 below that, and the log of 0
/// is no number that a record can hold.
[[nodiscard]] inline double log_of_probability(double probability) {
    constexpr double probability_min = 1e-9;
    return std::log(std::max(probability, probability_min));
}

}  // namespace homeostat::adapters::llm
