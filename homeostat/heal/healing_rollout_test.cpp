// A rollback that somebody else brings to the instances: what it does beside, and what becomes of
// it where that is not permitted.

#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using Story = std::vector<std::string>;

/// v2 is current and answers errors, v1 has proven itself. Two of three change by themselves at
/// once, the third after a while.
SimulatedWorld slow_rollout() {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    world.rolled_out_at_once = 2;
    return world;
}

}  // namespace

TEST_CASE("of a rollback that others roll out what still serves goes early, where guard permits") {
    SimulatedWorld world = slow_rollout();
    SimulatedExecutor executor(world);
    executor.around.drains = false;
    SUBCASE("it is asked to go") {
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
        executor.settle();
        CHECK(executor.story() == Story{
                                      "opened: rollback payments from v2 to v1",
                                      "permit",
                                      "intent i-1.e1 swap_version of payments from v2 to v1",
                                      "outcome i-1.e1 done",
                                      "intent i-1.e2 replace payments-2 by v1",
                                      "outcome i-1.e2 done",
                                      "helped",
                                      "closed healed",
                                  });
    }
    SUBCASE("where guard refuses that it is waited for, and nobody is told of a refusal") {
        executor.around.guard.effects_max = 1;
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
        executor.settle();
        CHECK(executor.story() == Story{
                                      "opened: rollback payments from v2 to v1",
                                      "permit",
                                      "intent i-1.e1 swap_version of payments from v2 to v1",
                                      "outcome i-1.e1 done",
                                      "helped",
                                      "closed healed",
                                  });
    }
    SUBCASE("where it cannot be done it is waited for") {
        world.refusals_left["replace"] = 1;
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
        executor.settle();
        CHECK(executor.story().back() == "closed healed");
        CHECK(world.changes_count.size() == 2);
    }
    SUBCASE("whoever may not restart waits") {
        executor.around.guard.autonomy[RemedyKind::restart] = Autonomy::ask;
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
        executor.settle();
        CHECK(executor.story().back() == "closed healed");
        CHECK(world.changes_count.size() == 1);
    }
    CHECK(world.serving_count() == world.instances.size());
    CHECK(std::ranges::all_of(world.instances, [](const SimulatedInstance& one) {
        return one.runtime.version == VersionId("v1");
    }));
    CHECK(executor.broken.empty());
}

}  // namespace homeostat::heal
