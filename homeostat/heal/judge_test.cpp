#include "homeostat/heal/judge.hpp"

#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

diagnose::Finding finding_with(std::vector<std::string> notes) {
    JudgeSettings settings;
    settings.inventory.service = ServiceId("payments");
    settings.inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1")};
    settings.notes = std::move(notes);
    const Judge judge(std::move(settings));
    const Symptom symptom{.subject = {SubjectKind::service, "payments"}};
    return judge.diagnose(symptom, {});
}

/// What a proxy counts of 200 answers a second; its mean decays over 512 of them.
struct Edge {
    Judge judge;
    Instant at{std::chrono::hours{1}};
    EdgeCounters counters{.latency_answers_max = 512};
    double mean_ms{0};

    std::vector<Symptom> pass(double took_ms) {
        constexpr std::uint64_t answers = 50;
        at += std::chrono::milliseconds{250};
        for (std::uint64_t count = 0; count < answers; ++count) {
            counters.requests_total += 1;
            mean_ms += (took_ms - mean_ms) /
                       static_cast<double>(std::min<std::uint64_t>(counters.requests_total, 512));
        }
        counters.latency_ms = std::ceil(mean_ms);
        EdgeReading reading;
        reading.subject = {SubjectKind::service, "payments"};
        reading.counters = counters;
        reading.at = at;
        (void)judge.take(std::vector<Reading>{reading}, at);
        return judge.symptoms(at);
    }
};

}  // namespace

TEST_CASE("slow answers behind an edge are a symptom within 5 s and gone 5 s after the last") {
    JudgeSettings settings;
    settings.inventory.service = ServiceId("payments");
    Edge edge{.judge = Judge(settings)};
    for (int tick = 0; tick < 4 * 60; ++tick) {
        REQUIRE(edge.pass(20).empty());
    }
    std::vector<Symptom> present;
    for (int tick = 0; tick < 4 * 5 && present.empty(); ++tick) {
        present = edge.pass(150);
    }
    REQUIRE(present.size() == 1);
    CHECK(present.front().kind == SymptomKind::latency);
    const diagnose::Finding finding = edge.judge.diagnose(present.front(), {});
    const std::vector<std::string>& lines = finding.diagnosis.measured;
    // Whole milliseconds of the trailing mean are several of an interval's.
    CHECK(std::ranges::any_of(lines, [](const std::string& line) {
        return line.starts_with("answers of payments took 20 ms before and 14");
    }));
    for (int tick = 0; tick < 4 * 5 && !present.empty(); ++tick) {
        present = edge.pass(20);
    }
    CHECK(present.empty());
}

TEST_CASE("an agent that has watched for 4 s offers its spares within 4 s of a surge") {
    JudgeSettings settings;
    settings.inventory.service = ServiceId("payments");
    std::vector<Reading> readings;
    for (int index = 0; index < 5; ++index) {
        const InstanceId instance("payments-" + std::to_string(index));
        settings.inventory.instances.push_back(instance);
        readings.emplace_back(
            ProcessReading{.instance = instance, .is_wanted = index < 3, .is_alive = index < 3});
    }
    Judge judge(settings);
    EdgeReading edge;
    edge.subject = {SubjectKind::service, "payments"};
    Instant now{std::chrono::hours{1}};
    // Of 300 a second 240 are answered. Once 120 wait their time is up, and the rest fails.
    const auto pass = [&](bool is_surge) {
        const std::uint64_t more = is_surge ? 15 : 0;
        const std::uint64_t failed = edge.counters.queue_length >= 120 ? more : 0;
        now += std::chrono::milliseconds{250};
        edge.at = now;
        edge.counters.requests_total += is_surge ? 60 + failed : 25;
        edge.counters.errors_total += failed;
        edge.counters.queue_length += more - failed;
        readings.emplace_back(edge);
        (void)judge.take(readings, now);
        readings.clear();
        return judge.symptoms(now);
    };
    for (int tick = 0; tick < 4 * 4; ++tick) {
        REQUIRE(pass(false).empty());
    }
    std::vector<Symptom> present;
    for (int tick = 0; tick < 4 * 4 && present.empty(); ++tick) {
        present = pass(true);
    }
    REQUIRE(present.size() == 1);
    const Remedy scale = Scale{ServiceId("payments"), 3, 5};
    CHECK(judge.diagnose(present.front(), {}).menu.items.front().remedy == scale);
}

TEST_CASE(
    "who sees one instance offers nothing that touches another, and says of none that it is well") {
    JudgeSettings settings;
    settings.inventory.service = ServiceId("payments");
    settings.inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1")};
    settings.inventory.has_versions = true;
    settings.is_of_some = true;
    Change change;
    change.service = ServiceId("payments");
    change.from = VersionId("v1");
    change.to = VersionId("v2");
    change.is_first_hand = true;
    change.at = Instant{std::chrono::hours{1}} - std::chrono::seconds{5};
    settings.changes = {change};
    const Judge judge(settings);
    Symptom symptom{.kind = SymptomKind::instance_not_answering,
                    .subject = {SubjectKind::instance, "payments-1"}};
    symptom.began_at = Instant{std::chrono::hours{1}};
    const Remedy restart = Restart{InstanceId("payments-1")};
    for (const bool was_tried : {false, true}) {
        const std::vector<RemedyKind> tried =
            was_tried ? std::vector{RemedyKind::restart} : std::vector<RemedyKind>{};
        const diagnose::Finding finding = judge.diagnose(symptom, tried);
        double sum = 0;
        for (const MenuItem& item : finding.menu.items) {
            CHECK((item.remedy == restart || kind_of(item.remedy) == RemedyKind::observe));
            sum += item.prior;
        }
        CHECK(sum == doctest::Approx(1));
        CHECK((finding.menu.items.front().remedy == restart) == !was_tried);
        for (const Cause& cause : finding.diagnosis.causes) {
            CHECK_FALSE(cause.because.contains("well"));
        }
    }
}

TEST_CASE("a change that an earlier agent has noted is suspected by its successor") {
    JudgeSettings settings;
    settings.inventory.service = ServiceId("payments");
    settings.inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1")};
    settings.inventory.has_versions = true;
    Symptom symptom{.subject = {SubjectKind::service, "payments"}};
    symptom.began_at = Instant{std::chrono::hours{1}};
    const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
    const auto offers_rollback = [&] {
        const diagnose::Finding finding = Judge(settings).diagnose(symptom, {});
        return std::ranges::find(finding.menu.items, rollback, &MenuItem::remedy) !=
               finding.menu.items.end();
    };
    CHECK_FALSE(offers_rollback());
    Change change;
    change.service = ServiceId("payments");
    change.from = VersionId("v1");
    change.to = VersionId("v2");
    change.is_first_hand = true;
    change.at = symptom.began_at - std::chrono::seconds{5};
    settings.changes = {change};
    CHECK(offers_rollback());
}

TEST_CASE("the operator's notes stand before all evidence, and offer nothing themselves") {
    const std::string words = "a restart takes four minutes here; prefer rollback";
    const diagnose::Finding without = finding_with({});
    const diagnose::Finding with = finding_with({words, "nightly export at two"});
    std::vector<std::string> expected{"note: " + words, "note: nightly export at two"};
    expected.insert(expected.end(), without.diagnosis.evidence.lines.begin(),
                    without.diagnosis.evidence.lines.end());
    CHECK(with.diagnosis.evidence.lines == expected);
    CHECK(with.diagnosis.causes == without.diagnosis.causes);
    CHECK(with.menu == without.menu);
}

TEST_CASE("an operator's gloss makes a claim of a line, beside a number that fits it") {
    JudgeSettings settings;
    settings.inventory.service = ServiceId("payments");
    settings.inventory.instances = {InstanceId("payments-0")};
    settings.glosses = {{.pattern = "ledger out of step",
                         .words = "ledger out of step",
                         .kind = sense::GlossClass::data}};
    Judge judge(std::move(settings));
    const Instant at{std::chrono::hours{1}};
    EdgeReading edge;
    edge.subject = {SubjectKind::service, "payments"};
    edge.at = at - std::chrono::minutes{1};
    (void)judge.take(std::vector<Reading>{edge}, edge.at);
    edge.counters.requests_total = 50;
    edge.at += std::chrono::milliseconds{250};
    (void)judge.take(std::vector<Reading>{edge}, edge.at);
    edge.at = at;
    edge.counters.requests_total = 100;
    edge.counters.errors_total = 50;
    const LogReading log{.instance = InstanceId("payments-0"),
                         .lines = {"ERROR the ledger is out of step", "ERROR ledger out of step"},
                         .at = at};
    (void)judge.take(std::vector<Reading>{edge, log}, at);
    Symptom symptom{.subject = {SubjectKind::service, "payments"}};
    symptom.began_at = at;
    const std::vector<std::string> lines = judge.diagnose(symptom, {}).diagnosis.evidence.lines;
    CHECK(std::ranges::find(lines, "logs of A: bad data") != lines.end());
}

TEST_CASE("the longest notes are whole lines of evidence and leave room for all that is measured") {
    const std::vector<std::string> notes(notes_max, std::string(note_bytes_max, 'x'));
    const diagnose::Finding finding = finding_with(notes);
    CHECK(finding.diagnosis.evidence.lines.front().size() == evidence_line_bytes_max);
    CHECK(evidence_lines_max - notes_max >= 16);
}

}  // namespace homeostat::heal
