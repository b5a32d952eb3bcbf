// What is missing for the next level, at and around each threshold.

#include "homeostat/review/review.hpp"

#include "homeostat/review/story_for_test.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::review {

namespace {

using namespace for_test;

/// Small ones, so that a history of a few incidents reaches them.
constexpr Thresholds few{.agreements_min = 4, .agreement_ratio_min = 0.8, .verified_min = 2};

struct History {
    Told told{};
    int count{0};

    std::string next() { return "i-" + std::to_string(++count); }

    void same(int times) {
        Facts after = serving_facts();
        after.versions.deploy.current = VersionId("v1");
        for (int time = 0; time < times; ++time) {
            told.watch(rollback, &after, next());
        }
    }
    void alone(int times) {
        const Facts after = serving_facts();
        for (int time = 0; time < times; ++time) {
            told.watch(rollback, &after, next());
        }
    }
    void leave(int times, ProofKind proof = ProofKind::helped) {
        for (int time = 0; time < times; ++time) {
            told.act(rollback, proof, next(), "alice");
        }
    }
    void deny(int times) {
        for (int time = 0; time < times; ++time) {
            const std::string id = next();
            told.open(rollback, id);
            told.ask(rollback, id);
            told.answer(rollback, PersonSays::denied, id);
            told.close(CloseKind::passed, id);
        }
    }

    [[nodiscard]] KindReview at(Autonomy level, bool demotes = true) const {
        return review_of(RemedyKind::rollback, level, demotes, told.past, few);
    }
};

bool lacks(const KindReview& review, const std::string& words) {
    for (const std::string& missing : review.missing) {
        if (missing.contains(words)) {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("the shipped thresholds are fifty agreements, nine in ten, and twenty successes") {
    constexpr Thresholds shipped{};
    CHECK(shipped.agreements_min == 50);
    CHECK(shipped.agreement_ratio_min == 0.9);
    CHECK(shipped.verified_min == 20);
}

TEST_CASE("below `ask` agreements are missing until there are enough, and enough of all") {
    for (const Autonomy level : {Autonomy::watch, Autonomy::inform, Autonomy::recommend}) {
        CAPTURE(to_text(level));
        History history;
        history.same(3);
        CHECK(lacks(history.at(level), "1 more agreements (3 of 4)"));
        history.same(1);
        CHECK(history.at(level).next == Autonomy::ask);
        CHECK(history.at(level).missing.empty());
        history.alone(2);
        CHECK(lacks(history.at(level), "agreement in 80 % of what can be told (4 of 6"));
        history.same(4);
        CHECK(history.at(level).missing.empty());
    }
}

TEST_CASE("what a person denied speaks against, and what cannot be told for nothing") {
    History history;
    history.same(4);
    history.deny(2);
    CHECK(lacks(history.at(Autonomy::watch), "0 gone alone, 2 denied"));
    History untold;
    untold.same(4);
    untold.told.watch(rollback, nullptr, untold.next());
    CHECK(untold.at(Autonomy::watch).missing.empty());
    CHECK(untold.at(Autonomy::watch).evidence.shadow_undecided == 1);
}

TEST_CASE("nothing at all lacks everything") {
    const History history;
    const KindReview watched = history.at(Autonomy::watch);
    CHECK(watched.missing.size() == 1);
    const KindReview asked = history.at(Autonomy::ask);
    CHECK(asked.missing.size() == 2);
    const KindReview acts = history.at(Autonomy::act);
    CHECK_FALSE(acts.next);
    CHECK(acts.missing.empty());
}

TEST_CASE("from `ask` to `act` it takes successes with leave, and none that failed") {
    History history;
    history.same(3);
    history.leave(1);
    CHECK(lacks(history.at(Autonomy::ask), "1 more successes with a person's leave"));
    history.leave(1);
    CHECK(history.at(Autonomy::ask).next == Autonomy::act);
    CHECK(history.at(Autonomy::ask).missing.empty());
    history.leave(1, ProofKind::not_helped);
    CHECK(lacks(history.at(Autonomy::ask), "none that did not help"));
}

TEST_CASE("what failed before a person promoted it is forgiven, what failed since is not") {
    History history;
    history.leave(4);
    history.told.act(rollback, ProofKind::not_helped, history.next());
    history.told.tell(EntryKind::promoted, PromotedBody{RemedyKind::rollback, "alice", "a"}, "");
    CHECK(history.at(Autonomy::ask).missing.empty());
    history.told.wait(1);
    history.leave(1, ProofKind::not_helped);
    CHECK(history.at(Autonomy::ask).evidence.harmed == 1);
    CHECK(lacks(history.at(Autonomy::ask), "none that did not help"));
}

TEST_CASE("what is demoted stands at `ask`, and lacks a person's word") {
    History history;
    history.told.tell(EntryKind::demoted, Demotion{RemedyKind::rollback, IncidentId("i-9"), "no"});
    const KindReview review = history.at(Autonomy::act);
    CHECK(review.now == Autonomy::ask);
    CHECK(review.next == Autonomy::act);
    CHECK(lacks(review, "homeostat autonomy promote rollback"));
    CHECK(history.at(Autonomy::act, false).now == Autonomy::act);
    CHECK(history.at(Autonomy::watch).now == Autonomy::watch);
}

TEST_CASE("what came back at one target lowers nothing else of its kind, and is told of") {
    History history;
    Demotion relapse{RemedyKind::rollback, IncidentId("i-9"), "it was proven to help 3 times"};
    relapse.relapse = Relapse{"payments", SymptomKind::errors};
    history.told.tell(EntryKind::demoted, relapse);
    const KindReview review = history.at(Autonomy::act);
    CHECK(review.now == Autonomy::act);
    CHECK_FALSE(review.demotion);
    CHECK(review.relapses == std::vector{relapse});
    CHECK(history.at(Autonomy::act, false).relapses.empty());
}

TEST_CASE("each kind has its own evidence, and a reflex is none") {
    History history;
    history.same(2);
    history.told.open(restart_0, "i-r");
    IntentBody reflex;
    reflex.remedy = restart_0;
    reflex.is_reflex = true;
    reflex.step = Drain{payments_0};
    history.told.tell(EntryKind::intent, reflex, "i-r");
    history.told.prove(restart_0, ProofKind::not_helped, "i-r");
    history.told.close(CloseKind::healed, "i-r");
    const Evidence restarts =
        evidence_of(RemedyKind::restart, history.told.past.closed, std::nullopt);
    Evidence expected;
    expected.reflexes = 1;
    CHECK(restarts == expected);
    const Evidence scales = evidence_of(RemedyKind::scale, history.told.past.closed, std::nullopt);
    CHECK(scales == Evidence{});
}

TEST_CASE("how soon a symptom goes alone is the median of those that did") {
    History history;
    const Facts after = serving_facts();
    for (const int seconds : {10, 20, 90}) {
        history.told.watch(rollback, &after, history.next(), seconds);
    }
    const Evidence evidence = history.at(Autonomy::watch).evidence;
    CHECK(evidence.shadow_alone == 3);
    CHECK(evidence.alone_after_median == std::chrono::seconds{20});
}

}  // namespace homeostat::review
