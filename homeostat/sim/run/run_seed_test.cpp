// What the verdict on a seed says of a demon.

#include "homeostat/sim/run/run_seed.hpp"

#include "homeostat/sim/run/options_draw.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::sim;

TEST_CASE("what we would lose without the demon as well is not the demon's doing") {
    // A process that ended is started again, rightly, and meets the next fault: a leak of its pool.
    const Options options = draw_options(238, find_scenario("S22"));
    REQUIRE(options.model == ModelKind::demon);
    const SeedResult result = run_seed(options);
    REQUIRE(result.seconds_lost - seconds_lost_without_us(options) > harm_seconds_max);
    CHECK(result.violations.empty());
}

TEST_CASE("without the demon everything else of a history is as it was") {
    const Options options = draw_options(238, find_scenario("S22"));
    const Options twin = without_demon(options);
    CHECK(twin.model == ModelKind::none);
    CHECK(twin.faults.size() == options.faults.size());
    CHECK(twin.troubles.size() == options.troubles.size());
}
