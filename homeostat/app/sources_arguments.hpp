#pragma once

// The arguments of `sources`.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

void add_sources(CLI::App& app, CommonOptions& options);

}  // namespace homeostat::app
