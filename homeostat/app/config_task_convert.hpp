#pragma once

// Tasks from the shape of the file to the Config, and back.
//
// Pure.

#include "homeostat/app/config_task_keys.hpp"
#include "homeostat/app/config_tasks.hpp"

#include <filesystem>
#include <functional>

namespace homeostat::app {

/// `absolute` makes a path of the file one that is good from anywhere.
[[nodiscard]] TaskConfig to_task(
    const TaskSection& section,
    const std::function<std::filesystem::path(const std::filesystem::path&)>& absolute);

[[nodiscard]] TaskSection to_section(const TaskConfig& task);

}  // namespace homeostat::app
