#pragma once

// CasesCommand: `homeostat simulate --cases`: makes cases and writes them to a file.

#include "homeostat/sim/cases/split.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace homeostat::sim {

struct CasesArguments {
    std::uint64_t count{0};             ///< 0: no cases are asked for.
    std::optional<std::uint64_t> only;  ///< This one alone.
    std::uint64_t seed{1};
    std::string split{"all"};
    std::string family;               ///< Empty: drawn.
    std::uint32_t services_count{0};  ///< 0: drawn.
    std::string out{"-"};             ///< "-": standard output.
    std::uint32_t jobs{1};
    bool is_json{false};
};

/// Writes them in the order of their numbers until an interrupt is noted; what is written then is
/// whole lines. Returns the exit status: 0, 1 (nothing could be written), 2 or 130.
[[nodiscard]] int make_cases(const CasesArguments& arguments);

/// The families, and whether each is held out.
[[nodiscard]] int list_families(bool is_json);

}  // namespace homeostat::sim
