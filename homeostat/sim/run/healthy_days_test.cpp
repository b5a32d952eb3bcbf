// What a healthy day is, and what counts against it.

#include "homeostat/sim/run/healthy_days.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::sim;

TEST_CASE("on a healthy day everything may be done, and nothing goes wrong") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        const Options options = healthy_day(seed);
        CHECK(options.faults.empty());
        CHECK(options.troubles.empty());
        CHECK(options.is_quiet);
        CHECK(options.ends_at == ticks_of(86'400));
        for (const auto& [kind, level] : options.limits.autonomy) {
            CHECK(level == Autonomy::act);
        }
    }
}

TEST_CASE("a day on which something was wrong counts what was done") {
    Options options = healthy_day(1);
    options.topology = payment_gateway();
    options.guarded = 0;
    options.ends_at = ticks_of(120);
    InjectedFault crash{.kind = FaultKind::crash, .replica = 1, .strength = 1};
    crash.begins_at = ticks_of(30);
    options.faults.push_back(crash);
    HealthyDays days;
    add_day(days, run_once(options, false));
    CHECK(days.days == 1);
    CHECK(days.orders == 1);
    CHECK(days.incidents == 1);
    CHECK(days.violations == 1);  // P21
}
