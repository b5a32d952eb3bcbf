#pragma once

// The arguments of `graph`.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

void add_graph(CLI::App& app, GraphOptions& options);

}  // namespace homeostat::app
