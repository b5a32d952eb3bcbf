#pragma once

// ServiceFiles: the configurations of one process: which files, and whether they go together.
//
// Each file is one service. What two of them may not share (a ledger, a socket, the instances) is
// found before anything begins, since the second would fail only when the first already acts.

#include "homeostat/app/config_load.hpp"
#include "homeostat/base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::app {

/// More than one process was ever measured with.
constexpr std::size_t services_max = 2'000;

/// Files as they are; of a directory its `*.yaml` and `*.yml`, by name, hidden ones and
/// directories in it left out. ERRORS: absent: nothing there; full: more than services_max.
[[nodiscard]] Result<std::vector<std::filesystem::path>> service_files(
    const std::vector<std::filesystem::path>& named);

/// What keeps them from being guarded by one process: "FILE: what — mend", a line each.
[[nodiscard]] std::vector<std::string> check_together(const std::vector<ConfigReport>& reports);

}  // namespace homeostat::app
