// What a second of a simulated world costs: ten ticks of so many services, nothing else.
//
//     build/release/bin/sim_world_bench
//
// world_N   a drawn world of N services, its callers' retries and caches included
// broken_N  the same with four faults in it
//
// `speed` is virtual time over real time; `replicas` is how many there are to step.

#include "homeostat/sim/world/world.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>

namespace homeostat::sim {

namespace {

constexpr std::uint64_t seed = 1;
constexpr Tick second = 10;

void pass_seconds(benchmark::State& state, bool is_broken) {
    Rng rng(seed);
    World world(draw_topology_of(rng, static_cast<std::uint32_t>(state.range(0))), seed);
    for (int number = 0; is_broken && number < 4; ++number) {
        world.add(draw_fault(rng, world.topology()));
    }
    world.run(60 * second);
    for ([[maybe_unused]] const auto iteration : state) {
        world.run(second);
    }
    benchmark::DoNotOptimize(world.tally().requests);
    state.counters["replicas"] = world.topology().replicas_count();
    state.counters["speed"] =
        benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void world_of(benchmark::State& state) {
    pass_seconds(state, false);
}
void broken_world_of(benchmark::State& state) {
    pass_seconds(state, true);
}

}  // namespace

BENCHMARK(world_of)->Name("world")->Arg(3)->Arg(30)->Arg(64)->Unit(benchmark::kMicrosecond);
BENCHMARK(broken_world_of)->Name("broken")->Arg(30)->Unit(benchmark::kMicrosecond);

}  // namespace homeostat::sim

BENCHMARK_MAIN();
