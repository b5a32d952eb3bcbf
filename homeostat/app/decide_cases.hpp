#pragma once

// DecideCase: a menu and its evidence as the demo's agent saw them, and what its scenario says of
// each remedy.
//
// The file holds neither what is right nor what is harmful: the scenario of that name does, so a
// case cannot disagree with the demo that it comes from.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/menu.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

struct DecideCase {
    std::string scenario;   ///< Of the demo, by its name.
    std::uint64_t seed{0};  ///< Of the run.
    Menu menu;
    Evidence evidence;

    static void fields(auto& self, auto&& field) {
        field("scenario", self.scenario);
        field("seed", self.seed);
        field("menu", self.menu);
        field("evidence", self.evidence);
    }
};

constexpr std::size_t decide_cases_max = 2'000;  ///< 15 minutes of questions to a small model.

/// A list of cases. ENSURES: at least one; each has a known scenario and a menu with `observe`.
/// ERRORS: invalid, with the number of the case, the field and the mend.
[[nodiscard]] Result<std::vector<DecideCase>> parse_decide_cases(std::string_view text);

/// The remedy that the scenario expects; `observe` where it expects none.
[[nodiscard]] bool is_right(const DecideCase& one, RemedyKind kind);

/// A remedy that the scenario forbids.
[[nodiscard]] bool is_harmful(const DecideCase& one, RemedyKind kind);

}  // namespace homeostat::app
