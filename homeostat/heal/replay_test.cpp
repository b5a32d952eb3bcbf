// Incidents of the simulated world, decided again from their ledgers: as they were written, and
// after somebody changed one thing in them.

#include "homeostat/heal/replay.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

using Ledger = std::vector<EntryGroup>;

/// A bad deploy that was rolled back: a choice, a verdict, ten permits.
struct RolledBack {
    SimulatedWorld world;
    SimulatedExecutor executor{world};

    RolledBack() {
        world.versions_bad = {VersionId("v2")};
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    }
};

IncidentReplay replayed(const Ledger& ledger) {
    Result<IncidentReplay> result = replay(ledger, IncidentId("i-1"));
    REQUIRE_MESSAGE(result, result.error().text);
    return std::move(*result);
}

std::size_t count_of(const IncidentReplay& result, Replay kind) {
    return static_cast<std::size_t>(
        std::ranges::count(result.decisions, kind, &Redecision::replay));
}

std::size_t entries_of(const Ledger& ledger, EntryKind kind) {
    std::size_t count = 0;
    for (const EntryGroup& group : ledger) {
        count += static_cast<std::size_t>(std::ranges::count(group.entries, kind, &Entry::kind));
    }
    return count;
}

Entry& first_entry(Ledger& ledger, EntryKind kind) {
    for (EntryGroup& group : ledger) {
        const auto entry = std::ranges::find(group.entries, kind, &Entry::kind);
        if (entry != group.entries.end()) {
            return *entry;
        }
    }
    throw std::logic_error("there is no such entry");
}

/// Changes the first entry of such a kind.
template <class Body>
void change(Ledger& ledger, EntryKind kind, const std::function<void(Body&)>& with) {
    Entry& entry = first_entry(ledger, kind);
    Body body = from_json<Body>(entry.body).value();
    with(body);
    entry.body = to_json(body);
}

}  // namespace

TEST_CASE("every decision of a whole incident comes out as it was recorded") {
    RolledBack rolled;
    rolled.executor.settle();
    const Ledger& ledger = rolled.executor.ledger;
    const IncidentReplay result = replayed(ledger);
    CHECK(result.decisions.size() ==
          1 + entries_of(ledger, EntryKind::verdict) + entries_of(ledger, EntryKind::intent));
    CHECK(entries_of(ledger, EntryKind::intent) == 10);
    for (const Redecision& decision : result.decisions) {
        CHECK_MESSAGE(decision.replay == Replay::same,
                      decision.decision << ": " << decision.recorded << " / " << decision.replayed);
    }
}

TEST_CASE("decisions of an incident during which the process died come out the same, too") {
    constexpr int points_max = 60;
    for (int points = 2; points < points_max; ++points) {
        CAPTURE(points);
        RolledBack rolled;
        rolled.executor.settle_at("act");
        rolled.executor.points_left = points;
        rolled.executor.settle();
        rolled.executor.points_left = std::numeric_limits<int>::max();
        rolled.world.pass(50ms);
        rolled.executor.restart();
        rolled.executor.settle();
        const IncidentReplay result = replayed(rolled.executor.ledger);
        CHECK(count_of(result, Replay::same) == result.decisions.size());
    }
}

TEST_CASE("refusals come out the same, with their rule and their numbers") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    world.is_suspended = true;
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    executor.settle();
    REQUIRE(executor.notices.size() == 1);
    const IncidentReplay result = replayed(executor.ledger);
    CHECK(count_of(result, Replay::same) == result.decisions.size());
    CHECK(result.decisions.at(1).recorded.starts_with("refusal: the kill switch is released"));
}

TEST_CASE("facts that were changed after the verdict make it differ, and the rule is named") {
    RolledBack rolled;
    rolled.executor.settle();
    Ledger ledger = rolled.executor.ledger;
    change<VerdictBody>(ledger, EntryKind::verdict, [](VerdictBody& body) {
        REQUIRE(body.grounds);
        body.grounds->facts.is_suspended = true;
    });
    const IncidentReplay result = replayed(ledger);
    REQUIRE(count_of(result, Replay::differs) == 1);
    const Redecision& verdict = result.decisions.at(1);
    CHECK(verdict.replay == Replay::differs);
    CHECK(verdict.recorded.starts_with("permit: every rule agrees"));
    CHECK(verdict.replayed.starts_with("refusal: the kill switch is released"));
}

TEST_CASE("limits that were changed after the verdict make it differ, and the rule is named") {
    RolledBack rolled;
    rolled.executor.settle();
    Ledger ledger = rolled.executor.ledger;
    change<StartedBody>(ledger, EntryKind::started, [](StartedBody& body) {
        Result<DecisionSettings> settings = from_json<DecisionSettings>(*body.settings);
        REQUIRE(settings);
        settings->guard.autonomy[RemedyKind::rollback] = Autonomy::watch;
        body.settings = to_json(*settings);
    });
    const IncidentReplay result = replayed(ledger);
    CHECK(count_of(result, Replay::same) == 1);  // The choice does not look at guard's limits.
    CHECK(result.decisions.at(1).replayed.contains("the autonomy of the remedy is act"));
}

TEST_CASE("an intent that is missing makes the permits after it differ") {
    RolledBack rolled;
    rolled.executor.settle();
    Ledger ledger = rolled.executor.ledger;
    for (EntryGroup& group : ledger) {
        if (std::erase_if(group.entries,
                          [](const Entry& entry) { return entry.kind == EntryKind::intent; }) > 0) {
            break;
        }
    }
    CHECK(count_of(replayed(ledger), Replay::differs) > 0);
}

TEST_CASE("a choice of another remedy than the scores say differs") {
    RolledBack rolled;
    rolled.executor.settle();
    Ledger ledger = rolled.executor.ledger;
    change<Proposal>(ledger, EntryKind::opened,
                     [](Proposal& proposal) { proposal.choice.remedy = Observe{}; });
    const IncidentReplay result = replayed(ledger);
    CHECK(result.decisions.at(0).replay == Replay::differs);
    CHECK(result.decisions.at(0).replayed.contains("rollback"));
}

TEST_CASE("what was recorded before grounds and settings were is said to be not replayable") {
    RolledBack rolled;
    rolled.executor.settle();
    Ledger ledger = rolled.executor.ledger;
    change<VerdictBody>(ledger, EntryKind::verdict,
                        [](VerdictBody& body) { body.grounds.reset(); });
    CHECK(replayed(ledger).decisions.at(1).replay == Replay::not_recorded);
    change<StartedBody>(ledger, EntryKind::started,
                        [](StartedBody& body) { body.settings.reset(); });
    const IncidentReplay result = replayed(ledger);
    CHECK(count_of(result, Replay::not_recorded) == result.decisions.size());
}

TEST_CASE("an incident that is not there is said to be absent") {
    const Result<IncidentReplay> result = replay(Ledger{}, IncidentId("i-9"));
    REQUIRE_FALSE(result);
    CHECK(result.error().fault == Fault::absent);
}

}  // namespace homeostat::heal
