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
#include <optional>
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

/// What a case is about, before it is known where.
struct Theme {
    Flavour flavour{Flavour::healthy};
    std::vector<FaultKind> kinds;  ///< None, one, or two that differ.

    /// The fault's kind, "leak+surge" of two, "nothing" of none.
    [[nodiscard]] std::string family() const;
};

struct Plot {
    Theme theme;
    std::vector<InjectedFault> faults;
    /// Bad versions from before the case begins that have been mended since: to go back is wrong.
    std::vector<InjectedFault> history;
    /// Changes of the last minutes that are as good as what they replaced.
    std::vector<InjectedFault> innocents;
};

/// The families a split draws from, `nothing` not among them: it is no fault and on both sides.
[[nodiscard]] std::vector<FaultKind> families_of(Split split);

[[nodiscard]] Theme draw_theme(Rng& rng, const CaseOrder& order);

/// None: this topology cannot have such faults.
[[nodiscard]] std::optional<Plot> draw_plot(Rng& rng, const Setting& setting, const Theme& theme);

/// What the `replica` of a fault of the kind numbers.
enum class Place : std::uint8_t { replica, cache, zone, host, link };

[[nodiscard]] Place place_of(FaultKind kind);

/// The services where somebody would look for it: where it is, the source of a cache, whoever has
/// replicas in a zone or on a host.
[[nodiscard]] std::vector<ServiceIndex> services_at(const Setting& setting,
                                                    const InjectedFault& fault);

/// Whether it comes with a new version or configuration, which one can go back from.
[[nodiscard]] std::optional<Artifact> artifact_of(FaultKind kind);

}  // namespace homeostat::sim::cases
