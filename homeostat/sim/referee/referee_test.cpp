#include "homeostat/sim/referee/referee.hpp"

#include "homeostat/sim/referee/history_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::sim;
using namespace homeostat::sim::referee_test;
using std::chrono::milliseconds;

TEST_CASE("a lawful history breaks nothing") {
    History history;
    history.act("i-1.e1", restart, true);
    history.referee.see_effect(EffectId("i-1.e1"), "process_ended", 0, there);
    history.referee.see_effect(EffectId("i-1.e1"), "process_started", 0, {});
    history.act("i-1.e2", Drain{one});
    history.referee.see_replay(history.groups);
    history.referee.see_end({.is_world_well = true});
    CHECK(history.broken() == Broken{});
    CHECK(history.referee.orders_count() == 2);
}

TEST_CASE("P1: an order without a durable intent, another than it, an effect without an order") {
    History without;
    without.order("i-1.e1", restart);
    CHECK(without.broken() == Broken{"P1"});

    History another;
    another.intend("i-1.e1", Drain{one});
    another.order("i-1.e1", restart);
    CHECK(another.broken() == Broken{"P1"});

    History never;
    never.referee.see_effect(EffectId("i-1.e1"), "drained", 0, {});
    CHECK(never.broken() == Broken{"P1"});
}

TEST_CASE("P2: a second order, a second effect of one intent") {
    History ordered;
    ordered.act("i-1.e1", Drain{one});
    ordered.order("i-1.e1", Drain{one});
    CHECK(ordered.broken() == Broken{"P2"});

    History happened;
    happened.act("i-1.e1", restart);
    happened.referee.see_effect(EffectId("i-1.e1"), "process_started", 0, {});
    happened.referee.see_effect(EffectId("i-1.e1"), "process_started", 0, {});
    CHECK(happened.broken() == Broken{"P2"});
}

TEST_CASE("P3: an order upon one whose fate nobody has looked at, lost or left behind by a death") {
    for (const bool is_death : {false, true}) {
        for (const bool is_looked_at : {false, true}) {
            History history;
            history.intend("i-1.e1", restart);
            history.order("i-1.e1", restart);
            if (is_death) {
                history.referee.see_death();
            } else {
                history.referee.see_reply_lost(EffectId("i-1.e1"));
            }
            if (is_looked_at) {
                history.referee.see_reading(reading_of(one));
            }
            history.referee.see_reading(EdgeFacts{.instances = {{.instance = one}}});
            history.act("i-1.e2", restart);
            CHECK(history.broken() == (is_looked_at ? Broken{} : Broken{"P3"}));
        }
    }
}

TEST_CASE("P4: the process that ended is not the one that was meant; a version that had moved on") {
    History process;
    process.act("i-1.e1", restart);
    process.referee.see_effect(EffectId("i-1.e1"), "process_ended", 0, {101, 9});
    CHECK(process.broken() == Broken{"P4"});

    History version;
    const SwapVersion swap{ServiceId("payments"), VersionId("v3"), VersionId("v1")};
    version.act("i-1.e1", swap);
    CHECK(version.broken() == Broken{});
    version.referee.see_effect(EffectId("i-1.e1"), "version_swapped", 0, {});
    CHECK(version.broken() == Broken{"P4"});
}

TEST_CASE("P5: a target that nobody declared, a stop of what is no spare, a version not there") {
    for (const Step& step :
         std::vector<Step>{Drain{InstanceId("nobody-9")}, Stop{one, there},
                           SetCircuit{ServiceId("rates"), true}, Invalidate{CacheId("*")}}) {
        History history;
        history.act("i-1.e1", step);
        CHECK(history.broken() == Broken{"P5"});
    }
    History history;
    history.intend("i-1.e1", restart);
    history.referee.see_order({.effect = EffectId("i-1.e1"),
                               .step = restart,
                               .present = there,
                               .is_version_there = false});
    CHECK(history.broken() == Broken{"P5"});
}

TEST_CASE("P6: more orders in the window than allowed, more remedies in an incident") {
    for (const Duration gap : {Duration{seconds{10}}, Duration{std::chrono::minutes{4}}}) {
        History history;
        for (int count = 1; count <= 4; ++count) {
            history.act("i-1.e" + std::to_string(count), Drain{one});
            history.pass(gap);
        }
        CHECK(history.broken() == (gap == seconds{10} ? Broken{"P6"} : Broken{}));
    }
    History gives_back;  // Beyond what is allowed, and yet no more is taken.
    for (int count = 1; count <= 5; ++count) {
        gives_back.act("i-1.e" + std::to_string(count),
                       count > 3 ? Step{Undrain{one}} : Step{Drain{one}});
    }
    CHECK(gives_back.broken() == Broken{});
    gives_back.act("i-1.e6", Drain{one});
    CHECK(gives_back.broken() == Broken{"P6"});
    History history;
    const std::vector<Remedy> remedies{Restart{one}, Eject{one}, RollingRestart{}, Restart{spare}};
    for (std::size_t count = 0; count < remedies.size(); ++count) {
        history.intend("i-1.e" + std::to_string(count), Drain{one}, "i-1", remedies[count]);
    }
    CHECK(history.broken() == Broken{"P6"});
}

TEST_CASE("P7: a serving instance is taken away at the floor, unless more served a moment ago") {
    for (const Duration since : {Duration{seconds{1}}, Duration{seconds{5}}}) {
        History history;
        history.pass(since);
        history.referee.see_serving(1);
        history.act("i-1.e1", Drain{one}, true);
        CHECK(history.broken() == (since == seconds{5} ? Broken{"P7"} : Broken{}));
    }
    History history;
    history.pass(seconds{5});
    history.referee.see_serving(1);
    history.act("i-1.e1", Drain{one}, false);
    CHECK(history.broken() == Broken{});
}

TEST_CASE(
    "P8: something that serves is taken away while the observer is blind and users are well") {
    for (const double failed : {0.0, 20.0}) {
        History history;
        history.referee.see_blindness(true);
        history.pass(seconds{10});
        history.referee.see_serving(3);
        history.referee.see_users(100, failed);
        history.act("i-1.e1", restart, true);
        CHECK(history.broken() == (failed > 0 ? Broken{} : Broken{"P8"}));
    }
}

TEST_CASE("P13: an order more than a second after the kill switch") {
    for (const Duration since : {Duration{milliseconds{900}}, Duration{milliseconds{1'100}}}) {
        History history;
        history.referee.see_switch(true);
        history.pass(since);
        history.referee.see_switch(true);  // A successor reads it anew: that is no second switch.
        history.act("i-1.e1", Drain{one});
        CHECK(history.broken() == (since < seconds{1} ? Broken{} : Broken{"P13"}));
        history.referee.see_switch(false);
        history.act("i-1.e2", Drain{one});
        CHECK(history.broken().size() <= 1);
    }
}

TEST_CASE("P14: an acknowledged record is missing, or another one") {
    History shorter;
    shorter.intend("i-1.e1", restart);
    shorter.referee.see_replay({});
    CHECK(shorter.broken() == Broken{"P14"});

    History other;
    other.intend("i-1.e1", restart);
    other.groups.front().entries.front().incident = IncidentId("i-2");
    other.referee.see_replay(other.groups);
    CHECK(other.broken() == Broken{"P14"});
}

TEST_CASE("P14: a power loss takes what was not synced, and nothing else") {
    for (const bool is_synced : {false, true}) {
        for (const bool has_lost_power : {false, true}) {
            History history;
            history.keep(history.group({}));
            const EntryGroup last = history.group({});
            history.referee.see_taken(last);
            if (is_synced) {
                history.referee.see_synced();
            }
            history.referee.see_death(has_lost_power);
            history.groups.pop_back();
            history.referee.see_replay(history.groups);
            const bool may_be_lost = has_lost_power && !is_synced;
            CHECK(history.broken() == (may_be_lost ? Broken{} : Broken{"P14"}));
        }
    }
}

TEST_CASE("P14: what was on its way may be there, and what nobody sent may not") {
    for (const bool was_sent : {false, true}) {
        History history;
        history.keep(history.group({}));
        const EntryGroup last = history.group({});
        if (was_sent) {
            history.referee.see_sent(last);
        }
        history.referee.see_death();
        history.referee.see_replay(history.groups);
        CHECK(history.broken() == (was_sent ? Broken{} : Broken{"P14"}));
    }
}

TEST_CASE("P1: an intent that a power loss could still take is none yet") {
    for (const bool is_synced : {false, true}) {
        History history;
        IntentBody body;
        body.effect = EffectId("i-1.e1");
        body.remedy = Restart{one};
        body.step = restart;
        history.referee.see_taken(
            history.group({{EntryKind::intent, IncidentId("i-1"), to_json(body)}}));
        if (is_synced) {
            history.referee.see_synced();
        }
        history.order("i-1.e1", restart);
        CHECK(history.broken() == (is_synced ? Broken{} : Broken{"P1"}));
    }
}

TEST_CASE("P3: a reading in which the very target is missing tells nothing of it") {
    for (const bool is_of_it : {false, true}) {
        History history;
        history.intend("i-1.e1", restart);
        history.order("i-1.e1", restart);
        history.referee.see_reply_lost(EffectId("i-1.e1"));
        history.referee.see_reading(reading_of(is_of_it ? one : spare));
        history.act("i-1.e2", restart);
        CHECK(history.broken() == (is_of_it ? Broken{} : Broken{"P3"}));
    }
}

TEST_CASE("M1: a history that is no run of the model") {
    for (const bool has_outcome : {false, true}) {
        History history;
        history.intend("i-1.e1", restart);
        if (has_outcome) {
            const OutcomeBody body{EffectId("i-1.e1"), {OutcomeKind::unknown, "no reply"}};
            history.keep(history.group({{EntryKind::outcome, IncidentId("i-1"), to_json(body)}}));
        }
        history.intend("i-1.e2", restart);
        CHECK(history.referee.violations().empty() == has_outcome);
    }
}

TEST_CASE("P15: an order while the ledger takes nothing, but to start what has ended") {
    History history;
    history.referee.see_ledger(false);
    history.order("i-1.e1", Replace{one, {}, VersionId("v1"), {}});
    CHECK(history.broken() == Broken{});
    history.order("i-1.e2", restart);
    CHECK(history.broken() == Broken{"P15"});
}

TEST_CASE("P18: a third time, after somebody took it back twice") {
    History history{[] {
        Rules more = rules();
        more.effects_max = 30;
        return more;
    }()};
    history.act("i-1.e1", Drain{one});
    history.referee.see_revert("rotation payments-0");
    history.act("i-1.e2", Drain{one});
    history.referee.see_revert("rotation payments-0");
    CHECK(history.broken() == Broken{});
    history.act("i-1.e3", Drain{InstanceId("payments-1")});
    CHECK(history.broken() == Broken{});
    history.act("i-1.e4", Drain{one});
    CHECK(history.broken() == Broken{"P18"});
}

TEST_CASE("P18: somebody who is faster than our own undrain objects to nothing") {
    for (const bool is_ours_under_way : {true, false}) {
        History history{[] {
            Rules more = rules();
            more.effects_max = 30;
            return more;
        }()};
        history.act("i-1.e1", Drain{one});
        if (is_ours_under_way) {
            history.intend("i-1.e2", Undrain{one});
            history.order("i-1.e2", Undrain{one});
        }
        history.referee.see_revert("rotation payments-0");
        history.act("i-1.e3", Drain{one});
        history.referee.see_revert("rotation payments-0");
        history.act("i-1.e4", Drain{one});
        CAPTURE(is_ours_under_way);
        CHECK(history.broken() == (is_ours_under_way ? Broken{} : Broken{"P18"}));
    }
}

TEST_CASE("P19: neither healed nor told, still at work, something left behind") {
    for (const Ending& bad :
         {Ending{.why_not = "errors"}, Ending{.is_person_told = true, .open = {"i-1 at act"}},
          Ending{.is_world_well = true, .residue = {"payments-0"}}}) {
        History history;
        history.referee.see_end(bad);
        CHECK(history.broken() == Broken{"P19"});
    }
    History told;
    told.referee.see_end({.is_person_told = true});
    CHECK(told.broken() == Broken{});
}

TEST_CASE("P19: an incident is closed while what it did for now is in force") {
    const ServiceId neighbour("ledger");
    Rules circuits = rules();
    circuits.inventory.circuits = {neighbour};
    for (const bool is_taken_back : {true, false}) {
        CAPTURE(is_taken_back);
        History history(circuits);
        history.act("i-1.e1", SetCircuit{neighbour, true});
        history.referee.see_effect(EffectId("i-1.e1"), "circuit_opened", 0, {});
        if (is_taken_back) {  // By whomever.
            history.referee.see_effect({}, "circuit_closed", 0, {});
        }
        history.referee.see_users(1, 0);
        CHECK(history.broken() == Broken{});
        EntryGroup group;
        group.entries.push_back({EntryKind::closed, IncidentId("i-1"), {}});
        history.referee.see_taken(group);
        history.referee.see_users(1, 0);
        CHECK(history.broken() == (is_taken_back ? Broken{} : Broken{"P19"}));
    }
}

TEST_CASE("P11: an order without a yes, a second remedy by one yes, a second answer") {
    Rules asking = rules();
    asking.asks = true;
    const IncidentId incident("i-1");
    {
        History history(asking);
        history.intend("i-1.e1", Drain{one});
        history.order("i-1.e1", Drain{one});
        CHECK(std::ranges::count(history.broken(), "P11") == 1);
    }
    {
        History history(asking);
        history.referee.see_answer(incident, false);
        history.intend("i-1.e1", Drain{one});
        history.order("i-1.e1", Drain{one});
        CHECK(std::ranges::count(history.broken(), "P11") == 1);
    }
    History history(asking);
    history.referee.see_answer(incident, true);
    history.intend("i-1.e1", Drain{one});
    history.order("i-1.e1", Drain{one});
    CHECK(std::ranges::count(history.broken(), "P11") == 0);
    history.intend("i-1.e2", Drain{one}, "i-1", RollingRestart{ServiceId("payments")});
    history.order("i-1.e2", Drain{one});
    CHECK(std::ranges::count(history.broken(), "P11") == 1);
    History twice(asking);
    twice.referee.see_second_answer(incident);
    CHECK(std::ranges::count(twice.broken(), "P11") == 1);
}

TEST_CASE("P21: an order where nothing is wrong") {
    Rules quiet = rules();
    quiet.is_quiet = true;
    History history(quiet);
    history.act("i-1.e1", Drain{one});
    CHECK(history.broken() == Broken{"P21"});
}

TEST_CASE("P22: a flood of records is told once") {
    History history;
    for (std::uint32_t count = 0; count < 2 * Referee::groups_per_minute_max; ++count) {
        history.keep(history.group({}));
        history.pass(milliseconds{1});
    }
    CHECK(history.broken() == Broken{"P22"});
}
