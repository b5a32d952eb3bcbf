#pragma once

// The arguments of `advise`.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

void add_advise(CLI::App& app, AdviseOptions& options);

}  // namespace homeostat::app
