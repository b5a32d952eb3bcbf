// Who drained an instance, as far as it can be told, and that guard puts back only what we did.

#include "homeostat/guard/drains.hpp"

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <string>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const EffectId e1("i-1.e1");
const EffectId e2("i-1.e2");
const Instant announced = now - minutes{1};

InstanceFacts drained_since(std::optional<Instant> since) {
    InstanceFacts instance = serving_instance(payments_0, 10);
    instance.rotation = Rotation::draining;
    instance.rotation_since = since;
    return instance;
}

Drains announced_drain() {
    Drains drains;
    drains.announce(incident, e1, drain_0, announced);
    return drains;
}

Drains done_drain() {
    Drains drains = announced_drain();
    drains.settle(e1, OutcomeKind::done, false, announced);
    return drains;
}

Facts facts_with(Rotation rotation, Instant read_at) {
    Facts facts = serving_facts();
    facts.instances[0].rotation = rotation;
    facts.read_at = read_at;
    return facts;
}

}  // namespace

TEST_CASE("a drain is of an instance in rotation, an undrain of a drained one") {
    Scene scene = scene_of(rolling);
    CHECK(scene.refuses(undrain_0, step_rule));
    scene.facts.instances[0].rotation = Rotation::draining;
    learn_own_drain(scene.history, payments_0);
    CHECK(scene.refuses(drain_0, step_rule));
    CHECK(scene.ask(undrain_0));
    scene.facts.has_edge = false;
    CHECK_FALSE(scene.ask(undrain_0));
}

TEST_CASE("what this incident has left drained is put back though its symptom is about another") {
    for (const bool is_undo : {true, false}) {
        Scene scene = scene_of(is_undo ? readmit_0 : eject_0);
        scene.asked.is_undo = is_undo;
        scene.asked.symptom.subject = {SubjectKind::instance, "payments-1"};
        learn_effect(scene.history, {incident, "i-1.e1", eject_0, drain_0}, now);
        scene.facts.instances[0].rotation = Rotation::draining;
        learn_own_drain(scene.history, payments_0);
        CAPTURE(is_undo);
        CHECK(scene.refuses(catalogue_rule) == !is_undo);
    }
}

TEST_CASE("what was drained by nobody that we know of is not put back, and a person is told") {
    for (const Remedy& remedy : {rolling, restart_0, readmit_0}) {
        CAPTURE(describe(remedy));
        Scene scene = scene_of(remedy);
        scene.asked.is_undo = remedy == readmit_0;
        const Remedy done = remedy == readmit_0 ? eject_0 : remedy;
        learn_effect(scene.history, {incident, "i-1.e1", done, replace_0}, now);
        scene.facts.instances[0].rotation = Rotation::draining;
        scene.facts.instances[0].rotation_since = now - seconds{5};
        const auto answer = scene.ask(undrain_0);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().kind == VerdictKind::escalation);
        CHECK(answer.error().rule == own_drain_rule);
        CHECK(answer.error().because ==
              "payments-0 was drained by a person, as far as can be told");
        CHECK_FALSE(answer.error().again_at);
        learn_own_drain(scene.history, payments_0);
        CHECK(scene.ask(undrain_0));
    }
}

TEST_CASE("a drain that was answered for is ours whatever its date, until it is put back or gone") {
    for (const std::optional<Instant>& since :
         {std::optional<Instant>{}, std::optional(announced), std::optional(now)}) {
        CHECK(done_drain().is_ours(drained_since(since)));
        Drains read_back = announced_drain();
        read_back.settle(e1, OutcomeKind::unknown, false, announced);
        read_back.settle(e1, OutcomeKind::done, true, announced);
        CHECK(read_back.is_ours(drained_since(since)));
        Drains put_back = done_drain();
        put_back.announce(incident, e2, undrain_0, announced + seconds{1});
        put_back.settle(e2, OutcomeKind::done, false, announced + seconds{1});
        CHECK_FALSE(put_back.is_ours(drained_since(since)));
        CHECK(put_back == Drains{});
    }
    InstanceFacts other = drained_since(now);
    other.runtime.instance = payments_1;
    CHECK_FALSE(done_drain().is_ours(other));
    CHECK_FALSE(done_drain().is_ours(serving_instance(payments_0, 10)));
}

TEST_CASE("a look that shows it in rotation, or out of it otherwise, ends a drain of ours") {
    struct Row {
        Rotation rotation;
        Duration after;
        bool is_ours;
    };
    for (const Row& row :
         {Row{Rotation::in, seconds{1}, false}, Row{Rotation::down, seconds{1}, false},
          Row{Rotation::draining, seconds{1}, true}, Row{Rotation::unknown, seconds{1}, true},
          Row{Rotation::in, -milliseconds{1}, true}}) {
        CAPTURE(static_cast<int>(row.rotation));
        Drains drains = done_drain();
        drains.see(facts_with(row.rotation, announced + row.after));
        CHECK(drains.is_ours(drained_since(now)) == row.is_ours);
    }
    Drains dated = done_drain();
    Facts old_view = facts_with(Rotation::in, announced + seconds{3});
    old_view.instances[0].rotation_since = announced - milliseconds{1'001};
    dated.see(old_view);
    CHECK(dated.is_ours(drained_since(now)));
    old_view.instances[0].rotation_since = announced - seconds{1};
    dated.see(old_view);
    CHECK_FALSE(dated.is_ours(drained_since(now)));
    Drains late = announced_drain();  // One that was never seen yet may still come.
    late.see(facts_with(Rotation::in, announced + seconds{1}));
    CHECK(late.is_ours(drained_since(now)));
}

TEST_CASE("a drain that we died over is ours if it began within ten seconds, by the edge's date") {
    struct Row {
        std::optional<Instant> since;
        bool is_ours;
    };
    Drains drains = announced_drain();
    drains.outlive();
    for (const Row& row : {Row{std::nullopt, false}, Row{announced - milliseconds{1'001}, false},
                           Row{announced - seconds{1}, true}, Row{announced, true},
                           Row{announced + seconds{11}, true},
                           Row{announced + milliseconds{11'001}, false}, Row{now, false}}) {
        CHECK(drains.is_ours(drained_since(row.since)) == row.is_ours);
        Drains looked_for = drains;  // That our successor looks late makes it no later.
        looked_for.settle(e1, OutcomeKind::refused, true, now);
        CHECK(looked_for.is_ours(drained_since(row.since)) == row.is_ours);
    }
}

TEST_CASE("as long as we wait for its answer a drain may be late, and no later than our look") {
    Drains drains = announced_drain();
    CHECK(drains.is_ours(drained_since(now)));
    CHECK_FALSE(drains.is_ours(drained_since(announced - seconds{2})));
    CHECK_FALSE(drains.is_ours(drained_since(std::nullopt)));
    drains.settle(e1, OutcomeKind::refused, true, announced + seconds{30});
    CHECK(drains.is_ours(drained_since(announced + seconds{33})));
    CHECK_FALSE(drains.is_ours(drained_since(announced + milliseconds{33'001})));
    drains.outlive();  // We lived to look.
    CHECK(drains.is_ours(drained_since(announced + seconds{33})));
}

TEST_CASE("an order that was refused by whoever was asked explains nothing, and no other less") {
    Drains drains = announced_drain();
    drains.announce(incident, e2, drain_0, announced + seconds{5});
    drains.settle(e2, OutcomeKind::refused, false, announced + seconds{5});
    CHECK(drains.is_ours(drained_since(announced + seconds{5})));  // The first came late.
    drains.settle(e1, OutcomeKind::refused, false, announced);
    CHECK_FALSE(drains.is_ours(drained_since(announced)));
}

TEST_CASE("what is drained when its incident closes is a person's, but a spare that we stopped") {
    Drains drains = done_drain();
    drains.close(incident_other);
    CHECK(drains.is_ours(drained_since(announced)));
    Drains stopped = drains;
    drains.close(incident);
    CHECK_FALSE(drains.is_ours(drained_since(announced)));
    stopped.announce(incident, e2, Stop{payments_0, {10, 1000}}, announced + seconds{1});
    stopped.close(incident);
    CHECK(stopped.is_ours(drained_since(announced)));
}

TEST_CASE("what changed long after we died in putting it back was drained anew") {
    struct Row {
        Duration after;
        bool is_ours;
    };
    const Instant put_back_at = announced + seconds{1};
    for (const Row& row :
         {Row{-seconds{1}, true}, Row{seconds{10}, true}, Row{seconds{10} + Duration{1}, false}}) {
        Drains drains = done_drain();
        drains.announce(incident, e2, undrain_0, put_back_at);
        drains.outlive();
        drains.settle(e2, OutcomeKind::refused, true, now);  // It is drained.
        CHECK(drains.is_ours(drained_since(put_back_at + row.after)) == row.is_ours);
        // Whoever refused it did nothing. And who drains it again has seen it in rotation.
        Drains refused = done_drain();
        refused.announce(incident, e2, undrain_0, put_back_at);
        refused.settle(e2, OutcomeKind::refused, false, put_back_at);
        CHECK(refused.is_ours(drained_since(put_back_at + row.after)));
        drains.announce(incident, EffectId("i-1.e3"), drain_0, put_back_at + seconds{20});
        CHECK(drains.is_ours(drained_since(put_back_at + seconds{20})));
    }
}

TEST_CASE("of an earlier boot only that is ours which has not changed since then") {
    for (const bool is_done : {true, false}) {
        Drains drains = is_done ? done_drain() : announced_drain();
        drains.move_back(seconds{30});
        const Instant at = announced - seconds{30};
        CHECK_FALSE(drains.is_ours(drained_since(std::nullopt)));
        CHECK_FALSE(drains.is_ours(drained_since(now)));
        CHECK_FALSE(drains.is_ours(drained_since(at + milliseconds{11'001})));
        CHECK(drains.is_ours(drained_since(at + seconds{11})));
        CHECK(
            drains.is_ours(drained_since(at - minutes{5})));  // It was off, nobody knows how long.
    }
    History history;
    learn_own_drain(history, payments_0);
    CHECK(history.drains().is_ours(drained_since(now)));
    history.move_back(seconds{1});
    CHECK_FALSE(history.drains().is_ours(drained_since(now)));
}

TEST_CASE("what a ledger tells of drains is the same live and at replay") {
    const auto told = [](bool has_died) {
        History history;
        history.learn(intent_entry(incident, "i-1.e1", rolling, drain_0), announced);
        if (has_died) {
            history.learn(entry_of(EntryKind::started, {}, StartedBody{}), announced + seconds{40});
        }
        return history;
    };
    CHECK(told(false).drains().is_ours(drained_since(announced + seconds{30})));
    CHECK_FALSE(told(true).drains().is_ours(drained_since(announced + seconds{30})));
    CHECK(told(true).drains().is_ours(drained_since(announced + seconds{2})));
    History closed = told(false);
    closed.learn(closed_entry(incident), announced + seconds{1});
    CHECK_FALSE(closed.drains().is_ours(drained_since(announced)));
}

TEST_CASE("only so many orders are kept, the latest") {
    Drains drains;
    for (std::size_t index = 0; index <= Drains::orders_max; ++index) {
        const InstanceId name("payments-" + std::to_string(index));
        const EffectId effect("i-1.e" + std::to_string(index));
        drains.announce(incident, effect, Drain{name}, announced);
        drains.settle(effect, OutcomeKind::done, false, announced);
    }
    CHECK_FALSE(drains.is_ours(drained_since(announced)));
    InstanceFacts last = drained_since(announced);
    last.runtime.instance = InstanceId("payments-" + std::to_string(Drains::orders_max));
    CHECK(drains.is_ours(last));
}

}  // namespace homeostat::guard
