// One failed verification demotes: which do, what is recorded, and how a person lifts it. And what
// is written down of an incident that nobody let us do anything about.

#include "homeostat/domain/dropped.hpp"
#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

std::vector<Demotion> demoted_in(const std::vector<EntryGroup>& ledger) {
    std::vector<Demotion> found;
    for (const EntryGroup& group : ledger) {
        for (const Entry& entry : group.entries) {
            if (entry.kind == EntryKind::demoted) {
                found.push_back(body_for_test<Demotion>(entry));
            }
        }
    }
    return found;
}

/// A failing neighbour, which no rollback helps against.
struct Failing {
    Failing() {
        world.is_dependency_failing = true;
        executor.around.guard.demotes = true;
    }
    SimulatedWorld world;
    SimulatedExecutor executor{world};

    void open() {
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    }
};

}  // namespace

TEST_CASE("a remedy at `act` that did not help demotes its kind, once, and its undo nothing") {
    Failing failing;
    failing.open();
    REQUIRE(failing.executor.settle_at("rejudge"));
    const std::vector<Demotion> demoted = demoted_in(failing.executor.ledger);
    REQUIRE(demoted.size() == 1);
    CHECK(demoted.front().remedy == RemedyKind::rollback);
    CHECK(demoted.front().incident == IncidentId("i-1"));
    const auto story = failing.executor.story();
    const auto line = std::ranges::find(story, "demoted: rollback");
    REQUIRE(line != story.end());
    CHECK(*(line - 1) == "not_helped");
}

TEST_CASE("where demoting is not wanted nothing is demoted") {
    Failing failing;
    failing.executor.around.guard.demotes = false;
    failing.open();
    REQUIRE(failing.executor.settle_at("rejudge"));
    CHECK(demoted_in(failing.executor.ledger).empty());
}

TEST_CASE("a remedy that a person agreed to demotes nothing, as it is asked about already") {
    Failing failing;
    failing.executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    failing.open();
    REQUIRE(failing.executor.answer(AnswerKind::approved));
    REQUIRE(failing.executor.settle_at("rejudge"));
    CHECK(demoted_in(failing.executor.ledger).empty());
}

TEST_CASE("what was held back and a person agreed to demotes nothing either") {
    Failing failing;
    Proposal held_back = proposal_for_test(errors_for_test(failing.world.now), rollback_for_test());
    held_back.choice.held_back = HoldBack{};
    failing.executor.open(held_back);
    REQUIRE(failing.executor.answer(AnswerKind::approved));
    REQUIRE(failing.executor.settle_at("rejudge"));
    CHECK(demoted_in(failing.executor.ledger).empty());
}

TEST_CASE("a kind that is demoted already is not demoted again") {
    Failing failing;
    failing.executor.write(
        record::demoted({RemedyKind::rollback, IncidentId("i-0"), "it did not"}));
    failing.open();
    REQUIRE(failing.executor.node() == "ask");
    REQUIRE(failing.executor.answer(AnswerKind::approved));
    REQUIRE(failing.executor.settle_at("rejudge"));
    CHECK(demoted_in(failing.executor.ledger).size() == 1);
}

TEST_CASE("a process that ends again and again demotes no restart") {
    SimulatedWorld world;
    SimulatedExecutor executor(world);
    executor.around.guard.demotes = true;
    executor.proofs_next = {ProofKind::not_helped, ProofKind::not_helped};
    world.end_process(InstanceId("payments-1"));
    executor.open(proposal_for_test(
        about_instance_for_test(SymptomKind::instance_down, "payments-1", world.now),
        restart_for_test("payments-1")));
    executor.settle();
    CHECK(demoted_in(executor.ledger).empty());
}

TEST_CASE("a remedy that helped, and one whose proof is undecided, demotes nothing") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    SimulatedExecutor executor(world);
    executor.around.guard.demotes = true;
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(demoted_in(executor.ledger).empty());
}

TEST_CASE("the decisions of a demoted kind come out the same when they are made again") {
    Failing failing;
    failing.executor.write(
        record::demoted({RemedyKind::rollback, IncidentId("i-0"), "it did not"}));
    failing.open();
    REQUIRE(failing.executor.node() == "ask");
    const Result<IncidentReplay> replayed = replay(failing.executor.ledger, IncidentId("i-1"));
    REQUIRE(replayed);
    for (const Redecision& decision : replayed->decisions) {
        CHECK_MESSAGE(decision.replay == Replay::same, decision.replayed);
    }
    CHECK(replayed->decisions.back().recorded.contains("is demoted to ask"));
}

TEST_CASE("a demotion whose record was dropped by age is known to a replay all the same") {
    Failing failing;
    const Entry demoted = record::demoted({RemedyKind::rollback, IncidentId("i-0"), "it did not"});
    failing.executor.write(demoted);
    failing.open();
    REQUIRE(failing.executor.node() == "ask");
    std::vector<EntryGroup> kept = failing.executor.ledger;
    DroppedBody dropped;
    dropped.carried.learn(demoted);
    for (const EntryGroup& group : kept) {
        dropped.entries_count += group.entries.size();
    }
    kept.erase(kept.begin());
    REQUIRE(kept.front().entries.front().kind == EntryKind::started);
    for (EntryGroup& group : kept) {
        group.wall_at += group.index == kept.front().index ? 0h : 48h;
    }
    kept.push_back(EntryGroup{.index = failing.executor.ledger.size(),
                              .entries = {Entry{EntryKind::dropped, {}, to_json(dropped)}}});
    const Result<IncidentReplay> replayed = replay(kept, IncidentId("i-1"));
    REQUIRE(replayed);
    REQUIRE(replayed->decisions.back().recorded.contains("is demoted to ask"));
    for (const Redecision& decision : replayed->decisions) {
        CHECK_MESSAGE(decision.replay == Replay::same, decision.replayed);
    }
}

// --- the person ----------------------------------------------------------------------------------

TEST_CASE("a person promotes what is demoted, it is recorded, and a successor knows") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.demotes = true;
    EntryGroup group;
    group.entries.push_back(
        record::demoted({RemedyKind::rollback, IncidentId("i-1"), "it did not help"}));
    machine.disk.groups.push_back(std::move(group));
    {
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        REQUIRE(process.executor->demotions().all.size() == 1);
        const Result<void> other = process.await(
            process.executor->promote({RemedyKind::restart, "alice", "I know better"}));
        REQUIRE_FALSE(other);
        CHECK(other.error().fault == Fault::absent);
        CHECK(process.await(
            process.executor->promote({RemedyKind::rollback, "alice", std::string(300, 'x')})));
        CHECK(process.executor->demotions().all.empty());
    }
    CHECK(machine.has_line("promoted: rollback"));
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    CHECK(successor.executor->demotions().all.empty());
}

TEST_CASE("a person is told of a demotion, once, and how to lift it") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.demotes = true;
    machine.world.is_dependency_failing = true;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle_at("rejudge"));
    const auto count = std::ranges::count_if(machine.notices, [](const std::string& notice) {
        return notice.contains("rollback did not help") &&
               notice.contains("homeostat autonomy promote rollback");
    });
    CHECK(count == 1);
    CHECK(process.executor->demotions().all.size() == 1);
}

// --- the aftermath of what was only watched ------------------------------------------------------

TEST_CASE("of an incident that was only watched the world is written down once it is over") {
    for (const Autonomy level : {Autonomy::watch, Autonomy::inform, Autonomy::recommend}) {
        CAPTURE(to_text(level));
        SimulatedWorld world;
        world.versions_bad = {VersionId("v2")};
        SimulatedExecutor executor(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = level;
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
        executor.settle();
        REQUIRE(executor.node() == "stand_by");
        executor.tell(Cleared{});
        CHECK(executor.has_ended());
        const auto story = executor.story();
        REQUIRE(story.size() > 2);
        CHECK(story.back() == "closed passed");
        CHECK(story.at(story.size() - 2) == "aftermath");
    }
}

TEST_CASE("a world that cannot be read when a watched incident is over keeps it from nothing") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy.clear();
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    executor.settle();
    executor.facts_trouble = "the edge does not answer";
    executor.tell(Cleared{});
    CHECK(executor.has_ended());
    CHECK(executor.story().back() == "closed passed");
    CHECK(std::ranges::count(executor.story(), "aftermath") == 0);
}

TEST_CASE("what was refused by another rule than its autonomy has no aftermath") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    world.versions_good.clear();
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    executor.settle();
    REQUIRE(executor.node() == "stand_by");
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
    CHECK(std::ranges::count(executor.story(), "aftermath") == 0);
}

}  // namespace homeostat::heal
