// Single decisions of act; next_step_world_test.cpp runs whole remedies.

#include "homeostat/act/act.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

namespace homeostat::act {

namespace {

using std::chrono::seconds;

const ServiceId payments("payments");
const InstanceId first("payments-0");
const VersionId v1("v1");
const VersionId v2("v2");
const Instant began_at = instant_of_ns(1'000'000'000'000);
const Instant now = began_at + std::chrono::milliseconds{500};

InstanceFacts serving(const std::string& name, std::int32_t pid) {
    InstanceFacts instance;
    instance.runtime.instance = InstanceId(name);
    instance.runtime.is_alive = true;
    instance.runtime.is_answering = true;
    instance.runtime.identity = {pid, 1000};
    instance.runtime.version = v2;
    instance.runtime.started_at = began_at - seconds{60};
    instance.rotation = Rotation::in;
    return instance;
}

Facts three_serving() {
    Facts facts;
    facts.service = payments;
    facts.instances = {serving("payments-0", 10), serving("payments-1", 11),
                       serving("payments-2", 12)};
    facts.has_edge = true;
    facts.is_complete = true;
    facts.versions.deploy.current = v2;
    facts.versions.deploy.present = {v1, v2};
    facts.read_at = now;
    return facts;
}

Plan plan_of(Remedy remedy) {
    Plan plan;
    plan.remedy = std::move(remedy);
    plan.began_at = began_at;
    return plan;
}

const Plan restart = plan_of(Restart{first});
const Plan rolling = plan_of(RollingRestart{payments});
const Plan rollback = plan_of(Rollback{payments, v2, v1});

Step step_in(const Next& next) {
    REQUIRE(std::holds_alternative<Step>(next));
    return std::get<Step>(next);
}

void kill(InstanceFacts& instance) {
    instance.runtime.is_alive = false;
    instance.runtime.is_answering = false;
    instance.rotation = Rotation::down;
}

}  // namespace

TEST_CASE("observing needs no step") {
    CHECK(std::holds_alternative<Complete>(next_step(plan_of(Observe{}), three_serving(), now)));
}

TEST_CASE("a serving instance is drained before its process ends") {
    CHECK(step_in(next_step(restart, three_serving(), now)) == Step{Drain{first}});
}

TEST_CASE("a process is replaced at once where draining makes no sense") {
    const Step replace = Replace{first, {10, 1000}, v2};
    Plan without_drain = restart;
    without_drain.drains = false;
    CHECK(step_in(next_step(without_drain, three_serving(), now)) == replace);

    Facts alone = three_serving();
    alone.instances.resize(1);
    CHECK(step_in(next_step(restart, alone, now)) == replace);

    Facts silent = three_serving();
    silent.instances[0].runtime.is_answering = false;
    silent.instances[0].sessions_now = 9;
    CHECK(step_in(next_step(restart, silent, now)) == replace);

    Facts dead = three_serving();
    kill(dead.instances[0]);
    CHECK(step_in(next_step(restart, dead, now)) == Step{Replace{first, {}, v2}});
}

TEST_CASE("a drained instance keeps its process until its sessions end or the time is up") {
    Facts facts = three_serving();
    facts.instances[0].rotation = Rotation::draining;
    facts.instances[0].sessions_now = 2;
    const Plan drained = advanced(restart, Drain{first}, EffectId("i-1.e1"), now);
    const Next soon = next_step(drained, facts, now + seconds{9});
    REQUIRE(std::holds_alternative<Wait>(soon));
    CHECK(std::get<Wait>(soon).until == now + seconds{9} + wait_for);
    const Step replace = Replace{first, {10, 1000}, v2};
    CHECK(step_in(next_step(drained, facts, now + seconds{10})) == replace);
    facts.instances[0].sessions_now = 0;
    CHECK(step_in(next_step(drained, facts, now)) == replace);
}

TEST_CASE("a drain that we find and did not announce is waited for from the plan's beginning") {
    Facts facts = three_serving();
    facts.instances[0].rotation = Rotation::draining;
    facts.instances[0].sessions_now = 2;
    CHECK(std::holds_alternative<Wait>(next_step(restart, facts, began_at + seconds{9})));
    CHECK(std::holds_alternative<Step>(next_step(restart, facts, began_at + seconds{10})));
}

TEST_CASE("a new process is known by its effect even if its start looks older than the plan") {
    Facts facts = three_serving();
    facts.instances[0].runtime.started_at = began_at;  // Clock ticks are coarse.
    facts.instances[0].runtime.effect = EffectId("i-1.e1");
    CHECK(std::holds_alternative<Step>(next_step(restart, facts, now)));
    const Plan replaced = advanced(restart, Replace{first, {9, 900}, v2}, EffectId("i-1.e1"), now);
    CHECK(std::holds_alternative<Complete>(next_step(replaced, facts, now)));
}

TEST_CASE("somebody else's new process satisfies a restart") {
    Facts facts = three_serving();
    facts.instances[0].runtime.started_at = began_at + std::chrono::milliseconds{20};
    CHECK(std::holds_alternative<Complete>(next_step(restart, facts, now)));
}

TEST_CASE("the next instance is not touched before the previous serves again") {
    Facts facts = three_serving();
    facts.instances[0].runtime.started_at = now;
    facts.instances[0].runtime.is_answering = false;
    facts.instances[0].rotation = Rotation::down;
    CHECK(std::holds_alternative<Wait>(next_step(rolling, facts, now)));
    facts.instances[0].runtime.is_answering = true;
    CHECK(std::holds_alternative<Wait>(next_step(rolling, facts, now)));
    facts.instances[0].rotation = Rotation::in;
    CHECK(step_in(next_step(rolling, facts, now)) == Step{Drain{InstanceId("payments-1")}});
}

TEST_CASE("instances that do not serve come before those that do") {
    Facts facts = three_serving();
    kill(facts.instances[2]);
    CHECK(step_in(next_step(rolling, facts, now)) ==
          Step{Replace{InstanceId("payments-2"), {}, v2}});
}

TEST_CASE("an instance that does not come back within the bound leaves us stuck") {
    Facts facts = three_serving();
    facts.instances[0].runtime.started_at = now;
    facts.instances[0].runtime.is_answering = false;
    const Plan plan = advanced(rolling, Replace{first, {9, 1}, v2}, EffectId("i-1.e1"), now);
    CHECK(std::holds_alternative<Wait>(next_step(plan, facts, now + come_back_for_max)));
    const Next later = next_step(plan, facts, now + come_back_for_max + seconds{1});
    REQUIRE(std::holds_alternative<Stuck>(later));
    CHECK(std::get<Stuck>(later).because == "payments-0 does not answer for 31 s");
}

TEST_CASE("an instance that ends each time it is started is given up") {
    Facts facts = three_serving();
    kill(facts.instances[0]);
    Plan plan = restart;
    Instant at = now;
    for (std::uint32_t count = 0; count < replaces_per_instance_max; ++count) {
        const Step step = step_in(next_step(plan, facts, at));
        plan = advanced(plan, step, EffectId("i-1.e" + std::to_string(count)), at);
        at += try_again_after;
    }
    CHECK(std::holds_alternative<Stuck>(next_step(plan, facts, at)));
}

TEST_CASE("a step that comes to nothing is tried three times, a second apart") {
    const Facts facts = three_serving();
    Plan plan = restart;
    Instant at = now;
    for (int count = 1; count <= 3; ++count) {
        const Step step = step_in(next_step(plan, facts, at));
        CHECK(step == Step{Drain{first}});
        plan = advanced(plan, step, EffectId("i-1.e" + std::to_string(count)), at);
        const Next soon = next_step(plan, facts, at + seconds{1} - Duration{1});
        CHECK(std::holds_alternative<Wait>(soon) == (count < 3));
        at += seconds{1};
    }
    CHECK(std::holds_alternative<Stuck>(next_step(plan, facts, at)));
}

TEST_CASE("a step that another one came between begins anew") {
    Plan plan = restart;
    for (const Step& step : {Step{Drain{first}}, Step{Undrain{first}}, Step{Drain{first}}}) {
        plan = advanced(plan, step, EffectId("i-1.e1"), now);
    }
    CHECK(step_in(next_step(plan, three_serving(), now + seconds{1})) == Step{Drain{first}});
}

TEST_CASE("no remedy takes more steps than the maximum") {
    Plan plan = rolling;
    plan.steps_count = steps_max - 1;
    CHECK(std::holds_alternative<Step>(next_step(plan, three_serving(), now)));
    plan.steps_count = steps_max;
    CHECK(std::holds_alternative<Stuck>(next_step(plan, three_serving(), now)));
    Facts done = three_serving();
    for (InstanceFacts& instance : done.instances) {
        instance.runtime.started_at = now;
    }
    CHECK(std::holds_alternative<Complete>(next_step(plan, done, now)));
}

TEST_CASE("a rollback swaps first, and does not fight a third version") {
    CHECK(step_in(next_step(rollback, three_serving(), now)) ==
          Step{SwapVersion{payments, v2, v1}});
    Facts swapped = three_serving();
    swapped.versions.deploy.current = v1;
    CHECK(step_in(next_step(rollback, swapped, now)) == Step{Drain{first}});
    Facts third = three_serving();
    third.versions.deploy.current = VersionId("v3");
    CHECK(std::holds_alternative<Stuck>(next_step(rollback, third, now)));
}

TEST_CASE("a rollback of the configuration swaps its link and asks what configuration runs") {
    const VersionId c1("c1");
    const VersionId c2("c2");
    const Plan plan = plan_of(Rollback{payments, c2, c1, Artifact::config});
    Facts facts = three_serving();
    facts.versions.config = {c2, {c1, c2}, {c1}};
    for (InstanceFacts& instance : facts.instances) {
        instance.runtime.config = c2;
    }
    CHECK(step_in(next_step(plan, facts, now)) ==
          Step{SwapVersion{payments, c2, c1, Artifact::config}});
    facts.versions.config.current = c1;
    facts.instances[0].rotation = Rotation::draining;
    CHECK(step_in(next_step(plan, facts, now)) == Step{Replace{first, {10, 1000}, v2, c1}});
    facts.instances[0].rotation = Rotation::in;
    facts.instances[0].runtime.config = c1;
    CHECK(step_in(next_step(plan, facts, now)) == Step{Drain{InstanceId("payments-1")}});
    for (InstanceFacts& instance : facts.instances) {
        instance.runtime.config = c1;
    }
    CHECK(std::holds_alternative<Complete>(next_step(plan, facts, now)));
    facts.versions.config.current = VersionId("c3");
    CHECK(std::holds_alternative<Stuck>(next_step(plan, facts, now)));
}

TEST_CASE("whatever replaces a process starts it with both current versions") {
    Facts facts = three_serving();
    facts.versions.config.current = VersionId("c2");
    kill(facts.instances[0]);
    const Step step = Replace{first, {}, v2, VersionId("c2")};
    CHECK(step_in(next_step(restart, facts, now)) == step);
    CHECK(step_in(next_step(rolling, facts, now)) == step);
}

TEST_CASE("a rollback undrains what was left drained and leaves the rest alone") {
    Facts facts = three_serving();
    facts.versions.deploy.current = v1;
    for (InstanceFacts& instance : facts.instances) {
        instance.runtime.version = v1;
    }
    facts.instances[1].rotation = Rotation::draining;
    facts.instances[2].rotation = Rotation::down;
    CHECK(step_in(next_step(rollback, facts, now)) == Step{Undrain{InstanceId("payments-1")}});
    facts.instances[1].rotation = Rotation::in;
    CHECK(std::holds_alternative<Complete>(next_step(rollback, facts, now)));
}

TEST_CASE("one that somebody else has drained is replaced, awaited, and never undrained") {
    const std::vector<InstanceId> others{InstanceId("payments-1")};
    Facts facts = three_serving();
    facts.instances[1].rotation = Rotation::draining;
    const Step replace = Replace{InstanceId("payments-1"), facts.instances[1].runtime.identity, v2,
                                 facts.versions.config.current};
    CHECK(step_in(next_step(rolling, facts, now, others)) == replace);
    facts.instances[1].runtime.started_at = now;
    facts.instances[1].runtime.is_answering = false;
    CHECK(std::holds_alternative<Wait>(next_step(rolling, facts, now, others)));
    facts.instances[1].runtime.is_answering = true;
    CHECK(step_in(next_step(rolling, facts, now, others)) == Step{Drain{first}});
    CHECK(step_in(next_step(rolling, facts, now)) == Step{Undrain{InstanceId("payments-1")}});
    facts.instances[0].runtime.started_at = now;
    facts.instances[2].runtime.started_at = now;
    CHECK(std::holds_alternative<Complete>(next_step(rolling, facts, now, others)));
}

TEST_CASE("one that somebody else has drained is not readmitted, and what is told is told of it") {
    const std::vector<InstanceId> others{first};
    Facts facts = three_serving();
    facts.instances[0].rotation = Rotation::draining;
    Plan readmit;
    readmit.remedy = Readmit{first};
    CHECK(std::holds_alternative<Complete>(next_step(readmit, facts, now, others)));
    CHECK(step_in(next_step(readmit, facts, now)) == Step{Undrain{first}});
    CHECK(puts_back(readmit, first));
    CHECK_FALSE(puts_back(readmit, InstanceId("payments-1")));
    CHECK(puts_back(rolling, first));
    CHECK(puts_back(rollback, first));
    Plan eject;
    eject.remedy = Eject{first};
    CHECK_FALSE(puts_back(eject, first));
    eject.replacements = {{first, EffectId("i-1.e1")}};
    CHECK(puts_back(eject, first));
}

TEST_CASE("incomplete facts lead to no step, and in the end to a person") {
    Facts facts = three_serving();
    facts.is_complete = false;
    CHECK(std::holds_alternative<Wait>(next_step(rolling, facts, now)));
    const Instant late = began_at + come_back_for_max + seconds{1};
    CHECK(std::holds_alternative<Stuck>(next_step(rolling, facts, late)));
}

TEST_CASE("an instance that is not among the facts leaves us stuck") {
    const Plan plan = plan_of(Restart{InstanceId("payments-9")});
    CHECK(std::holds_alternative<Stuck>(next_step(plan, three_serving(), now)));
}

TEST_CASE("a plan survives its checkpoint") {
    Plan plan = advanced(rollback, Drain{first}, EffectId("i-1.e1"), now);
    plan = advanced(plan, Replace{first, {10, 1000}, v1}, EffectId("i-1.e2"), now + seconds{1});
    CHECK(plan.steps_count == 2);
    CHECK(from_json<Plan>(to_json(plan)) == plan);
}

TEST_CASE("what can be taken back has an inverse, and the rest has none") {
    CHECK(inverse_of(Rollback{payments, v2, v1}) == Remedy{Rollback{payments, v1, v2}});
    CHECK(inverse_of(Rollback{payments, v2, v1, Artifact::config}) ==
          Remedy{Rollback{payments, v1, v2, Artifact::config}});
    CHECK_FALSE(inverse_of(Restart{first}));
    CHECK_FALSE(inverse_of(RollingRestart{payments}));
    CHECK_FALSE(inverse_of(Observe{}));
    CHECK(inverse_of(Eject{first}) == Remedy{Readmit{first}});
    CHECK_FALSE(inverse_of(Readmit{first}));
    CHECK(inverse_of(OpenCircuit{ServiceId("fraud")}) == Remedy{CloseCircuit{ServiceId("fraud")}});
    CHECK_FALSE(inverse_of(CloseCircuit{ServiceId("fraud")}));
}

TEST_CASE("after a lost reply the world says what became of a swap") {
    const Step swap = SwapVersion{payments, v2, v1};
    Facts facts = three_serving();
    const EffectId effect("i-1.e1");
    CHECK(resolve(swap, effect, facts).kind == OutcomeKind::refused);
    facts.versions.deploy.current = v1;
    CHECK(resolve(swap, effect, facts).kind == OutcomeKind::done);
    const Step of_config = SwapVersion{payments, v2, v1, Artifact::config};
    facts.versions.config.current = v2;  // Of the same name: it says nothing of the other link.
    CHECK(resolve(of_config, effect, facts).kind == OutcomeKind::refused);
    facts.versions.config.current = v1;
    CHECK(resolve(of_config, effect, facts).kind == OutcomeKind::done);
    facts.versions.deploy.current = VersionId("v3");
    CHECK(resolve(swap, effect, facts).kind == OutcomeKind::unknown);
    facts.versions.deploy.current = v1;
    facts.is_complete = false;
    CHECK(resolve(swap, effect, facts).kind == OutcomeKind::unknown);
}

TEST_CASE("after a lost reply the rotation says what became of a drain and an undrain") {
    struct Row {
        Rotation rotation;
        OutcomeKind drain;
        OutcomeKind undrain;
    };
    using enum OutcomeKind;
    for (const Row& row :
         {Row{Rotation::in, refused, done}, Row{Rotation::draining, done, refused},
          Row{Rotation::down, unknown, done}, Row{Rotation::unknown, unknown, unknown}}) {
        Facts facts = three_serving();
        facts.instances[0].rotation = row.rotation;
        CHECK(resolve(Drain{first}, EffectId("e"), facts).kind == row.drain);
        CHECK(resolve(Undrain{first}, EffectId("e"), facts).kind == row.undrain);
    }
}

TEST_CASE("after a lost reply the process record says what became of a replace") {
    const EffectId effect("i-1.e1");
    const Step step = Replace{first, {10, 1000}, v2};
    Facts facts = three_serving();
    RuntimeInstance& runtime = facts.instances[0].runtime;
    CHECK(resolve(step, effect, facts).kind == OutcomeKind::refused);  // It still runs.
    runtime.is_alive = false;
    const Outcome half = resolve(step, effect, facts);
    CHECK(half.kind == OutcomeKind::unknown);
    CHECK(half.because == "pid 10 has ended and nothing was started in its place");
    runtime.identity = {20, 2000};
    runtime.effect = effect;
    CHECK(resolve(step, effect, facts).kind == OutcomeKind::done);  // Started, and ended since.
    runtime.is_alive = true;
    CHECK(resolve(step, effect, facts).kind == OutcomeKind::done);
    runtime.effect = EffectId("i-2.e1");
    CHECK(resolve(step, effect, facts).kind == OutcomeKind::unknown);  // Somebody else's.
    facts.instances.clear();
    CHECK(resolve(step, effect, facts).kind == OutcomeKind::unknown);

    Facts dead = three_serving();
    kill(dead.instances[0]);
    CHECK(resolve(Replace{first, {}, v2}, effect, dead).kind == OutcomeKind::refused);
}

}  // namespace homeostat::act
