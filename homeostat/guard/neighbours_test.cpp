#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <vector>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const ServiceId orders("orders");
const NeighbourWord mine{orders, NeighbourSays::mine, seconds{4}};
const NeighbourWord lets_go{orders, NeighbourSays::go, {}};

/// Neighbours have said so just now.
Scene scene_after(const Remedy& remedy, std::vector<NeighbourWord> words) {
    Scene scene = scene_of(remedy);
    scene.facts.neighbours = std::move(words);
    scene.asked.heed_until = heed_until_after(scene.asked, scene.facts, now);
    return scene;
}

Verdict verdict_at(const Scene& scene, Instant at) {
    Facts facts = scene.facts;
    facts.read_at = at;
    return check(scene.asked, facts, scene.history, scene.limits, at);
}

}  // namespace

TEST_CASE("a neighbour that is at it delays whatever takes capacity away, until its word expires") {
    for (const Remedy& remedy : {restart_0, eject_0, rolling, rollback}) {
        CAPTURE(describe(remedy));
        const Verdict verdict = verdict_at(scene_after(remedy, {mine}), now);
        CHECK(verdict.rule == neighbours_rule);
        CHECK(verdict.kind == VerdictKind::refusal);
        CHECK(verdict.because == "orders says \"mine\", for 4.0 s");
        CHECK(verdict.again_at == now + seconds{4});
    }
}

TEST_CASE("what takes no capacity away is delayed by nobody") {
    for (const Remedy& remedy : {open_fraud, scale_up, invalidate_quotes, reroute_quotes}) {
        CAPTURE(describe(remedy));
        CHECK(verdict_at(scene_after(remedy, {mine}), now).rule != neighbours_rule);
    }
}

TEST_CASE("a neighbour that lets it go, or says nothing, is not in the way") {
    CHECK(verdict_at(scene_after(restart_0, {lets_go}), now).kind == VerdictKind::permit);
    CHECK(verdict_at(scene_after(restart_0, {}), now).kind == VerdictKind::permit);
}

TEST_CASE("of several words the longest counts") {
    const NeighbourWord longer{ServiceId("stock"), NeighbourSays::wait, seconds{9}};
    const Verdict verdict = verdict_at(scene_after(restart_0, {lets_go, mine, longer}), now);
    CHECK(verdict.because == "stock says \"wait\", for 9.0 s");
}

TEST_CASE("words delay an incident for half a minute in all, however often they are said") {
    Scene scene = scene_after(restart_0, {mine});
    const Instant first_at = now;
    REQUIRE(scene.asked.heed_until == first_at + seconds{30});
    for (const seconds later : {seconds{4}, seconds{20}, seconds{29}}) {
        const Instant at = first_at + later;
        scene.asked.heed_until = heed_until_after(scene.asked, scene.facts, at);
        const Verdict verdict = verdict_at(scene, at);
        CHECK(verdict.rule == neighbours_rule);
        CHECK(verdict.again_at <= first_at + seconds{30});
    }
    scene.asked.heed_until = heed_until_after(scene.asked, scene.facts, first_at + seconds{30});
    CHECK(verdict_at(scene, first_at + seconds{30}).kind == VerdictKind::permit);
}

TEST_CASE("a neighbour that says so for an hour is asked again in ten seconds") {
    const NeighbourWord endless{orders, NeighbourSays::wait, std::chrono::hours{1}};
    CHECK(verdict_at(scene_after(restart_0, {endless}), now).again_at == now + seconds{10});
}

TEST_CASE("a word that expires at once is asked for again in half a second") {
    const NeighbourWord brief{orders, NeighbourSays::wait, {}};
    CHECK(verdict_at(scene_after(restart_0, {brief}), now).again_at == now + milliseconds{500});
}

TEST_CASE("a process that has ended is started whatever neighbours say") {
    Scene scene = reflex_scene();
    scene.facts.neighbours = {mine};
    scene.asked.heed_until = now + seconds{30};
    CHECK_FALSE(heeds_neighbours(scene.asked));
    CHECK(verdict_at(scene, now).kind == VerdictKind::permit);
}

TEST_CASE("what has begun is not left half-way for a neighbour's word") {
    Scene scene = scene_after(restart_0, {mine});
    learn_effect(scene.history, {incident, "i-1.e1", restart_0, Drain{payments_0}}, now);
    CHECK(verdict_at(scene, now).rule != neighbours_rule);
}

}  // namespace homeostat::guard
