#pragma once

// Cases: moments at which somebody has to choose a remedy, with what each would have cost.
//
// Front door of the folder. A case is told by its order (seed, number, split), and by nothing else:
// any one can be made alone, and is the same to the byte. docs/cases.md describes the format.
//
// Pure. Not thread-safe; each call is independent of all others.

#include "homeostat/sim/cases/case_order.hpp"
#include "homeostat/sim/cases/plot.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::sim::cases {

constexpr int format_version = 1;

struct Case {
    std::string line;  ///< JSON, without a newline.
    std::string family;
    Flavour flavour{Flavour::healthy};
    std::uint32_t menu_size{0};     ///< Choices that `possible` leaves; a replica is one each.
    std::uint32_t trials_count{0};  ///< Remedies that were tried.
    /// Kinds of which at least one choice is acceptable, harmful; by their names.
    std::vector<std::string> acceptable_kinds;
    std::vector<std::string> harmful_kinds;
    bool is_nothing_acceptable{false};
    bool has_recent_change{false};  ///< A deploy or configuration within the case's window.
    bool is_cure_off_menu{false};   ///< All that is acceptable is not possible there.
};

[[nodiscard]] Case make_case(const CaseOrder& order);

}  // namespace homeostat::sim::cases
