#pragma once

// `homeostat remedy`: the declared tasks, and the test that lets them leave watch.

#include "homeostat/app/commands.hpp"

#include <filesystem>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

struct RemedyOptions {
    CommonOptions common;
    std::string task;              ///< Empty: they are listed.
    std::filesystem::path breaks;  ///< A program that brings about what the task is for.
    bool is_sure{false};           ///< Runs without asking.
    bool is_destructive{false};    ///< Said aloud: what a destructive task takes away is gone.
};

void add_remedy(CLI::App& app, RemedyOptions& options);

[[nodiscard]] ExitStatus list_tasks(const RemedyOptions& options);

/// Runs the task for real. No agent has to run; one that does leaves the task alone meanwhile.
[[nodiscard]] ExitStatus test_task(const RemedyOptions& options);

}  // namespace homeostat::app
