// Incidents of the simulated world, decided again from their ledgers: as they were written, and
// after somebody changed one thing in them.

#include "homeostat/heal/replay.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/dropped.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
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

/// A slow instance that was taken out and given back: started again, or once its time was up.
struct Ejected {
    SimulatedWorld world;
    SimulatedExecutor executor{world};

    explicit Ejected(bool is_cured = true) {
        const InstanceId slow("payments-1");
        world.instance(slow).is_slow = true;
        Symptom symptom = about_instance_for_test(SymptomKind::latency, slow.text(), world.now);
        symptom.value = 480;
        if (is_cured) {
            executor.cure = proposal_for_test(symptom, Restart{slow});
        }
        executor.open(proposal_for_test(symptom, Eject{slow}));
        executor.settle();
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

TEST_CASE("of a ledger without its beginning the rest comes out the same, or as missing") {
    SimulatedWorld world;
    SimulatedExecutor executor{world};
    world.versions_bad = {VersionId("v2")};
    constexpr std::ptrdiff_t fillers = 5;
    for (std::ptrdiff_t filler = 0; filler < fillers; ++filler) {
        executor.write(record::resumed({}));
    }
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    executor.settle();
    Ledger kept = executor.ledger;
    DroppedBody dropped;
    for (const EntryGroup& group : kept) {
        dropped.entries_count += group.entries.size();
    }
    kept.erase(kept.begin(), kept.begin() + fillers);
    REQUIRE(kept.front().entries.front().kind == EntryKind::started);
    kept.push_back(EntryGroup{.index = executor.ledger.size(),
                              .entries = {Entry{EntryKind::dropped, {}, to_json(dropped)}}});
    SUBCASE("long after its beginning") {
        for (EntryGroup& group : kept) {
            group.wall_at += group.index == fillers ? 0h : 48h;
        }
        const IncidentReplay result = replayed(kept);
        CHECK(result.decisions.size() > 10);
        for (const Redecision& decision : result.decisions) {
            CHECK_MESSAGE(decision.replay == Replay::same, decision.replayed);
        }
    }
    SUBCASE("at its beginning: guard may have remembered more") {
        const IncidentReplay result = replayed(kept);
        CHECK(count_of(result, Replay::same) == 1);  // The choice.
        CHECK(count_of(result, Replay::not_recorded) == result.decisions.size() - 1);
        CHECK(result.decisions.back().replayed.contains("dropped by age"));
    }
    SUBCASE("whose start was dropped as well") {
        kept.erase(kept.begin());
        const IncidentReplay result = replayed(kept);
        CHECK(count_of(result, Replay::not_recorded) == result.decisions.size());
        CHECK(result.decisions.front().replayed.contains("its settings were dropped"));
    }
}

TEST_CASE("refusals come out the same, with their rule and their numbers") {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    world.is_suspended = true;
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
    for (const Instant until = world.now + 1min; executor.wakes_by(until);) {
        executor.wake();
    }
    REQUIRE(executor.node() == "guard");
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
    CHECK(result.decisions.at(1).replayed.contains("the autonomy of the remedy is ask or act"));
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

TEST_CASE("a choice that notes have changed comes out as it was, from both answers") {
    RolledBack rolled;
    rolled.executor.settle();
    Ledger ledger = rolled.executor.ledger;
    decide::Settings settings;
    settings.calibration = decide::Calibration{"toy", "00", 0};
    settings.calibration->lambda_notes = 4;
    change<StartedBody>(ledger, EntryKind::started, [&](StartedBody& body) {
        body.settings->as_object()["decide"] = to_json(settings);
    });
    decide::Opinion opinion{ModelAnswer::recorded, std::nullopt, {}};
    change<Proposal>(ledger, EntryKind::opened, [&](Proposal& proposal) {
        Ranking with_notes{.kinds = {}, .model = "toy", .prompt_digest = "00"};
        Ranking without = with_notes;
        const std::vector<RemedyKind> kinds = decide::kinds_to_rank(proposal.menu);
        REQUIRE(kinds.size() > 1);
        const auto count = static_cast<double>(kinds.size());
        for (const RemedyKind kind : kinds) {
            const auto told = [&](double wait) {
                return std::log(kind == RemedyKind::observe ? wait : (1 - wait) / (count - 1));
            };
            with_notes.kinds.push_back({kind, told(0.99), -std::log(count)});
            without.kinds.push_back({kind, told(0.01), -std::log(count)});
        }
        opinion.ranking = with_notes;
        opinion.without_notes = decide::WithoutNotes{without, ""};
        proposal.choice = decide::choose(proposal.menu, opinion, settings);
        REQUIRE(kind_of(proposal.choice.remedy) == RemedyKind::observe);
        REQUIRE(proposal.choice.notes->instead_of);
    });
    const IncidentReplay same = replayed(ledger);
    CHECK_MESSAGE(same.decisions.at(0).replay == Replay::same, same.decisions.at(0).replayed);
    SUBCASE("another answer without notes gives another choice") {
        change<Proposal>(ledger, EntryKind::opened, [](Proposal& proposal) {
            proposal.choice.notes->without = proposal.choice.ranking;
        });
    }
    SUBCASE("without the second answer the notes would have changed nothing") {
        change<Proposal>(ledger, EntryKind::opened,
                         [](Proposal& proposal) { proposal.choice.notes.reset(); });
    }
    SUBCASE("what it is said to stand instead of is made again") {
        change<Proposal>(ledger, EntryKind::opened,
                         [](Proposal& proposal) { proposal.choice.notes->instead_of.reset(); });
    }
    CHECK(replayed(ledger).decisions.at(0).replay == Replay::differs);
}

TEST_CASE("a second answer that was late is recorded with its reason, and comes out the same") {
    RolledBack rolled;
    rolled.executor.settle();
    Ledger ledger = rolled.executor.ledger;
    change<Proposal>(ledger, EntryKind::opened, [&](Proposal& proposal) {
        const std::vector<RemedyKind> kinds = decide::kinds_to_rank(proposal.menu);
        const double even = -std::log(static_cast<double>(kinds.size()));
        Ranking with_notes{.kinds = {}, .model = "toy", .prompt_digest = "00"};
        for (const RemedyKind kind : kinds) {
            with_notes.kinds.push_back({kind, even, even});
        }
        decide::Opinion opinion{ModelAnswer::recorded, with_notes, {}};
        opinion.without_notes = decide::WithoutNotes{std::nullopt, "no answer by the deadline"};
        proposal.choice = decide::choose(proposal.menu, opinion, {});
        REQUIRE(proposal.choice.notes);
    });
    const IncidentReplay result = replayed(ledger);
    CHECK_MESSAGE(result.decisions.at(0).replay == Replay::same, result.decisions.at(0).replayed);
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

TEST_CASE("the end of what was held is decided again, with every permit to give it back") {
    for (const bool is_cured : {true, false}) {
        CAPTURE(is_cured);
        Ejected ejected(is_cured);
        const Ledger& ledger = ejected.executor.ledger;
        REQUIRE(entries_of(ledger, EntryKind::given_back) == 1);
        const IncidentReplay result = replayed(ledger);
        CHECK(count_of(result, Replay::same) == result.decisions.size());
        const auto end = std::ranges::find(result.decisions, "give-back of eject payments-1",
                                           &Redecision::decision);
        REQUIRE(end != result.decisions.end());
        CHECK(end->recorded == (is_cured ? "payments-1 runs anew and answers" : "its time is up"));
        const auto permits =
            std::ranges::count_if(end, result.decisions.end(), [](const Redecision& decision) {
                return decision.decision.ends_with("for undrain payments-1");
            });
        CHECK(permits == (is_cured ? 0 : 1));  // The restart had put it back already.
    }
}

TEST_CASE("a give-back on other facts, at another time or of another thing differs") {
    const auto differs_with = [](const std::function<void(GivenBackBody&)>& with) {
        Ejected ejected;
        Ledger ledger = ejected.executor.ledger;
        change<GivenBackBody>(ledger, EntryKind::given_back, with);
        return count_of(replayed(ledger), Replay::differs) == 1;
    };
    CHECK(differs_with([](GivenBackBody& body) {
        body.grounds->facts.instances.at(1).runtime.is_answering = false;
    }));
    CHECK(differs_with([](GivenBackBody& body) { body.because = "somebody felt like it"; }));
    CHECK(differs_with([](GivenBackBody& body) { body.grounds->until += 1s; }));
    CHECK(differs_with([](GivenBackBody& body) { body.grounds->asked_at = body.grounds->until; }));
    CHECK(differs_with([](GivenBackBody& body) { body.inverse = Observe{}; }));
    CHECK_FALSE(differs_with([](GivenBackBody&) {}));
    Ejected old;
    Ledger ledger = old.executor.ledger;
    change<GivenBackBody>(ledger, EntryKind::given_back,
                          [](GivenBackBody& body) { body.grounds.reset(); });
    CHECK(count_of(replayed(ledger), Replay::not_recorded) == 1);
}

TEST_CASE("an incident that is not there is said to be absent") {
    const Result<IncidentReplay> result = replay(Ledger{}, IncidentId("i-9"));
    REQUIRE_FALSE(result);
    CHECK(result.error().fault == Fault::absent);
}

}  // namespace homeostat::heal
