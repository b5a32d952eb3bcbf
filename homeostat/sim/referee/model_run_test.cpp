// Runs that the model has, and each step that it has not.

#include "homeostat/sim/referee/model_run.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::sim;

namespace {

const IncidentId incident("i-1");
const EffectId first("i-1.e1");
const EffectId second("i-1.e2");

Entry intent_of(const EffectId& effect) {
    IntentBody body;
    body.effect = effect;
    body.remedy = Restart{InstanceId("payments-0")};
    body.step = Replace{.instance = InstanceId("payments-0")};
    return {EntryKind::intent, incident, to_json(body)};
}

Entry outcome_of(const EffectId& effect, OutcomeKind kind) {
    return {EntryKind::outcome, incident, to_json(OutcomeBody{effect, {kind, "so"}})};
}

Entry closed() {
    return {EntryKind::closed, incident, json::object{}};
}

/// A lawful effect, whole.
void act(ModelRun& run, const EffectId& effect) {
    run.write(intent_of(effect));
    run.ask(effect);
    run.happen(effect);
    run.write(outcome_of(effect, OutcomeKind::done));
}

}  // namespace

TEST_CASE(
    "what is read back from a view that is older than it says may be wrong, a reply may not") {
    for (const bool is_read_back : {true, false}) {
        for (const bool is_old : {true, false}) {
            ModelRun run;
            run.write(intent_of(first));
            run.ask(first);
            run.happen(first);
            run.see_view(true);
            run.see_view(is_old);
            Entry outcome = outcome_of(first, OutcomeKind::refused);
            outcome.body.get_object()["is_read_back"] = is_read_back;
            run.write(outcome);
            CHECK(run.take_refused().empty() == (is_read_back && is_old));
        }
    }
}

TEST_CASE("what the model does is a run of it, with a death between the order and its outcome") {
    ModelRun run;
    act(run, first);
    run.write(intent_of(second));
    run.ask(second);
    // A successor: it reads, looks, and settles it.
    const std::vector<EntryGroup> groups{
        {.entries = {intent_of(first)}},
        {.entries = {outcome_of(first, OutcomeKind::done), intent_of(second)}}};
    run.begin_with(groups);
    run.write(outcome_of(second, OutcomeKind::refused));
    run.write(closed());
    CHECK(run.take_refused().empty());
}

TEST_CASE("each step that the model does not have is named") {
    struct Case {
        std::string_view says;
        void (*spoil)(ModelRun&);
    };
    const std::vector<Case> cases{
        {"is intended and nobody knows", [](ModelRun& run) { run.write(intent_of(second)); }},
        {"is closed and nobody knows", [](ModelRun& run) { run.write(closed()); }},
        {"is intended a second time",
         [](ModelRun& run) {
             run.write(outcome_of(first, OutcomeKind::unknown));
             run.write(intent_of(first));
         }},
        {"'done', and it has not happened",
         [](ModelRun& run) { run.write(outcome_of(first, OutcomeKind::done)); }},
        {"'refused', and it has happened",
         [](ModelRun& run) {
             run.happen(first);
             run.write(outcome_of(first, OutcomeKind::refused));
         }},
        {"is ordered a second time",
         [](ModelRun& run) {
             run.ask(first);
             run.ask(first);
         }},
        {"is ordered after its outcome",
         [](ModelRun& run) {
             run.write(outcome_of(first, OutcomeKind::unknown));
             run.ask(first);
         }},
        {"which nobody intended",
         [](ModelRun& run) { run.write(outcome_of(second, OutcomeKind::done)); }},
        {"which has one already",
         [](ModelRun& run) {
             run.write(outcome_of(first, OutcomeKind::unknown));
             run.write(outcome_of(first, OutcomeKind::unknown));
         }},
        {"in an incident that is closed",
         [](ModelRun& run) {
             run.write(outcome_of(first, OutcomeKind::unknown));
             run.write(closed());
             run.write(intent_of(second));
         }},
    };
    for (const Case& one : cases) {
        CAPTURE(one.says);
        ModelRun run;
        run.write(intent_of(first));
        one.spoil(run);
        const std::vector<std::string> refused = run.take_refused();
        REQUIRE(refused.size() == 1);
        CHECK(refused.front().find(one.says) != std::string::npos);
    }
}
