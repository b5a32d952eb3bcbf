#pragma once

// Evidence of a case: what a small language model reads of it, in lines of our own words.
//
// No byte of a name, a version, a kind or a log line of the case is in them. The services that
// matter are called A, B, C, D in the order of their importance, and what they are is a word of a
// closed list; where `diagnose` tells the same fact in production, one function words both
// (domain/evidence_words.hpp). The heaviest comes first: what users lose, then of each service what
// shifted, what changed, what its log claims that it did not before, and for whom it waits. What
// exceeds the bound is left out from the end, whole lines at a time.
//
// Pure. The same survey gives the same bytes.

#include "homeostat/cases/survey.hpp"
#include "homeostat/domain/diagnosis.hpp"

#include <cstddef>

namespace homeostat::cases {

constexpr std::size_t evidence_bytes_max = 480;  ///< 120 tokens, line ends counted.
constexpr std::size_t services_told_max = 4;

/// ENSURES: one line at least, at most `evidence_bytes_max`, printable ASCII only.
[[nodiscard]] Evidence evidence_of(const Survey& survey);

}  // namespace homeostat::cases
