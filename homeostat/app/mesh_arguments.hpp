#pragma once

// The arguments of `pledges` and `mesh`.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

void add_mesh(CLI::App& app, CommonOptions& pledges_options, MeshOptions& options);

}  // namespace homeostat::app
