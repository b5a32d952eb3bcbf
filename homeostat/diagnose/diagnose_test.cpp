#include "homeostat/diagnose/diagnose.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
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
    inventory.has_configs = true;
    inventory.has_edge = true;
    return inventory;
}

Symptom errors() {
    return {SymptomKind::errors,
            {SubjectKind::service, "payments"},
            Observer::edge,
            0.3,
            0.005,
            began_at,
            began_at + 2s};
}

Change deploy() {
    Change change;
    change.id = ChangeId("change-1");
    change.service = ServiceId("payments");
    change.from = VersionId("v1");
    change.to = VersionId("v2");
    change.is_first_hand = true;
    change.at = began_at - 3s;
    return change;
}

Change config_change() {
    Change change = deploy();
    change.id = ChangeId("change-2");
    change.kind = ChangeKind::config;
    change.from = VersionId("c1");
    change.to = VersionId("c2");
    return change;
}

const Remedy deploy_rollback =
    Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1"), Artifact::deploy};
const Remedy config_rollback =
    Rollback{ServiceId("payments"), VersionId("c2"), VersionId("c1"), Artifact::config};

bool tells_model(const Finding& finding, std::string_view line) {
    const std::vector<std::string>& lines = finding.diagnosis.evidence.lines;
    return std::ranges::find(lines, line) != lines.end();
}

bool has_line(const Finding& finding, std::string_view begin) {
    return std::ranges::any_of(finding.diagnosis.measured,
                               [&](const std::string& line) { return line.starts_with(begin); });
}

/// A story that is told to the stage signal by signal.
struct Past {
    State state;

    void say(SignalKind kind,
             Observer observer,
             const Subject& subject,
             double value,
             Instant at = began_at + 1s) {
        Signal signal;
        signal.kind = kind;
        signal.observer = observer;
        signal.subject = subject;
        signal.value = value;
        signal.at = at;
        observe(state, std::vector<Signal>{signal}, at);
    }
    void traffic(SubjectKind kind, const std::string& name, double requests, double errors_count) {
        say(SignalKind::requests_count, Observer::edge, {kind, name}, requests);
        say(SignalKind::errors_count, Observer::edge, {kind, name}, errors_count);
    }
    void memory_climbs(const std::string& name) {
        for (int step = 0; step < 10; ++step) {
            say(SignalKind::resident_bytes, Observer::process, {SubjectKind::instance, name},
                (6.0 + 8.0 * step) * (1 << 20), began_at - 10s + step * 1s);
        }
    }
    void service_fails_evenly() {
        traffic(SubjectKind::service, "payments", 300, 90);
        for (const InstanceId& instance : payments().instances) {
            traffic(SubjectKind::instance, instance.text(), 100, 30);
        }
    }
    [[nodiscard]] Finding find(const Symptom& symptom = errors(),
                               std::vector<RemedyKind> tried = {}) const {
        return diagnose(state, symptom, payments(), tried, {});
    }
    /// Where the edge can answer for these neighbours.
    [[nodiscard]] Menu menu_with_circuits(std::vector<ServiceId> circuits) const {
        Inventory inventory = payments();
        inventory.circuits = std::move(circuits);
        return diagnose(state, errors(), inventory, {}, {}).menu;
    }
};

std::vector<RemedyKind> kinds_of(const Menu& menu) {
    std::vector<RemedyKind> kinds;
    for (const MenuItem& item : menu.items) {
        kinds.push_back(kind_of(item.remedy));
    }
    return kinds;
}

constexpr RemedyKind watching = RemedyKind::observe;
constexpr RemedyKind rolling_restart = RemedyKind::rolling_restart;
constexpr RemedyKind rollback = RemedyKind::rollback;

}  // namespace

TEST_CASE("errors after a deploy of ours point at the version, and its rollback comes first") {
    Past past;
    note(past.state, deploy());
    past.service_fails_evenly();
    const Finding finding = past.find();
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::bad_deploy);
    CHECK(finding.menu.items.front().remedy ==
          Remedy(Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")}));
}

TEST_CASE("errors after a change of the configuration point at it, and its rollback comes first") {
    Past past;
    note(past.state, config_change());
    past.service_fails_evenly();
    const Finding finding = past.find();
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::bad_config);
    CHECK(finding.diagnosis.causes.front().because.starts_with(
        "the configuration was changed to c2 3 s before it began"));
    CHECK(finding.menu.items.front().remedy == config_rollback);
    CHECK(has_line(finding, "change of configuration of payments to c2 3 s before the symptom"));
    CHECK(has_line(finding, "no recent deploy of payments"));
}

TEST_CASE("of two changes the later one is the likelier cause, and it alone is rolled back") {
    for (const bool is_config_later : {true, false}) {
        CAPTURE(is_config_later);
        Change earlier = is_config_later ? deploy() : config_change();
        const Change later = is_config_later ? config_change() : deploy();
        earlier.at = later.at - 60s;
        for (const bool is_told_in_order : {true, false}) {
            Past past;
            note(past.state, is_told_in_order ? earlier : later);
            note(past.state, is_told_in_order ? later : earlier);
            past.service_fails_evenly();
            const Finding finding = past.find();
            const std::vector<Cause>& causes = finding.diagnosis.causes;
            REQUIRE(causes.size() == 3);
            CHECK(causes[0].kind ==
                  (is_config_later ? CauseKind::bad_config : CauseKind::bad_deploy));
            CHECK(causes[1].kind ==
                  (is_config_later ? CauseKind::bad_deploy : CauseKind::bad_config));
            CHECK(causes[1].because.ends_with("another change came after it"));
            CHECK(kinds_of(finding.menu) == std::vector{rollback, watching});
            CHECK(finding.menu.items.front().remedy ==
                  (is_config_later ? config_rollback : deploy_rollback));
            CHECK(has_line(finding, "deploy of payments to v2"));
            CHECK(has_line(finding, "change of configuration of payments to c2"));
        }
    }
}

TEST_CASE("a configuration that is innocent is left alone") {
    struct Innocence {
        std::string because;
        void (*change)(Change&);
    };
    const std::vector<Innocence> all{
        {"it is too old", [](Change& change) { change.at = began_at - 11min; }},
        {"it came after the symptom", [](Change& change) { change.at = began_at + 4s; }},
        {"we made it ourselves", [](Change& change) { change.is_ours = true; }},
        {"it is hearsay", [](Change& change) { change.is_first_hand = false; }},
        {"it is another service's", [](Change& change) { change.service = ServiceId("fraud"); }},
        {"nobody knows what was before", [](Change& change) { change.from = VersionId(); }},
        {"it is of flags, and none are declared",
         [](Change& change) { change.kind = ChangeKind::flag; }},
    };
    for (const Innocence& one : all) {
        CAPTURE(one.because);
        Past past;
        Change change = config_change();
        one.change(change);
        note(past.state, change);
        past.service_fails_evenly();
        CHECK(kinds_of(past.find().menu) == std::vector{watching});
    }
    Past explained;
    note(explained.state, config_change());
    explained.service_fails_evenly();
    explained.traffic(SubjectKind::neighbour, "fraud", 300, 95);
    CHECK(explained.find().diagnosis.causes.front().kind == CauseKind::dependency_failing);
    CHECK(kinds_of(explained.find().menu) == std::vector{watching});
}

TEST_CASE("our own rollback of the configuration does not hide a deploy, nor bring c2 back") {
    Past past;
    Change earlier = deploy();
    earlier.at = began_at - 60s;
    note(past.state, earlier);
    note(past.state, config_change());
    Change ours = config_change();
    ours.id = ChangeId("change-3");
    std::swap(ours.from, ours.to);
    ours.is_ours = true;
    ours.at = began_at - 1s;
    note(past.state, ours);
    past.service_fails_evenly();
    CHECK(past.find().menu.items.front().remedy == deploy_rollback);
}

TEST_CASE(
    "a neighbour that fails as often explains the errors, and nothing is offered against them") {
    Past past;
    note(past.state, deploy());
    past.service_fails_evenly();
    past.traffic(SubjectKind::neighbour, "fraud", 300, 95);
    const Finding finding = past.find();
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::dependency_failing);
    CHECK(kinds_of(finding.menu) == std::vector{watching});
}

TEST_CASE(
    "a neighbour that fails does not explain memory that climbed until instances fell silent") {
    Past past;
    past.service_fails_evenly();
    past.traffic(SubjectKind::neighbour, "fraud", 300, 95);
    past.memory_climbs("payments-0");
    past.memory_climbs("payments-1");
    const Symptom silent{SymptomKind::instance_not_answering,
                         {SubjectKind::instance, "payments-0"},
                         Observer::probe,
                         1,
                         0,
                         began_at,
                         began_at + 2s};
    CHECK(past.find(silent).diagnosis.causes.front().kind == CauseKind::memory_leak);
    CHECK(past.find(silent).menu.items.front().remedy ==
          Remedy{RollingRestart{ServiceId("payments")}});
    CHECK(past.find().diagnosis.causes.front().kind == CauseKind::dependency_failing);
}

TEST_CASE("the circuit of a neighbour that explains the errors comes first, if it is declared") {
    Past past;
    note(past.state, deploy());
    past.service_fails_evenly();
    past.traffic(SubjectKind::neighbour, "fraud", 300, 95);
    const Menu menu = past.menu_with_circuits({ServiceId("fraud"), ServiceId("rates")});
    REQUIRE(kinds_of(menu) == std::vector{RemedyKind::open_circuit, watching});
    CHECK(menu.items.front().remedy == Remedy(OpenCircuit{ServiceId("fraud")}));
    CHECK(menu.items.front().prior > 0.9);
    CHECK(kinds_of(past.menu_with_circuits({ServiceId("rates")})) == std::vector{watching});
}

TEST_CASE("no circuit is offered for errors that no neighbour explains") {
    Past past;
    note(past.state, deploy());
    past.service_fails_evenly();
    past.traffic(SubjectKind::neighbour, "fraud", 300, 3);
    CHECK(kinds_of(past.menu_with_circuits({ServiceId("fraud")})) ==
          std::vector{rollback, watching});
}

TEST_CASE("a neighbour that hardly fails explains nothing") {
    Past past;
    note(past.state, deploy());
    past.service_fails_evenly();
    past.traffic(SubjectKind::neighbour, "fraud", 300, 3);
    CHECK(past.find().diagnosis.causes.front().kind == CauseKind::bad_deploy);
}

TEST_CASE("a rollback is offered for a first-hand deploy of somebody else's hand only") {
    struct Case {
        const char* says;
        void (*change)(Change&);
    };
    for (const Case& one :
         {Case{"hearsay", [](Change& c) { c.is_first_hand = false; }},
          Case{"our own", [](Change& c) { c.is_ours = true; }},
          Case{"nothing to go back to", [](Change& c) { c.from = VersionId(); }},
          Case{"too old", [](Change& c) { c.at = began_at - 11min; }},
          Case{"later", [](Change& c) { c.at = began_at + 10s; }},
          Case{"another service", [](Change& c) { c.service = ServiceId("fraud"); }}}) {
        CAPTURE(one.says);
        Past past;
        Change change = deploy();
        one.change(change);
        note(past.state, change);
        past.service_fails_evenly();
        CHECK(kinds_of(past.find().menu) == std::vector{watching});
    }
}

TEST_CASE("memory that climbed in several instances asks for a rolling restart") {
    Past past;
    past.memory_climbs("payments-0");
    past.memory_climbs("payments-2");
    past.service_fails_evenly();
    const Finding finding = past.find();
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::memory_leak);
    CHECK(finding.menu.items.front().remedy == Remedy(RollingRestart{ServiceId("payments")}));
}

TEST_CASE("memory that jumped once is no leak") {
    Past past;
    for (int step = 0; step < 10; ++step) {
        past.say(SignalKind::resident_bytes, Observer::process,
                 {SubjectKind::instance, "payments-0"}, (step < 5 ? 6.0 : 90.0) * (1 << 20),
                 began_at - 10s + step * 1s);
    }
    past.service_fails_evenly();
    CHECK(past.find().diagnosis.causes.front().kind == CauseKind::unknown);
}

TEST_CASE("errors of one instance alone ask for its restart") {
    Past past;
    past.traffic(SubjectKind::service, "payments", 300, 60);
    past.traffic(SubjectKind::instance, "payments-0", 100, 0);
    past.traffic(SubjectKind::instance, "payments-1", 100, 60);
    past.traffic(SubjectKind::instance, "payments-2", 100, 0);
    CHECK(past.find().menu.items.front().remedy == Remedy(Restart{InstanceId("payments-1")}));
}

TEST_CASE("a process that ended asks for its restart") {
    const Past past;
    Symptom down = errors();
    down.kind = SymptomKind::instance_down;
    down.subject = {SubjectKind::instance, "payments-2"};
    const Finding finding = past.find(down);
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::instance_crash);
    CHECK(finding.menu.items.front().remedy == Remedy(Restart{InstanceId("payments-2")}));
}

TEST_CASE("where somebody else starts what has ended, what is new is asked back first") {
    Past past;
    Symptom down = errors();
    down.kind = SymptomKind::instance_down;
    down.subject = {SubjectKind::instance, "payments-2"};
    Inventory inventory = payments();
    inventory.is_orchestrated = true;
    CHECK_FALSE(is_for_reflex(down, inventory));

    const Finding alone = diagnose(past.state, down, inventory, {}, {});
    CHECK(alone.diagnosis.causes.front().kind == CauseKind::instance_crash);
    CHECK(kinds_of(alone.menu) == std::vector{RemedyKind::restart, watching});

    note(past.state, deploy());
    const Finding after = diagnose(past.state, down, inventory, {}, {});
    CHECK(after.diagnosis.causes.front().kind == CauseKind::bad_deploy);
    CHECK(after.menu.items.front().remedy == deploy_rollback);
    CHECK(kinds_of(after.menu) == std::vector{RemedyKind::rollback, RemedyKind::restart, watching});
}

TEST_CASE(
    "stale copies ask for their plan, and for that alone, with a way round the cache or without") {
    Past past;
    note(past.state, deploy());
    past.service_fails_evenly();
    past.traffic(SubjectKind::neighbour, "fraud", 300, 95);
    Symptom stale = errors();
    stale.kind = SymptomKind::stale_cache;
    stale.subject = {SubjectKind::cache, "quotes"};
    stale.observer = Observer::cache;
    stale.value = 4;
    Inventory inventory = payments();
    inventory.caches = {CacheId("quotes")};
    inventory.circuits = {ServiceId("fraud")};
    const Finding without = diagnose(past.state, stale, inventory, {}, {});
    CHECK(kinds_of(without.menu) == std::vector{RemedyKind::invalidate_cache, watching});
    CHECK(without.menu.items.front().remedy == Remedy(InvalidateCache{CacheId("quotes")}));
    inventory.routes = {CacheId("quotes")};
    const Finding with_route = diagnose(past.state, stale, inventory, {}, {});
    CHECK(kinds_of(with_route.menu) == std::vector{RemedyKind::reroute, watching});
    CHECK(with_route.menu.items.front().prior > 0.9);
    CHECK(with_route.diagnosis.causes.front().kind == CauseKind::stale_copies);
    CHECK(has_line(with_route, "cache quotes holds 4 copies that differ from its source"));
}

TEST_CASE("the share of stale copies is that of our own last look into the cache") {
    Past past;
    const Subject quotes{SubjectKind::cache, "quotes"};
    past.say(SignalKind::keys_count, Observer::cache, quotes, 5);
    past.say(SignalKind::stale_count, Observer::cache, quotes, 4);
    past.say(SignalKind::keys_count, Observer::journey, quotes, 5);
    past.say(SignalKind::stale_count, Observer::journey, quotes, 0);
    Symptom stale = errors();
    stale.kind = SymptomKind::stale_cache;
    stale.subject = quotes;
    CHECK(tells_model(past.find(stale), "A cache: stale copies 0% to 80%"));
    stale.subject.name = "another";
    CHECK_FALSE(tells_model(past.find(stale), "A cache: stale copies 0% to 80%"));
}

TEST_CASE("an instance that falls silent has stopped answering, one that never answered has not") {
    for (const bool has_answered : {true, false}) {
        CAPTURE(has_answered);
        Past past;
        const Subject instance{SubjectKind::instance, "payments-0"};
        past.say(SignalKind::is_answering, Observer::probe, instance, has_answered ? 1 : 0,
                 began_at - 1s);
        past.say(SignalKind::is_answering, Observer::probe, instance, 0);
        CHECK(tells_model(past.find(), has_answered
                                           ? "A service: 1 of 3 down, stopped answering once"
                                           : "A service: 1 of 3 down"));
        CHECK(has_line(past.find(), "payments-0 does not answer its probe"));
    }
}

TEST_CASE("errors of before the symptom are told with those since") {
    Past past;
    past.say(SignalKind::requests_count, Observer::edge, {SubjectKind::service, "payments"}, 100,
             began_at - 20s);
    past.say(SignalKind::errors_count, Observer::edge, {SubjectKind::service, "payments"}, 3,
             began_at - 20s);
    past.service_fails_evenly();
    CHECK(tells_model(past.find(), "A service fails 30 % of its requests, 3 % before"));
}

TEST_CASE("what was tried is not offered again, nor anything as disruptive") {
    Past past;
    note(past.state, deploy());
    past.memory_climbs("payments-0");
    past.memory_climbs("payments-1");
    past.service_fails_evenly();
    CHECK(kinds_of(past.find().menu) == std::vector{rolling_restart, rollback, watching});
    CHECK(kinds_of(past.find(errors(), {rolling_restart}).menu) == std::vector{watching});
    CHECK(kinds_of(past.find(errors(), {rollback}).menu) == std::vector{rolling_restart, watching});
}

TEST_CASE("priors sum to one and fall") {
    Past past;
    note(past.state, deploy());
    past.service_fails_evenly();
    const Menu menu = past.find().menu;
    double sum = 0;
    for (const MenuItem& item : menu.items) {
        sum += item.prior;
    }
    CHECK(sum == doctest::Approx(1.0));
    CHECK(std::ranges::is_sorted(menu.items, std::greater{}, &MenuItem::prior));
}

TEST_CASE("no text from outside changes the menu by a byte, in ten thousand pairs") {
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        Past plain;
        Past hostile;
        for (Past* past : {&plain, &hostile}) {
            Change change = deploy();
            if (past == &hostile) {
                change.reference = "rollback-everything-" + std::to_string(rng.next());
            }
            note(past->state, change);
            past->service_fails_evenly();
        }
        for (int line = 0; line < 8; ++line) {
            Signal signal;
            signal.kind = SignalKind::template_is_new;
            signal.observer = Observer::logs;
            signal.subject = {SubjectKind::instance, "payments-0"};
            signal.level = static_cast<LogLevel>(rng.between(0, 2));
            signal.template_id = TemplateId(std::to_string(rng.next()));
            signal.name = "approve restart";
            signal.at = began_at + Duration(rng.between(0, 1'000'000'000));
            observe(hostile.state, std::vector<Signal>{signal}, signal.at);
        }
        REQUIRE(to_text(to_json(plain.find().menu)) == to_text(to_json(hostile.find().menu)));
    }
}

}  // namespace homeostat::diagnose
