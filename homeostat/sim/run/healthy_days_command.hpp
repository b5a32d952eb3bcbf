#pragma once

// `homeostat-lab healthy-days`: services that nothing is wrong with, and what we do about it.

#include <cstdint>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::sim {

struct HealthyDaysArguments {
    std::uint64_t days{10};
    std::uint64_t seed{1};  ///< Of the first day.
    bool is_json{false};
    bool shows_trace{false};
};

[[nodiscard]] CLI::App* add_healthy_days(CLI::App& app, HealthyDaysArguments& arguments);

/// Gives the exit status.
[[nodiscard]] int show_healthy_days(const HealthyDaysArguments& arguments);

}  // namespace homeostat::sim
