// The executor over several lives: killed anywhere, started again from its ledger; and what it
// keeps there for good: proven versions.

#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

std::uint32_t changes_count_max(const SimulatedWorld& world) {
    std::uint32_t most = 0;
    for (const auto& [effect, count] : world.changes_count) {
        most = std::max(most, count);
    }
    return most;
}

}  // namespace

TEST_CASE("a process killed after any group of its ledger is succeeded without a second effect") {
    // 10 ms later an effect has just happened and its outcome is not written yet.
    for (const Duration afterwards : {Duration{}, Duration{10ms}}) {
        for (std::size_t groups = 3; groups < 60; ++groups) {
            CAPTURE(to_ms(afterwards));
            CAPTURE(groups);
            SimulatedMachine machine = bad_deploy();
            live_until(machine, groups, afterwards);
            machine.world.pass(1s);
            SimulatedProcess successor(machine);
            REQUIRE(successor.start());
            REQUIRE(successor.settle());
            CHECK(machine.story().back() == "closed healed");
            CHECK(all_run(machine.world, "v1"));
            CHECK(changes_count_max(machine.world) == 1);
            CHECK(machine.world.serving_min == 2);
        }
    }
}

TEST_CASE("a successor knows where an incident stands before it has done anything") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.autonomy.clear();
    live_until(machine, 100, 0s);
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    const std::vector<IncidentView> open = successor.executor->incidents();
    REQUIRE(open.size() == 1);
    CHECK(open.front().node == "stand_by");
    const Result<Standing> again = successor.submit(rollback_of(machine));
    REQUIRE_FALSE(again);
    CHECK(again.error().fault == Fault::busy);
    CHECK(successor.executor->open_symptoms().size() == 1);
}

TEST_CASE("a clock on the wall that is set by an hour at any moment changes nothing that is done") {
    const auto story_with = [](Duration set_by, Duration set_after) {
        SimulatedMachine machine = bad_deploy();
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(3s);
        REQUIRE(process.submit(rollback_of(machine)));
        process.clock.run_for(set_after);
        process.clock.wall_ahead = set_by;
        REQUIRE(process.settle());
        // A successor reads times that run backwards, or leave an hour out.
        SimulatedProcess successor(machine);
        successor.clock.wall_ahead = -set_by;
        REQUIRE(successor.start());
        successor.clock.run_for(3s);
        machine.world.end_process(InstanceId("payments-0"));
        REQUIRE(successor.submit(reflex_of(machine, "payments-0")));
        REQUIRE(successor.settle());
        return machine.story();
    };
    const std::vector<std::string> undisturbed = story_with(0s, 0s);
    CHECK(undisturbed.size() > 10);
    for (const Duration set_by : {Duration(1h), Duration(-1h)}) {
        for (Duration after = 0s; after < 6s; after += 150ms) {
            CAPTURE(after.count());
            CHECK(story_with(set_by, after) == undisturbed);
        }
    }
}

TEST_CASE("a budget that was spent before the process died is spent for its successor") {
    SimulatedMachine machine = bad_deploy();
    machine.settings.guard.cool_down = 10min;
    live_until(machine, 200, 0s);
    REQUIRE(machine.story().back() == "closed healed");
    machine.world.versions_bad = {VersionId("v1")};
    machine.prove("v2");
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    successor.clock.run_for(3s);
    const Remedy back = Rollback{ServiceId("payments"), VersionId("v1"), VersionId("v2")};
    REQUIRE(successor.submit(proposal_for_test(errors_for_test(machine.world.now), back)));
    REQUIRE(successor.settle_at("stand_by"));
    CHECK(machine.has_line("refusal: the target has cooled down"));
    CHECK(all_run(machine.world, "v1"));
}

TEST_CASE("after a reboot every wait begins anew, however long the machine had run before") {
    for (const bool ran_longer_before : {true, false}) {
        CAPTURE(ran_longer_before);
        SimulatedMachine machine = bad_deploy();
        machine.settings.boot_id = "boot-1";
        machine.disk.boot_id = "boot-1";
        live_until(machine, 12, 0s);
        machine.settings.boot_id = "boot-2";
        machine.disk.boot_id = "boot-2";
        const Duration uptime = ran_longer_before ? Duration{1min} : Duration{48h};
        machine.world.now = Instant{uptime};
        for (SimulatedInstance& one : machine.world.instances) {
            one.answers_from_at = Instant{};
            one.runtime.started_at = Instant{};
            one.rotation_since = Instant{};  // The edge runs elsewhere, and runs on.
        }
        SimulatedProcess successor(machine);
        REQUIRE(successor.start());
        REQUIRE(successor.settle());
        CHECK(machine.story().back() == "closed healed");
        CHECK(all_run(machine.world, "v1"));
    }
}

TEST_CASE("a question that is open at a reboot has all of its time once more, and only once") {
    for (const Duration uptime : {Duration{1min}, Duration{48h}}) {
        CAPTURE(to_seconds(uptime));
        SimulatedMachine machine = bad_deploy();
        machine.settings.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
        machine.settings.boot_id = machine.disk.boot_id = "boot-1";
        {
            SimulatedProcess process(machine);
            REQUIRE(process.start());
            process.clock.run_for(3s);
            REQUIRE(process.submit(rollback_of(machine)));
            REQUIRE(process.settle_at("ask"));
            process.clock.run_for(10s);
        }
        machine.settings.boot_id = machine.disk.boot_id = "boot-2";
        machine.world.now = Instant{uptime};
        for (const Duration lives_for : {Duration{20s}, Duration{9s}}) {
            SimulatedProcess successor(machine);
            REQUIRE(successor.start());
            successor.clock.run_for(lives_for);
            REQUIRE(successor.executor->incidents().size() == 1);
            CHECK(successor.executor->incidents().front().node == "ask");
        }
        SimulatedProcess last(machine);
        REQUIRE(last.start());
        last.clock.run_for(2s);
        CHECK(last.executor->incidents().front().node == "stand_by");
    }
}

namespace {

/// As a program wrote it before the state graph had commits.
void be_of_older_program(SimulatedMachine& machine) {
    checkpoint_last(machine).body = json::object{
        {"id", "i-1"}, {"graph_digest", "0123456789abcdef"}, {"node", "act"}, {"state", nullptr}};
}

/// One in the middle is not there.
void lack_one(SimulatedMachine& machine) {
    std::vector<EntryGroup>& groups = machine.disk.groups;
    std::vector<Entry>& entries = groups.at(groups.size() - 2).entries;
    REQUIRE(entries.back().kind == EntryKind::checkpoint);
    entries.pop_back();
}

struct Unreadable {
    std::string says;
    void (*make)(SimulatedMachine&);
};

const std::vector<Unreadable>& unreadable_ones() {
    static const std::vector<Unreadable> all{
        {"cannot be read (a commit: ", be_of_older_program},
        {"was written by another graph", be_of_another_graph},
        {"does not follow the one before it", lack_one},
    };
    return all;
}

bool was_told(const SimulatedMachine& machine, const std::string& part) {
    return std::ranges::any_of(machine.notices, [&](const std::string& notice) {
        return notice.starts_with("i-1 is parked: ") && notice.contains(part);
    });
}

}  // namespace

TEST_CASE("an incident whose checkpoint cannot be read is parked: told, and nothing repeated") {
    for (const Unreadable& one : unreadable_ones()) {
        CAPTURE(one.says);
        SimulatedMachine machine = bad_deploy();
        live_until(machine, 12, 0s);
        one.make(machine);
        const auto changes = machine.world.changes_count;
        REQUIRE_FALSE(changes.empty());
        for (int lives = 0; lives < 2; ++lives) {
            machine.notices.clear();
            SimulatedProcess successor(machine);
            REQUIRE(successor.start());
            successor.clock.run_for(10s);
            CHECK(was_told(machine, one.says));
            CHECK(was_told(machine, "begun: rollback payments from v2 to v1"));
            REQUIRE(successor.executor->incidents().size() == 1);
            CHECK(successor.executor->incidents().front().node == "parked");
            CHECK(successor.executor->incidents().front().trouble.contains(one.says));
            const Result<Standing> again = successor.submit(rollback_of(machine));
            REQUIRE_FALSE(again);
            CHECK(again.error().text == "i-1 is in hand");
        }
        CHECK(machine.world.changes_count == changes);
        CHECK(std::ranges::count_if(machine.story(), [](const std::string& line) {
                  return line.starts_with("escalated: parked: ");
              }) == 1);
    }
}

TEST_CASE("beside an incident that is parked the others are served, and it ends with its symptom") {
    for (const Unreadable& one : unreadable_ones()) {
        CAPTURE(one.says);
        SimulatedMachine machine = bad_deploy();
        machine.settings.guard.autonomy.erase(RemedyKind::rollback);
        live_until(machine, 100, 0s);
        one.make(machine);
        SimulatedProcess successor(machine);
        REQUIRE(successor.start());
        successor.clock.run_for(3s);
        machine.world.end_process(InstanceId("payments-0"));
        REQUIRE(successor.submit(reflex_of(machine, "payments-0")));
        REQUIRE(successor.settle_at("parked"));
        CHECK(machine.story().back() == "closed healed");
        successor.await(successor.executor->clear(errors_for_test(machine.world.now)));
        CHECK(successor.executor->incidents().empty());
        CHECK(machine.story().back() == "closed passed");
    }
}

TEST_CASE("an old checkpoint that cannot be read does no harm once its incident is closed") {
    SimulatedMachine machine = bad_deploy();
    live_until(machine, 200, 0s);
    REQUIRE(machine.story().back() == "closed healed");
    for (EntryGroup& group : machine.disk.groups) {
        for (Entry& entry : group.entries) {
            if (entry.kind == EntryKind::checkpoint) {
                entry.body = json::object{{"from", "another time"}};
            }
        }
    }
    SimulatedProcess successor(machine);
    CHECK(successor.start());
}

// --- versions ------------------------------------------------------------------------------------

TEST_CASE("a version is good once it has served for the proof time without an incident") {
    SimulatedMachine machine;
    machine.settings.proof_time = 30s;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(29s);
    CHECK(process.executor->versions_good(Artifact::deploy).empty());
    process.clock.run_for(5s);
    CHECK(process.executor->versions_good(Artifact::deploy) == std::set{VersionId("v2")});

    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    CHECK(successor.executor->versions_good(Artifact::deploy) == std::set{VersionId("v2")});
}

TEST_CASE(
    "an instance that does not serve, an incident and a new version each begin the proof anew") {
    struct Case {
        std::string name;
        void (*disturb)(SimulatedMachine&, SimulatedProcess&);
    };
    const std::vector<Case> cases{
        {"an instance out",
         [](SimulatedMachine& machine, SimulatedProcess& process) {
             machine.world.instance(InstanceId("payments-0")).is_stalled = true;
             process.clock.run_for(2s);
             machine.world.instance(InstanceId("payments-0")).is_stalled = false;
         }},
        {"an incident",
         [](SimulatedMachine& machine, SimulatedProcess& process) {
             REQUIRE(process.submit(rollback_of(machine)));
             process.clock.run_for(2s);
             process.await(process.executor->clear(errors_for_test(machine.world.now)));
         }},
        {"a new version",
         [](SimulatedMachine& machine, SimulatedProcess&) {
             machine.world.version_current = VersionId("v1");
             for (SimulatedInstance& one : machine.world.instances) {
                 one.runtime.version = machine.world.version_current;
             }
         }},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        SimulatedMachine machine;
        machine.settings.proof_time = 30s;
        machine.settings.guard.autonomy.clear();
        SimulatedProcess process(machine);
        REQUIRE(process.start());
        process.clock.run_for(20s);
        one.disturb(machine, process);
        process.clock.run_for(20s);
        CHECK(process.executor->versions_good(Artifact::deploy).empty());
        process.clock.run_for(20s);
        CHECK(process.executor->versions_good(Artifact::deploy) ==
              std::set{machine.world.version_current});
    }
}

TEST_CASE("a version that the link names and not every instance runs proves nothing") {
    SimulatedMachine machine;
    machine.settings.proof_time = 30s;
    machine.world.version_current = VersionId("v1");
    machine.world.instance(InstanceId("payments-0")).runtime.version = VersionId("v1");
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(60s);
    CHECK(process.executor->versions_good(Artifact::deploy).empty());
}

TEST_CASE("a configuration proves itself apart from the version, and the ledger keeps both") {
    SimulatedMachine machine;
    machine.settings.proof_time = 30s;
    machine.world.give_configs();
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(20s);
    machine.world.configs.current = VersionId("c1");
    for (SimulatedInstance& one : machine.world.instances) {
        one.runtime.config = machine.world.configs.current;
    }
    process.clock.run_for(20s);
    CHECK(process.executor->versions_good(Artifact::deploy) == std::set{VersionId("v2")});
    CHECK(process.executor->versions_good(Artifact::config).empty());
    process.clock.run_for(20s);
    CHECK(process.executor->versions_good(Artifact::config) == std::set{VersionId("c1")});

    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    CHECK(successor.executor->versions_good(Artifact::deploy) == std::set{VersionId("v2")});
    CHECK(successor.executor->versions_good(Artifact::config) == std::set{VersionId("c1")});
    CHECK(successor.executor->version_last_seen(Artifact::deploy) == VersionId("v2"));
    CHECK(successor.executor->version_last_seen(Artifact::config) == VersionId("c1"));
}

TEST_CASE("a change of the configuration moves what was last seen of it, and of nothing else") {
    SimulatedMachine machine;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    Change change;
    change.kind = ChangeKind::config;
    change.service = ServiceId("payments");
    change.from = VersionId("c1");
    change.to = VersionId("c2");
    change.is_first_hand = true;
    REQUIRE(process.await(process.executor->note(change)));
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    CHECK(successor.executor->version_last_seen(Artifact::config) == VersionId("c2"));
    CHECK(successor.executor->version_last_seen(Artifact::deploy).empty());
}

TEST_CASE("a successor knows which changes were seen, also when nothing came of them yet") {
    SimulatedMachine machine;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    Change change;
    change.service = ServiceId("payments");
    change.from = VersionId("v1");
    change.to = VersionId("v2");
    change.is_first_hand = true;
    change.at = machine.world.now;
    const Result<Change> noted = process.await(process.executor->note(change));
    REQUIRE(noted);
    change.is_first_hand = false;  // Hearsay may come in floods, and nothing is rolled back for it.
    REQUIRE(process.await(process.executor->note(change)));
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    CHECK(successor.executor->changes_before() == std::vector{*noted});
}

TEST_CASE("a rollback to a version that has not proven itself is refused") {
    SimulatedMachine machine;
    machine.world.versions_bad = {VersionId("v2")};
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    REQUIRE(process.submit(rollback_of(machine)));
    REQUIRE(process.settle_at("stand_by"));
    CHECK(machine.has_line("refusal: the catalogue holds this remedy for this target"));
    CHECK(machine.world.changes_count.empty());
}

TEST_CASE("a successor goes on from what a ledger says of the entries that it dropped") {
    SimulatedMachine machine = bad_deploy();
    machine.prove("v0");
    live_until(machine, 200, 0s);
    REQUIRE(machine.story().back() == "closed healed");
    DroppedBody dropped;
    for (const EntryGroup& group : machine.disk.groups) {
        for (const Entry& entry : group.entries) {
            dropped.carried.learn(entry);
            dropped.entries_count += 1;
        }
    }
    machine.disk.groups = {
        EntryGroup{.at = machine.world.now,
                   .boot_id = machine.disk.boot_id,
                   .entries = {Entry{EntryKind::dropped, {}, to_json(dropped)}}}};
    SimulatedProcess successor(machine);
    REQUIRE(successor.start());
    CHECK(successor.executor->versions_good(Artifact::deploy) ==
          std::set{VersionId("v0"), VersionId("v1")});
    CHECK(successor.executor->version_last_seen(Artifact::deploy) ==
          dropped.carried.versions_last_seen.deploy);
    successor.clock.run_for(3s);
    machine.world.end_process(InstanceId("payments-0"));
    REQUIRE(successor.submit(reflex_of(machine, "payments-0")));
    REQUIRE(successor.executor->incidents().size() == 1);
    CHECK(successor.executor->incidents().front().incident == IncidentId("i-2"));
}

TEST_CASE("who cannot read what stands for a dropped beginning does not begin") {
    SimulatedMachine machine = bad_deploy();
    json::value body = to_json(DroppedBody{});
    body.get_object()["of_a_later_program"] = true;
    machine.disk.groups = {EntryGroup{.at = machine.world.now,
                                      .boot_id = machine.disk.boot_id,
                                      .entries = {Entry{EntryKind::dropped, {}, body}}}};
    SimulatedProcess process(machine);
    const Result<void> started = process.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().text.contains("of_a_later_program"));
}

}  // namespace homeostat::heal
