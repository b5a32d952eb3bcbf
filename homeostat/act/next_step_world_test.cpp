// Whole remedies in a tiny world: every starting state of three instances, and a crash at each
// step.

#include "homeostat/act/act.hpp"
#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace homeostat::act {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ServiceId payments("payments");
const VersionId v1("v1");
const VersionId v2("v2");
const Instant began_at = instant_of_ns(1'000'003'000'000);  // Off the clock's tick.
constexpr Duration tick = milliseconds{100};
constexpr int ticks_max = 600;

/// How an instance is found.
enum class Process : std::uint8_t { well, stalled, dead };

struct Found {
    Process process;
    VersionId version;
    Rotation rotation;
};

std::vector<Found> all_states() {
    std::vector<Found> states;
    for (const VersionId& version : {v1, v2}) {
        for (const Rotation rotation : {Rotation::in, Rotation::draining, Rotation::down}) {
            states.push_back({Process::well, version, rotation});
            states.push_back({Process::stalled, version, rotation});
            if (rotation != Rotation::in) {
                states.push_back({Process::dead, version, rotation});
            }
        }
    }
    return states;
}

std::vector<std::array<Found, 3>> all_states_of_three() {
    const std::vector<Found> states = all_states();
    std::vector<std::array<Found, 3>> states_of_three;
    for (const Found& first : states) {
        for (const Found& second : states) {
            for (const Found& third : states) {
                states_of_three.push_back({first, second, third});
            }
        }
    }
    return states_of_three;
}

/// What goes wrong with each step the first time it is tried.
enum class Trouble : std::uint8_t { none, reply_lost, never_sent, half_done };

struct World {
    Facts facts;
    Instant now{began_at};
    std::int32_t pid_next{100};
    std::map<InstanceId, int> since_replace;  ///< Ticks.
    std::map<InstanceId, int> replaced_count;

    explicit World(const std::array<Found, 3>& found) {
        facts.service = payments;
        facts.has_edge = true;
        facts.is_complete = true;
        facts.versions.deploy.current = v2;
        facts.versions.deploy.present = {v1, v2};
        for (const Found& state : found) {
            const std::size_t index = facts.instances.size();
            InstanceFacts instance;
            instance.runtime.instance = InstanceId("payments-" + std::to_string(index));
            instance.runtime.is_alive = state.process != Process::dead;
            instance.runtime.is_answering = state.process == Process::well;
            instance.runtime.identity = {static_cast<std::int32_t>(10 + index), 1};
            instance.runtime.version = state.version;
            instance.runtime.started_at = began_at - seconds{60};
            instance.rotation = state.rotation;
            instance.sessions_now = state.process == Process::well ? 2 : 0;
            facts.instances.push_back(instance);
        }
    }

    InstanceFacts& at(const InstanceId& name) {
        for (InstanceFacts& instance : facts.instances) {
            if (instance.runtime.instance == name) {
                return instance;
            }
        }
        FAIL("no such instance");
        return facts.instances.front();
    }

    /// Time passes: new processes begin to answer, checks follow, drained sessions end.
    void pass() {
        now += tick;
        facts.read_at = now;
        for (InstanceFacts& instance : facts.instances) {
            RuntimeInstance& runtime = instance.runtime;
            const auto replaced = since_replace.find(runtime.instance);
            if (replaced != since_replace.end() && runtime.is_alive && ++replaced->second >= 3) {
                runtime.is_answering = true;
            }
            if (instance.rotation == Rotation::draining) {
                instance.sessions_now -= instance.sessions_now > 0 ? 1 : 0;
            } else {
                const bool is_well = runtime.is_alive && runtime.is_answering;
                instance.rotation = is_well ? Rotation::in : Rotation::down;
            }
        }
    }

    void end(const InstanceId& name) {
        RuntimeInstance& runtime = at(name).runtime;
        runtime.is_alive = false;
        runtime.is_answering = false;
    }

    void perform(const SwapVersion& step, const EffectId&) {
        CHECK(facts.versions.deploy.current == step.from);
        facts.versions.deploy.current = step.to;
    }
    void perform(const Drain& step, const EffectId&) {
        CHECK(at(step.instance).rotation == Rotation::in);
        at(step.instance).rotation = Rotation::draining;
    }
    void perform(const Undrain& step, const EffectId&) {
        CHECK(at(step.instance).rotation == Rotation::draining);
        at(step.instance).rotation = Rotation::in;
    }
    void perform(const SetCircuit& step, const EffectId&) {
        FAIL("none of these remedies has a step like: ", describe(Step{step}));
    }
    void perform(const SetRoute& step, const EffectId&) {
        FAIL("none of these remedies has a step like: ", describe(Step{step}));
    }
    void perform(const Run& step, const EffectId&) {
        FAIL("none of these remedies has a step like: ", describe(Step{step}));
    }
    void perform(const SetPaused& step, const EffectId&) {
        FAIL("none of these remedies has a step like: ", describe(Step{step}));
    }
    void perform(const SetMemory& step, const EffectId&) {
        FAIL("none of these remedies has a step like: ", describe(Step{step}));
    }
    void perform(const Invalidate& step, const EffectId&) {
        FAIL("none of these remedies has a step like: ", describe(Step{step}));
    }
    void perform(const Stop& step, const EffectId&) {
        FAIL_CHECK("none of these remedies stops ", step.instance.text());
    }
    void perform(const Replace& step, const EffectId& effect) {
        RuntimeInstance& runtime = at(step.instance).runtime;
        const ProcessIdentity present = runtime.is_alive ? runtime.identity : ProcessIdentity{};
        CHECK(step.expected == present);
        end(step.instance);
        runtime.is_alive = true;
        runtime.identity = {pid_next++, 2};
        runtime.version = step.version;
        const Duration since_boot = now.time_since_epoch();
        runtime.started_at = Instant{since_boot - since_boot % milliseconds{10}};
        runtime.effect = effect;
        since_replace[step.instance] = 0;
        replaced_count[step.instance] += 1;
    }
};

bool is_target(const Remedy& remedy, const InstanceFacts& instance) {
    const auto* restart = std::get_if<Restart>(&remedy);
    return restart == nullptr || restart->instance == instance.runtime.instance;
}

/// The specification of "there", written without the code under test.
bool is_there(const Remedy& remedy, const World& world, const InstanceFacts& instance) {
    if (std::holds_alternative<Rollback>(remedy)) {
        return instance.runtime.is_alive && instance.runtime.version == v1;
    }
    return instance.runtime.is_alive && world.replaced_count.contains(instance.runtime.instance);
}

/// Taking a serving instance out is right only when nothing else could be brought back first.
void check_floor(const Remedy& remedy, const World& world, const Step& step) {
    const InstanceId* name = instance_of(step);
    if (name == nullptr || std::holds_alternative<Undrain>(step)) {
        return;
    }
    const InstanceFacts& target = *find_instance(world.facts, *name);
    if (!target.is_serving(true)) {
        return;
    }
    for (const InstanceFacts& other : world.facts.instances) {
        const bool is_other = other.runtime.instance != *name && is_target(remedy, other);
        if (!is_other || other.is_serving(true)) {
            continue;
        }
        // Only what a rollback never touches may be out at that moment.
        CHECK(std::holds_alternative<Rollback>(remedy));
        CHECK(is_there(remedy, world, other));
        CHECK_FALSE(world.replaced_count.contains(other.runtime.instance));
        const bool is_only_drained =
            other.rotation == Rotation::draining && other.runtime.is_answering;
        CHECK_FALSE(is_only_drained);
    }
}

void check_goal_of(const InstanceFacts& instance, const Remedy& remedy, const World& world) {
    CHECK(is_there(remedy, world, instance));
    const bool is_answering = instance.runtime.is_answering;
    if (is_answering) {
        CHECK(instance.rotation != Rotation::draining);
    }
    if (world.replaced_count.contains(instance.runtime.instance)) {
        CHECK(instance.is_serving(true));
        CHECK(world.replaced_count.at(instance.runtime.instance) == 1);
    }
}

void check_goal(const Remedy& remedy, const World& world) {
    for (const InstanceFacts& instance : world.facts.instances) {
        if (is_target(remedy, instance)) {
            check_goal_of(instance, remedy, world);
        }
    }
    if (std::holds_alternative<Rollback>(remedy)) {
        CHECK(world.facts.versions.deploy.current == v1);
    }
}

/// What the executor does with a step; the first try of each meets the trouble.
void carry_out(
    World& world, Plan& plan, const Step& step, Trouble trouble, std::vector<std::string>& met) {
    const EffectId effect("i-1.e" + std::to_string(plan.steps_count + 1));
    plan = advanced(plan, step, effect, world.now);
    const auto perform = [&] {
        std::visit([&](const auto& alternative) { world.perform(alternative, effect); }, step);
    };
    const InstanceId* name = instance_of(step);
    const std::string what = std::string(name_of(step)) + (name ? name->text() : "");
    const bool is_first = std::ranges::find(met, what) == met.end();
    met.push_back(what);
    if (trouble == Trouble::none || !is_first) {
        perform();
        return;
    }
    const auto* replace = std::get_if<Replace>(&step);
    if (trouble == Trouble::reply_lost) {
        perform();
        CHECK(resolve(step, effect, world.facts).kind == OutcomeKind::done);
    } else if (trouble == Trouble::half_done && replace != nullptr && replace->expected.pid != 0) {
        world.end(replace->instance);
        CHECK(resolve(step, effect, world.facts).kind == OutcomeKind::unknown);
    } else {
        CHECK(resolve(step, effect, world.facts).kind == OutcomeKind::refused);
    }
    // The successor has the checkpoint and nothing else.
    const Result<Plan> stored = from_json<Plan>(to_json(plan));
    REQUIRE(stored);
    plan = *stored;
}

/// Returns the number of steps.
std::size_t run_to_the_end(const Remedy& remedy,
                           const std::array<Found, 3>& found,
                           Trouble trouble) {
    World world(found);
    Plan plan;
    plan.remedy = remedy;
    plan.began_at = began_at;
    std::vector<std::string> met;
    for (int count = 0; count < ticks_max; ++count) {
        Next next = next_step(plan, world.facts, world.now);
        if (const auto* step = std::get_if<Step>(&next)) {
            check_floor(remedy, world, *step);
            carry_out(world, plan, *step, trouble, met);
        } else if (std::holds_alternative<Complete>(next)) {
            check_goal(remedy, world);
            return met.size();
        } else if (const auto* stuck = std::get_if<Stuck>(&next)) {
            FAIL(stuck->because);
        }
        world.pass();
    }
    FAIL("the remedy does not end");
    return 0;
}

const std::array<Remedy, 3> remedies{Restart{InstanceId("payments-0")}, RollingRestart{payments},
                                     Rollback{payments, v2, v1}};

}  // namespace

TEST_CASE(
    "every remedy ends well from every state of three instances, whatever is lost on the way") {
    std::size_t steps_most = 0;
    for (const std::array<Found, 3>& found : all_states_of_three()) {
        for (const Remedy& remedy : remedies) {
            for (const Trouble trouble :
                 {Trouble::none, Trouble::reply_lost, Trouble::never_sent, Trouble::half_done}) {
                steps_most = std::max(steps_most, run_to_the_end(remedy, found, trouble));
            }
        }
    }
    CHECK(steps_most <= 20);  // Ten, and each twice.
}

TEST_CASE("a remedy whose goal holds takes no step") {
    const Found there{Process::well, v1, Rotation::in};
    World world({there, there, there});
    world.facts.versions.deploy.current = v1;
    Plan plan;
    plan.remedy = remedies[2];
    plan.began_at = began_at;
    CHECK(std::holds_alternative<Complete>(next_step(plan, world.facts, world.now)));
}

}  // namespace homeostat::act
