#pragma once

// Runs one cell: an incident of a bad version, with one fault of one port, and what comes of it.

#include "cell.hpp"

#include <string>
#include <vector>

namespace homeostat::matrix {

struct CellResult {
    /// "healed": the incident is closed and users are well. "told": a person was called, and
    /// nothing is in hand. "in hand": neither.
    std::string ending;
    std::size_t effects_count{0};
    std::vector<std::string> broken;  ///< Promises, with what broke them.
    std::vector<std::string> trace;   ///< A line each of what happened.
};

[[nodiscard]] CellResult run_cell(const Cell& cell);

}  // namespace homeostat::matrix
