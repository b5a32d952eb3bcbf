// P6, what cools down: false histories, and lawful ones beside them.

#include "homeostat/sim/referee/cool_downs.hpp"

#include "homeostat/sim/referee/history_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace homeostat;
using namespace homeostat::sim;
using namespace homeostat::sim::referee_test;

TEST_CASE("P6: the same remedy at the same target, before it has cooled down") {
    for (const EntryKind kind : {EntryKind::closed, EntryKind::escalated}) {
        for (const Duration since : {Duration{seconds{100}}, Duration{seconds{120}}}) {
            History history;
            history.act("i-1.e1", restart);
            history.pass(std::chrono::minutes{5});
            history.end("i-1", kind);
            history.pass(since);
            history.intend("i-2.e1", restart, "i-2");
            history.order("i-2.e1", restart);
            CHECK(history.broken() == (since == seconds{120} ? Broken{} : Broken{"P6"}));
        }
    }
    History open;  // Nothing ended it, and it goes on by itself: others wait all the same.
    open.act("i-1.e1", restart);
    open.pass(seconds{60});
    open.act("i-1.e2", restart);
    CHECK(open.broken() == Broken{});
    open.pass(seconds{100});
    open.intend("i-2.e1", restart, "i-2");
    open.order("i-2.e1", restart);
    CHECK(open.broken() == Broken{"P6"});
}

TEST_CASE("P6: what cools down is a kind at a target, and only what is done to it") {
    const Replace start{one, {}, VersionId("v1"), {}};
    struct Next {
        Step step;
        Remedy remedy;
        bool is_undo, is_reflex;
        bool is_lawful;
    };
    for (const Next& next : {Next{restart, Restart{one}, false, false, false},
                             Next{restart, Restart{spare}, false, false, true},
                             Next{Drain{one}, Eject{one}, false, false, true},
                             Next{restart, Restart{one}, true, false, true},
                             Next{Undrain{one}, Restart{one}, false, false, true},
                             Next{start, Restart{one}, false, true, true},
                             Next{start, Restart{one}, false, false, false},
                             Next{restart, Restart{one}, false, true, false}}) {
        History history;
        history.act("i-1.e1", restart);
        history.end("i-1");
        history.pass(seconds{10});
        IntentBody body;
        body.effect = EffectId("i-2.e1");
        body.remedy = next.remedy;
        body.step = next.step;
        body.is_undo = next.is_undo;
        body.is_reflex = next.is_reflex;
        history.intend(body, "i-2");
        history.order("i-2.e1", next.step);
        CAPTURE(describe(next.step));
        CAPTURE(describe(next.remedy));
        CHECK(history.broken() == (next.is_lawful ? Broken{} : Broken{"P6"}));
        history.intend("i-2.e2", Drain{one}, "i-2", next.remedy);  // It goes on: judged once.
        history.order("i-2.e2", Drain{one});
        CHECK(history.broken().size() <= 1);
    }
}

TEST_CASE("P6: a reflex that began with what had ended may not take away what runs by now") {
    const Replace start{one, {}, VersionId("v1"), {}};
    for (const Step& next : {Step{start}, Step{Drain{one}}, Step{restart}}) {
        History history;
        history.act("i-1.e1", restart);
        history.end("i-1");
        history.pass(seconds{10});
        IntentBody body;
        body.remedy = Restart{one};
        body.is_reflex = true;
        for (const auto& [effect, step] : {std::pair{"i-2.e1", Step{start}}, {"i-2.e2", next}}) {
            body.effect = EffectId(effect);
            body.step = step;
            history.intend(body, "i-2");
            history.order(effect, step);
        }
        CAPTURE(describe(next));
        CHECK(history.broken() == (next == Step{start} ? Broken{} : Broken{"P6"}));
    }
}

TEST_CASE("P6: what was kept while the ledger took nothing may be over since then") {
    for (const bool was_closed : {false, true}) {
        History history;
        history.act("i-1.e1", restart);
        history.referee.see_ledger(!was_closed);
        history.pass(seconds{100});
        history.end("i-1");
        history.referee.see_ledger(true);
        history.pass(seconds{30});
        history.intend("i-2.e1", restart, "i-2");
        history.order("i-2.e1", restart);
        CHECK(history.broken() == (was_closed ? Broken{} : Broken{"P6"}));
    }
}

TEST_CASE("P6: a cool-down outlives a death, and what a power loss took of the ledger is no end") {
    for (const bool is_end_lost : {false, true}) {
        History history;
        history.act("i-1.e1", restart);
        history.pass(seconds{100});
        const EntryGroup end = history.group({{EntryKind::closed, IncidentId("i-1"), {}}});
        history.referee.see_taken(end);
        history.referee.see_death(is_end_lost);
        if (is_end_lost) {
            history.groups.pop_back();
        }
        history.referee.see_replay(history.groups);
        history.referee.see_reading(reading_of(one));
        history.pass(seconds{30});
        history.intend("i-2.e1", restart, "i-2");
        history.order("i-2.e1", restart);
        CHECK(history.broken() == (is_end_lost ? Broken{} : Broken{"P6"}));
    }
}
