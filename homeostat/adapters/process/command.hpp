#pragma once

// The command of an instance, from the configuration's argument vector with placeholders.
//
// `{port}`, `{name}`, `{version_dir}` and `{config_dir}` are replaced inside each argument; no
// shell sees them, so nothing in them can become a second argument. Braces around anything but a
// lower-case word stay as they are (JSON in an argument); an unknown word is an error, for it is a
// spelling mistake.
//
// Pure.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::adapters::process {

struct CommandValues {
    std::string name;
    std::uint16_t port{0};
    std::string version_dir;  ///< Empty: a service without versions; the placeholder is an error.
    std::string config_dir;   ///< Empty: the same of its configuration.
};

/// ERRORS: invalid, naming the argument and the placeholder.
[[nodiscard]] Result<std::vector<std::string>> expand_command(
    const std::vector<std::string>& command, const CommandValues& values);

}  // namespace homeostat::adapters::process
