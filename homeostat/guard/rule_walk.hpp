#pragma once

// Of the lanes beside the healing graph: asks rules in their order, and the first that disagrees
// decides. Every rule stands in the verdict, so that a record says what was looked at.
//
// The graph's own rules are not walked by it: they answer with questions and escalations, too.
//
// Pure.

#include "homeostat/domain/verdict.hpp"

#include <optional>
#include <string>
#include <utility>

namespace homeostat::guard {

using Answer = std::optional<std::string>;  ///< Why not; nothing: the rule agrees.

/// REQUIRES: of each rule `says`, a sentence, and `ask(asked)`, an Answer.
[[nodiscard]] Verdict walk(const auto& rules, const auto& asked) {
    Verdict verdict{.kind = VerdictKind::permit, .rule = "every rule agrees", .because = {}};
    for (const auto& rule : rules) {
        const std::string says(rule.says);
        if (verdict.kind != VerdictKind::permit) {
            verdict.not_asked.push_back(says);
        } else if (Answer because = rule.ask(asked)) {
            verdict.kind = VerdictKind::refusal;
            verdict.rule = says;
            verdict.because = *std::move(because);
        } else {
            verdict.agreed.push_back(says);
        }
    }
    return verdict;
}

}  // namespace homeostat::guard
