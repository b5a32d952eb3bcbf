// Any input at any time, on a graph with every kind of node: the thread keeps its word.

#include "homeostat/graph/demon_for_test.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>

namespace homeostat::graph {

using namespace for_test;

TEST_CASE("whatever happens to a thread it keeps its word, and can be read at each commit") {
    constexpr std::uint64_t seeds_count = 500;
    constexpr int demands_count = 120;
    std::map<ThreadStatus, int> seen;
    std::map<TaskStatus, int> seen_tasks;
    for (std::uint64_t seed = 1; seed <= seeds_count; ++seed) {
        Rng rng(seed);
        // Half of the draws are the ordinary case.
        const auto draw = [&rng](std::size_t count) {
            const std::uint64_t number = rng.next();
            return static_cast<std::uint32_t>(number % 2 == 0 ? 0 : (number >> 8U) % count);
        };
        Demon demon(draw);
        Wrong wrong = demon.begin();
        for (int count = 0; count < demands_count && !wrong; ++count) {
            wrong = demon.demand();
            seen[demon.thread().progress.status] += 1;
            for (const Task<Lot>& task : demon.thread().progress.tasks) {
                seen_tasks[task.status] += 1;
            }
        }
        if (wrong) {
            FAIL_CHECK("seed ", seed, ": ", *wrong);
            break;
        }
    }
    CHECK(seen.size() == 4);
    CHECK(seen_tasks.size() == 7);
}

}  // namespace homeostat::graph
