#pragma once

// Plot: what goes wrong in a case, and what happens beside it to mislead.
//
// Pure. Values only.

#include "homeostat/base/rng.hpp"
#include "homeostat/sim/cases/case_order.hpp"
#include "homeostat/sim/cases/setting.hpp"
#include "homeostat/sim/world/fault.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::sim::cases {

enum class Flavour : std::uint8_t {
    healthy,      ///< Nothing is wrong; somebody thought so.
    lasting,      ///< One fault that lasts.
    passing,      ///< One that ends by itself, before or soon after the moment of judgement.
    two_at_once,  ///< Two.
};

constexpr auto names_of(std::type_identity<Flavour>) {
    return std::to_array<std::string_view>({"healthy", "lasting", "passing", "two_at_once"});
}

constexpr double fault_at_s = 260;  ///< By then the world has settled, and been watched for long.

struct Plot {
    Flavour flavour{Flavour::healthy};
    /// The fault's kind, "leak+surge" of two, "nothing" of none.
    std::string family{"nothing"};
    std::vector<InjectedFault> faults;
    /// Versions and configurations from before the case begins, which stood for days.
    std::vector<InjectedFault> history;
    /// Changes of the last minutes that are as good as what they replaced.
    std::vector<InjectedFault> innocents;
};

/// The families a split draws from, `nothing` not among them: it is no fault and on both sides.
[[nodiscard]] std::vector<FaultKind> families_of(Split split);

/// With no faults though its flavour has some: this topology cannot have them.
[[nodiscard]] Plot draw_plot(Rng& rng, const Setting& setting, const CaseOrder& order);

/// Its `replica` is a cache.
[[nodiscard]] bool is_at_cache(FaultKind kind);

/// Where it is felt first; a fault of a zone is at none, one of a cache at its source.
[[nodiscard]] ServiceIndex place_of(const Setting& setting, const InjectedFault& fault);

}  // namespace homeostat::sim::cases
