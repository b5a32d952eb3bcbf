#include "homeostat/advise/advise.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/diagnosis.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::advise {

namespace {

const std::string hostile = "fraud\n+++ /etc/passwd\n{ \"";

PastIncident incident_of(CauseKind cause) {
    PastIncident incident;
    incident.incident = IncidentId("i-1");
    incident.service = ServiceId("payments");
    incident.symptom.subject = {SubjectKind::service, "payments"};
    incident.cause = {cause, 0.9, "a sentence"};
    return incident;
}

PastIncident slow_neighbour(const std::string& name) {
    PastIncident incident = incident_of(CauseKind::dependency_failing);
    incident.symptom.kind = SymptomKind::latency;
    incident.cause.because = ill_neighbour_words(name);
    return incident;
}

PastIncident stale(const std::string& cache) {
    PastIncident incident = incident_of(CauseKind::stale_copies);
    incident.symptom.kind = SymptomKind::stale_cache;
    incident.symptom.subject = {SubjectKind::cache, cache};
    return incident;
}

PastIncident surge() {
    PastIncident incident = incident_of(CauseKind::overload);
    incident.helped = {RemedyKind::scale};
    return incident;
}

Settings settings_for_test() {
    Settings settings;
    settings.service = ServiceId("payments");
    settings.instances = 5;
    settings.spares = 2;
    settings.backend = "payments";
    settings.latency_p99_goal = std::chrono::milliseconds{250};
    settings.hold_for = std::chrono::minutes{2};
    settings.neighbours = {{ServiceId("rates"), "rates_b", ""},
                           {ServiceId("fraud"), "fraud_b", ""}};
    settings.caches = {{CacheId("quotes"), "fx:{entry}", std::chrono::seconds{5}}};
    return settings;
}

/// Seen `times` times, hours apart.
Findings findings_of(const PastIncident& incident,
                     std::size_t times,
                     const Settings& settings = settings_for_test()) {
    std::vector<PastIncident> incidents;
    for (std::size_t index = 0; index < times; ++index) {
        incidents.push_back(incident);
        incidents.back().incident = IncidentId(fmt::format("i-{}", index + 1));
        incidents.back().opened_at = WallTime{std::chrono::hours{index}};
    }
    return advise(incidents, settings, 2);
}

/// "limit, probe"
std::string kinds_of(const Findings& findings) {
    std::string kinds;
    for (const Advice& advice : findings.advice) {
        kinds += (kinds.empty() ? "" : ", ") + std::string(to_text(advice.kind));
    }
    return kinds;
}

/// "guard.min_healthy=2", or what the snippet's place is.
std::string places_of(const Findings& findings) {
    std::string places;
    for (const Advice& advice : findings.advice) {
        places += advice.setting ? advice.setting->path + "=" + advice.setting->value + "; " : "";
        places += advice.snippet ? advice.snippet->place + "; " : "";
    }
    return places;
}

struct Case {
    const char* says;
    PastIncident incident;
    const char* kinds;
    const char* places;
};

std::vector<Case> cases() {
    return {
        {"a leak", incident_of(CauseKind::memory_leak), "probe",
         "signals.http={ path: /healthz }; "},
        {"a slow neighbour", slow_neighbour("fraud"), "breaker, timeout",
         "neighbours[1].circuit=circuits; haproxy.cfg; haproxy.cfg, backend fraud_b; "},
        {"an ill instance", incident_of(CauseKind::instance_fault), "probe",
         "signals.http={ path: /healthz }; "},
        {"a crash", incident_of(CauseKind::instance_crash), "disruption_budget",
         "guard.min_healthy=2; "},
        {"a surge", surge(), "replica_floor, limit",
         "runtime.process.spares=1; haproxy.cfg, backend payments; "},
        {"a stale cache", stale("quotes"), "ttl", "the program that writes the copies of quotes; "},
    };
}

}  // namespace

TEST_CASE("a cause that came twice gets what is against it, with the incidents that speak for it") {
    for (const Case& each : cases()) {
        CAPTURE(each.says);
        const Findings findings = findings_of(each.incident, 2);
        CHECK(kinds_of(findings) == each.kinds);
        CHECK(places_of(findings) == each.places);
        CHECK(findings.silent.empty());
        for (const Advice& advice : findings.advice) {
            CHECK_FALSE(advice.because.empty());
            REQUIRE(advice.ground.incidents.size() == 2);
            CHECK(advice.ground.incidents[0].incident == IncidentId("i-1"));
        }
    }
}

TEST_CASE("a cause that came once, or at another service, gets nothing") {
    for (const Case& each : cases()) {
        CAPTURE(each.says);
        CHECK(findings_of(each.incident, 1).advice.empty());
        CHECK(findings_of(each.incident, 1).silent.empty());
        PastIncident strange = each.incident;
        strange.service = ServiceId("fraud");
        const Findings findings = findings_of(strange, 3);
        CHECK(findings.advice.empty());
        CHECK(findings.strange_count == 3);
        CHECK(findings.incidents_count == 0);
    }
}

TEST_CASE("what the configuration has already is not advised") {
    Settings settings = settings_for_test();
    settings.has_probe = true;
    settings.min_healthy = 3;
    settings.spares = 1;
    settings.neighbours[1].circuit = "circuits";
    const auto kinds = [&](const PastIncident& incident) {
        return kinds_of(findings_of(incident, 2, settings));
    };
    CHECK(kinds(incident_of(CauseKind::memory_leak)).empty());
    CHECK(kinds(incident_of(CauseKind::instance_fault)).empty());
    CHECK(kinds(incident_of(CauseKind::instance_crash)).empty());
    CHECK(kinds(slow_neighbour("fraud")) == "timeout");
    CHECK(kinds(surge()) == "limit");
    CHECK(findings_of(incident_of(CauseKind::memory_leak), 2, settings).silent.size() == 1);
}

TEST_CASE("a rule needs incidents of its own: slow ones, seen by users, helped by spares") {
    PastIncident failing = slow_neighbour("fraud");
    failing.symptom.kind = SymptomKind::errors;
    CHECK(kinds_of(findings_of(failing, 2)) == "breaker");
    PastIncident probed = incident_of(CauseKind::instance_fault);
    probed.symptom.observer = Observer::metrics;
    CHECK(findings_of(probed, 2).advice.empty());
    REQUIRE(findings_of(probed, 2).silent.size() == 1);
    CHECK(findings_of(probed, 2).silent[0].why == Silence::no_ground);
    PastIncident passed = surge();
    passed.helped.clear();
    CHECK(kinds_of(findings_of(passed, 2)) == "limit");
    const std::vector<PastIncident> mixed{slow_neighbour("fraud"), failing};
    CHECK(kinds_of(advise(mixed, settings_for_test(), 2)) == "breaker");
}

TEST_CASE("a circuit is advised with the check without which guard would never open it") {
    const Findings findings = findings_of(slow_neighbour("fraud"), 2);
    REQUIRE(findings.advice.at(0).kind == AdviceKind::breaker);
    const std::string& text = findings.advice.at(0).snippet->text;
    CHECK(text.contains("\n# In backend fraud_b, and `check` behind each server."));
    CHECK(text.contains("\noption httpchk GET /PATH\n"));
}

TEST_CASE("two neighbours that failed once each are no recurrence") {
    const std::vector<PastIncident> once{slow_neighbour("fraud"), slow_neighbour("rates")};
    CHECK(advise(once, settings_for_test(), 2).advice.empty());
}

TEST_CASE(
    "names come from the configuration: what a record calls a neighbour or cache is nothing") {
    for (const PastIncident& incident : {slow_neighbour(hostile), stale(hostile)}) {
        const Findings findings = findings_of(incident, 2);
        CHECK(findings.advice.empty());
        REQUIRE(findings.silent.size() == 1);
        CHECK(findings.silent[0].ground.target.empty());
        CHECK(findings.silent[0].why == Silence::no_target);
    }
    PastIncident crash = incident_of(CauseKind::instance_crash);
    crash.symptom.subject.name = hostile;
    crash.cause.because = hostile;
    const Advice advice = findings_of(crash, 2).advice.at(0);
    CHECK_FALSE(advice.because.contains("passwd"));
    CHECK(advice.setting->value == "2");
}

TEST_CASE("a second instance is advised where there is one and something spreads requests") {
    Settings settings = settings_for_test();
    settings.instances = 1;
    settings.spares = 0;
    const PastIncident crash = incident_of(CauseKind::instance_crash);
    CHECK(places_of(findings_of(crash, 2, settings)) ==
          "runtime.process.instances=2; haproxy.cfg, backend payments; ");
    settings.backend.clear();
    CHECK(findings_of(crash, 2, settings).advice.empty());
}

TEST_CASE("a retry budget is advised where more came just after something else had failed") {
    const auto at = [](PastIncident incident, int opened_min, int closed_min) {
        incident.opened_at = WallTime{std::chrono::minutes{opened_min}};
        incident.closed_at = WallTime{std::chrono::minutes{closed_min}};
        return incident;
    };
    // One that is still open, and one that ended a minute before.
    std::vector<PastIncident> past{at(slow_neighbour("fraud"), 0, 9), at(surge(), 5, 12),
                                   at(incident_of(CauseKind::instance_crash), 100, 101),
                                   at(surge(), 102, 110)};
    const auto kinds = [&](const Settings& settings = settings_for_test()) {
        return kinds_of(advise(past, settings, 2));
    };
    CHECK(kinds() == "replica_floor, limit, retry_budget");
    const Advice advice = advise(past, settings_for_test(), 2).advice.back();
    CHECK(advice.ground.incidents.size() == 2);
    CHECK(advice.snippet->place == "haproxy.cfg, backend payments");
    CHECK(advice.snippet->text.contains("disable-l7-retry if { queue(payments) gt 0 }\n"));

    Settings envoy = settings_for_test();
    envoy.backend.clear();
    envoy.cluster = "payments_c";
    const Advice budget = advise(past, envoy, 2).advice.back();
    CHECK(budget.kind == AdviceKind::retry_budget);
    CHECK(budget.snippet->place == "Envoy's configuration, cluster payments_c");
    CHECK(budget.snippet->text.contains("retry_budget: { budget_percent: { value: 20 }"));
    envoy.cluster.clear();
    CHECK(kinds(envoy) == "replica_floor");

    past[2] = at(incident_of(CauseKind::instance_crash), 90, 99);  // Three minutes before.
    CHECK(kinds() == "replica_floor, limit");
    past[2] = at(incident_of(CauseKind::instance_crash), 103, 104);  // It came later.
    CHECK(kinds() == "replica_floor, limit");
    past[2] = at(incident_of(CauseKind::unknown), 100, 101);
    CHECK(kinds() == "replica_floor, limit");
    past[2] = at(incident_of(CauseKind::instance_crash), 100, 101);
    past[2].service = ServiceId("fraud");
    CHECK(kinds() == "replica_floor, limit");
}

TEST_CASE("snippets carry the goals and names of the configuration") {
    Settings settings = settings_for_test();
    settings.neighbours[0].circuit = "fuses";
    const Findings slow = findings_of(slow_neighbour("fraud"), 2, settings);
    REQUIRE(slow.advice.size() == 2);
    CHECK(slow.advice[0].setting == Setting{"neighbours[1].circuit", "fuses"});
    CHECK(slow.advice[0].snippet->text.contains("{ str(fraud_b),table_gpt0(fuses) gt 0 }"));
    CHECK(slow.advice[0].snippet->text.contains("expire 150s"));
    CHECK(slow.advice[1].snippet->text.contains("\ntimeout server 250ms\n"));
    CHECK(findings_of(surge(), 2).advice.at(1).snippet->text.contains("\ntimeout queue 125ms\n"));
    CHECK(findings_of(stale("quotes"), 2).advice.at(0).snippet->text ==
          "SET fx:{entry} VALUE PX 5000\n");
}

TEST_CASE("a cause that no rule is for is told as silent, and an unknown one is counted") {
    const Findings deploys = findings_of(incident_of(CauseKind::bad_deploy), 3);
    CHECK(deploys.advice.empty());
    REQUIRE(deploys.silent.size() == 1);
    CHECK(deploys.silent[0].ground.incidents.size() == 3);
    CHECK(deploys.silent[0].why == Silence::no_rule);
    const Findings unknown = findings_of(incident_of(CauseKind::unknown), 3);
    CHECK(unknown.silent.empty());
    CHECK(unknown.unexplained_count == 3);
}

}  // namespace homeostat::advise
