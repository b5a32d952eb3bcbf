// No secret gets into the ledger by way of the state that a commit keeps, which nobody can redact
// later: its body is hashed, and written in hex.

#include "homeostat/graph/stored_commit.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

const std::string canary = "hunter2";
const std::string says_canary = "password=" + canary;

/// How many commits there are, and how many of them hold the canary.
struct Seen {
    int commits_count{0};
    int leaks_count{0};
};

Seen look_into(const std::vector<EntryGroup>& groups) {
    Seen seen;
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            if (entry.kind == EntryKind::checkpoint) {
                const Result<graph::Commit> commit = graph::from_stored(entry.body);
                REQUIRE(commit);
                seen.commits_count += 1;
                seen.leaks_count += commit->body.contains(canary) ? 1 : 0;
            }
        }
    }
    return seen;
}

Proposal with_secrets(Proposal proposal) {
    proposal.diagnosis.causes.front().because = "a cause with " + says_canary;
    proposal.diagnosis.evidence.lines = {"note: " + says_canary};
    proposal.diagnosis.names = {says_canary};
    proposal.diagnosis.measured = {"no recent deploy of " + says_canary};
    proposal.menu.items.front().because = "an item with " + says_canary;
    proposal.choice.model_trouble = "401 for Authorization: Bearer " + canary;
    return proposal;
}

}  // namespace

TEST_CASE("no secret of a proposal gets into a commit, of the first proposal nor of a cure") {
    SimulatedMachine machine;
    machine.settings.inventory.may_eject = true;
    machine.world.instance(InstanceId("payments-1")).is_slow = true;
    SimulatedProcess process(machine);
    REQUIRE(process.start());
    process.clock.run_for(3s);
    Symptom slow = about_instance_for_test(SymptomKind::latency, "payments-1", machine.world.now);
    slow.value = 480;
    slow.limit = 250;
    REQUIRE(process.submit(with_secrets(proposal_for_test(slow, eject_for_test("payments-1")))));
    REQUIRE(process.settle_at("hold"));
    REQUIRE(process.submit(with_secrets(proposal_for_test(slow, restart_for_test("payments-1")))));
    REQUIRE(process.settle());
    const Seen seen = look_into(machine.disk.groups);
    CHECK(seen.commits_count > 10);
    CHECK(seen.leaks_count == 0);
}

TEST_CASE("no secret in what the world says of its trouble gets into a commit, nor to a person") {
    SimulatedWorld world;
    SimulatedExecutor executor(world);
    executor.facts_trouble = "redis: AUTH failed, " + says_canary;
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    REQUIRE(executor.notices.size() == 1);
    CHECK(executor.notices.front().contains("redis: AUTH failed"));
    CHECK_FALSE(executor.notices.front().contains(canary));
    const Seen seen = look_into(executor.ledger);
    CHECK(seen.commits_count > 1);
    CHECK(seen.leaks_count == 0);
}

}  // namespace homeostat::heal
