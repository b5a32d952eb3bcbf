#pragma once

// The arguments of `decisions`, here and of homeostat-shipper.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

void add_decisions(CLI::App& app, DecisionsOptions& options);

/// Without --central and --ledger: of a command that asks the database anyway.
void add_decisions_options(CLI::App& command, DecisionsOptions& options);

}  // namespace homeostat::app
