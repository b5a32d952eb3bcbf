#pragma once

// Where this program is, and what was installed beside it.

#include <filesystem>

namespace homeostat::app {

/// The directory of the program that runs now, links followed.
[[nodiscard]] std::filesystem::path own_directory();

/// homeostat-shim; whether it is there is not asked.
[[nodiscard]] std::filesystem::path shim_program();

}  // namespace homeostat::app
