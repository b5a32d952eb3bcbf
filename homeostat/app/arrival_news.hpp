#pragma once

// What became of the instances when an agent arrived, for its log.

#include "homeostat/adapters/process/runtime.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace homeostat::app {

void tell(const adapters::process::Arrival& arrival,
          const std::filesystem::path& run_directory,
          const std::function<void(const std::string&)>& log);

}  // namespace homeostat::app
