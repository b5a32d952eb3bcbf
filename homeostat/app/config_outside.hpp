#pragma once

// What the configuration says of those outside who have a word before a remedy begins: who has to
// have the decision (docs/confirmed.md), and the budget of a fleet (docs/fleet.md).
//
// Pure. Values only.

#include "homeostat/app/config_sinks.hpp"
#include "homeostat/domain/fleet_word.hpp"
#include "homeostat/domain/remedy_kind.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

struct Config;

/// `guard: fleet: { … }`.
struct FleetConfig {
    PostgresSinkConfig postgres;
    FleetLimits limits;
};

/// A kind of remedy, and who has to have a decision for one before it begins. Absent: nobody is
/// named for any.
[[nodiscard]] std::optional<std::map<RemedyKind, std::vector<std::string>>> confirmed_by_of(
    const Config& config);

/// The kinds that are meant by one word of `required_for`.
[[nodiscard]] std::vector<RemedyKind> kinds_of(RequiredFor word);

}  // namespace homeostat::app
