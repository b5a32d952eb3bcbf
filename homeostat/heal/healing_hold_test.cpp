// A temporary remedy in force: what may happen beside it, and that it is given back, whatever is in
// the way of that.

#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const InstanceId slow_one("payments-1");

/// One instance answers slowly.
SimulatedWorld one_slow() {
    SimulatedWorld world;
    world.instance(slow_one).is_slow = true;
    return world;
}

Proposal eject_of(const SimulatedWorld& world) {
    const Symptom slow = about_instance_for_test(SymptomKind::latency, slow_one.text(), world.now);
    return proposal_for_test(slow, eject_for_test(slow_one.text()));
}

/// It is out, and well by the time that it is to come back.
bool hold_eject(SimulatedWorld& world, SimulatedExecutor& executor) {
    executor.open(eject_of(world));
    const bool is_held = executor.settle_at("hold") && executor.wake();
    world.instance(slow_one).is_slow = false;
    return is_held;
}

/// Lets so much time pass, and wakes the thread when it wants to be.
void pass(SimulatedWorld& world, SimulatedExecutor& executor, Duration span) {
    const Instant until = world.now + span;
    while (executor.wakes_by(until)) {
        executor.wake();
    }
    world.pass(until - world.now);
}

std::ptrdiff_t lines_count(const SimulatedExecutor& executor, std::string_view begin) {
    return std::ranges::count_if(executor.story(),
                                 [&](const std::string& line) { return line.starts_with(begin); });
}

/// The process dies in the effect; its successor cannot read the edge, and gives the plan up.
bool give_up_unknown(SimulatedWorld& world,
                     SimulatedExecutor& executor,
                     DeathIn where,
                     const EffectId& effect,
                     std::string_view rest) {
    executor.deaths_next[effect] = where;
    if (executor.node().empty()) {
        executor.open(eject_of(world));
    }
    executor.settle();
    world.is_edge_readable = false;
    executor.restart();
    return executor.settle_at("act") && executor.settle_at(rest) && executor.incident().pending;
}

/// Another incident has a remedy in hand until it is closed.
void begin_another(SimulatedExecutor& executor) {
    IntentBody intent;
    intent.effect = EffectId("i-2.e1");
    intent.remedy = rolling_restart_for_test();
    intent.step = Drain{InstanceId("payments-2")};
    executor.write(record::intent(IncidentId("i-2"), intent));
}

void end_another(SimulatedExecutor& executor) {
    executor.write(record::closed(IncidentId("i-2"), CloseKind::healed, {}));
}

/// Somebody else takes it out in the moment that guard permits it.
void be_forestalled(SimulatedExecutor& executor, SimulatedWorld& world) {
    executor.on_commit = [&world](const HealingThread&, const std::vector<Entry>& records) {
        for (const Entry& entry : records) {
            world.instance(slow_one).is_drained |= entry.kind == EntryKind::verdict;
        }
    };
}

}  // namespace

// --- giving back ---------------------------------------------------------------------------------

TEST_CASE("a give-back that has to wait for another incident's remedy comes after it") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    pass(world, executor, 58s);
    begin_another(executor);
    pass(world, executor, 12s);
    CHECK(world.instance(slow_one).is_drained);
    end_another(executor);
    executor.settle();
    CHECK_FALSE(world.instance(slow_one).is_drained);
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.notices.empty());
}

TEST_CASE("what cannot be given back stays held, is told once, and is given back when it can be") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    world.is_suspended = true;
    pass(world, executor, 10min);
    CHECK(executor.incident().held);
    CHECK(executor.notices.size() == 1);
    world.is_suspended = false;
    executor.settle();
    CHECK_FALSE(world.instance(slow_one).is_drained);
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.notices.size() == 1);
}

TEST_CASE("a give-back that is refused for days is still tried, and comes when it may") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    world.is_suspended = true;
    pass(world, executor, 60h);
    CHECK(world.instance(slow_one).is_drained);
    world.is_suspended = false;
    executor.settle();
    CHECK_FALSE(world.instance(slow_one).is_drained);
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.notices.size() == 1);
}

TEST_CASE("an incident whose symptom is gone is not closed while something is held") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    world.is_suspended = true;
    for (int minute = 0; minute < 5; ++minute) {
        pass(world, executor, 1min);
        executor.tell(Cleared{});
        REQUIRE_FALSE(executor.has_ended());
        REQUIRE(world.instance(slow_one).is_drained);
    }
    world.is_suspended = false;
    executor.settle();
    CHECK_FALSE(world.instance(slow_one).is_drained);
    CHECK(executor.has_ended());
}

TEST_CASE("a give-back that the edge goes on refusing is asked of it again, and told once") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    world.refusals_left["undrain"] = 7;
    executor.settle();
    CHECK_FALSE(world.instance(slow_one).is_drained);
    CHECK(executor.story().back() == "closed healed");
    CHECK(lines_count(executor, "given back: ") == 3);  // Three tries, three, and two.
    CHECK(executor.notices.size() == 1);
}

TEST_CASE("an edge that never takes back what is held does not cost the budget of all") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    world.refusals_left["undrain"] = 1'000;
    for (int minute = 0; minute < 60; ++minute) {
        pass(world, executor, 1min);
        const std::size_t spent =
            executor.history()
                .effects_since(world.now - executor.around.guard.effects_window)
                .size();
        REQUIRE(spent + 10 <= executor.around.guard.effects_max);  // So many takes a rollback.
    }
    CHECK(executor.incident().held);
    CHECK(executor.notices.size() == 1);
}

TEST_CASE("a successor gives back what its predecessor could not") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    world.refusals_left["undrain"] = 4;
    pass(world, executor, 70s);
    REQUIRE(executor.node() == "hold");
    executor.restart();
    executor.settle();
    CHECK_FALSE(world.instance(slow_one).is_drained);
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.notices.size() == 1);
}

TEST_CASE("what was added for a surge stays while nobody can read how much is asked") {
    SimulatedWorld world(3, 2);
    world.serving_needed = 4;
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(errors_for_test(world.now), scale_for_test(3, 4)));
    REQUIRE(executor.settle_at("hold"));
    world.is_edge_readable = false;
    pass(world, executor, executor.around.hold_for_max + 5min);  // And its time is up.
    CHECK(executor.node() == "hold");
    CHECK(world.wanted_count() == 4);
    world.is_edge_readable = true;
    world.surge_ends_at = world.now;
    executor.settle();
    CHECK(executor.has_ended());
    CHECK(world.wanted_count() == 3);
}

// --- an effect whose fate nobody knows ----------------------------------------------------------

TEST_CASE("an effect that was given up is read back when it can be, held and given back") {
    for (const DeathIn where : {DeathIn::before, DeathIn::after}) {
        const bool has_happened = where == DeathIn::after;
        CAPTURE(has_happened);
        SimulatedWorld world = one_slow();
        SimulatedExecutor executor(world);
        REQUIRE(give_up_unknown(world, executor, where, EffectId("i-1.e1"), "stand_by"));
        executor.tell(Cleared{});
        REQUIRE_FALSE(executor.has_ended());  // It may be in force.
        world.is_edge_readable = true;
        pass(world, executor, 3s);
        CHECK(lines_count(executor, "outcome i-1.e1 done (read back)") == (has_happened ? 1 : 0));
        CHECK(lines_count(executor, "outcome i-1.e1 refused (read back)") ==
              (has_happened ? 0 : 1));
        CHECK(executor.node() == (has_happened ? "hold" : "stand_by"));
        world.instance(slow_one).is_slow = false;
        pass(world, executor, executor.around.hold_for_max + 10s);
        executor.tell(Cleared{});
        CHECK_FALSE(world.instance(slow_one).is_drained);
        CHECK(executor.story().back() == (has_happened ? "closed healed" : "closed passed"));
        CHECK(executor.notices.size() == 1);
    }
}

TEST_CASE("the effect of a give-back that was given up is read back while it is held on") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    REQUIRE(give_up_unknown(world, executor, DeathIn::after, EffectId("i-1.e2"), "hold"));
    world.is_edge_readable = true;
    pass(world, executor, 3s);
    CHECK(lines_count(executor, "outcome i-1.e2 done (read back)") == 1);
    CHECK(executor.node() == "hold");
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
}

TEST_CASE("an effect of unknown fate is looked for over days, and found") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(give_up_unknown(world, executor, DeathIn::after, EffectId("i-1.e1"), "stand_by"));
    pass(world, executor, 60h);
    executor.restart();
    world.is_edge_readable = true;
    world.instance(slow_one).is_slow = false;
    executor.settle();
    CHECK_FALSE(world.instance(slow_one).is_drained);
    CHECK(executor.story().back() == "closed healed");
}

// --- what was not ours ---------------------------------------------------------------------------

TEST_CASE("an instance that somebody else had taken out is neither ejected nor given back by us") {
    SimulatedWorld world = one_slow();
    world.instance(slow_one).is_drained = true;
    SimulatedExecutor executor(world);
    executor.open(eject_of(world));
    executor.settle();
    CHECK(world.instance(slow_one).is_drained);
    CHECK(lines_count(executor, "held: ") == 0);
    CHECK(executor.node() == "stand_by");  // It would open again at once, were it closed.
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
    CHECK(world.instance(slow_one).is_drained);
}

TEST_CASE("an instance that somebody else takes out before us is not given back by us") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    be_forestalled(executor, world);
    executor.open(eject_of(world));
    executor.settle();
    CHECK(world.instance(slow_one).is_drained);
    CHECK(lines_count(executor, "intent ") == 0);
    CHECK(lines_count(executor, "held: ") == 0);
    CHECK(executor.story().back() == "closed passed");
}

TEST_CASE("a remedy that found nothing to do is not undone where it did not help") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    be_forestalled(executor, world);
    executor.proofs_next = {ProofKind::not_helped};
    executor.open(eject_of(world));
    executor.settle();
    CHECK(world.instance(slow_one).is_drained);
    CHECK(lines_count(executor, "undo: ") == 0);
    CHECK(executor.story().back() == "escalated: the remedy did not help, and there is no other");
}

// --- a cure beside it ----------------------------------------------------------------------------

TEST_CASE("a cure that did not help is undone, and what is held stays until it is given back") {
    SimulatedWorld world = one_slow();
    SimulatedExecutor executor(world);
    REQUIRE(hold_eject(world, executor));
    executor.proofs_next = {ProofKind::not_helped};
    executor.tell(Proposed{proposal_for_test(eject_of(world).symptom, rollback_for_test())});
    REQUIRE(executor.settle_at("verify") == false);
    CHECK(lines_count(executor, "undo: rollback payments from v1 to v2") == 1);
    CHECK(world.version_current == VersionId("v2"));
    CHECK(std::ranges::all_of(world.instances, [](const SimulatedInstance& one) {
        return one.runtime.version == VersionId("v2");
    }));
    CHECK_FALSE(world.instance(slow_one).is_drained);
    CHECK(executor.story().back() == "closed healed");
}

TEST_CASE("while something is held no other temporary remedy takes its place") {
    SimulatedWorld world(3, 1);
    world.is_dependency_failing = true;
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(errors_for_test(world.now), open_circuit_for_test()));
    REQUIRE(executor.settle_at("hold"));
    executor.tell(Proposed{proposal_for_test(errors_for_test(world.now), scale_for_test(3, 4))});
    pass(world, executor, 5s);
    REQUIRE(executor.node() == "hold");
    CHECK(executor.incident().held->remedy == open_circuit_for_test());
    CHECK(world.wanted_count() == 3);
}

}  // namespace homeostat::heal
