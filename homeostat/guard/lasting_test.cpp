// What of ours lasts in the world, and that guard keeps its hands off what somebody else takes
// back.

#include "homeostat/guard/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::guard {

using namespace for_test;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const Step start_spare_3 = Replace{payments_3, {}, v2, c2};

/// A remedy whose step lasts, and what its target looks like once somebody has taken it back.
struct Row {
    Remedy remedy;
    Step step;
    Step other;  ///< Of the same remedy or of another: something else than the step changes.
};

const std::vector<Row> rows{{rollback, swap_step, config_swap_step},
                            {config_rollback, config_swap_step, swap_step},
                            {eject_0, drain_0, Drain{payments_1}},
                            {rolling, drain_0, Drain{payments_1}},
                            {scale_up, start_spare_3, drain_0}};

Grounds grounds_of(Facts facts, Instant at) {
    facts.read_at = at;
    Grounds grounds;
    grounds.asked_at = at;
    grounds.facts = std::move(facts);
    return grounds;
}

/// A refusal of another incident: the ledger tells of its facts.
Entry look_entry(const Facts& facts, Instant at) {
    VerdictBody body;
    body.remedy = restart_0;
    body.verdict.kind = VerdictKind::refusal;
    body.grounds = grounds_of(facts, at);
    return entry_of(EntryKind::verdict, incident_other, body);
}

/// Done by us at `at`, and taken back a second later, as a look shows.
void learn_taken_back(History& history, const Row& row, int number, Instant at) {
    const IncidentId of("i-" + std::to_string(10 + number));
    learn_effect(history, {of, of.text() + ".e1", row.remedy, row.step}, at);
    history.learn(look_entry(serving_facts(), at + seconds{1}), at + seconds{1});
    history.learn(closed_entry(of), at + seconds{1});
}

Scene scene_after(const Row& row, int taken_back_count, Duration since) {
    Scene scene = scene_of(row.remedy);
    scene.limits.min_healthy = 0;
    scene.limits.cool_down = {};
    for (int count = 0; count < taken_back_count; ++count) {
        learn_taken_back(scene.history, row, count, now - since + seconds{2 * count});
    }
    return scene;
}

Verdict verdict_on_step(const Scene& scene, const Step& step) {
    const auto answer = scene.ask(step);
    return answer ? Verdict{.kind = VerdictKind::permit} : answer.error();
}

}  // namespace

TEST_CASE("what somebody took back twice in ten minutes is not done a third time") {
    for (const Row& row : rows) {
        CAPTURE(describe(row.step));
        CHECK(scene_after(row, 1, minutes{2}).ask(row.step));
        const Scene scene = scene_after(row, 2, minutes{2});
        const Verdict verdict = verdict_on_step(scene, row.step);
        CHECK(verdict.kind == VerdictKind::escalation);
        CHECK(verdict.rule == taken_back_rule);
        CHECK(verdict.because.contains("somebody else changes"));
        CHECK_FALSE(verdict.again_at);
    }
}

TEST_CASE("a remedy that cannot do without it is turned down before it begins") {
    for (const Row& row : rows) {
        CAPTURE(describe(row.remedy));
        const bool can_do_without = row.remedy == rolling;
        CHECK(scene_after(row, 2, minutes{2}).escalates(taken_back_rule) != can_do_without);
        CHECK_FALSE(scene_after(row, 1, minutes{2}).escalates(taken_back_rule));
    }
}

TEST_CASE("it counts by what was taken back, and for ten minutes") {
    for (const Row& row : rows) {
        CAPTURE(describe(row.step));
        CHECK(verdict_on_step(scene_after(row, 2, minutes{2}), row.other).rule != taken_back_rule);
        // The first was seen to be gone a second after it was done.
        CHECK(verdict_on_step(scene_after(row, 2, minutes{10} + seconds{1}), row.step).rule ==
              taken_back_rule);
        CHECK(scene_after(row, 2, minutes{10} + seconds{1} + milliseconds{1}).ask(row.step));
    }
}

TEST_CASE("what the present facts show to be gone counts before any record tells of it") {
    for (const Row& row : rows) {
        CAPTURE(describe(row.step));
        Scene scene = scene_after(row, 1, minutes{2});
        learn_effect(scene.history, {incident, "i-1.e1", row.remedy, row.step}, now - seconds{1});
        CHECK(verdict_on_step(scene, row.step).rule == taken_back_rule);
        scene.facts.read_at = now - seconds{2};  // From before it was done.
        CHECK(verdict_on_step(scene, row.step).rule != taken_back_rule);
    }
}

TEST_CASE(
    "what we end ourselves, what never happened and what nobody has seen, counts for nothing") {
    Scene scene = scene_of(eject_0);
    for (int count = 0; count < 3; ++count) {
        const std::string name = "i-1.e" + std::to_string(count);
        learn_effect(scene.history, {incident, name + "a", eject_0, drain_0}, now - seconds{20});
        learn_effect(scene.history, {incident, name + "b", readmit_0, undrain_0},
                     now - seconds{10});
        scene.history.learn(look_entry(serving_facts(), now - seconds{5}), now - seconds{5});
    }
    scene.history.learn(intent_entry(incident, "i-1.e7", eject_0, drain_0), now - seconds{4});
    scene.history.learn(outcome_entry(incident, "i-1.e7", OutcomeKind::refused), now - seconds{4});
    scene.history.learn(look_entry(serving_facts(), now - seconds{3}), now - seconds{3});
    Facts silent = serving_facts();
    silent.instances[0].rotation = Rotation::unknown;
    scene.history.learn(look_entry(silent, now), now);
    CHECK(scene.history.lasting().taken_back_count("the rotation of payments-0", scene.facts,
                                                   now - minutes{10}) == 0);
}

TEST_CASE("what is looked for and not found may have been taken back, and counts") {
    Scene scene = scene_of(eject_0);
    for (int count = 0; count < 2; ++count) {
        CHECK(scene.ask(drain_0));
        const std::string effect = "i-1.e" + std::to_string(count);
        scene.history.learn(intent_entry(incident, effect, eject_0, drain_0), now);
        scene.history.learn(outcome_entry(incident, effect, OutcomeKind::unknown), now);
        scene.history.learn(outcome_entry(incident, effect, OutcomeKind::refused, true), now);
    }
    CHECK(verdict_on_step(scene, drain_0).rule == taken_back_rule);
}

TEST_CASE("a change that somebody reports is enough, one of ours or from before is not") {
    struct Case {
        Change change;
        std::uint32_t count;
    };
    Change back;
    back.kind = ChangeKind::deploy;
    back.from = v1;
    back.to = v2;
    back.is_first_hand = true;
    back.at = now - seconds{1};
    Change ours = back;
    ours.is_ours = true;
    Change early = back;
    early.at = now - seconds{3};
    Change other = back;
    other.kind = ChangeKind::config;
    Change hearsay = back;
    hearsay.is_first_hand = false;
    for (const Case& one :
         {Case{back, 1}, Case{ours, 0}, Case{early, 0}, Case{other, 0}, Case{hearsay, 0}}) {
        History history;
        learn_effect(history, {incident, "i-1.e1", rollback, swap_step}, now - seconds{2});
        history.learn(entry_of(EntryKind::change, {}, one.change), now);
        Facts facts = serving_facts();
        facts.versions.deploy.current = v1;  // Nothing else tells of it.
        CHECK(history.lasting().taken_back_count("the deploy version", facts, now - minutes{1}) ==
              one.count);
    }
}

TEST_CASE("two spares of one scale that are stopped are one taking back, at once or in turn") {
    const Step start_spare_4 = Replace{InstanceId("payments-4"), {}, v2, c2};
    const auto learn_scale = [&](History& history, int number, Instant at) {
        const IncidentId of("i-" + std::to_string(number));
        learn_effect(history, {of, of.text() + ".e1", scale_up, start_spare_3}, at);
        learn_effect(history, {of, of.text() + ".e2", scale_up, start_spare_4}, at + seconds{1});
    };
    const auto count_in = [](const History& history, const Facts& facts) {
        return history.lasting().taken_back_count("the number of instances", facts,
                                                  now - minutes{10});
    };
    Facts both_stopped = serving_facts();
    both_stopped.spares.push_back(both_stopped.spares.front());
    both_stopped.spares.back().runtime.instance = InstanceId("payments-4");
    both_stopped.read_at = now;
    History at_once;
    learn_scale(at_once, 10, now - seconds{20});
    CHECK(count_in(at_once, both_stopped) == 1);
    at_once.learn(look_entry(both_stopped, now - seconds{10}), now - seconds{10});
    CHECK(count_in(at_once, both_stopped) == 1);
    learn_scale(at_once, 10, now - seconds{9});  // The same incident does it again.
    CHECK(count_in(at_once, both_stopped) == 2);
    History in_turn;
    learn_scale(in_turn, 10, now - seconds{20});
    in_turn.learn(look_entry(serving_facts(), now - seconds{15}), now - seconds{15});
    CHECK(count_in(in_turn, serving_facts()) == 1);
    in_turn.learn(look_entry(both_stopped, now - seconds{10}), now - seconds{10});
    CHECK(count_in(in_turn, serving_facts()) == 1);
    learn_scale(in_turn, 11, now - seconds{9});  // Another one's is another's.
    CHECK(count_in(in_turn, both_stopped) == 2);
}

TEST_CASE("what a reboot ends nobody has taken back; a version it does not end") {
    for (const Row& row : rows) {
        CAPTURE(describe(row.step));
        Scene scene = scene_of(row.remedy);
        const bool outlasts = std::holds_alternative<SwapVersion>(row.step);
        for (int count = 0; count < 2; ++count) {
            const IncidentId of("i-" + std::to_string(10 + count));
            learn_effect(scene.history, {of, of.text() + ".e1", row.remedy, row.step},
                         now - seconds{20});
            scene.history.move_back(seconds{10});
            scene.history.learn(look_entry(serving_facts(), now - seconds{5}), now - seconds{5});
        }
        CHECK((scene.history.lasting().taken_back_count(lasting_part_of(row.remedy, row.step),
                                                        scene.facts,
                                                        now - minutes{10}) == (outlasts ? 2 : 0)));
    }
}

TEST_CASE("what our own death kept from happening counts beside what somebody took back only") {
    for (const Row& row : rows) {
        CAPTURE(describe(row.step));
        Scene scene = scene_of(row.remedy);
        for (int count = 0; count < 3; ++count) {
            const IncidentId of("i-" + std::to_string(20 + count));
            const std::string effect = of.text() + ".e1";
            scene.history.learn(intent_entry(of, effect, row.remedy, row.step), now - minutes{2});
            scene.history.learn(entry_of(EntryKind::started, {}, StartedBody{}), now - minutes{2});
            scene.history.learn(outcome_entry(of, effect, OutcomeKind::refused, true),
                                now - minutes{2});
            scene.history.learn(closed_entry(of), now - minutes{2});
        }
        CHECK(verdict_on_step(scene, row.step).rule != taken_back_rule);
        learn_taken_back(scene.history, row, 0, now - minutes{1});
        CHECK(verdict_on_step(scene, row.step).rule == taken_back_rule);
    }
}

TEST_CASE("what an announced ending of ours may have ended nobody has taken back") {
    const Step stop_3 = Stop{payments_3, {13, 1000}};
    struct Case {
        Row row;
        Remedy giving_back;
        Step ending;
    };
    for (const Case& one :
         {Case{rows[2], readmit_0, undrain_0}, Case{rows[4], *inverse_of(scale_up), stop_3}}) {
        CAPTURE(describe(one.ending));
        const std::string part = lasting_part_of(one.row.remedy, one.row.step);
        const auto count_in = [&](const History& history) {
            return history.lasting().taken_back_count(part, serving_facts(), now - minutes{10});
        };
        for (const bool is_read_back : {false, true}) {
            History history;
            learn_effect(history, {incident, "i-1.e1", one.row.remedy, one.row.step},
                         now - seconds{9});
            history.learn(intent_entry(incident, "i-1.e2", one.giving_back, one.ending),
                          now - seconds{8});
            CHECK(count_in(history) == 0);
            history.learn(outcome_entry(incident, "i-1.e2", OutcomeKind::unknown, is_read_back),
                          now - seconds{7});
            history.learn(look_entry(serving_facts(), now - seconds{6}), now - seconds{6});
            CHECK(count_in(history) == 0);
        }
        History refused;  // So it stands on, until somebody takes it back.
        learn_effect(refused, {incident, "i-1.e1", one.row.remedy, one.row.step}, now - seconds{9});
        refused.learn(intent_entry(incident, "i-1.e2", one.giving_back, one.ending),
                      now - seconds{8});
        refused.learn(outcome_entry(incident, "i-1.e2", OutcomeKind::refused), now - seconds{7});
        refused.learn(look_entry(serving_facts(), now - seconds{6}), now - seconds{6});
        CHECK(count_in(refused) == 1);
    }
}

TEST_CASE("an instance is drained by who drained it last, until an undrain is done") {
    History history;
    const auto drained_by = [&](const IncidentId& of) { return history.lasting().drained_by(of); };
    learn_effect(history, {incident, "i-1.e1", rolling, drain_0}, now);
    CHECK(drained_by(incident) == std::vector{payments_0});
    history.learn(intent_entry(incident, "i-1.e2", rolling, undrain_0), now);
    history.learn(outcome_entry(incident, "i-1.e2", OutcomeKind::unknown), now);
    CHECK(drained_by(incident) == std::vector{payments_0});
    history.learn(outcome_entry(incident, "i-1.e2", OutcomeKind::done, true), now);
    CHECK(drained_by(incident).empty());

    learn_effect(history, {incident, "i-1.e3", rolling, drain_0}, now);
    learn_effect(history, {incident_other, "i-2.e1", eject_0, drain_0}, now);
    CHECK(drained_by(incident).empty());
    CHECK(drained_by(incident_other) == std::vector{payments_0});

    // Of unknown fate, and not seen when we looked: it may come late.
    history.learn(intent_entry(incident, "i-1.e4", rolling, Drain{payments_1}), now);
    history.learn(outcome_entry(incident, "i-1.e4", OutcomeKind::unknown), now);
    history.learn(outcome_entry(incident, "i-1.e4", OutcomeKind::refused, true), now);
    CHECK(drained_by(incident) == std::vector{payments_1});
    history.learn(intent_entry(incident, "i-1.e5", rolling, Drain{payments_2}), now);
    history.learn(outcome_entry(incident, "i-1.e5", OutcomeKind::refused), now);
    CHECK(drained_by(incident) == std::vector{payments_1});
}

TEST_CASE("what a remedy left drained may be put back, though it is neither held nor the last") {
    Scene scene = scene_of(readmit_0);
    scene.asked.is_undo = true;
    scene.facts.instances[0].rotation = Rotation::draining;
    CHECK(scene.refuses(undrain_0, catalogue_rule));
    learn_effect(scene.history, {incident, "i-1.e1", rolling, drain_0}, now);
    scene.history.learn(entry_of(EntryKind::escalated, incident, EscalatedBody{"budget"}), now);
    CHECK(scene.ask(undrain_0));
    scene.asked.incident = incident_other;
    CHECK(scene.refuses(undrain_0, catalogue_rule));
}

TEST_CASE("giving back needs no room in the budget") {
    Scene readmit = scene_of(readmit_0);
    readmit.asked.is_undo = true;
    readmit.facts.instances[0].rotation = Rotation::draining;
    learn_effect(readmit.history, {incident, "i-1.e1", rolling, drain_0}, now);
    readmit.limits.effects_max = 0;
    CHECK(readmit.ask(undrain_0));
    CHECK(readmit.is_permitted());

    for (const bool is_circuit : {true, false}) {
        Scene scene = scene_of(is_circuit ? close_fraud : route_back_quotes);
        const Remedy held = is_circuit ? open_fraud : reroute_quotes;
        scene.asked.is_undo = true;
        scene.facts.circuits.front().is_open = true;
        scene.facts.routes.front().is_to_source = true;
        learn_effect(scene.history, {incident, "i-1.e1", held, is_circuit ? open_step : route_step},
                     now);
        scene.history.learn(held_entry(incident, held), now);
        scene.limits.effects_max = 0;
        CHECK(scene.ask(is_circuit ? close_step : route_back_step));
        CHECK(scene.is_permitted());
    }
}

}  // namespace homeostat::guard
