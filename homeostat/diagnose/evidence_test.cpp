#include "homeostat/diagnose/evidence.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

constexpr Instant began_at{1h};

Inventory payments() {
    Inventory inventory;
    inventory.service = ServiceId("payments");
    inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1"),
                           InstanceId("payments-2")};
    inventory.neighbours = {ServiceId("fraud"), ServiceId("rates")};
    inventory.has_versions = true;
    return inventory;
}

Symptom symptom_of(SymptomKind kind) {
    return {.kind = kind,
            .subject = {SubjectKind::service, "payments"},
            .began_at = began_at,
            .noticed_at = began_at + 2s};
}

/// All is well, but that payments fails so and so many of a hundred requests, evenly.
Look look_of(std::uint64_t errors) {
    Look look;
    look.own = {300, 3 * errors};
    for (const InstanceId& instance : payments().instances) {
        look.instances.emplace_back(instance, Failing{100, errors});
    }
    for (const ServiceId& neighbour : payments().neighbours) {
        look.neighbours.emplace_back(neighbour, Failing{300, 0});
        look.neighbour_paces.emplace_back(neighbour, Pace{});
    }
    return look;
}

Change change_of(ChangeKind kind, Duration before) {
    Change change;
    change.kind = kind;
    change.service = ServiceId("payments");
    change.from = VersionId("v1");
    change.to = VersionId("v2");
    change.at = began_at - before;
    return change;
}

struct Read {
    std::string text;
    std::vector<std::string> names;
};

Read read(const Look& look,
          const Symptom& symptom = symptom_of(SymptomKind::errors),
          const Inventory& inventory = payments()) {
    Diagnosis diagnosis;
    write_evidence(diagnosis, look, symptom, inventory, {});
    Read read{.text = {}, .names = diagnosis.names};
    for (const std::string& line : diagnosis.evidence.lines) {
        read.text += line + "\n";
    }
    return read;
}

}  // namespace

TEST_CASE("errors after a deploy are told with it, and no name is") {
    Look look = look_of(30);
    look.suspects = {change_of(ChangeKind::deploy, 3s)};
    look.new_error_templates = 7;
    const Read told = read(look);
    CHECK(told.text ==
          "users: 30 % of requests fail\n"
          "A service fails 30 % of its requests\n"
          "deploy of A 3 s before the symptom\n");
    CHECK(told.names == std::vector<std::string>{"payments"});
}

TEST_CASE("a change that a clock puts behind the symptom is told as after it") {
    Look look = look_of(30);
    look.own.ratio_before = 0.02;
    look.suspects = {change_of(ChangeKind::config, -1s), change_of(ChangeKind::deploy, 9min)};
    CHECK(read(look).text ==
          "users: 30 % of requests fail\n"
          "A service fails 30 % of its requests, 2 % before\n"
          "change of configuration of A 1 s after the symptom\n"
          "deploy of A 540 s before the symptom\n");
}

TEST_CASE("where no deploy could be seen none is denied") {
    Inventory blind = payments();
    blind.has_versions = false;
    CHECK(read(look_of(30)).text.ends_with("no recent deploy of A\n"));
    CHECK_FALSE(read(look_of(30), symptom_of(SymptomKind::errors), blind).text.contains("deploy"));
}

TEST_CASE("a neighbour that explains it stands before the service, which waits for it") {
    Look look = look_of(30);
    look.suspects = {change_of(ChangeKind::deploy, 1s)};
    look.neighbours[0].second = {300, 144};
    look.explaining = {ServiceId("fraud")};
    Inventory inventory = payments();
    inventory.circuits = {ServiceId("fraud")};
    const Read told = read(look, symptom_of(SymptomKind::errors), inventory);
    CHECK(told.text ==
          "users: 30 % of requests fail\n"
          "A service fails 48 % of its requests\n"
          "B service fails 30 % of its requests\n"
          "deploy of B 1 s before the symptom\n"
          "B waits for A, and has a fallback\n");
    CHECK(told.names == std::vector<std::string>{"fraud", "payments"});
}

TEST_CASE("a neighbour that is ill beside it stands behind the service") {
    Look look = look_of(30);
    look.neighbours[1].second = {300, 9};
    const Read told = read(look);
    CHECK(told.text ==
          "users: 30 % of requests fail\n"
          "A service fails 30 % of its requests\n"
          "no recent deploy of A\n"
          "A waits for B service\n"
          "B fails 3 % of its requests\n");
    CHECK(told.names == std::vector<std::string>{"payments", "rates"});
}

TEST_CASE("memory that climbed until instances fell silent is told as so many of how many") {
    Look look = look_of(11);
    look.leaks = {{InstanceId("payments-0"), 7, 84}, {InstanceId("payments-1"), 7, 77}};
    look.silent = {InstanceId("payments-0")};
    look.has_stopped_answering = true;
    CHECK(read(look, symptom_of(SymptomKind::instance_not_answering)).text ==
          "users: 11 % of requests fail\n"
          "A service fails 11 % of its requests\n"
          "A: 1 of 3 down, stopped answering once, memory x12.0 in 2 of 3\n"
          "no recent deploy of A\n");
}

TEST_CASE("one instance that is slow, fails more or has ended is told without its name") {
    Look look = look_of(0);
    look.own_pace = {20, 113};
    look.slowest = InstanceId("payments-1");
    look.slow_ratio = 1.0 / 3;
    CHECK(read(look, symptom_of(SymptomKind::latency)).text ==
          "users: 0 % of requests fail, 33 % are slow\n"
          "A service: latency x5.7, 1 of 3 slower than the others\n"
          "no recent deploy of A\n");
    look = look_of(0);
    look.own = {300, 60};
    look.instances[1].second = {100, 60};
    CHECK(read(look).text ==
          "users: 20 % of requests fail\n"
          "A service fails 20 % of its requests\n"
          "A: 1 of 3 fail more than the others\n"
          "no recent deploy of A\n");
    look = look_of(0);
    Symptom ended = symptom_of(SymptomKind::instance_down);
    ended.subject = {SubjectKind::instance, "payments-2"};
    CHECK(read(look, ended).text ==
          "users: no loss is seen\n"
          "A service: 1 of 3 down\n"
          "no recent deploy of A\n");
    look.silent = {InstanceId("payments-2")};
    CHECK(read(look, ended).text.contains("1 of 3 down"));
}

TEST_CASE("more requests are told while they have to wait, and else are a busy hour") {
    Look look = look_of(20);
    look.load = {.rate = 300, .usual_rate = 100, .waiting = 180, .at_work = 3, .idle = 2};
    CHECK(read(look).text ==
          "users: 20 % of requests fail, traffic x3.0\n"
          "A service fails 20 % of its requests\n"
          "A: queue +180, traffic x3.0\n"
          "no recent deploy of A\n");
    look.load.usual_rate.reset();
    CHECK(read(look).text.contains("A: queue +180\n"));
    look.load = {.rate = 300, .usual_rate = 100, .waiting = waiting_usual_max};
    CHECK_FALSE(read(look).text.contains("queue"));
    CHECK_FALSE(read(look).text.contains("traffic"));
}

TEST_CASE("copies that are stale are told of the cache, and as what users lose by others' word") {
    Look look = look_of(0);
    look.stale_ratio = 0.8;
    look.suspects = {change_of(ChangeKind::deploy, 5s)};
    Symptom stale = symptom_of(SymptomKind::stale_cache);
    stale.subject = {SubjectKind::cache, "quotes"};
    const Read told = read(look, stale);
    CHECK(told.text ==
          "users: others' word is that they lose 80 %\n"
          "A cache: stale copies 0% to 80%\n"
          "deploy of B service 5 s before the symptom\n");
    CHECK(told.names == std::vector<std::string>{"quotes", "payments"});
}

TEST_CASE("what is within the limits of noise is not told") {
    Look look = look_of(1);
    look.own_pace = {20, 50};
    look.neighbours[0].second = {300, 3};
    look.neighbour_paces[0].second = {2, 6};
    CHECK(read(look).text ==
          "users: 1 % of requests fail\n"
          "no recent deploy of A service\n");
    look.neighbour_paces[0].second = {20, 100};
    CHECK(read(look).text.ends_with("A waits for B service\nB: latency x5.0\n"));
}

}  // namespace homeostat::diagnose
