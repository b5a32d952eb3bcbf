// The kill switch over long times: what could not begin is begun once it is released.

#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

Proposal reflex_for(SimulatedWorld& world) {
    world.end_process(InstanceId("payments-1"));
    return proposal_for_test(
        about_instance_for_test(SymptomKind::instance_down, "payments-1", world.now),
        restart_for_test("payments-1"));
}

Proposal rollback_for(SimulatedWorld& world) {
    world.versions_bad = {VersionId("v2")};
    return proposal_for_test(errors_for_test(world.now), rollback_for_test());
}

/// Opens under the switch, and lets so much time pass.
void open_suspended(SimulatedWorld& world,
                    SimulatedExecutor& executor,
                    Proposal proposal,
                    Duration suspended_for) {
    world.is_suspended = true;
    executor.open(std::move(proposal));
    const Instant until = world.now + suspended_for;
    while (executor.wakes_by(until)) {
        executor.wake();
    }
    world.pass(until - world.now);
}

constexpr std::array spans{Duration{20s}, Duration{5min}, Duration{48h}};

}  // namespace

TEST_CASE("a process that ended under the kill switch is started once that is released") {
    for (const Duration suspended_for : spans) {
        CAPTURE(to_seconds(suspended_for));
        SimulatedWorld world;
        SimulatedExecutor executor(world);
        open_suspended(world, executor, reflex_for(world), suspended_for);
        CHECK(world.changes_count.empty());
        // Two groups a look, and looks become rare.
        CHECK(executor.ledger.size() < 100 + static_cast<std::size_t>(suspended_for / 10s));
        const Instant released_at = world.now;
        world.is_suspended = false;
        executor.settle();
        CHECK(world.now <= released_at + 35s);
        CHECK(executor.story().back() == "closed healed");
        CHECK(world.serving_count() == world.instances.size());
        CHECK(executor.notices.empty());
    }
}

TEST_CASE("what was judged before the kill switch was released is judged again") {
    for (const Duration suspended_for : spans) {
        CAPTURE(to_seconds(suspended_for));
        SimulatedWorld world;
        SimulatedExecutor executor(world);
        open_suspended(world, executor, rollback_for(world), suspended_for);
        CHECK(world.changes_count.empty());
        world.is_suspended = false;
        REQUIRE(executor.settle_at("rejudge"));
        executor.tell(Proposed{rollback_for(world)});
        executor.settle();
        CHECK(executor.story().back() == "closed healed");
        CHECK(world.version_current == VersionId("v1"));
        CHECK(executor.notices.empty());
    }
}

TEST_CASE("what was permitted, and had not begun under the kill switch, is judged again") {
    SimulatedWorld world;
    SimulatedExecutor executor(world);
    executor.on_commit = [&](const HealingThread& thread, const std::vector<Entry>&) {
        world.is_suspended = world.is_suspended || node_of(thread) == "act";
    };
    executor.open(rollback_for(world));
    REQUIRE(executor.node() == "act");
    const Instant until = world.now + 10min;
    while (executor.wakes_by(until)) {
        executor.wake();
    }
    CHECK(world.changes_count.empty());
    executor.on_commit = {};
    world.is_suspended = false;
    CHECK(executor.settle_at("rejudge"));
    CHECK(world.changes_count.empty());
}

TEST_CASE("a symptom that goes under the kill switch closes its incident, and nothing is done") {
    SimulatedWorld world;
    SimulatedExecutor executor(world);
    open_suspended(world, executor, rollback_for(world), 10min);
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
    CHECK(world.changes_count.empty());
}

namespace {

/// How many effects have begun when the switch is engaged so long after two incidents opened, and
/// how many have a while later.
std::pair<std::size_t, std::size_t> begun_around_suspension(Duration after, bool is_agent_asked) {
    SimulatedMachine machine = bad_deploy();
    machine.disk.append_takes = 40ms;  // A busy disk: there is time between the facts and the act.
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    machine.world.end_process(InstanceId("payments-1"));
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.submit(reflex_of(machine, "payments-1")));
    process.clock.run_for(after);
    const auto begun_count = [&] {
        return process.runtime.performed.size() + process.edge.performed.size();
    };
    if (is_agent_asked) {
        REQUIRE(process.await(process.executor->flip_switch(true, {"root", "maintenance"})));
    } else {
        machine.world.is_suspended = true;
    }
    const std::size_t begun_before = begun_count();
    process.clock.run_for(2s);
    return {begun_before, begun_count()};
}

}  // namespace

TEST_CASE("once suspend has returned no effect begins, whatever was on its way") {
    for (const bool is_agent_asked : {true, false}) {
        CAPTURE(is_agent_asked);
        std::size_t begun_last = 0;
        for (Duration after{}; after < 1500ms; after += 15ms) {
            CAPTURE(to_seconds(after));
            const auto [begun_before, begun_after] = begun_around_suspension(after, is_agent_asked);
            CHECK(begun_after == begun_before);
            begun_last = begun_before;
        }
        CHECK(begun_last > 1);  // Both incidents have acted within that time.
    }
}

TEST_CASE("an executor that is told of the release starts at once what ended meanwhile") {
    SimulatedMachine machine;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.await(process.executor->flip_switch(true, {"root", "maintenance"})));
    machine.world.end_process(InstanceId("payments-0"));
    REQUIRE(process.submit(reflex_of(machine, "payments-0")));
    process.clock.run_for(1h);
    CHECK(starts_count_of(machine, "payments-0") == 0);
    REQUIRE(process.await(process.executor->flip_switch(false, {"root", "over"})));
    process.clock.run_for(1s);
    CHECK(starts_count_of(machine, "payments-0") == 1);
    REQUIRE(process.settle());
    CHECK(machine.story().back() == "closed healed");
    CHECK(machine.notices.empty());
}

TEST_CASE("of two looks at once the older is not believed after an effect") {
    // A reflex: what was judged would be judged again once the switch is released.
    SimulatedMachine machine;
    machine.disk.append_takes = Duration{};
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    machine.world.end_process(InstanceId("payments-0"));
    REQUIRE(process.submit(reflex_of(machine, "payments-0")));
    REQUIRE(process.settle_at("act"));
    REQUIRE(process.await(process.executor->flip_switch(true, {"root", "maintenance"})));
    process.clock.run_for(5s);
    for (int count = 0; count < 2; ++count) {  // Each of them asks for a look of its own.
        boost::asio::co_spawn(process.context(),
                              process.executor->flip_switch(false, {"root", "over"}),
                              boost::asio::detached);
    }
    REQUIRE(process.settle());
    for (const std::string& line : machine.story()) {
        const bool is_denied = line.starts_with("outcome") && line.contains("refused");
        CHECK_MESSAGE(!is_denied, line);
    }
    CHECK(machine.story().back() == "closed healed");
}

}  // namespace homeostat::heal
