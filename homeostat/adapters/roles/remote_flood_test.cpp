// A flood of changes that an executor tells an agent of: what is remembered of them has an end.

#include "homeostat/adapters/roles/remote_executor.hpp"
#include "homeostat/adapters/roles/remote_world_for_test.hpp"
#include "homeostat/adapters/roles/roles_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string>

namespace homeostat::adapters::roles {

using net::run_for_test;

TEST_CASE("of any number of changes each comes once, also where it makes room for others") {
    RemoteWorld world;
    world.begin_executor();
    const auto agent = world.agent();
    std::set<std::string> heard;
    constexpr int flood = 1100;  // More than are remembered.
    for (int number = 0; number < flood; ++number) {
        // As many letters as come here in a moment would be too many.
        world.clock.ahead += std::chrono::seconds{1};
        world.executor_clock.ahead += std::chrono::seconds{1};
        Change told;
        told.service = ServiceId("fraud");
        told.reference = fmt::format("release-{}", number);
        REQUIRE(run_for_test(world.context, world.desk->note(told)));
        REQUIRE(run_for_test(world.context, agent->look()));
        for (const Change& change : agent->take_changes()) {
            CHECK_MESSAGE(heard.insert(change.reference).second, change.reference);
        }
        REQUIRE(heard.size() == static_cast<std::size_t>(number) + 1);
    }
}

}  // namespace homeostat::adapters::roles
