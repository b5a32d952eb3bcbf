#pragma once

// From the shape of the file to the Config, and back. What no single key can tell is found here:
// numbers that contradict each other, names that stand twice, autonomy without what it needs.
//
// Pure.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/config_reading.hpp"

#include <filesystem>

namespace homeostat::app {

/// Tells `reading` of every contradiction.
void check(const ConfigFile& file, ConfigReading& reading);

/// REQUIRES: the file has no problem. What is relative becomes relative to `base`.
[[nodiscard]] Config to_config(const ConfigFile& file, const std::filesystem::path& base);

/// The file that would give exactly this configuration, with every value in force.
[[nodiscard]] ConfigFile to_file(const Config& config);

/// The ports of the instances, from either way of writing them.
[[nodiscard]] std::vector<std::uint16_t> ports_of(const ProcessSection& process);

/// The names of `count` servers or endpoints, with {index} replaced.
[[nodiscard]] std::vector<std::string> servers_of(const std::vector<std::string>& names,
                                                  std::size_t count);

}  // namespace homeostat::app
