#include "homeostat/guard/guard.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace homeostat::guard {

namespace {

using namespace std::chrono_literals;

const ServiceId fraud("fraud");
constexpr Instant now = instant_of_ns(1'000'000'000'000);

struct Scene {
    std::vector<DimmerLimits> declared{{.neighbour = fraud, .floor_rps = 20}};
    DimmerMatter matter{
        .is_suspended = false, .is_recording = true, .autonomy = Autonomy::act, .calls_rps = 100};
    DimmerPace pace;

    [[nodiscard]] Verdict ask(const Dim& dim) const {
        return check(dim, declared, matter, pace, now);
    }
};

const Dim half{fraud, 500, now + 10s};
const Dim nothing{fraud, 0, now};

}  // namespace

TEST_CASE("a dimmer is turned, and given back, while every rule agrees") {
    Scene scene;
    for (const Dim& dim : {half, nothing}) {
        const auto permit =
            Gate::ask(dim, EffectId("p1.e1"), scene.declared, scene.matter, scene.pace, now);
        REQUIRE(permit);
        CHECK(permit->dim() == dim);
        CHECK(permit->effect() == EffectId("p1.e1"));
    }
    CHECK(scene.pace.turns_lately(fraud, now) == 2);
}

TEST_CASE("each rule of a dimmer trips, and what it refuses gets no permit and spends no turn") {
    struct Case {
        std::string rule;
        void (*spoil)(Scene& scene, Dim& dim);
    };
    for (const Case& one : std::vector<Case>{
             {"the kill switch is released",
              [](Scene& scene, Dim&) { scene.matter.is_suspended = true; }},
             {"what is done can be recorded",
              [](Scene& scene, Dim&) { scene.matter.is_recording = false; }},
             {"the dimmer is declared",
              [](Scene&, Dim& dim) { dim.neighbour = ServiceId("rates"); }},
             {"the order is within its bounds", [](Scene&, Dim& dim) { dim.permille = 1'001; }},
             {"the order is within its bounds", [](Scene&, Dim& dim) { dim.until = now; }},
             {"the order is within its bounds",
              [](Scene&, Dim& dim) { dim.until = now + 60s + 1ns; }},
             {"the autonomy of the mesh is act",
              [](Scene& scene, Dim&) { scene.matter.autonomy = Autonomy::watch; }},
             {"the autonomy of the mesh is act",
              [](Scene& scene, Dim&) { scene.matter.autonomy = Autonomy::ask; }},
             {"so many calls as critical requests need still pass",
              [](Scene&, Dim& dim) { dim.permille = 801; }},
             {"so many calls as critical requests need still pass",
              [](Scene& scene, Dim&) { scene.matter.calls_rps = 39; }},
             {"so many calls as critical requests need still pass",
              [](Scene& scene, Dim&) { scene.matter.calls_rps = 0; }},
             {"the dimmer is not turned too often", [](Scene& scene, Dim&) {
                  for (int turn = 0; turn < 120; ++turn) {
                      scene.pace.note(fraud, now - 59s);
                  }
              }}}) {
        CAPTURE(one.rule);
        Scene scene;
        Dim dim = half;
        one.spoil(scene, dim);
        const std::size_t turns_before = scene.pace.turns_lately(fraud, now);
        const auto permit =
            Gate::ask(dim, EffectId("p1.e1"), scene.declared, scene.matter, scene.pace, now);
        REQUIRE_FALSE(permit);
        CHECK(permit.error().kind == VerdictKind::refusal);
        CHECK(permit.error().rule == one.rule);
        CHECK_FALSE(permit.error().because.empty());
        CHECK(scene.pace.turns_lately(fraud, now) == turns_before);
    }
}

TEST_CASE("a bound that is just kept is kept") {
    Scene scene;
    CHECK(scene.ask({fraud, 800, now + 60s}).kind == VerdictKind::permit);
    scene.declared.front().floor_rps = 0;
    CHECK(scene.ask({fraud, permille_max, now + 1ns}).kind == VerdictKind::permit);
    scene.matter.calls_rps = 0;
    CHECK(scene.ask({fraud, permille_max, now + 1s}).kind == VerdictKind::permit);
}

TEST_CASE("to give back has no pace, and every other rule") {
    Scene scene;
    for (int turn = 0; turn < 500; ++turn) {
        scene.pace.note(fraud, now);
    }
    CHECK(scene.ask(half).kind == VerdictKind::refusal);
    CHECK(scene.ask(nothing).kind == VerdictKind::permit);
    scene.matter.is_suspended = true;
    CHECK(scene.ask(nothing).kind == VerdictKind::refusal);
}

TEST_CASE("a turn of a minute ago counts no more, and one neighbour's turns are not another's") {
    Scene scene;
    for (int turn = 0; turn < 120; ++turn) {
        scene.pace.note(fraud, now - 60s);
        scene.pace.note(ServiceId("rates"), now);
    }
    CHECK(scene.pace.turns_lately(fraud, now) == 0);
    CHECK(scene.ask(half).kind == VerdictKind::permit);
}

TEST_CASE("what may be held back leaves the floor, whatever the calls are") {
    for (const std::uint32_t floor : {0U, 1U, 7U, 99U, 100U, 5'000U}) {
        for (std::uint32_t calls = 1; calls < 3'000; calls += 7) {
            const std::uint64_t held = permille_above(floor, calls);
            CAPTURE(floor);
            CAPTURE(calls);
            CHECK(held <= permille_max);
            // So many pass; where there are fewer calls than the floor, all of them.
            CHECK(calls * (permille_max - held) >=
                  std::uint64_t{std::min(floor, calls)} * permille_max);
        }
    }
}

}  // namespace homeostat::guard
