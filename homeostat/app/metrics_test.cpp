// Our own numbers, from the ledger's entries to the page, read back by the strict parser that reads
// the services' pages.

#include "homeostat/app/metrics.hpp"

#include "homeostat/adapters/telemetry/prometheus_text.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

EntryGroup group_of(EntryKind kind, json::value body) {
    EntryGroup group;
    group.entries.push_back({kind, IncidentId("i-1"), std::move(body)});
    return group;
}

EntryGroup refusal_by(const std::string& rule) {
    VerdictBody body;
    body.remedy = Restart{InstanceId("rates-0")};
    body.verdict = {VerdictKind::refusal, rule, "because", std::nullopt};
    return group_of(EntryKind::verdict, to_json(body));
}

EntryGroup proof_of(ProofKind kind) {
    ProofBody body;
    body.remedy = Restart{InstanceId("rates-0")};
    body.proof.kind = kind;
    return group_of(EntryKind::proof, to_json(body));
}

EntryGroup judged_in(Duration took) {
    Proposal proposal;
    proposal.judging_took = took;
    return group_of(EntryKind::opened, to_json(proposal));
}

std::map<std::string, double> numbers_on(const std::string& page) {
    const auto read = adapters::telemetry::parse_prometheus(page);
    REQUIRE_MESSAGE(read, read.error().text);
    return {read->begin(), read->end()};
}

}  // namespace

TEST_CASE("the page counts what the ledger holds") {
    LedgerFigures ledger;
    ledger.count(judged_in(30ms));
    ledger.count(refusal_by("the target has cooled down"));
    ledger.count(refusal_by("the target has cooled down"));
    ledger.count(proof_of(ProofKind::not_helped));
    ledger.count(proof_of(ProofKind::helped));
    ledger.count(proof_of(ProofKind::undecided));
    AgentFigures now;
    now.incidents_open = 2;
    now.questions_open = 1;
    now.is_suspended = true;
    now.is_unwitnessed = true;
    const std::string page = metrics_page(now, ledger);
    const auto numbers = numbers_on(page);
    CHECK(numbers.at("homeostat_ledger_records_total") == 6);
    CHECK(numbers.at("homeostat_incidents_total") == 1);
    CHECK(numbers.at("homeostat_incidents_open") == 2);
    CHECK(numbers.at("homeostat_questions_open") == 1);
    CHECK(numbers.at("homeostat_suspended") == 1);
    CHECK(numbers.at("homeostat_unwitnessed") == 1);
    CHECK(numbers.at("homeostat_refusals_total") == 2);
    CHECK(numbers.at("homeostat_remedies_total") == 2);
    CHECK(numbers.at("homeostat_decision_seconds_count") == 1);
    CHECK(page.contains("\nhomeostat_refusals_total{rule=\"the target has cooled down\"} 2\n"));
    CHECK(page.contains("\nhomeostat_remedies_total{remedy=\"restart\",outcome=\"helped\"} 1\n"));
    CHECK(page.contains("\nhomeostat_decision_seconds_bucket{le=\"0.025\"} 0\n"));
    CHECK(page.contains("\nhomeostat_decision_seconds_bucket{le=\"0.05\"} 1\n"));
    CHECK(page.contains("\nhomeostat_decision_seconds_bucket{le=\"+Inf\"} 1\n"));
}

TEST_CASE("the page counts questions by what they came to, and how long a yes or no took") {
    LedgerFigures ledger;
    VerdictBody asked;
    asked.remedy = Restart{InstanceId("payments-0")};
    asked.verdict.kind = VerdictKind::question;
    AnsweredBody answered;
    answered.remedy = asked.remedy;
    answered.says = PersonSays::approved;
    answered.by = "anna";
    ledger.count(group_of(EntryKind::verdict, to_json(asked)));
    CHECK_FALSE(metrics_page({}, ledger).contains("homeostat_questions_total{"));
    EntryGroup later = group_of(EntryKind::answered, to_json(answered));
    later.wall_at += 2s;
    ledger.count(later);
    ledger.count(group_of(EntryKind::verdict, to_json(asked)));
    ledger.count(group_of(EntryKind::closed, json::object{}));
    const std::string page = metrics_page({}, ledger);
    for (const std::string_view line :
         {"homeostat_questions_total{remedy=\"restart\",answer=\"yes\"} 1",
          "homeostat_questions_total{remedy=\"restart\",answer=\"none\"} 1",
          "homeostat_answer_seconds_bucket{remedy=\"restart\",le=\"1\"} 0",
          "homeostat_answer_seconds_bucket{remedy=\"restart\",le=\"2.5\"} 1",
          "homeostat_answer_seconds_count{remedy=\"restart\"} 1"}) {
        CAPTURE(line);
        CHECK(page.contains("\n" + std::string(line) + "\n"));
    }
}

TEST_CASE("the page tells of pledges where there is a mesh, and of each reason by its name") {
    AgentFigures now;
    CHECK_FALSE(metrics_page(now, {}).contains("pledges"));
    heal::PledgeView caller;
    caller.role = "caller";
    caller.neighbour = "fraud";
    caller.mode = "sampled";
    caller.permille = 550;
    heal::PledgeView callee;
    callee.role = "callee";
    callee.neighbour = "shop";
    now.mesh = MeshFigures{{caller, callee}, {{"forged", 3}, {"late", 0}}};
    const std::string page = metrics_page(now, {});
    CHECK(page.contains("\nhomeostat_pledges_in_force{role=\"caller\"} 1\n"));
    CHECK(page.contains("\nhomeostat_pledges_in_force{role=\"callee\"} 0\n"));
    CHECK(page.contains("\nhomeostat_calls_held_back_ratio{neighbour=\"fraud\"} 0.55\n"));
    CHECK_FALSE(page.contains("neighbour=\"shop\""));
    CHECK(page.contains("\nhomeostat_messages_discarded_total{why=\"forged\"} 3\n"));
}

TEST_CASE("the page tells of marked sources where there are lists, and of each bound by its name") {
    AgentFigures now;
    CHECK_FALSE(metrics_page(now, {}).contains("sources_marked"));
    heal::FeedView feed;
    feed.feed = "crowdsec";
    feed.is_answering = true;
    feed.refused = {{"allowed", 2}, {"too_wide", 0}};
    now.immune = heal::ImmuneView{.feeds = {feed},
                                  .sources = {{"denied", 7}, {"on_trial", 0}},
                                  .requests = {{"denied", 31}},
                                  .taken_back = 1,
                                  .trouble = {}};
    const std::string page = metrics_page(now, {});
    CHECK(page.contains("\nhomeostat_sources_marked{mark=\"denied\"} 7\n"));
    CHECK(page.contains("\nhomeostat_marked_requests_total{mark=\"denied\"} 31\n"));
    CHECK(page.contains("\nhomeostat_denials_taken_back_total 1\n"));
    CHECK(page.contains("\nhomeostat_feed_answering{feed=\"crowdsec\"} 1\n"));
    CHECK(
        page.contains("\nhomeostat_listings_refused_total{feed=\"crowdsec\",why=\"allowed\"} 2\n"));
}

TEST_CASE("the page tells of Incident objects where they are written") {
    AgentFigures now;
    CHECK_FALSE(metrics_page(now, {}).contains("incident_objects"));
    now.shown = ShownFigures{.unwritten = 2, .failures = 7};
    const std::string page = metrics_page(now, {});
    CHECK(page.contains("\nhomeostat_incident_objects_unwritten 2\n"));
    CHECK(page.contains("\nhomeostat_incident_writes_failed_total 7\n"));
}

TEST_CASE("a value that is a bound exactly counts below it, and one beyond all only in +Inf") {
    DurationCounts counts;
    counts.add(1ms);
    counts.add(1h);
    counts.add(-1s);
    CHECK(counts.up_to(0) == 2);
    CHECK(counts.up_to(DurationCounts::seconds_max.size() - 1) == 2);
    CHECK(counts.count() == 3);
    CHECK(counts.seconds_sum() == doctest::Approx(3600.001));
}

TEST_CASE("a label with quotes, backslashes and line ends cannot break out of its line") {
    LedgerFigures ledger;
    ledger.count(refusal_by("\"} 1\nevil_total{x=\"\\"));
    const std::string page = metrics_page({}, ledger);
    CHECK_FALSE(numbers_on(page).contains("evil_total"));
    CHECK(page.contains(R"(rule="\"} 1\nevil_total{x=\"\\"} 1)"));
}

TEST_CASE(
    "a give-back that is refused again and again is one escalation, another trouble is one more") {
    const EntryGroup escalated = group_of(EntryKind::escalated, to_json(EscalatedBody{"refused"}));
    LedgerFigures ledger;
    for (int count = 0; count < 5; ++count) {
        ledger.count(refusal_by("the kill switch is released"));
        ledger.count(escalated);
    }
    CHECK(ledger.escalations == 1);
    ledger.count(proof_of(ProofKind::not_helped));
    ledger.count(escalated);
    CHECK(ledger.escalations == 2);
    EntryGroup other = escalated;
    other.entries.front().incident = IncidentId("i-2");
    ledger.count(other);
    CHECK(ledger.escalations == 3);
}

TEST_CASE("a ledger full of foreign rules makes the page no longer than its maximum") {
    LedgerFigures ledger;
    for (int index = 0; index < 1'000; ++index) {
        ledger.count(refusal_by("rule " + std::to_string(index)));
    }
    CHECK(ledger.refusals.size() == rules_max + 1);
    CHECK(ledger.refusals.at("other") == 1'000 - rules_max);
    CHECK(std::ranges::count(metrics_page({}, ledger), '\n') < 200);
}

}  // namespace homeostat::app
