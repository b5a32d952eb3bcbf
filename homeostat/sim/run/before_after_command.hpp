#pragma once

// `homeostat-lab before-after`: a piece of advice in simulated worlds, without it and with it.

#include "homeostat/advise/before_after.hpp"

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::sim {

struct BeforeAfterArguments {
    advise::TrialOrder order;
    std::string cause;   ///< By their names.
    std::string advice;  ///< Likewise.
    double latency_goal_ms{500};
    double max_age_ms{1'000};
    bool is_json{false};
    bool shows_trace{false};
};

[[nodiscard]] CLI::App* add_before_after(CLI::App& app, BeforeAfterArguments& arguments);

/// Gives the exit status.
[[nodiscard]] int show_before_after(const BeforeAfterArguments& arguments);

}  // namespace homeostat::sim
