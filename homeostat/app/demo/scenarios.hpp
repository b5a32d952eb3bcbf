#pragma once

// The scenarios of the demo: what breaks, how it is allowed to be cured, and how long we watch.

#include "homeostat/app/demo/world.hpp"
#include "homeostat/base/rng.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app::demo {

/// What a scenario wants to see.
enum class Wanted : std::uint8_t {
    cure,     ///< Users are served well again, by exactly the expected remedies.
    nothing,  ///< No effect at all.
    relief,   ///< As cure, but while the fault lasts; then it is mended and all is given back.
    no_harm,  ///< No forbidden remedy; the fault goes when whoever owns it mends it.
    /// Users are served well while the fault lasts, by what neighbours have agreed on alone; then
    /// it is mended and all calls are as usual.
    agreement,
    person,  ///< No effect at all, users served throughout, and a person is called.
};

struct Scenario {
    std::string name;
    std::string says;  ///< One line for a person who watches.
    Wanted wanted{Wanted::cure};
    std::vector<std::string> expected;  ///< Remedies of a cure or a relief; no agreement is one.
    std::vector<std::string> forbidden;
    Duration watch_for{};  ///< The most that is waited; nothing, no_harm: exactly this.
    /// Breaks it. Sizes are drawn from `rng`.
    std::function<Result<void>(World&, Rng&)> begin;
    /// Ends the fault, where no remedy does: of a cure once users are well. May be empty.
    std::function<Result<void>(World&)> mend;
    /// Gives the world the sizes that it needs. May be empty.
    std::function<void(WorldOptions&, Rng&)> shape{};
    /// Remedies of the agent that guards fraud. Empty: nobody guards it.
    std::vector<std::string> expected_of_fraud{};
    /// What the source of rates may be asked in a second. 0: that is not looked at.
    std::uint64_t source_reads_max{0};
};

[[nodiscard]] const std::vector<Scenario>& scenarios();

/// Null: there is none of that name.
[[nodiscard]] const Scenario* find_scenario(std::string_view name);

}  // namespace homeostat::app::demo
