// What a person has drained stays drained, whatever is done to it or beside it, and whenever we
// died; and the person hears of it.

#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const InstanceId first_one("payments-0");
const InstanceId other_one("payments-1");
const EffectId first_effect("i-1.e1");

/// Users get errors from v2.
SimulatedWorld all_bad() {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    return world;
}

Proposal proposal_of(const SimulatedWorld& world, const Remedy& remedy) {
    return proposal_for_test(errors_for_test(world.now), remedy);
}

Proposal eject_of_first(SimulatedWorld& world) {
    world.instance(first_one).is_slow = true;
    return proposal_for_test(
        about_instance_for_test(SymptomKind::latency, first_one.text(), world.now),
        eject_for_test(first_one.text()));
}

std::ptrdiff_t lines_count(const SimulatedExecutor& executor, std::string_view with) {
    return std::ranges::count_if(executor.story(),
                                 [&](const std::string& line) { return line.contains(with); });
}

bool is_told_of(const SimulatedExecutor& executor, const InstanceId& instance) {
    return std::ranges::count(executor.notices, "i-1: " + instance.text() +
                                                    " stays drained: a person did it, as far as "
                                                    "can be told") == 1;
}

/// The proof of the remedy says so as well.
bool is_written_of(const SimulatedExecutor& executor, const InstanceId& instance) {
    bool is_written = false;
    for (const EntryGroup& group : executor.ledger) {
        for (const Entry& entry : group.entries) {
            is_written = is_written || (entry.kind == EntryKind::proof &&
                                        body_for_test<ProofBody>(entry).proof.because.contains(
                                            instance.text() + " stays drained"));
        }
    }
    return is_written;
}

void check_replay(const SimulatedExecutor& executor) {
    const Result<IncidentReplay> replay = heal::replay(executor.ledger, IncidentId("i-1"));
    REQUIRE(replay);
    for (const Redecision& one : replay->decisions) {
        CAPTURE(one.decision);
        CHECK((one.replay == Replay::same || one.decision.starts_with("choice")));
    }
}

/// Dies in the first effect; a person drains its instance so much later, then we are back.
void die_and_let_drain(SimulatedWorld& world, SimulatedExecutor& executor, Duration later) {
    executor.deaths_next = {{first_effect, DeathIn::before}};
    executor.open(proposal_of(world, rolling_restart_for_test()));
    REQUIRE(executor.is_dead());
    world.pass(later);
    world.drain_by_hand(first_one);
    world.pass(5s);
    executor.proofs_next = {ProofKind::helped};
    executor.restart();
    executor.settle();
}

}  // namespace

TEST_CASE("what a person had drained before a remedy for all is replaced, and left drained") {
    for (const Remedy& remedy : {rolling_restart_for_test(), rollback_for_test()}) {
        CAPTURE(describe(remedy));
        SimulatedWorld world = all_bad();
        world.drain_by_hand(other_one);
        const ProcessIdentity before = world.instance(other_one).runtime.identity;
        SimulatedExecutor executor(world);
        executor.around.guard.min_healthy = 1;
        executor.proofs_next = {ProofKind::helped};
        executor.open(proposal_of(world, remedy));
        executor.settle();
        CHECK(executor.story().back() == "closed healed");
        CHECK(world.instance(other_one).is_drained);
        CHECK(world.instance(other_one).runtime.identity != before);
        CHECK(world.serving_count() == 2);
        CHECK(lines_count(executor, "drain payments-1") == 0);
        CHECK(executor.notices.size() == 1);
        CHECK(is_told_of(executor, other_one));
        CHECK(is_written_of(executor, other_one));
        CHECK(executor.broken.empty());
        check_replay(executor);
    }
}

TEST_CASE("one that a person drained is restarted for its own symptom, and left drained") {
    SimulatedWorld world;
    world.drain_by_hand(first_one);
    world.end_process(first_one);
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(
        about_instance_for_test(SymptomKind::instance_down, first_one.text(), world.now),
        restart_for_test(first_one.text())));
    executor.settle();
    CHECK(world.instance(first_one).runtime.is_alive);
    CHECK(world.instance(first_one).is_drained);
    CHECK(is_told_of(executor, first_one));
    CHECK(executor.story().back() == "closed healed");
}

TEST_CASE("what a person drains between our death over a drain and our return stays drained") {
    for (const Duration later : {Duration{12s}, Duration{40s}}) {
        SimulatedWorld world = all_bad();
        SimulatedExecutor executor(world);
        executor.around.guard.min_healthy = 1;
        die_and_let_drain(world, executor, later);
        CHECK(lines_count(executor, "outcome i-1.e1 refused (read back)") == 1);
        CHECK(world.instance(first_one).is_drained);
        CHECK(lines_count(executor, "undrain payments-0") == 0);
        CHECK(world.serving_count() == 2);
        CHECK(is_told_of(executor, first_one));
        CHECK(executor.story().back() == "closed healed");
        CHECK(executor.broken.empty());
        check_replay(executor);
    }
}

TEST_CASE("what a person drains within ten seconds of our death over a drain is taken for ours") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    die_and_let_drain(world, executor, 5s);
    CHECK(lines_count(executor, "outcome i-1.e1 done (read back)") == 1);
    CHECK_FALSE(world.instance(first_one).is_drained);
    CHECK(executor.notices.empty());
}

TEST_CASE("a drain that we died after is ours, though we were away for longer, and is put back") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    executor.deaths_next = {{first_effect, DeathIn::after}};
    executor.open(proposal_of(world, rolling_restart_for_test()));
    REQUIRE(executor.is_dead());
    world.pass(40s);
    executor.proofs_next = {ProofKind::helped};
    executor.restart();
    executor.settle();
    CHECK(world.serving_count() == 3);
    CHECK(executor.notices.empty());
    CHECK(executor.story().back() == "closed healed");
}

TEST_CASE("a drain that a person does just before ours is theirs") {
    SimulatedWorld world = all_bad();
    SimulatedExecutor executor(world);
    executor.around.guard.min_healthy = 1;
    executor.on_commit = [&](const HealingThread&, const std::vector<Entry>& records) {
        for (const Entry& entry : records) {
            if (entry.kind == EntryKind::intent &&
                body_for_test<IntentBody>(entry).effect == first_effect) {
                world.drain_by_hand(first_one);
            }
        }
    };
    executor.proofs_next = {ProofKind::helped};
    executor.open(proposal_of(world, rolling_restart_for_test()));
    executor.settle();
    CHECK(lines_count(executor, "outcome i-1.e1 refused") == 1);
    CHECK(world.instance(first_one).is_drained);
    CHECK(is_told_of(executor, first_one));
    CHECK(world.serving_count() == 2);
}

TEST_CASE("an eject that we died over and a person did later is neither held nor given back") {
    SimulatedWorld world;
    SimulatedExecutor executor(world);
    executor.deaths_next = {{first_effect, DeathIn::before}};
    executor.open(eject_of_first(world));
    REQUIRE(executor.is_dead());
    world.pass(30s);
    world.drain_by_hand(first_one);
    world.instance(first_one).is_slow = false;
    executor.restart();
    executor.settle();
    CHECK(world.instance(first_one).is_drained);
    CHECK(lines_count(executor, "undrain") == 0);
    CHECK(executor.broken.empty());
    executor.tell(Cleared{});
    CHECK(world.instance(first_one).is_drained);
    CHECK(executor.story().back().starts_with("closed "));
}

TEST_CASE("what a person drains anew while we hold it is not given back once a look has seen it") {
    SimulatedWorld world;
    SimulatedExecutor executor(world);
    executor.open(eject_of_first(world));
    REQUIRE(executor.settle_at("hold"));
    // Another incident's look finds it in rotation: somebody put it back.
    world.instance(first_one).is_drained = false;
    world.instance(first_one).is_slow = false;
    VerdictBody look;
    look.remedy = restart_for_test(other_one.text());
    look.verdict.kind = VerdictKind::refusal;
    look.grounds = Grounds{.asked_at = world.now, .facts = world.facts()};
    executor.write(record::verdict(IncidentId("i-2"), look));
    world.pass(1s);
    world.drain_by_hand(first_one);
    executor.settle();
    CHECK(world.instance(first_one).is_drained);
    CHECK(lines_count(executor, "undrain") == 0);
    CHECK(is_told_of(executor, first_one));
    CHECK(executor.has_ended());
}

}  // namespace homeostat::heal
