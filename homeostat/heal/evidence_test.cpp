// One evidence: what production remembers and what a case tells, if they say the same, are the same
// lines. A model is taught by the one and asked by the other.

#include "homeostat/domain/evidence.hpp"

#include "homeostat/cases/evidence.hpp"
#include "homeostat/diagnose/evidence.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;
using cases::Metric;

constexpr Instant began_at{1h};
constexpr double score_told = 50;  ///< No noise.

/// A moment as both know it, to be made ill in both at once.
struct Moment {
    Inventory inventory;
    Symptom symptom;
    diagnose::Look look;
    cases::Survey survey;

    [[nodiscard]] std::string by_look() const {
        return text_of(
            homeostat::evidence_of(diagnose::facts_of(look, symptom, inventory, {})).evidence);
    }
    [[nodiscard]] std::string by_survey() const { return text_of(cases::evidence_of(survey, {})); }

    void shift(std::size_t service, Metric metric, double before, double after) {
        survey.services[service].shifts.all.at(static_cast<std::size_t>(metric)) =
            cases::Shift{.before = before, .after = after, .score = score_told};
    }

  private:
    static std::string text_of(const Evidence& evidence) {
        std::string text;
        for (const std::string& line : evidence.lines) {
            text += line + "\n";
        }
        return text;
    }
};

/// payments has three instances and calls fraud; a symptom began ten seconds ago.
Moment moment() {
    Moment moment;
    moment.inventory.service = ServiceId("payments");
    moment.inventory.neighbours = {ServiceId("fraud")};
    moment.inventory.has_versions = true;
    moment.symptom.began_at = began_at;
    moment.symptom.noticed_at = began_at + 10s;
    moment.look.neighbours.emplace_back("fraud", diagnose::Failing{300, 0});
    moment.look.neighbour_paces.emplace_back("fraud", diagnose::Pace{});
    moment.survey.services = {{.name = "payments", .kind = "service", .illness = 1, .own = 1},
                              {.name = "fraud", .kind = "service"}};
    moment.survey.services[0].onset_s = 10;
    moment.survey.calls = {{.caller = 0, .target = 1}};
    for (const char* name : {"payments-0", "payments-1", "payments-2"}) {
        moment.look.instances.emplace_back(name, diagnose::Failing{100, 0});
        moment.survey.services[0].replicas.push_back({.name = name});
    }
    return moment;
}

void let_fail(Moment& moment, std::uint64_t errors_of_a_hundred) {
    const double ratio = static_cast<double>(errors_of_a_hundred) / 100;
    moment.look.own = {300, 3 * errors_of_a_hundred};
    for (auto& [instance, failing] : moment.look.instances) {
        failing.errors = errors_of_a_hundred;
    }
    moment.survey.users_failed = ratio;
    moment.shift(0, Metric::error_ratio, 0, ratio);
}

void deploy(Moment& moment, Duration before) {
    Change change;
    change.kind = ChangeKind::deploy;
    change.at = began_at - before;
    moment.look.suspects.push_back(change);
    moment.survey.services[0].changes["deploy"] = {to_seconds(before) + 10, "v1", "v2"};
}

void let_neighbour_fail(Moment& moment) {
    moment.look.neighbours[0].second = {300, 120};
    moment.look.explaining = {ServiceId("fraud")};
    moment.inventory.circuits = {ServiceId("fraud")};
    cases::ServiceSurvey& fraud = moment.survey.services[1];
    fraud.illness = 1;
    fraud.own = 1;
    moment.survey.services[0].own = 0;
    moment.survey.calls[0].illness = 1;
    moment.survey.calls[0].has_fallback = true;
    moment.shift(1, Metric::error_ratio, 0, 0.4);
}

}  // namespace

TEST_CASE("errors of all instances, after a deploy and without one, are told alike") {
    Moment one = moment();
    let_fail(one, 30);
    CHECK(one.by_look() == one.by_survey());
    CHECK(one.by_look().contains("no recent deploy of A\n"));
    deploy(one, 4s);
    CHECK(one.by_look() == one.by_survey());
    CHECK(one.by_look().contains("deploy of A 4 s before the symptom\n"));
}

TEST_CASE("a leak that silenced an instance is told alike") {
    Moment one = moment();
    let_fail(one, 11);
    one.look.leaks = {{InstanceId("payments-0"), 7, 84}, {InstanceId("payments-2"), 7, 77}};
    one.look.silent = {InstanceId("payments-0")};
    one.look.has_stopped_answering = true;
    std::vector<cases::ReplicaSurvey>& replicas = one.survey.services[0].replicas;
    replicas[0].memory_growth = 12;
    replicas[2].memory_growth = 11;
    replicas[0].is_down = true;
    replicas[0].falls = 1;
    CHECK(one.by_look() == one.by_survey());
    CHECK(one.by_look().contains("A: 1 of 3 down, stopped answering once, memory x12.0 in 2 of 3"));
}

TEST_CASE("one instance that is slow and one that fails are told alike") {
    Moment one = moment();
    one.symptom.kind = SymptomKind::latency;
    one.look.own_pace = {20, 110};
    one.look.slowest = InstanceId("payments-1");
    one.look.slow_ratio = 0.25;
    one.look.own = {300, 30};
    one.look.instances[2].second = {100, 30};
    one.survey.users_slow = 0.25;
    one.survey.users_failed = 0.1;
    one.shift(0, Metric::latency, 20, 110);
    one.shift(0, Metric::error_ratio, 0, 0.1);
    one.survey.services[0].replicas[1].latency_excess = 10;
    one.survey.services[0].replicas[2].error_excess = 0.3;
    CHECK(one.by_look() == one.by_survey());
    CHECK(one.by_look().contains("1 of 3 fail more than the others, 1 of 3 slower"));
}

TEST_CASE("a surge with its queue is told alike") {
    Moment one = moment();
    let_fail(one, 20);
    one.look.load = {.rate = 250, .usual_rate = 100, .waiting = 180};
    one.survey.users_rate_ratio = 2.5;
    one.shift(0, Metric::requests, 100, 250);
    one.shift(0, Metric::queue, 0, 180);
    CHECK(one.by_look() == one.by_survey());
    CHECK(one.by_look().contains("A: queue +180, traffic x2.5\n"));
}

TEST_CASE("a neighbour that explains it, with a fallback, is told alike but for its changes") {
    Moment one = moment();
    let_fail(one, 30);
    deploy(one, 4s);
    let_neighbour_fail(one);
    std::string by_survey = one.by_survey();
    const std::string only_cases_know = "no recent deploy of A\n";
    REQUIRE(by_survey.contains(only_cases_know));
    by_survey.erase(by_survey.find(only_cases_know), only_cases_know.size());
    CHECK(one.by_look() == by_survey);
    CHECK(one.by_look().ends_with("B waits for A, and has a fallback\n"));
}

TEST_CASE("a cache with stale copies is told alike") {
    Moment one = moment();
    one.symptom.kind = SymptomKind::stale_cache;
    one.symptom.subject = {SubjectKind::cache, "quotes"};
    one.look.stale_ratio = 0.44;
    one.survey.users_lose = 0.44;
    one.survey.services[0].illness = 0;
    one.survey.services[0].own = 0;
    one.survey.services.push_back({.name = "quotes", .kind = "cache", .illness = 1, .own = 1});
    one.shift(2, Metric::stale_ratio, 0, 0.44);
    CHECK(one.by_look() ==
          "users: others' word is that they lose 44 %\n"
          "A cache: stale copies 0% to 44%\n");
    CHECK(one.by_survey() == one.by_look() + "no recent deploy of A\n");
}

}  // namespace homeostat::heal
