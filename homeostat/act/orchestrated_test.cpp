// Remedies where somebody else, a Deployment's controller, starts what is missing.

#include "homeostat/act/act.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <variant>

namespace homeostat::act {

namespace {

using std::chrono::seconds;

const ServiceId payments("payments");
const InstanceId first("payments-0");
const VersionId v1("v1-7d9f8c6b5d");
const VersionId v2("v2-66b6c48dd5");
const EffectId effect("i-1.e1");
const Instant began_at = instant_of_ns(1'000'000'000'000);
const Instant now = began_at + std::chrono::milliseconds{500};

InstanceFacts serving(const std::string& name, const std::string& pod, const VersionId& version) {
    InstanceFacts instance;
    instance.runtime.instance = InstanceId(name);
    instance.runtime.is_alive = true;
    instance.runtime.is_answering = true;
    instance.runtime.identity = {0, 0, pod};
    instance.runtime.version = version;
    instance.runtime.started_at = began_at - seconds{60};
    instance.rotation = Rotation::in;
    return instance;
}

InstanceFacts empty_slot(const std::string& name) {
    InstanceFacts instance;
    instance.runtime.instance = InstanceId(name);
    instance.runtime.is_coming = true;
    instance.rotation = Rotation::down;
    return instance;
}

Facts two_pods() {
    Facts facts;
    facts.service = payments;
    facts.instances = {serving("payments-0", "uid-a", v2), serving("payments-1", "uid-b", v2)};
    facts.is_orchestrated = true;
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
    plan.drains = false;
    plan.hastens = true;
    return plan;
}

const Plan restart = plan_of(Restart{first});
const Plan rollback = plan_of(Rollback{payments, v2, v1});
const Step evict = Replace{first, {0, 0, "uid-a"}, v2};

Step step_in(const Next& next) {
    REQUIRE(std::holds_alternative<Step>(next));
    return std::get<Step>(next);
}

bool waits(const Next& next) {
    return std::holds_alternative<Wait>(next);
}

}  // namespace

TEST_CASE("a pod is replaced without a drain, by its uid, whatever its container does") {
    Facts facts = two_pods();
    CHECK(step_in(next_step(restart, facts, now)) == evict);
    facts.instances[0].runtime.is_alive = false;
    facts.instances[0].runtime.is_answering = false;
    facts.instances[0].rotation = Rotation::down;
    CHECK(step_in(next_step(restart, facts, now)) == evict);
}

TEST_CASE(
    "after an eviction the pod that takes the slot is waited for, and evicted only if it dies") {
    const Plan evicted = advanced(restart, evict, effect, now);
    Facts facts = two_pods();
    facts.instances[0] = empty_slot("payments-0");
    CHECK(waits(next_step(evicted, facts, now + seconds{100})));

    RuntimeInstance& runtime = facts.instances[0].runtime;
    runtime.identity = {0, 0, "uid-c"};
    runtime.effect = effect;
    CHECK(waits(next_step(evicted, facts, now + seconds{100})));

    runtime.is_coming = false;
    CHECK(step_in(next_step(evicted, facts, now + seconds{100})) ==
          Step{Replace{first, {0, 0, "uid-c"}, v2}});

    runtime.is_alive = true;
    CHECK(waits(next_step(evicted, facts, now + seconds{100})));
    runtime.is_answering = true;
    facts.instances[0].rotation = Rotation::in;
    CHECK(std::holds_alternative<Complete>(next_step(evicted, facts, now + seconds{100})));
}

TEST_CASE("successors that end as well are evicted ever later, and then no more") {
    Plan plan = advanced(restart, evict, effect, now);
    Facts facts = two_pods();
    RuntimeInstance& runtime = facts.instances[0].runtime;
    const auto ends = [&](const char* uid) {
        runtime = serving("payments-0", uid, v2).runtime;
        runtime.effect = effect;
        runtime.is_alive = false;
        runtime.is_answering = false;
        facts.instances[0].rotation = Rotation::down;
    };
    ends("uid-b");
    CHECK(waits(next_step(plan, facts, now + seconds{9})));
    const Step second = step_in(next_step(plan, facts, now + seconds{10}));
    CHECK(second == Step{Replace{first, {0, 0, "uid-b"}, v2}});
    plan = advanced(plan, second, effect, now + seconds{10});

    ends("uid-c");
    CHECK(waits(next_step(plan, facts, now + seconds{29})));
    plan = advanced(plan, step_in(next_step(plan, facts, now + seconds{30})), effect,
                    now + seconds{30});
    ends("uid-d");
    CHECK(std::holds_alternative<Stuck>(next_step(plan, facts, now + seconds{31})));
}

TEST_CASE("what nobody else starts is started again at once") {
    const Plan plan = advanced(restart, evict, effect, now);
    Facts facts = two_pods();
    facts.is_orchestrated = false;
    facts.instances[0].runtime.is_alive = false;
    facts.instances[0].runtime.identity = {0, 0, "uid-b"};
    CHECK(std::holds_alternative<Step>(next_step(plan, facts, now + seconds{1})));
}

TEST_CASE("a slot that stays empty is somebody else's trouble after a while") {
    const Plan evicted = advanced(restart, evict, effect, now);
    Facts facts = two_pods();
    facts.instances[0] = empty_slot("payments-0");
    CHECK(waits(next_step(evicted, facts, now + rollout_for_max)));
    const Next late = next_step(evicted, facts, now + rollout_for_max + Duration{1});
    CHECK(std::holds_alternative<Stuck>(late));
}

TEST_CASE("a pod that is younger by another machine's clock alone is evicted all the same") {
    Facts facts = two_pods();
    facts.instances[0].runtime.started_at = began_at + seconds{3};
    CHECK(step_in(next_step(restart, facts, now)) == evict);
}

TEST_CASE("a rollback swaps the version and leaves the rest to whoever rolls it out") {
    Facts facts = two_pods();
    const Step swap = SwapVersion{payments, v2, v1};
    CHECK(step_in(next_step(rollback, facts, now)) == swap);

    const Plan swapped = advanced(rollback, swap, effect, now);
    facts.versions.deploy.current = v1;
    CHECK(waits(next_step(swapped, facts, now + seconds{1})));

    facts.instances = {serving("payments-0", "uid-c", v1), serving("payments-1", "uid-d", v1)};
    CHECK(std::holds_alternative<Complete>(next_step(swapped, facts, now + seconds{3})));
}

TEST_CASE("pods of the version that goes are asked to go once twice as many of the other serve") {
    const Plan swapped = advanced(rollback, SwapVersion{payments, v2, v1}, effect, now);
    Facts facts = two_pods();
    facts.versions.deploy.current = v1;
    facts.instances[1] = empty_slot("payments-1");
    facts.instances.push_back(serving("payments-2", "uid-c", v1));
    CHECK(waits(next_step(swapped, facts, now + seconds{1})));

    facts.instances.push_back(serving("payments-3", "uid-d", v1));
    const Step early = Replace{first, {0, 0, "uid-a"}, v1};
    CHECK(step_in(next_step(swapped, facts, now + seconds{1})) == early);
    CHECK(is_optional(swapped, facts, early));

    Plan patient = swapped;
    patient.hastens = false;
    CHECK(waits(next_step(patient, facts, now + seconds{1})));

    // It stays: nobody is asked twice.
    const Plan asked = advanced(swapped, early, EffectId("i-1.e2"), now);
    CHECK(waits(next_step(asked, facts, now + seconds{9})));

    // One that serves nobody is its orchestrator's.
    facts.instances[0].rotation = Rotation::down;
    CHECK(waits(next_step(swapped, facts, now + seconds{1})));
}

TEST_CASE("the like of a pod that was asked to go is asked as well, three times at most") {
    Plan plan = advanced(rollback, SwapVersion{payments, v2, v1}, effect, now);
    Facts facts = two_pods();
    facts.versions.deploy.current = v1;
    facts.instances[1] = serving("payments-1", "uid-c", v1);
    facts.instances.push_back(serving("payments-2", "uid-d", v1));
    Instant at = now;
    for (std::size_t asked = 0; asked < replaces_per_instance_max; ++asked) {
        CAPTURE(asked);
        facts.instances[0] = serving("payments-0", "uid-" + std::to_string(asked), v2);
        at += try_again_after;
        plan = advanced(plan, step_in(next_step(plan, facts, at)), effect, at);
        facts.instances[0].runtime.identity.pod = "uid-soon";
        CHECK(waits(next_step(plan, facts, at + try_again_after - Duration{1})));
    }
    CHECK(waits(next_step(plan, facts, at + seconds{9})));
}

TEST_CASE("of a large group some are asked to go and the rest is waited for") {
    Plan plan = advanced(rollback, SwapVersion{payments, v2, v1}, effect, now);
    Facts facts = two_pods();
    facts.versions.deploy.current = v1;
    facts.instances.clear();
    for (std::size_t index = 0; index < 4 * (hastened_max + 1); ++index) {
        const std::string number = std::to_string(index);
        facts.instances.push_back(
            serving("payments-" + number, "uid-" + number, index % 4 != 0 ? v1 : v2));
    }
    std::size_t asked = 0;
    Next next = next_step(plan, facts, now + seconds{1});
    for (; std::holds_alternative<Step>(next); next = next_step(plan, facts, now + seconds{1})) {
        plan = advanced(plan, std::get<Step>(next), effect, now);
        asked += 1;
    }
    CHECK(asked == hastened_max);
    CHECK(waits(next));
}

TEST_CASE("steps without which the goal is missed are not optional") {
    const Facts facts = two_pods();
    CHECK_FALSE(is_optional(rollback, facts, SwapVersion{payments, v2, v1}));
    CHECK_FALSE(is_optional(restart, facts, evict));
    Facts processes = two_pods();
    processes.is_orchestrated = false;
    CHECK_FALSE(is_optional(rollback, processes, Replace{first, {0, 0, "uid-a"}, v1}));
    const Plan config = plan_of(Rollback{payments, v2, v1, Artifact::config});
    CHECK_FALSE(is_optional(config, facts, evict));
}

TEST_CASE("a rollback waits for the pods that it starts, and not for one that was ill before it") {
    const Plan swapped = advanced(rollback, SwapVersion{payments, v2, v1}, effect, now);
    Facts facts = two_pods();
    facts.versions.deploy.current = v1;
    facts.instances = {serving("payments-0", "uid-c", v1), serving("payments-1", "uid-d", v1)};
    RuntimeInstance& young = facts.instances[1].runtime;
    young.is_answering = false;
    young.started_at = now - seconds{3};  // Floored, and by a clock that is behind ours.
    CHECK(waits(next_step(swapped, facts, now + seconds{2})));
    young.started_at = now - seconds{600};
    CHECK(std::holds_alternative<Complete>(next_step(swapped, facts, now + seconds{2})));
}

TEST_CASE("what became of an eviction is told by whether that pod is still there") {
    const auto outcome = [](const Facts& facts) { return resolve(evict, effect, facts).kind; };
    Facts facts = two_pods();
    CHECK(outcome(facts) == OutcomeKind::refused);
    facts.instances[0].runtime.identity.start_ticks = 2;  // The same pod, its container anew.
    CHECK(outcome(facts) == OutcomeKind::refused);
    facts.instances[0] = empty_slot("payments-0");
    CHECK(outcome(facts) == OutcomeKind::done);
    facts.instances[0] = serving("payments-0", "uid-z", v2);
    CHECK(outcome(facts) == OutcomeKind::done);
    facts.is_complete = false;
    CHECK(outcome(facts) == OutcomeKind::unknown);
}

TEST_CASE("a scale asks for one spare after another, and never for a slot that is none") {
    const Plan more = plan_of(Scale{payments, 2, 3});
    Facts facts = two_pods();
    for (const char* name : {"payments-2", "payments-3"}) {
        InstanceFacts slot = empty_slot(name);
        slot.runtime.is_coming = false;
        slot.runtime.is_wanted = false;
        facts.spares.push_back(slot);
    }
    CHECK(std::holds_alternative<Stuck>(next_step(more, facts, now)));
    facts.spares[1].runtime.is_spare = true;
    const Step start = Replace{InstanceId("payments-3"), {}, v2};
    CHECK(step_in(next_step(more, facts, now)) == start);

    const Plan asked = advanced(more, start, effect, now);
    InstanceFacts coming = empty_slot("payments-3");
    coming.runtime.is_spare = true;
    coming.runtime.effect = effect;
    facts.spares.pop_back();
    facts.instances.push_back(coming);
    CHECK(waits(next_step(asked, facts, now + seconds{100})));
    facts.instances.back() = serving("payments-3", "uid-c", v2);
    facts.instances.back().runtime.is_spare = true;
    facts.instances.back().runtime.effect = effect;
    CHECK(std::holds_alternative<Complete>(next_step(asked, facts, now + seconds{100})));

    const Plan back = plan_of(Scale{payments, 3, 2});
    const Step stop = Stop{InstanceId("payments-3"), {0, 0, "uid-c"}};
    CHECK(step_in(next_step(back, facts, now)) == stop);
    // Somebody else wants so many now: nothing of it is ours any more.
    facts.instances.back().runtime.is_spare = false;
    CHECK(std::holds_alternative<Complete>(next_step(back, facts, now)));
}

TEST_CASE(
    "what pods read is put back first, and then one of those that still have it after another") {
    const VersionId c1("c-111111111111");
    const VersionId c2("c-222222222222");
    const Plan plan = plan_of(Rollback{payments, c2, c1, Artifact::config});
    Facts facts = two_pods();
    facts.versions.config.current = c2;
    facts.versions.config.present = {c1, c2};
    facts.instances[0].runtime.config = c2;
    facts.instances[1].runtime.config = c2;
    const Step swap = SwapVersion{payments, c2, c1, Artifact::config};
    CHECK(step_in(next_step(plan, facts, now)) == swap);

    Plan swapped = advanced(plan, swap, effect, now);
    facts.versions.config.current = c1;
    const Step replace = Replace{first, {0, 0, "uid-a"}, v2, c1};
    CHECK(step_in(next_step(swapped, facts, now)) == replace);
    swapped = advanced(swapped, replace, EffectId("i-1.e2"), now);
    facts.instances[0] = empty_slot("payments-0");
    CHECK(waits(next_step(swapped, facts, now + seconds{1})));
    facts.instances[0] = serving("payments-0", "uid-c", v2);
    facts.instances[0].runtime.config = c1;
    CHECK(step_in(next_step(swapped, facts, now + seconds{2})) ==
          Step{Replace{InstanceId("payments-1"), {0, 0, "uid-b"}, v2, c1}});
    // Pods that read it all the time have it at once.
    facts.instances[1].runtime.config = c1;
    CHECK(std::holds_alternative<Complete>(next_step(swapped, facts, now + seconds{2})));
}

TEST_CASE("a number goes down by the same order again, as often as somebody ends by it") {
    const std::uint32_t before = 8;
    Plan back = plan_of(Scale{payments, before, 2});
    Facts facts = two_pods();
    for (std::uint32_t index = 2; index < before; ++index) {
        facts.instances.push_back(
            serving("payments-" + std::to_string(index), "uid-" + std::to_string(index), v2));
        facts.instances.back().runtime.is_spare = true;
    }
    Instant at = now;
    const Step stop = Stop{InstanceId("payments-7"), {0, 0, "uid-7"}};
    for (std::uint32_t count = before; count > 2; --count) {
        CHECK(step_in(next_step(back, facts, at)) == stop);
        back = advanced(back, stop, effect, at);
        at += seconds{2};
        facts.instances.erase(facts.instances.end() - 2);  // Somebody, and never the one we named.
    }
    CHECK(std::holds_alternative<Complete>(next_step(back, facts, at)));
    // Where nobody ends by it, it has come to nothing.
    facts.instances.push_back(serving("payments-8", "uid-8", v2));
    facts.instances.back().runtime.is_spare = true;
    const Step other = Stop{InstanceId("payments-8"), {0, 0, "uid-8"}};
    Plan idle = plan_of(Scale{payments, 3, 2});
    for (std::uint32_t tries = 0; tries < step_tries_max; ++tries) {
        CHECK(step_in(next_step(idle, facts, at)) == other);
        idle = advanced(idle, other, effect, at);
        at += seconds{2};
    }
    CHECK(std::holds_alternative<Stuck>(next_step(idle, facts, at)));
}

}  // namespace homeostat::act
