// A stale cache through the awaiting driver: its symptom stays while its readers go round it.

#include "homeostat/heal/executor_process_for_test.hpp"
#include "homeostat/heal/executor_role.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// `quotes` is filled wrongly for so long.
SimulatedMachine stale_for(Duration span) {
    SimulatedMachine machine;
    machine.world.copies_right_from_at = machine.world.now + span;
    return machine;
}

Proposal reroute_in(const SimulatedMachine& machine) {
    return proposal_for_test(stale_for_test(machine.world.now), reroute_for_test());
}

}  // namespace

TEST_CASE("readers go round a stale cache, and back once it is right again") {
    SimulatedMachine machine = stale_for(25s);
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(reroute_in(machine)));
    REQUIRE(process.settle_at("hold"));
    CHECK(machine.world.is_rerouted());
    CHECK_FALSE(machine.world.is_misleading());
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK_FALSE(machine.world.is_rerouted());
    CHECK_FALSE(machine.world.is_cache_stale());
}

TEST_CASE("a remedy that is held writes no more than every ten seconds while nothing changes") {
    SimulatedMachine machine = stale_for(100s);
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(reroute_in(machine)));
    REQUIRE(process.settle_at("hold"));
    process.clock.run_for(2s);
    const std::size_t groups_before = machine.disk.groups.size();
    process.clock.run_for(45s);
    REQUIRE(process.executor->incidents().front().node == "hold");
    const std::size_t groups_count = machine.disk.groups.size() - groups_before;
    CHECK(groups_count >= 4);
    CHECK(groups_count <= 5);
}

TEST_CASE(
    "a process killed while it holds and writes nothing is succeeded by one that gives back") {
    SimulatedMachine machine = stale_for(25s);
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(reroute_in(machine)));
        REQUIRE(process.settle_at("hold"));
        process.clock.run_for(9s);
    }
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    REQUIRE(successor.settle_at("hold", 1s));
    CHECK(machine.world.is_rerouted());
    REQUIRE(successor.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK_FALSE(machine.world.is_rerouted());
    for (const auto& [effect, count] : machine.world.changes_count) {
        CHECK(count == 1);
    }
}

TEST_CASE("a cache that stays stale while its readers go round it is no second incident") {
    SimulatedMachine machine = stale_for(25s);
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(reroute_in(machine)));
    REQUIRE(process.settle_at("hold"));
    process.clock.run_for(10s);
    REQUIRE(machine.world.is_cache_stale());
    const Result<Standing> again = process.submit(reroute_in(machine));
    REQUIRE_FALSE(again);
    CHECK(again.error().fault == Fault::busy);
    CHECK(process.executor->incidents().size() == 1);
    // Another symptom is another matter: what is held does not explain it.
    CHECK_FALSE(process.executor->standing(errors_for_test(machine.world.now)));
}

TEST_CASE("an instance that ends while readers are sent round a cache is started at once") {
    SimulatedMachine machine = stale_for(25s);
    SimulatedProcess process(machine);
    process.edge.perform_takes = 1s;
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(reroute_in(machine)));
    const auto is_under_way = [&] { return !process.edge.performed.empty(); };
    REQUIRE(process.clock.run_until(is_under_way, 1s));
    machine.world.end_process(InstanceId("payments-1"));
    const Symptom down =
        about_instance_for_test(SymptomKind::instance_down, "payments-1", machine.world.now);
    REQUIRE(process.submit(proposal_for_test(down, restart_for_test("payments-1"))));
    const auto is_started = [&] { return machine.has_line("outcome i-2.e1 done"); };
    REQUIRE(process.clock.run_until(is_started, 500ms));
    CHECK_FALSE(machine.has_line("outcome i-1.e1 done"));
    REQUIRE(process.settle());
    CHECK(std::ranges::count(machine.story(), "closed healed") == 2);
}

TEST_CASE("a reply that is lost on the way is read back, for the route and for the keys") {
    for (const SimulatedReply reply :
         {SimulatedReply::unknown_done, SimulatedReply::unknown_undone}) {
        SimulatedMachine machine = stale_for(25s);
        SimulatedProcess process(machine);
        process.edge.replies_next = {reply};
        process.caches.replies_next = {reply};
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(reroute_in(machine)));
        REQUIRE(process.settle());
        CHECK(machine.story().back() == "closed healed");
        CHECK_FALSE(machine.world.is_rerouted());
        for (const auto& [effect, count] : machine.world.changes_count) {
            CHECK(count == 1);
        }
    }
}

}  // namespace homeostat::heal
