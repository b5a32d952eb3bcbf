// Whether a task has helped: its check says so, and nobody else says that users are worse off.

#include "homeostat/verify/verify.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

namespace homeostat::verify {

namespace {

using std::chrono::milliseconds;

const Instant ended_at = instant_of_ns(1'000'000'000'000);
const Subject purge{SubjectKind::task, "purge"};
const Subject payments{SubjectKind::service, "payments"};

Instant after(std::int64_t ms) {
    return ended_at + milliseconds{ms};
}

Signal signal_of(SignalKind kind, Observer observer, const Subject& subject, double value) {
    Signal signal;
    signal.kind = kind;
    signal.observer = observer;
    signal.subject = subject;
    signal.value = value;
    return signal;
}

/// One look after the other, half a second apart.
struct Judging {
    State state{.ended_at = ended_at};
    Symptom symptom{.kind = SymptomKind::check_failing,
                    .subject = purge,
                    .observer = Observer::check,
                    .value = 3,
                    .limit = 3};
    std::int64_t ms{0};

    Proof look(std::vector<Signal> signals) {
        ms += 500;
        for (Signal& signal : signals) {
            signal.at = after(ms);
        }
        return judge(state, symptom, signals, {}, after(ms));
    }
    Proof check(bool is_well, std::vector<Signal> others = {}) {
        others.push_back(signal_of(SignalKind::is_well, Observer::check, purge, is_well ? 1 : 0));
        return look(std::move(others));
    }
};

std::vector<Signal> edge(double requests, double errors) {
    return {signal_of(SignalKind::requests_count, Observer::edge, payments, requests),
            signal_of(SignalKind::errors_count, Observer::edge, payments, errors)};
}

}  // namespace

TEST_CASE(
    "three checks in a row that are well prove a task, weakly where nobody else says a word") {
    Judging judging;
    CHECK(judging.check(true).kind == ProofKind::undecided);
    CHECK(judging.check(true).kind == ProofKind::undecided);
    const Proof proof = judging.check(true);
    CHECK(proof.kind == ProofKind::helped);
    CHECK(proof.strength == ProofStrength::weak);
    CHECK(proof.observers == std::vector{Observer::check});
}

TEST_CASE("a check that fails once more begins the row anew") {
    Judging judging;
    (void)judging.check(true);
    (void)judging.check(true);
    CHECK(judging.check(false).kind == ProofKind::undecided);
    CHECK(judging.check(true).kind == ProofKind::undecided);
    CHECK(judging.check(true).kind == ProofKind::undecided);
    CHECK(judging.check(true).kind == ProofKind::helped);
}

TEST_CASE("a check that goes on failing, or does not answer, proves that a task has not helped") {
    for (const bool answers : {true, false}) {
        CAPTURE(answers);
        Judging judging;
        Proof proof;
        while (judging.ms < 15'000) {
            proof = answers ? judging.check(false) : judging.look({});
            CHECK(proof.kind == ProofKind::undecided);
        }
        (void)judging.look({});
        proof = judging.look({});
        CHECK(proof.kind == ProofKind::not_helped);
    }
}

TEST_CASE("who cures what the check looks at and harms users has not helped") {
    const std::vector<std::vector<Signal>> harms{
        edge(100, 20),
        {signal_of(SignalKind::is_answering, Observer::journey, payments, 0)},
        {signal_of(SignalKind::is_answering, Observer::probe, {SubjectKind::instance, "payments-0"},
                   0)}};
    for (const std::vector<Signal>& harm : harms) {
        Judging judging;
        Proof proof;
        while (judging.ms < 15'500) {
            proof = judging.check(true, harm);
            CHECK(proof.kind == ProofKind::undecided);
        }
        proof = judging.check(true, harm);
        CHECK(proof.kind == ProofKind::not_helped);
        CHECK(proof.strength == ProofStrength::strong);
    }
}

TEST_CASE("users that are well by somebody else's word make the proof a strong one") {
    Judging judging;
    (void)judging.check(true, edge(100, 0));
    (void)judging.check(true, edge(100, 1));
    const Proof proof = judging.check(true, edge(100, 0));
    CHECK(proof.kind == ProofKind::helped);
    CHECK(proof.strength == ProofStrength::strong);
    CHECK(proof.observers == std::vector{Observer::check, Observer::edge});
}

TEST_CASE("the check of another task, and one from before, say nothing") {
    Judging judging;
    for (int count = 0; count < 6; ++count) {
        const Signal other =
            signal_of(SignalKind::is_well, Observer::check, {SubjectKind::task, "rebuild"}, 1);
        CHECK(judging.look({other}).kind == ProofKind::undecided);
    }
    Signal before = signal_of(SignalKind::is_well, Observer::check, purge, 1);
    before.at = ended_at;
    for (int count = 0; count < 6; ++count) {
        CHECK(judge(judging.state, judging.symptom, std::vector{before}, {}, after(4'000)).kind ==
              ProofKind::undecided);
    }
}

}  // namespace homeostat::verify
