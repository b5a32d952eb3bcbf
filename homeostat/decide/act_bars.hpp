#pragma once

// Act bars: from which confidence on each kind of remedy is done without a person.
//
// Part of a model's calibration. The bars are split-conformal: on cases that nobody learnt from,
// chosen so that of further cases like those at most a stated share ends in harm, on average. They
// hold the softmax of the scores against what such a softmax was worth on those cases, and need not
// believe that it is a probability. What is below its bar is not refused; a person is asked.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/choice.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::decide {

/// Of one kind of remedy: the bar, and what it rests on.
struct ActBar {
    RemedyKind remedy{RemedyKind::observe};
    double confidence_min{0};  ///< Of the choice: below it a person is asked.
    std::uint64_t n{0};        ///< Times that this kind was chosen, in all views of the cases.
    std::uint64_t acts{0};     ///< Of these, not below the bar.
    std::uint64_t harmful{0};  ///< Of these, harmful.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("confidence_min", self.confidence_min);
        field("n", self.n);
        field("acts", self.acts);
        field("harmful", self.harmful);
    }
    friend bool operator==(const ActBar&, const ActBar&) = default;
};

struct ActBars {
    double of_cases{0};        ///< What is promised: harm, of all cases. UNITS: a share.
    double of_choices{0};      ///< Harm, of the cases in which one kind is chosen.
    std::uint64_t cases{0};    ///< How many were measured; as the next, for people.
    std::string cases_sha256;  ///< 64 lower-case hex digits.
    std::vector<ActBar> bars;  ///< A kind that is not among them is never done without a person.

    static void fields(auto& self, auto&& field) {
        field("of_cases", self.of_cases);
        field("of_choices", self.of_choices);
        field("cases", self.cases);
        field("cases_sha256", self.cases_sha256);
        field("bars", self.bars);
    }
    friend bool operator==(const ActBars&, const ActBars&) = default;
};

/// What is wrong with bars that somebody wrote into a file, with the field; none if nothing is.
[[nodiscard]] std::optional<std::string> objection_to(const ActBars& acts);

/// Why a choice of that kind is not done without a person; none if it is. To observe needs no bar.
[[nodiscard]] std::optional<HoldBack> hold_back_by(const ActBars& acts,
                                                   RemedyKind kind,
                                                   double confidence);

}  // namespace homeostat::decide
