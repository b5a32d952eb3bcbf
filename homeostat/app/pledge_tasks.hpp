#pragma once

// PledgeTasks: what A2A shows of pledges. One task for each agreement and side, made of what the
// role remembers; older ones are in the ledger only.
//
// Pure.

#include "homeostat/adapters/a2a/card.hpp"
#include "homeostat/adapters/a2a/task.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/heal/pledge_view.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

[[nodiscard]] std::vector<adapters::a2a::A2aTask> tasks_of(
    const std::deque<heal::PledgeMoment>& moments);

/// What others may know of a service before they talk to its agent. REQUIRES: config.mesh.
[[nodiscard]] adapters::a2a::CardSettings card_settings_of(const Config& config);

}  // namespace homeostat::app
