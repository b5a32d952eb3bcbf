#pragma once

// What the tests of the configuration share: the shortest right file, and the problems of a text.

#include "homeostat/app/config_load.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace homeostat::app {

inline const std::filesystem::path file_for_test{"/srv/shop/payments.yaml"};

/// Four lines that are right; what a case is about comes behind them, from line 5 on.
constexpr std::string_view beginning_for_test = R"(service: payments
runtime:
  process: { command: [./payments, --port, "{port}"], ports: [8001, 8002, 8003] }
signals: [ { http: { path: /healthz } } ]
)";

inline std::string with(std::string_view rest) {
    return std::string(beginning_for_test) + std::string(rest);
}

/// One a line: "line:column: text".
inline std::string problems_of(std::string_view text) {
    std::string lines;
    for (const ConfigProblem& problem : parse_config(text, file_for_test).problems) {
        lines += fmt::format("{}:{}: {}\n", problem.line, problem.column, problem.text);
    }
    return lines;
}

}  // namespace homeostat::app
