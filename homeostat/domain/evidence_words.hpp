#pragma once

// EvidenceWords: the words of those facts that more than one place writes as evidence.
//
// Whoever reads evidence, a model above all, learns words. A fact that is told of one service by
// `diagnose` and of a whole estate by `cases` is therefore told by the same function. What only one
// of them knows it words itself.
//
// `who` is an id, or a handle of our own; never a byte of a log line.
//
// Pure.

#include "homeostat/domain/change.hpp"

#include <string>
#include <string_view>

namespace homeostat {

/// "payments-1 fails 34 % of its requests". `ratio`: 0…1.
[[nodiscard]] std::string failing_words(std::string_view who, double ratio);

/// "users: 34 % of requests fail". `ratio`: 0…1.
[[nodiscard]] std::string requests_fail_words(std::string_view who, double ratio);

/// "deploy of payments to v2"; without a version that part is left out.
[[nodiscard]] std::string change_words(ChangeKind kind,
                                       std::string_view who,
                                       std::string_view version);

/// "40 s before the symptom".
[[nodiscard]] std::string before_symptom_words(double seconds);

/// "no recent deploy of payments".
[[nodiscard]] std::string no_deploy_words(std::string_view who);

/// "fraud is ill as well, enough to explain it": why a neighbour is the cause.
[[nodiscard]] std::string ill_neighbour_words(std::string_view who);

}  // namespace homeostat
