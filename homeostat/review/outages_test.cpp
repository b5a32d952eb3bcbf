// Outage with and without, on made-up histories whose numbers can be added up by hand.

#include "homeostat/review/outages.hpp"

#include "homeostat/review/story_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::review {

namespace {

using namespace for_test;
using namespace std::chrono_literals;

Outages all_of(const Told& told) {
    return outages_of(told.past, std::nullopt, std::nullopt);
}

}  // namespace

TEST_CASE("without enough incidents of the same symptom there is no counterfactual") {
    Told told;
    told.act(rollback, ProofKind::helped, "i-1");
    told.watch(rollback, nullptr, "i-2");
    told.watch(rollback, nullptr, "i-3");
    const Outages outages = all_of(told);
    REQUIRE(outages.references.size() == 1);
    CHECK(outages.references[0].incidents_count == 2);
    CHECK_FALSE(outages.references[0].median);
    CHECK(outages.total.compared_count == 0);
    CHECK(outages.total.counterfactual == Duration{});
}

TEST_CASE("the counterfactual is the median of what nothing of ours healed") {
    Told told;
    told.act(rollback, ProofKind::helped, "i-1");
    told.watch(rollback, nullptr, "i-2", 30);
    told.watch(rollback, nullptr, "i-3", 40);
    told.act(rollback, ProofKind::not_helped, "i-4");  // 2 + 5 + 60 s: it ended with the close.
    const Outages outages = all_of(told);
    REQUIRE(outages.references.size() == 1);
    CHECK(outages.references[0].incidents_count == 3);
    CHECK(outages.references[0].median == 42s);
    CHECK(outages.total.compared_count == 1);
    CHECK(outages.total.compared_outage == 7s);
    CHECK(outages.total.counterfactual == 42s);
}

TEST_CASE("another symptom's incidents are no counterfactual") {
    Told told;
    told.open(rollback, "i-1", SymptomKind::latency);
    told.begin(rollback, "", "i-1");
    told.prove(rollback, ProofKind::helped, "i-1");
    told.close(CloseKind::healed, "i-1");
    for (const std::string id : {"i-2", "i-3", "i-4"}) {
        told.watch(rollback, nullptr, id);
    }
    const Outages outages = all_of(told);
    REQUIRE(outages.references.size() == 2);
    CHECK(outages.references[0].median == 32s);
    CHECK(outages.references[1].symptom == SymptomKind::latency);
    CHECK_FALSE(outages.references[1].median);
    CHECK(outages.total.compared_count == 0);
}

TEST_CASE("a page is avoided where it healed and nobody was called or asked") {
    Told told;
    told.act(rollback, ProofKind::helped, "i-1");
    told.act(rollback, ProofKind::helped, "i-2", "alice");
    told.act(rollback, ProofKind::not_helped, "i-3");
    told.open(rollback, "i-4");
    told.tell(EntryKind::escalated, EscalatedBody{.because = "the ledger was full"}, "i-4");
    told.begin(rollback, "", "i-4");
    told.prove(rollback, ProofKind::helped, "i-4");
    told.close(CloseKind::healed, "i-4");
    const OutageRow& total = all_of(told).total;
    CHECK(total.healed_count == 3);
    CHECK(total.pages_avoided_count == 1);
    CHECK(total.asked_count == 1);
    CHECK(total.approved_count == 1);
    CHECK(total.acts_count == 4);
    CHECK(total.failed_count == 1);
}

TEST_CASE("rows are of one service and one kind, and the last remedy that was begun names it") {
    Told told;
    told.open(rollback, "i-1");
    told.begin(rollback, "", "i-1");
    told.prove(rollback, ProofKind::not_helped, "i-1");
    told.tell(EntryKind::undo, UndoBody{rollback, rollback}, "i-1");
    told.begin(restart_0, "", "i-1");
    told.prove(restart_0, ProofKind::helped, "i-1");
    told.close(CloseKind::healed, "i-1");
    told.watch(rollback, nullptr, "i-2");
    const Outages outages = all_of(told);
    REQUIRE(outages.rows.size() == 2);
    CHECK(outages.rows[0].remedy == RemedyKind::restart);
    CHECK(outages.rows[0].acts_count == 2);
    CHECK(outages.rows[0].undone_count == 1);
    CHECK(outages.rows[1].remedy == RemedyKind::rollback);
    CHECK(outages.rows[1].passed_count == 1);
    CHECK(outages.total.incidents_count == 2);
}

TEST_CASE("what a person takes back is undone where it was done, and is no incident of its own") {
    Told told;
    told.act(rollback, ProofKind::helped, "i-1");
    Proposal order;
    order.service = payments;
    order.undoes = IncidentId("i-1");
    told.tell(EntryKind::opened, order, "i-2");
    told.tell(EntryKind::undo, UndoBody{rollback, rollback, "anna", "", IncidentId("i-1")}, "i-2");
    told.begin(rollback, "", "i-2");
    told.prove(rollback, ProofKind::not_helped, "i-2");
    told.close(CloseKind::passed, "i-2");
    const OutageRow& total = all_of(told).total;
    CHECK(total.incidents_count == 1);
    CHECK(total.acts_count == 1);
    CHECK(total.undone_count == 1);
    CHECK(total.failed_count == 0);
    CHECK(told.past.open.empty());
}

TEST_CASE("only what opened in time counts, and references are of everything") {
    Told told;
    for (const std::string id : {"i-1", "i-2", "i-3"}) {
        told.watch(rollback, nullptr, id);
    }
    const WallTime later{std::chrono::seconds{told.second + 1}};
    told.wait(10);
    told.act(rollback, ProofKind::helped, "i-4");
    const Outages outages = outages_of(told.past, later, std::nullopt);
    CHECK(outages.total.incidents_count == 1);
    CHECK(outages.total.compared_count == 1);
    CHECK(outages_of(told.past, std::nullopt, later).total.incidents_count == 3);
}

TEST_CASE("what was only watched and went alone is told of, of those that can be told") {
    Told told;
    const Facts same = serving_facts();
    Facts other = serving_facts();
    replace(other, 1);
    told.watch(rollback, &same, "i-1");
    told.watch(rollback, &other, "i-2");
    told.watch(rollback, nullptr, "i-3");
    told.open(rollback, "i-4");
    const Outages outages = all_of(told);
    CHECK(outages.shadow_count == 2);
    CHECK(outages.alone_count == 1);
    CHECK(outages.open_count == 1);
}

TEST_CASE("a symptom that went before anything of what might be done had begun was spared that") {
    Told told;
    told.open(rollback, "i-1");
    told.close(CloseKind::passed, "i-1");
    told.watch(rollback, nullptr, "i-2");
    told.open(Observe{}, "i-3");
    told.close(CloseKind::passed, "i-3");
    CHECK(all_of(told).total.spared_count == 1);
}

TEST_CASE("of an empty ledger there is nothing to report") {
    const Outages outages = all_of(Told{});
    CHECK(outages.rows.empty());
    CHECK(outages.references.empty());
    CHECK_FALSE(outages.total.outage_median);
}

}  // namespace homeostat::review
