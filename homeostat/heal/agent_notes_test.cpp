// What an operator's notes change of what an agent proposes, and by how much it asks for that.

#include "homeostat/heal/watched_agent_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

const std::string wish = "prefer to wait";

}  // namespace

TEST_CASE("a note counts by what the model says without it, asked by the same deadline") {
    WatchedWorld watched(true, OracleMode::both, {wish}, 4);
    watched.world.versions_bad = {VersionId("v2")};
    const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::errors, 4s);
    REQUIRE(proposal);
    CHECK(kind_of(proposal->choice.remedy) == RemedyKind::observe);
    REQUIRE((proposal->choice.notes && proposal->choice.notes->instead_of));
    CHECK(kind_of(*proposal->choice.notes->instead_of) == RemedyKind::rollback);
    REQUIRE(watched.oracle.questions.size() == 2);
    CHECK(watched.oracle.questions.front() == proposal->diagnosis.evidence);
    CHECK(watched.oracle.questions.back() == without_notes(proposal->diagnosis.evidence));
    CHECK(watched.oracle.questions.back() != proposal->diagnosis.evidence);
    CHECK(watched.oracle.deadlines.front() == watched.oracle.deadlines.back());
    WatchedWorld unnoted(true, OracleMode::both, {}, 4);
    unnoted.world.versions_bad = {VersionId("v2")};
    const std::optional<Proposal> plain = unnoted.proposal_about(SymptomKind::errors, 4s);
    REQUIRE(plain);
    CHECK(plain->menu == proposal->menu);
    CHECK(kind_of(plain->choice.remedy) == RemedyKind::rollback);
    CHECK(unnoted.oracle.asked_count == 1);
    CHECK_FALSE(plain->choice.notes);
}

TEST_CASE("whatever becomes of the second question, notes change nothing and it is said why") {
    for (const OracleMood mood : {OracleMood::is_late, OracleMood::is_too_slow, OracleMood::hangs,
                                  OracleMood::is_wrong, OracleMood::is_down}) {
        CAPTURE(static_cast<int>(mood));
        WatchedWorld watched(true, OracleMode::both, {wish}, 4);
        watched.oracle.mood_without_notes = mood;
        watched.world.versions_bad = {VersionId("v2")};
        const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::errors, 4s);
        REQUIRE(proposal);
        CHECK(kind_of(proposal->choice.remedy) == RemedyKind::rollback);
        CHECK(proposal->choice.model_answer == ModelAnswer::recorded);
        CHECK(proposal->choice.ranking);
        REQUIRE(proposal->choice.notes);
        CHECK(proposal->choice.notes->lambda == 0);
        CHECK_FALSE(proposal->choice.notes->trouble.empty());
        CHECK(proposal->judging_took <= 100ms + answer_grace);
    }
}

TEST_CASE("with a calibration of another model what cannot be taken back is held back") {
    WatchedWorld watched(true, OracleMode::both, {}, 0, "another model");
    watched.world.versions_bad = {VersionId("v2")};
    const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::errors, 4s);
    REQUIRE(proposal);
    CHECK(kind_of(proposal->choice.remedy) == RemedyKind::rollback);
    CHECK(proposal->choice.held_back == HoldBack{.by = HeldBackBy::uncalibrated});
    WatchedWorld measured(true, OracleMode::both);
    measured.world.versions_bad = {VersionId("v2")};
    const std::optional<Proposal> plain = measured.proposal_about(SymptomKind::errors, 4s);
    REQUIRE(plain);
    CHECK(plain->choice.remedy == proposal->choice.remedy);
    CHECK_FALSE(plain->choice.held_back);
}

TEST_CASE("notes without a weight of their own are shown, and asked about once") {
    WatchedWorld watched(true, OracleMode::both, {wish});
    watched.world.versions_bad = {VersionId("v2")};
    const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::errors, 4s);
    REQUIRE(proposal);
    CHECK(kind_of(proposal->choice.remedy) == RemedyKind::rollback);
    CHECK(watched.oracle.asked_count == 1);
    CHECK_FALSE(proposal->choice.notes);
}

}  // namespace homeostat::heal
