// What a person hears of a node that is suspected, once an incident is theirs.

#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// Two of three instances stand on n1, and n1 is what fails; all three run a bad version besides.
SimulatedWorld lost_node() {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    for (std::size_t index = 0; index < world.instances.size(); ++index) {
        const bool is_lost = index < 2;
        world.instances[index].runtime.node = NodeFacts{is_lost ? "n1" : "n2", false};
        world.instances[index].is_stalled = is_lost;
    }
    return world;
}

/// Of an incident whose remedy has to wait, as another one has just rolled back.
std::string told_in(SimulatedWorld& world) {
    SimulatedExecutor executor(world);
    IntentBody other;
    other.effect = EffectId("i-2.e1");
    other.remedy = rollback_for_test();
    other.step = Undrain{InstanceId("payments-0")};
    executor.write(record::intent(IncidentId("i-2"), other));
    executor.write(record::closed(IncidentId("i-2"), CloseKind::healed, {}));
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    REQUIRE(executor.settle_at("stand_by"));
    REQUIRE_FALSE(executor.notices.empty());
    return executor.notices.front();
}

}  // namespace

TEST_CASE("an incident that is handed to a person names the node that is suspected") {
    SimulatedWorld world = lost_node();
    const std::string told = told_in(world);
    CHECK_MESSAGE(told.contains("; node n1 is suspected: each of the 2 instances on it is ill"),
                  told);
    CHECK_MESSAGE(told.contains("kubectl taint nodes n1 "), told);
}

TEST_CASE("where no node stands out none is named") {
    SimulatedWorld world = lost_node();
    world.instances[2].is_stalled = true;
    CHECK_FALSE(told_in(world).contains("is suspected"));
}

}  // namespace homeostat::heal
