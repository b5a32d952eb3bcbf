// What counts as a success, over incidents, and for how long.

#include "homeostat/guard/successes.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace homeostat::guard {

namespace {

using namespace for_test;
using namespace std::chrono_literals;

const Relapse silence_of_0{"payments-0", SymptomKind::instance_not_answering};

Entry opened_by(const IncidentId& of, SymptomKind kind = SymptomKind::instance_not_answering) {
    Proposal proposal;
    proposal.symptom.kind = kind;
    return entry_of(EntryKind::opened, of, proposal);
}

Entry proof_entry(const IncidentId& of, const Remedy& remedy, ProofKind kind) {
    ProofBody body{.remedy = remedy, .proof = {}};
    body.proof.kind = kind;
    return entry_of(EntryKind::proof, of, body);
}

/// `number` begins a second before `at`, at which a restart of payments-0 is proven to have helped.
void help(History& history, int number, Instant at, const Remedy& remedy = restart_0) {
    const IncidentId of("i-s" + std::to_string(number));
    history.learn(opened_by(of), at - 1s);
    learn_effect(history, {of, of.text() + ".e1", remedy, drain_0}, at - 500ms);
    history.learn(proof_entry(of, remedy, ProofKind::helped), at);
    history.learn(closed_entry(of), at);
}

Success of_restart(const std::string& in = "i-now") {
    return {.incident = IncidentId(in), .remedy = RemedyKind::restart, .of = silence_of_0};
}

std::size_t count_of(const History& history, const Success& like = of_restart()) {
    return history.successes().like(like, now - 1h).size();
}

}  // namespace

TEST_CASE(
    "each incident that a remedy is proven to have helped in is a success of what was wrong") {
    History history;
    help(history, 1, now - 30min);
    help(history, 2, now - 10min);
    const std::vector<Success> successes = history.successes().like(of_restart(), now - 1h);
    REQUIRE(successes.size() == 2);
    CHECK(successes[0].incident == IncidentId("i-s1"));
    CHECK(successes[0].opened_at == now - 30min - 1s);
    CHECK(successes[0].proven_at == now - 30min);
    CHECK(successes[1].proven_at == now - 10min);
}

TEST_CASE("only those of the same remedy, target and kind of symptom count, and lately") {
    History history;
    help(history, 1, now - 10min);
    Success other_kind = of_restart();
    other_kind.remedy = RemedyKind::eject;
    CHECK(count_of(history, other_kind) == 0);
    Success other_target = of_restart();
    other_target.of.target = "payments-1";
    CHECK(count_of(history, other_target) == 0);
    Success other_symptom = of_restart();
    other_symptom.of.symptom = SymptomKind::errors;
    CHECK(count_of(history, other_symptom) == 0);
    CHECK(count_of(history, of_restart("i-s1")) == 0);  // It is the one that is asked for.
    CHECK(history.successes().like(of_restart(), now - 10min).empty());
    CHECK(count_of(history) == 1);
}

TEST_CASE("an incident that proves the same twice was helped once") {
    History history;
    help(history, 1, now - 10min);
    history.learn(proof_entry(IncidentId("i-s1"), restart_0, ProofKind::helped), now - 9min);
    const std::vector<Success> successes = history.successes().like(of_restart(), now - 1h);
    REQUIRE(successes.size() == 1);
    CHECK(successes.front().proven_at == now - 9min);
}

TEST_CASE("what did not help, what came to nothing and what was put back successes nothing") {
    History history;
    const IncidentId of("i-s1");
    history.learn(opened_by(of), now - 20min);
    CHECK_FALSE(history.success_by(of, restart_0, now));
    history.learn(proof_entry(of, restart_0, ProofKind::helped), now - 19min);  // Nothing was done.
    CHECK(count_of(history) == 0);
    history.learn(intent_entry(of, "i-s1.e1", restart_0, drain_0), now - 18min);
    history.learn(outcome_entry(of, "i-s1.e1", OutcomeKind::refused), now - 18min);
    history.learn(proof_entry(of, restart_0, ProofKind::helped), now - 17min);
    CHECK(count_of(history) == 0);
    learn_effect(history, {of, "i-s1.e2", restart_0, drain_0}, now - 16min);
    for (const ProofKind kind : {ProofKind::not_helped, ProofKind::undecided}) {
        history.learn(proof_entry(of, restart_0, kind), now - 15min);
    }
    history.learn(proof_entry(of, Readmit{payments_0}, ProofKind::helped), now - 14min);
    CHECK(count_of(history) == 0);
    CHECK(history.success_by(of, restart_0, now));
}

TEST_CASE("once a person has promoted the kind what was counted before counts no more") {
    History history;
    help(history, 1, now - 10min);
    const auto promote = [&](RemedyKind kind) {
        history.learn(entry_of(EntryKind::promoted, {}, PromotedBody{kind, "alice", "seen", {}}),
                      now - 5min);
    };
    promote(RemedyKind::eject);
    CHECK(count_of(history) == 1);
    promote(RemedyKind::restart);
    CHECK(count_of(history) == 0);
    help(history, 2, now - 1min);
    CHECK(count_of(history) == 1);
}

TEST_CASE("of a task what was counted is its own, and so is what a person says of it") {
    History history;
    help(history, 1, now - 10min, run_purge);
    Success like{.incident = IncidentId("i-now"),
                 .remedy = RemedyKind::run_task,
                 .task = purge.task,
                 .of = {purge.task.text(), SymptomKind::instance_not_answering}};
    CHECK(count_of(history, like) == 1);
    const auto promote = [&](const TaskId& task) {
        const PromotedBody body{RemedyKind::run_task, "alice", "seen", task};
        history.learn(entry_of(EntryKind::promoted, {}, body), now);
    };
    promote(rebuild.task);
    CHECK(count_of(history, like) == 1);
    promote(purge.task);
    CHECK(count_of(history, like) == 0);
}

TEST_CASE("a boot that has ended moves what helped in it into the time of this one") {
    History history;
    help(history, 1, now - 10min);
    history.move_back(30min);
    CHECK(history.successes().like(of_restart(), now - 41min).size() == 1);
    CHECK(history.successes().like(of_restart(), now - 40min).empty());
}

TEST_CASE("of more successes than a window can hold the latest are known") {
    Successes successes;
    for (std::size_t count = 0; count <= Successes::successes_max; ++count) {
        Success success = of_restart("i-" + std::to_string(count));
        success.proven_at = now;
        successes.learn(success);
    }
    const std::vector<Success> known = successes.like(of_restart(), now - 1s);
    CHECK(known.size() == Successes::successes_max);
    const auto is_first = [](const Success& one) { return one.incident == IncidentId("i-0"); };
    CHECK(std::ranges::none_of(known, is_first));
    Success later = of_restart("i-later");
    later.proven_at = now + Successes::window_max + 1s;
    successes.learn(later);
    CHECK(successes.like(of_restart(), now - 1s) == std::vector{later});
}

}  // namespace homeostat::guard
