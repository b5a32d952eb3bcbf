// N1 to N10 of docs/pledges.md: agents that keep the protocol, in a world that does not help, and
// beside a neighbour that keeps to nothing.

#include "homeostat/mesh/demon_for_test.hpp"
#include "homeostat/mesh/estate_for_test.hpp"
#include "homeostat/mesh/referee_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::mesh {

using namespace for_test;

TEST_CASE("without faults a caller and its callee agree, and all returns to normal") {
    World world = estate(1);
    make_trouble(world, world.at() + seconds{30});
    world.condition = [](const AgentId&, World&) { return Condition{}; };
    world.start();
    world.run_for(seconds{30});
    CHECK(world.count("accept") > 0);
    CHECK(world.count("reliances") > 100);
    world.run_for(settled_after);
    CHECK_MESSAGE(!world.wrong(), world.wrong().value_or(""));
    CHECK(world.is_settled());
}

TEST_CASE("whatever network, clocks, data planes and deaths do, N1 to N10 hold") {
    constexpr std::uint64_t worlds_count = 24;
    std::map<std::string, std::uint64_t> seen;
    for (std::uint64_t seed = 0; seed < worlds_count; ++seed) {
        CAPTURE(seed);
        World world = estate(seed);
        world.faults = seed % 3 == 0 ? Faults{.loss = 3, .deaths = 2} : hard;
        make_trouble(world, world.at() + trouble_for);
        world.start();
        world.run_for(trouble_for);
        REQUIRE_MESSAGE(!world.wrong(), world.wrong().value_or(""));
        world.end_faults();
        world.run_for(settled_after);
        REQUIRE_MESSAGE(!world.wrong(), world.wrong().value_or(""));
        REQUIRE_MESSAGE(world.is_settled(), "N10: somebody is not back to normal");
        for (const std::string_view what :
             {"accept", "renew", "release", "revoke", "grant", "deny", "refuse", "redirects",
              "throttles", "changes", "deaths", "pauses", "replayed", "forged", "late",
              "stale_epoch", "malformed", "misaddressed", "outcome"}) {
            seen[std::string(what)] += world.count(what);
        }
    }
    for (const auto& [what, count] : seen) {  // A world in which nothing happens proves nothing.
        CHECK_MESSAGE(count > 5, what, " was seen ", count, " times");
    }
}

TEST_CASE("beside a demon neighbour N1 to N10 hold for all others") {
    constexpr std::uint64_t worlds_count = 10;
    std::uint64_t changes_count = 0;
    for (std::uint64_t seed = 0; seed < worlds_count; ++seed) {
        CAPTURE(seed);
        World world = estate(seed);
        const AgentId id = seed % 3 == 0 ? vault : (seed % 3 == 1 ? payments : cart);
        world.make_demon(id);
        world.demon = Demon(id == payments ? std::vector{cart, shop}
                                           : (id == vault ? std::vector{cart, shop, payments}
                                                          : std::vector{payments, vault}));
        world.faults = seed % 2 == 0 ? Faults{} : hard;
        make_trouble(world, world.at() + trouble_for);
        world.start();
        world.run_for(trouble_for);
        REQUIRE_MESSAGE(!world.wrong(), world.wrong().value_or(""));
        world.end_faults();
        world.run_for(settled_after);  // The demon goes on.
        REQUIRE_MESSAGE(!world.wrong(), world.wrong().value_or(""));
        const AgentId other = id == cart ? shop : cart;
        const Provider& provider = world.party(other).agent->providers.begin()->second;
        REQUIRE_MESSAGE(provider.phase == Phase::normal, to_text(provider.phase));
        changes_count += world.count("changes");
    }
    CHECK(changes_count > 20);
}

TEST_CASE("a data plane that ends a mode too soon breaks a promise, and the referee sees it") {
    for (const Duration early : {Duration{0}, Duration{seconds{1}}}) {
        World world = estate(1);
        world.early = early;
        make_trouble(world, world.at() + trouble_for);
        world.look = [](const RouteId&, World& of) {
            return of.count("accept") == 0 ? bad_window : evidence_of(100, 20);
        };
        world.condition = [](const AgentId&, World&) { return Condition{}; };
        world.start();
        world.run_for(seconds{8});
        REQUIRE(world.count("accept") > 0);
        for (const AgentId& id : {cart, shop, vault}) {
            world.party(id).agent.reset();  // Nobody renews, and payments counts on them still.
        }
        world.run_for(seconds{12});
        CHECK(world.wrong().value_or("").starts_with("N1") == (early > Duration{0}));
    }
}

TEST_CASE("the same seed gives the same world") {
    const auto told = [](std::uint64_t seed) {
        World world = estate(seed);
        world.faults = hard;
        make_trouble(world, world.at() + trouble_for);
        world.start();
        world.run_for(trouble_for);
        return std::pair{world.count("renew"), world.count("beacon")};
    };
    CHECK(told(7) == told(7));
}

TEST_CASE("after all agents have died no mode remains on") {
    World world = estate(3);
    make_trouble(world, world.at() + seconds{300});
    world.condition = [](const AgentId&, World&) { return Condition{}; };
    world.start();
    world.run_for(seconds{20});
    for (const AgentId& id : {cart, shop, payments, vault}) {
        world.party(id).agent.reset();
    }
    world.run_for(seconds{11});
    for (const AgentId& id : {cart, shop, vault}) {
        for (const auto& [route, plane] : world.party(id).planes) {
            CHECK_FALSE(plane.is_in_mode(world.local(world.party(id))));
        }
    }
}

}  // namespace homeostat::mesh
