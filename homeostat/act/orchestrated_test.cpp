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

    facts.instances = {serving("payments-0", "uid-c", v1), serving("payments-1", "uid-b", v2),
                       serving("payments-2", "uid-d", v1)};
    CHECK(waits(next_step(swapped, facts, now + seconds{2})));
    facts.instances.erase(facts.instances.begin() + 1);
    CHECK(std::holds_alternative<Complete>(next_step(swapped, facts, now + seconds{3})));
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

}  // namespace homeostat::act
