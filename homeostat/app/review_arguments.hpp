#pragma once

// The arguments of `autonomy` and `report`.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

void add_autonomy(CLI::App& app, AutonomyOptions& options);
void add_report(CLI::App& app, ReportOptions& options);

}  // namespace homeostat::app
