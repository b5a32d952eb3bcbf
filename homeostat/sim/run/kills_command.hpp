#pragma once

// `homeostat-lab kills`: a death before every call of a remedy, and a second one in each recovery.

#include "homeostat/sim/run/kill_matrix.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::sim {

struct KillsArguments {
    KillOrder order;
    std::string scene;                ///< Empty: all of them.
    std::vector<std::uint64_t> at{};  ///< Only these deaths, and what happened, a line each.
    bool is_json{false};
};

[[nodiscard]] CLI::App* add_kills(CLI::App& app, KillsArguments& arguments);

/// Gives the exit status.
[[nodiscard]] int show_kills(const KillsArguments& arguments);

}  // namespace homeostat::sim
