#pragma once

// What a person hands to a command: a file, or standard input.
//
// Blocks; called by commands.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace homeostat::app {

/// Says "standard input", as in `kubectl exec -i`.
constexpr std::string_view standard_input = "-";

/// All of it. ERRORS: those of os::read_file; invalid: larger than `bytes_max`.
[[nodiscard]] Result<std::string> read_input(const std::string& from, std::size_t bytes_max);

}  // namespace homeostat::app
