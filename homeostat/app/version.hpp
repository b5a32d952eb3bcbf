#pragma once

// The version of the program, as CMake knows it.

#include <string_view>

namespace homeostat::app {

constexpr std::string_view program_version = HOMEOSTAT_VERSION;

}  // namespace homeostat::app
