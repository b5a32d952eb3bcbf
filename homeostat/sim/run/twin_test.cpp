#include "homeostat/sim/run/twin.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace homeostat;
using namespace homeostat::sim;

namespace {

const FinalState well{.is_well = true, .facts = {"payments-0 runs v1 c1 and serves"}};
const FinalState other{.is_well = true, .facts = {"payments-0 is idle"}};
const FinalState less{.is_well = true};

}  // namespace

TEST_CASE(
    "a disturbed history that ends otherwise than its twin is noticed, unless a person decides") {
    CHECK(differences(well, well).empty());
    CHECK(differences(other, well).size() == 1);
    CHECK(differences(less, well).size() == 1);
    FinalState told = other;
    told.is_person_told = true;
    CHECK(differences(told, well).empty());
    CHECK(differences(well, told).empty());
}

TEST_CASE("the twin has every trouble but those of the telemetry") {
    Options options;
    for (const TroubleKind kind : {TroubleKind::dropped, TroubleKind::slow, TroubleKind::duplicated,
                                   TroubleKind::reordered, TroubleKind::full}) {
        options.troubles.push_back({.kind = kind});
    }
    const Options twin = undisturbed(options);
    REQUIRE(twin.troubles.size() == 2);
    CHECK(twin.troubles[0].kind == TroubleKind::slow);
    CHECK(twin.troubles[1].kind == TroubleKind::full);
}

TEST_CASE("a world without us loses more while its service is down") {
    Options options;
    options.topology = payment_gateway();
    options.ends_at = ticks_of(120);
    CHECK(seconds_lost_without_us(options) < 0.1);
    for (const std::uint32_t replica : {0U, 1U, 2U}) {
        options.faults.push_back({.kind = FaultKind::hang,
                                  .replica = replica,
                                  .begins_at = ticks_of(30),
                                  .ends_at = ticks_of(60)});
    }
    // Nobody restarts them, so it lasts.
    CHECK(seconds_lost_without_us(options) == doctest::Approx(90).epsilon(0.05));
}
