#pragma once

// The arguments of `decide` and `bench decide`.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

void add_decide(CLI::App& app, DecideOptions& options);
void add_bench_decide(CLI::App& bench, BenchDecideOptions& options);

}  // namespace homeostat::app
