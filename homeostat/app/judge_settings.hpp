#pragma once

// Judge settings: what the configuration says to the agent's judging half.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/heal/judge.hpp"

namespace homeostat::app {

/// The goals become limits: a share of failures is a symptom from what the goal leaves over, and a
/// mean time to answer above the goal for 99 of 100 breaks it for sure.
[[nodiscard]] heal::JudgeSettings judge_settings_of(const Config& config, Inventory inventory);

}  // namespace homeostat::app
