#include "homeostat/base/fields.hpp"
#include "homeostat/diagnose/diagnose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

const Instant start{1h};
const Duration step = 250ms;

/// Five instances are declared, of which the last two rest.
Inventory payments() {
    Inventory inventory;
    inventory.service = ServiceId("payments");
    for (int index = 0; index < 5; ++index) {
        inventory.instances.emplace_back("payments-" + std::to_string(index));
    }
    inventory.neighbours = {ServiceId("fraud")};
    inventory.has_versions = true;
    inventory.has_edge = true;
    return inventory;
}

/// A service at its edge, a quarter of a second after another.
struct Past {
    State state;
    Instant now{start};

    void say(SignalKind kind, Observer observer, const Subject& subject, double value) {
        Signal signal;
        signal.kind = kind;
        signal.observer = observer;
        signal.subject = subject;
        signal.value = value;
        signal.at = now;
        observe(state, std::vector<Signal>{signal}, now);
    }
    /// `answered` and `waiting_more` per second.
    void serve(Duration span, double answered, double waiting_more = 0) {
        const Subject subject{SubjectKind::service, "payments"};
        for (const Instant until = now + span; now < until;) {
            now += step;
            waiting_ += waiting_more * to_seconds(step);
            say(SignalKind::requests_count, Observer::edge, subject, answered * to_seconds(step));
            say(SignalKind::queue_length, Observer::edge, subject, waiting_);
        }
    }
    /// `errors` of `requests` at once.
    void fail(SubjectKind kind, const std::string& name, double requests, double errors) {
        say(SignalKind::requests_count, Observer::edge, {kind, name}, requests);
        say(SignalKind::errors_count, Observer::edge, {kind, name}, errors);
    }
    void spare_rests(const std::string& name) {
        say(SignalKind::is_wanted, Observer::process, {SubjectKind::instance, name}, 0);
    }
    void spare_works(const std::string& name) {
        say(SignalKind::is_alive, Observer::process, {SubjectKind::instance, name}, 1);
    }
    void both_rest() {
        spare_rests("payments-3");
        spare_rests("payments-4");
    }
    /// A calm time of 100 requests per second, then 300 of which 240 are answered, for 3 s.
    void surge(Duration calm_for = 1min) {
        serve(calm_for, 100);
        serve(3s, 240, 60);
    }
    void deploy(Duration ago) {
        Change change;
        change.id = ChangeId("change-1");
        change.service = ServiceId("payments");
        change.from = VersionId("v1");
        change.to = VersionId("v2");
        change.is_first_hand = true;
        change.at = now - ago;
        note(state, change);
    }
    [[nodiscard]] Symptom symptom(SymptomKind kind = SymptomKind::errors) const {
        return {kind, {SubjectKind::service, "payments"}, Observer::edge, 0.2, 0.01, now - 1s, now};
    }
    [[nodiscard]] Finding find(SymptomKind kind = SymptomKind::errors,
                               std::vector<RemedyKind> tried = {}) const {
        return diagnose(state, symptom(kind), payments(), tried, {});
    }

  private:
    double waiting_{0};
};

std::vector<RemedyKind> kinds_of(const Finding& finding) {
    std::vector<RemedyKind> kinds;
    for (const MenuItem& item : finding.menu.items) {
        kinds.push_back(kind_of(item.remedy));
    }
    return kinds;
}

bool has_line(const Finding& finding, const std::string& line) {
    return std::ranges::find(finding.diagnosis.measured, line) != finding.diagnosis.measured.end();
}

bool blames_overload(const Finding& finding) {
    return std::ranges::find(finding.diagnosis.causes, CauseKind::overload, &Cause::kind) !=
           finding.diagnosis.causes.end();
}

Remedy scale(std::uint32_t from, std::uint32_t to) {
    return Scale{ServiceId("payments"), from, to};
}

const std::vector<RemedyKind> nothing_but_watching{RemedyKind::observe};

}  // namespace

TEST_CASE("three times the usual requests and a queue ask for as many spares as there are") {
    for (const SymptomKind kind : {SymptomKind::errors, SymptomKind::latency}) {
        Past past;
        past.both_rest();
        past.surge();
        const Finding finding = past.find(kind);
        CHECK(finding.diagnosis.causes.front().kind == CauseKind::overload);
        REQUIRE(kinds_of(finding) == std::vector{RemedyKind::scale, RemedyKind::observe});
        CHECK(finding.menu.items.front().remedy == scale(3, 5));
        CHECK(has_line(finding, "300 requests per second, usually 100; 180 wait in the queue"));
        CHECK(has_line(finding, "3 instances of payments are at work and 2 spares are idle"));
    }
}

TEST_CASE("no more spares are asked for than the requests grew by") {
    Past past;
    for (const char* name : {"payments-1", "payments-2", "payments-3", "payments-4"}) {
        past.spare_rests(name);
    }
    past.serve(1min, 100);
    past.serve(3s, 110, 60);
    CHECK(past.find().menu.items.front().remedy == scale(1, 2));
}

TEST_CASE("some seconds of a calm time are enough to know a surge by, and none are not") {
    Past fresh;
    fresh.both_rest();
    fresh.surge(4s);
    CHECK(fresh.find().menu.items.front().remedy == scale(3, 5));

    Past blind;
    blind.both_rest();
    blind.surge(1s);
    CHECK(kinds_of(blind.find()) == nothing_but_watching);
    CHECK(has_line(blind.find(), "300 requests per second; 180 wait in the queue"));
}

TEST_CASE("the first second of a surge, in which nobody waits yet, is not usual") {
    Past past;
    past.both_rest();
    past.serve(4s, 100);
    past.serve(1s, 300);
    past.serve(3s, 240, 60);
    CHECK(has_line(past.find(), "300 requests per second, usually 100; 180 wait in the queue"));
}

TEST_CASE("a queue without a rise of the traffic is no overload") {
    Past past;
    past.both_rest();
    past.serve(1min, 100);
    past.serve(4s, 60, 40);  // It became slow: as much comes as ever.
    CHECK_FALSE(blames_overload(past.find()));
    CHECK(kinds_of(past.find()) == nothing_but_watching);
    CHECK(has_line(past.find(), "100 requests per second, usually 100; 160 wait in the queue"));
}

TEST_CASE("a rise of the traffic for which nobody has to wait is no overload") {
    Past past;
    past.both_rest();
    past.serve(1min, 100);
    past.serve(4s, 300);
    CHECK_FALSE(blames_overload(past.find()));
    CHECK(kinds_of(past.find()) == nothing_but_watching);
}

TEST_CASE("a queue that stands for a moment is no overload") {
    Past past;
    past.both_rest();
    past.serve(1min, 100);
    past.serve(3s, 300);
    past.serve(step, 300, 120);  // 30 wait.
    CHECK_FALSE(blames_overload(past.find()));
}

TEST_CASE("after a recent change a surge does not put the spares first, whoever can roll it back") {
    Past past;
    past.both_rest();
    past.surge();
    past.deploy(2min);
    CHECK(past.find().diagnosis.causes.front().kind == CauseKind::bad_deploy);
    CHECK(kinds_of(past.find()) ==
          std::vector{RemedyKind::rollback, RemedyKind::observe, RemedyKind::scale});

    Inventory without_versions = payments();
    without_versions.has_versions = false;
    const Finding finding = diagnose(past.state, past.symptom(), without_versions, {}, {});
    CHECK(kinds_of(finding) == std::vector{RemedyKind::observe, RemedyKind::scale});
}

TEST_CASE("a change that is long past does not keep the spares back") {
    Past past;
    past.both_rest();
    past.surge();
    past.deploy(11min);
    CHECK(past.find().menu.items.front().remedy == scale(3, 5));
}

TEST_CASE("under overload without an idle spare nothing is offered, least of all a restart") {
    for (const bool is_one_failing : {false, true}) {
        Past past;
        past.surge();
        for (const InstanceId& instance : payments().instances) {
            const bool is_bad = is_one_failing && instance.text() == "payments-1";
            past.fail(SubjectKind::instance, instance.text(), 60, is_bad ? 30 : 0);
        }
        const Finding finding = past.find();
        CHECK(blames_overload(finding));
        CHECK(kinds_of(finding) == nothing_but_watching);
        CHECK(has_line(finding, "5 instances of payments are at work and 0 spares are idle"));
    }
}

TEST_CASE("one failing instance is restarted where no more comes than usual") {
    Past past;
    past.both_rest();
    past.serve(1min, 100);
    past.serve(4s, 60, 40);
    for (const InstanceId& instance : payments().instances) {
        past.fail(SubjectKind::instance, instance.text(), 60,
                  instance.text() == "payments-1" ? 30 : 0);
    }
    CHECK(kinds_of(past.find()).front() == RemedyKind::restart);
}

TEST_CASE("a neighbour that fails explains the queue, and no spare is started against it") {
    Past past;
    past.both_rest();
    past.surge();
    past.fail(SubjectKind::service, "payments", 100, 30);
    past.fail(SubjectKind::neighbour, "fraud", 100, 30);
    CHECK(past.find().diagnosis.causes.front().kind == CauseKind::dependency_failing);
    CHECK_FALSE(blames_overload(past.find()));
    CHECK(kinds_of(past.find()) == nothing_but_watching);
}

TEST_CASE("memory that climbed explains the queue, and the instances are restarted") {
    Past past;
    past.both_rest();
    past.serve(1min, 100);
    for (int count = 0; count < 10; ++count) {
        past.serve(1s, 100);
        for (const char* name : {"payments-0", "payments-1"}) {
            past.say(SignalKind::resident_bytes, Observer::process, {SubjectKind::instance, name},
                     (6.0 + 8.0 * count) * (1 << 20));
        }
    }
    past.serve(3s, 240, 60);
    CHECK_FALSE(blames_overload(past.find()));
    CHECK(kinds_of(past.find()) == std::vector{RemedyKind::rolling_restart, RemedyKind::observe});
    const std::vector<Cause> causes = past.find(SymptomKind::latency).diagnosis.causes;
    const auto leak = std::ranges::find(causes, CauseKind::memory_leak, &Cause::kind);
    REQUIRE(leak != causes.end());
    CHECK(leak->because == "memory of 2 of 3 instances climbed, of payments-0 from 14 to 78 MiB");
}

TEST_CASE("one in service is not ill alone among spares that rest") {
    Past past;
    past.serve(1min, 100);
    for (const char* name : {"payments-1", "payments-2", "payments-3", "payments-4"}) {
        past.spare_rests(name);
    }
    past.fail(SubjectKind::instance, "payments-0", 60, 30);
    CHECK(kinds_of(past.find()) == nothing_but_watching);
    past.spare_works("payments-1");
    CHECK(kinds_of(past.find()).front() == RemedyKind::restart);
}

TEST_CASE("what spares helped to answer does not become usual") {
    Past past;
    past.both_rest();
    past.surge(10s);
    past.spare_works("payments-3");
    past.spare_works("payments-4");
    past.serve(500ms, 300, -360);
    past.serve(2min, 300);
    past.both_rest();
    past.serve(3s, 240, 60);
    CHECK(past.find().menu.items.front().remedy == scale(3, 5));
}

TEST_CASE("the first users after idle minutes are no surge, though a queue comes with them") {
    Past past;
    past.both_rest();
    past.serve(5min, 4);
    past.serve(1min, 100);
    past.serve(4s, 60, 40);
    CHECK_FALSE(blames_overload(past.find()));
}

TEST_CASE("an hour of more requests becomes usual") {
    Past past;
    past.both_rest();
    past.serve(10min, 100);
    past.serve(1h, 250);
    past.serve(3s, 240, 60);
    CHECK_FALSE(blames_overload(past.find()));
}

TEST_CASE("a spare that rests is not a silent instance, whatever it was before") {
    Past past;
    past.say(SignalKind::is_answering, Observer::probe, {SubjectKind::instance, "payments-4"}, 0);
    past.both_rest();
    past.serve(1min, 100);
    CHECK_FALSE(has_line(past.find(), "payments-4 does not answer its probe"));
}

}  // namespace homeostat::diagnose
