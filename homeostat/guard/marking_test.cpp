#include "homeostat/guard/guard.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::guard {

namespace {

using namespace std::chrono_literals;

constexpr Instant now = instant_of_ns(1'000'000'000'000);

Network of(const std::string& text) {
    const Result<Network> network = parse_network(text);
    REQUIRE_MESSAGE(network, text);
    return *network;
}

struct Scene {
    MarkLimits limits{.is_declared = true, .allowed = {of("198.51.100.0/24")}};
    MarkMatter matter{
        .is_suspended = false, .is_recording = true, .autonomy = Autonomy::act, .marked_count = 10};
    MarkPace pace;
    Marking marking{Mark::denied, {of("192.0.2.7"), of("203.0.113.0/24")}, now + 2min};

    [[nodiscard]] Verdict ask() const { return check(marking, limits, matter, pace, now); }
};

}  // namespace

TEST_CASE("sources are marked, and marks taken off, while every rule agrees") {
    Scene scene;
    for (const Mark mark : {Mark::denied, Mark::on_trial, Mark::watched, Mark::none}) {
        scene.marking.mark = mark;
        const auto permit = Gate::ask(scene.marking, EffectId("m1.e1"), scene.limits, scene.matter,
                                      scene.pace, now);
        REQUIRE(permit);
        CHECK(permit->marking() == scene.marking);
        CHECK(permit->effect() == EffectId("m1.e1"));
    }
    CHECK(scene.pace.orders_lately(now) == 3);
}

TEST_CASE("each rule of marks trips, and what it refuses gets no permit and spends no turn") {
    struct Case {
        std::string rule;
        void (*spoil)(Scene& scene);
    };
    for (const Case& one : std::vector<Case>{
             {"the kill switch is released",
              [](Scene& scene) { scene.matter.is_suspended = true; }},
             {"what is done can be recorded",
              [](Scene& scene) { scene.matter.is_recording = false; }},
             {"the edge has tables for marks",
              [](Scene& scene) { scene.limits.is_declared = false; }},
             {"the order is within its bounds",
              [](Scene& scene) { scene.marking.sources.clear(); }},
             {"the order is within its bounds",
              [](Scene& scene) { scene.marking.sources.assign(1'001, of("192.0.2.7")); }},
             {"the order is within its bounds", [](Scene& scene) { scene.marking.until = now; }},
             {"the order is within its bounds",
              [](Scene& scene) { scene.marking.until = now + 2min + 1ns; }},
             {"to deny, the autonomy of block_source is act",
              [](Scene& scene) { scene.matter.autonomy = Autonomy::watch; }},
             {"nobody is marked who is allowed",
              [](Scene& scene) { scene.marking.sources.push_back(of("198.51.100.200")); }},
             {"nobody is marked who is allowed",
              [](Scene& scene) { scene.limits.allowed = {of("203.0.113.77")}; }},
             {"nobody is marked who is allowed",
              [](Scene& scene) { scene.marking.sources.push_back(of("127.0.0.1")); }},
             {"no mark is for more than one customer",
              [](Scene& scene) { scene.marking.sources.push_back(of("203.0.112.0/23")); }},
             {"no mark is for more than one customer",
              [](Scene& scene) { scene.marking.sources.push_back(of("2001:db8::/48")); }},
             {"not too many sources have a mark",
              [](Scene& scene) { scene.matter.marked_count = 49'999; }},
             {"marks are not put on too often", [](Scene& scene) {
                  for (int order = 0; order < 300; ++order) {
                      scene.pace.note(now - 59s);
                  }
              }}}) {
        CAPTURE(one.rule);
        Scene scene;
        one.spoil(scene);
        const std::size_t orders_before = scene.pace.orders_lately(now);
        const auto permit = Gate::ask(scene.marking, EffectId("m1.e1"), scene.limits, scene.matter,
                                      scene.pace, now);
        REQUIRE_FALSE(permit);
        CHECK(permit.error().kind == VerdictKind::refusal);
        CHECK(permit.error().rule == one.rule);
        CHECK_FALSE(permit.error().because.empty());
        CHECK(scene.pace.orders_lately(now) == orders_before);
    }
}

TEST_CASE("a bound of marks that is just kept is kept") {
    Scene scene;
    scene.matter.marked_count = 49'998;
    scene.marking.sources = {of("192.0.2.7"), of("2001:db8::/64")};
    CHECK(scene.ask().kind == VerdictKind::permit);
    scene.matter.autonomy = Autonomy::watch;
    scene.marking.mark = Mark::on_trial;
    CHECK(scene.ask().kind == VerdictKind::permit);
}

TEST_CASE("to take marks off, and to keep them, has no pace") {
    Scene scene;
    for (int order = 0; order < 400; ++order) {
        scene.pace.note(now);
    }
    CHECK(scene.ask().kind == VerdictKind::refusal);
    scene.marking.is_renewal = true;
    CHECK(scene.ask().kind == VerdictKind::permit);
    scene.marking = {Mark::none, {of("198.51.100.7")}, Instant{}};
    scene.matter.marked_count = 60'000;
    CHECK(scene.ask().kind == VerdictKind::permit);
    scene.matter.is_suspended = true;
    CHECK(scene.ask().kind == VerdictKind::refusal);
}

}  // namespace homeostat::guard
