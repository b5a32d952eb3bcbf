// Slow answers, told to the stage as the edge tells them.

#include "homeostat/diagnose/diagnose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

const Instant began_at{1h};

Inventory payments() {
    Inventory inventory;
    inventory.service = ServiceId("payments");
    inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1"),
                           InstanceId("payments-2")};
    inventory.neighbours = {ServiceId("fraud"), ServiceId("rates")};
    inventory.has_versions = true;
    inventory.has_edge = true;
    return inventory;
}

struct Past {
    State state;

    void say(SignalKind kind, Observer observer, const Subject& subject, double value, Instant at) {
        Signal signal;
        signal.kind = kind;
        signal.observer = observer;
        signal.subject = subject;
        signal.value = value;
        signal.at = at;
        observe(state, std::vector<Signal>{signal}, at);
    }
    /// Half a minute at one time to answer, then five seconds at another.
    void slows(SubjectKind kind, const std::string& name, double before_ms, double since_ms) {
        for (Instant at = began_at - 30s; at < began_at + 5s; at += 500ms) {
            say(SignalKind::requests_count, Observer::edge, {kind, name}, 50, at);
            say(SignalKind::errors_count, Observer::edge, {kind, name}, 0, at);
            say(SignalKind::latency_ms, Observer::edge, {kind, name},
                at < began_at ? before_ms : since_ms, at);
        }
    }
    void all_slow() {
        slows(SubjectKind::service, "payments", 20, 220);
        for (const InstanceId& instance : payments().instances) {
            slows(SubjectKind::instance, instance.text(), 20, 220);
        }
    }
    void deployed() {
        Change change;
        change.id = ChangeId("change-1");
        change.service = ServiceId("payments");
        change.from = VersionId("v1");
        change.to = VersionId("v2");
        change.is_first_hand = true;
        change.at = began_at - 4s;
        note(state, change);
    }
    [[nodiscard]] Finding find(const Subject& subject = {SubjectKind::service, "payments"}) const {
        const Symptom symptom{SymptomKind::latency, subject, Observer::edge, 220, 70, began_at,
                              began_at + 4s};
        return diagnose(state, symptom, payments(), {}, {});
    }
};

CauseKind first_cause(const Finding& finding) {
    return finding.diagnosis.causes.front().kind;
}

const Remedy& first_remedy(const Finding& finding) {
    return finding.menu.items.front().remedy;
}

bool has_line(const Finding& finding, std::string_view line) {
    const std::vector<std::string>& lines = finding.diagnosis.measured;
    return std::ranges::find(lines, line) != lines.end();
}

bool tells_model(const Finding& finding, std::string_view line) {
    const std::vector<std::string>& lines = finding.diagnosis.evidence.lines;
    return std::ranges::find(lines, line) != lines.end();
}

const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};

}  // namespace

TEST_CASE(
    "slow answers after a deploy of ours point at the version, and its rollback comes first") {
    Past past;
    past.deployed();
    past.all_slow();
    const Finding finding = past.find();
    CHECK(first_cause(finding) == CauseKind::bad_deploy);
    CHECK(first_remedy(finding) == rollback);
    CHECK(has_line(finding, "answers of payments took 20 ms before and 220 ms since"));
    CHECK(tells_model(finding, "users: 0 % of requests fail, 100 % are slow"));
    CHECK(tells_model(finding, "A service: latency x11.0"));
}

TEST_CASE("a neighbour that became as slow explains it, and nothing is offered against it") {
    Past past;
    past.deployed();
    past.all_slow();
    past.slows(SubjectKind::neighbour, "fraud", 5, 190);
    const Finding finding = past.find();
    CHECK(first_cause(finding) == CauseKind::dependency_failing);
    CHECK(finding.menu.items.size() == 1);
    CHECK(first_remedy(finding) == Remedy(Observe{}));
    CHECK(has_line(finding, "answers of neighbour fraud took 5 ms before and 190 ms since"));
}

TEST_CASE("a neighbour that always was slow, or slowed by a little of it, explains nothing") {
    for (const auto& [before_ms, since_ms] :
         {std::pair(190.0, 190.0), std::pair(5.0, 60.0), std::pair(100.0, 210.0)}) {
        CAPTURE(since_ms);
        Past past;
        past.deployed();
        past.all_slow();
        past.slows(SubjectKind::neighbour, "fraud", before_ms, since_ms);
        CHECK(first_remedy(past.find()) == rollback);
    }
}

TEST_CASE("an instance slower than its siblings is restarted, even after a deploy") {
    for (const bool is_deployed : {false, true}) {
        for (const Subject& subject : {Subject{SubjectKind::service, "payments"},
                                       Subject{SubjectKind::instance, "payments-1"}}) {
            CAPTURE(is_deployed);
            Past past;
            if (is_deployed) {
                past.deployed();
            }
            past.slows(SubjectKind::service, "payments", 20, 113);
            past.slows(SubjectKind::instance, "payments-0", 20, 20);
            past.slows(SubjectKind::instance, "payments-1", 20, 300);
            past.slows(SubjectKind::instance, "payments-2", 20, 20);
            const Finding finding = past.find(subject);
            CHECK(first_cause(finding) == CauseKind::instance_fault);
            CHECK(first_remedy(finding) == Remedy(Restart{InstanceId("payments-1")}));
            CHECK(has_line(finding, "payments-1 is much slower than its siblings"));
            CHECK(tells_model(finding, "users: 0 % of requests fail, 33 % are slow"));
            CHECK(tells_model(finding, "A service: latency x5.7, 1 of 3 slower than the others"));
        }
    }
}

TEST_CASE("instances that are slow with climbing memory are restarted one after another") {
    Past past;
    past.all_slow();
    for (const char* name : {"payments-0", "payments-2"}) {
        for (int step = 0; step < 10; ++step) {
            past.say(SignalKind::resident_bytes, Observer::process, {SubjectKind::instance, name},
                     (6.0 + 8.0 * step) * (1 << 20), began_at - 10s + step * 1s);
        }
    }
    const Finding finding = past.find();
    CHECK(first_cause(finding) == CauseKind::memory_leak);
    CHECK(first_remedy(finding) == Remedy(RollingRestart{ServiceId("payments")}));
}

TEST_CASE("slow answers that nothing explains are left to people") {
    Past past;
    past.all_slow();
    const Finding finding = past.find();
    CHECK(first_cause(finding) == CauseKind::unknown);
    CHECK(finding.menu.items.size() == 1);
    CHECK(first_remedy(finding) == Remedy(Observe{}));
}

TEST_CASE("where nobody counts what comes, more pods are tried against slowness of all of them") {
    Inventory pods = payments();
    pods.is_orchestrated = true;
    pods.instances_max = 5;
    for (const char* idle : {"payments-3", "payments-4", "payments-5"}) {
        pods.instances.emplace_back(idle);
    }
    const auto offers = [](const Past& past, const Inventory& inventory,
                           const Subject& subject = {SubjectKind::service, "payments"}) {
        const Symptom symptom{SymptomKind::latency, subject, Observer::edge, 220, 70, began_at,
                              began_at + 4s};
        const Finding finding = diagnose(past.state, symptom, inventory, {}, {});
        const auto& items = finding.menu.items;
        const auto found = std::ranges::find_if(
            items, [](const MenuItem& item) { return kind_of(item.remedy) == RemedyKind::scale; });
        return found == items.end() ? std::nullopt : std::optional(found->remedy);
    };
    const auto past_of = [] {
        Past past;
        for (const char* idle : {"payments-3", "payments-4", "payments-5"}) {
            past.say(SignalKind::is_wanted, Observer::process, {SubjectKind::instance, idle}, 0,
                     began_at);
        }
        past.all_slow();
        return past;
    };
    const Remedy one_more = Scale{ServiceId("payments"), 3, 4};
    CHECK(offers(past_of(), pods) == one_more);
    Inventory large = pods;
    large.instances.emplace_back("payments-6");  // Of which nothing is known: it is at work.
    CHECK(offers(past_of(), large) == Remedy(Scale{ServiceId("payments"), 4, 5}));

    Inventory full = pods;
    full.instances_max = 3;
    Inventory unbounded = pods;
    unbounded.instances_max = 0;
    Inventory at_a_proxy = pods;
    at_a_proxy.may_drain = true;
    Inventory processes = pods;
    processes.is_orchestrated = false;
    for (const Inventory& inventory : {full, unbounded, at_a_proxy, processes}) {
        CHECK_FALSE(offers(past_of(), inventory));
    }
    Past after_a_change = past_of();
    after_a_change.deployed();
    CHECK_FALSE(offers(after_a_change, pods));
    Past by_a_neighbour = past_of();
    by_a_neighbour.slows(SubjectKind::neighbour, "fraud", 5, 190);
    CHECK_FALSE(offers(by_a_neighbour, pods));
    Past one_is_silent = past_of();
    one_is_silent.say(SignalKind::is_answering, Observer::probe,
                      {SubjectKind::instance, "payments-1"}, 0, began_at + 1s);
    CHECK_FALSE(offers(one_is_silent, pods));
    CHECK_FALSE(offers(past_of(), pods, {SubjectKind::instance, "payments-1"}));
}

}  // namespace homeostat::diagnose
