#include "homeostat/guard/rules.hpp"
#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::seconds;

namespace {

const std::string effect = "i-1.e9";  ///< As the scene asks for it.

/// A rollback whose decision stands in group 7, and which needs `names` to have it.
Scene scene_needing(std::vector<std::string> names) {
    Scene scene = scene_of(rollback);
    scene.limits.confirmed_by = {{RemedyKind::rollback, std::move(names)}};
    scene.facts.confirmations.emplace().decided_in = 7;
    return scene;
}

void confirm(Scene& scene, const std::string& name, std::optional<std::uint64_t> up_to) {
    scene.facts.confirmations->all.push_back({name, up_to, up_to ? "" : "it is away"});
}

Scene scene_in_fleet() {
    Scene scene = scene_of(rollback);
    scene.limits.fleet.emplace().name = "shop";
    return scene;
}

void answer(Scene& scene, FleetSays says, const std::string& place = effect) {
    scene.facts.fleet = FleetWord{EffectId(place), says, "3 of 3 are in hand"};
}

std::string because(const Scene& scene, const Step& step) {
    const auto permit = scene.ask(step);
    return permit ? "permit" : permit.error().because;
}

}  // namespace

TEST_CASE("what has to be confirmed begins once everybody named has the group of the decision") {
    struct Row {
        std::optional<std::uint64_t> pg;
        std::optional<std::uint64_t> wall;
        bool is_permitted;
    };
    constexpr std::nullopt_t none = std::nullopt;
    for (const Row& row : {Row{7, 7, true}, Row{9, 7, true}, Row{6, 7, false}, Row{7, 6, false},
                           Row{none, 7, false}, Row{7, none, false}, Row{0, 0, false}}) {
        Scene scene = scene_needing({"pg", "wall"});
        confirm(scene, "pg", row.pg);
        confirm(scene, "wall", row.wall);
        CAPTURE(row.pg.value_or(99));
        CAPTURE(row.wall.value_or(99));
        CHECK(scene.ask(drain_0).has_value() == row.is_permitted);
        CHECK(scene.refuses(drain_0, confirmed_rule) == !row.is_permitted);
    }
}

TEST_CASE(
    "who was not asked, and a decision of which nobody knows where it stands, confirm nothing") {
    Scene unasked = scene_needing({"pg"});
    CHECK(because(unasked, drain_0) == "pg was not asked");
    confirm(unasked, "other", 9);
    CHECK(unasked.refuses(drain_0, confirmed_rule));

    Scene placeless = scene_needing({"pg"});
    confirm(placeless, "pg", 9);
    placeless.facts.confirmations->decided_in.reset();
    CHECK(placeless.refuses(drain_0, confirmed_rule));

    Scene silent = scene_needing({"pg"});
    silent.facts.confirmations.reset();
    CHECK(silent.refuses(drain_0, confirmed_rule));
}

TEST_CASE("the refusal says how far they are and why, and is asked again for half a minute") {
    Scene scene = scene_needing({"pg"});
    scene.facts.confirmations->all.push_back({"pg", 5, "connection refused"});
    Verdict verdict = scene.ask(drain_0).error();
    CHECK(verdict.because ==
          "pg has the ledger up to group 5, and the decision stands in 7: connection refused");
    CHECK(verdict.again_at == now + ask_again_after);
    CHECK(verdict.may_pass);
    scene.asked.refused_since = now - seconds{31};
    verdict = scene.ask(drain_0).error();
    CHECK_FALSE(verdict.again_at);
    CHECK(verdict.may_pass);
}

TEST_CASE("a kind that nobody has to confirm waits for nobody outside") {
    Scene scene = scene_needing({"pg"});
    scene.asked.remedy = rolling;
    CHECK(scene.ask(drain_0));
    scene.limits.confirmed_by.reset();
    scene.asked.remedy = rollback;
    CHECK(scene.ask(drain_0));
}

TEST_CASE("a reroute, which drops keys as well, needs what the dropping of keys needs") {
    Scene scene = scene_of(reroute_quotes);
    scene.limits.confirmed_by = {{RemedyKind::invalidate_cache, {"pg"}},
                                 {RemedyKind::reroute, {"wall", "pg"}}};
    CHECK(confirmed_by(scene.asked, scene.limits) == std::vector<std::string>{"wall", "pg"});
    CHECK(scene.refuses(route_step, confirmed_rule));
}

TEST_CASE(
    "the remedy as a whole, which is being decided, and its later steps need no confirmation") {
    Scene scene = scene_needing({"pg"});
    CHECK(scene.is_permitted());
    CHECK(scene.refuses(drain_0, confirmed_rule));
    learn_effect(scene.history, {incident, "i-1.e1", rollback, Drain{payments_1}}, now);
    CHECK(scene.ask(drain_0));
}

TEST_CASE("an undo and the start of what has ended wait for nobody outside") {
    Scene reflex = reflex_scene();
    reflex.limits.confirmed_by = {{RemedyKind::restart, {"pg"}}};
    reflex.limits.fleet.emplace().name = "shop";
    CHECK(reflex.ask(start_0));
    CHECK(confirmed_by(reflex.asked, reflex.limits).empty());

    Scene undo = scene_of(close_fraud);
    undo.asked.is_undo = true;
    undo.facts.circuits.front().is_open = true;
    learn_effect(undo.history, {incident, "i-1.e1", open_fraud, open_step}, now);
    undo.history.learn(held_entry(incident, open_fraud), now);
    undo.limits.confirmed_by = {{RemedyKind::close_circuit, {"pg"}}};
    undo.limits.fleet.emplace().name = "shop";
    CHECK(undo.ask(close_step));
}

TEST_CASE("a restart of what runs waits like any other remedy") {
    Scene scene = scene_of(restart_0);
    scene.limits.confirmed_by = {{RemedyKind::restart, {"pg"}}};
    CHECK(scene.refuses(drain_0, confirmed_rule));
}

TEST_CASE("in a fleet a remedy begins once its budget has granted a place for just its effect") {
    for (const FleetSays says : {FleetSays::granted, FleetSays::full, FleetSays::unreachable}) {
        Scene scene = scene_in_fleet();
        answer(scene, says);
        CAPTURE(to_text(says));
        CHECK(scene.ask(drain_0).has_value() == (says == FleetSays::granted));
        CHECK(scene.refuses(drain_0, fleet_rule) == (says != FleetSays::granted));
    }
    Scene other = scene_in_fleet();
    answer(other, FleetSays::granted, "i-1.e8");
    CHECK(other.refuses(drain_0, fleet_rule));
    CHECK(scene_in_fleet().refuses(drain_0, fleet_rule));
}

TEST_CASE("what the fleet says is told, and asked again while it may pass") {
    Scene scene = scene_in_fleet();
    answer(scene, FleetSays::full);
    CHECK(because(scene, drain_0) == "the budget of shop is full: 3 of 3 are in hand");
    CHECK(scene.ask(drain_0).error().again_at == now + ask_again_after);
    answer(scene, FleetSays::unreachable);
    CHECK(because(scene, drain_0) == "the budget of shop cannot be asked: 3 of 3 are in hand");
    CHECK(scene.ask(drain_0).error().may_pass);
}

TEST_CASE("in a fleet what has begun is carried through") {
    Scene scene = scene_in_fleet();
    learn_effect(scene.history, {incident, "i-1.e1", rollback, Drain{payments_1}}, now);
    CHECK(scene.ask(drain_0));
}

TEST_CASE("a caller learns that only those outside were not asked yet") {
    Scene scene = scene_needing({"pg"});
    scene.limits.fleet.emplace().name = "shop";
    scene.facts.confirmations.reset();
    Verdict verdict = scene.ask(drain_0).error();
    CHECK(awaits_confirmation(verdict, scene.facts));
    CHECK_FALSE(awaits_place(verdict, scene.facts));
    scene.facts.confirmations.emplace().decided_in = 7;
    CHECK_FALSE(awaits_confirmation(scene.ask(drain_0).error(), scene.facts));
    confirm(scene, "pg", 7);
    verdict = scene.ask(drain_0).error();
    CHECK(awaits_place(verdict, scene.facts));
    answer(scene, FleetSays::full);
    CHECK_FALSE(awaits_place(scene.ask(drain_0).error(), scene.facts));
}

}  // namespace homeostat::guard
