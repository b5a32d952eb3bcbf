#pragma once

// The arguments of `verify-ledger`.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

void add_verify_ledger(CLI::App& app, VerifyLedgerOptions& options);

}  // namespace homeostat::app
