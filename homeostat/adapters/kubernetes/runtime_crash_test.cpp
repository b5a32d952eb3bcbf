// A guard that is killed at any phase of a step, and what its successor reads.

#include "homeostat/adapters/kubernetes/resize_world_for_test.hpp"
#include "homeostat/adapters/kubernetes/runtime_world_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

namespace {

struct Killed : std::exception {};

/// Acts until the phase, and is killed there. False: it did not reach it.
bool is_killed_at(RuntimeWorld& world, Phase phase, const Step& step) {
    world.options.on_phase_for_test = [phase](Phase reached) {
        if (reached == phase) {
            throw Killed{};
        }
    };
    world.come();
    bool is_killed = false;
    try {
        world.perform(step);
    } catch (const Killed&) {
        is_killed = true;
    }
    world.options.on_phase_for_test = nullptr;
    world.come();
    return is_killed;
}

}  // namespace

TEST_CASE("killed at any phase of a rollback, what is read tells the truth") {
    for (const Phase phase : {Phase::checked, Phase::rehearsed, Phase::sent}) {
        CAPTURE(static_cast<int>(phase));
        RuntimeWorld world;
        world.deploy("crash");
        const SwapVersion step = world.rollback();
        CHECK(is_killed_at(world, phase, step));
        const bool is_back = phase == Phase::sent;
        CHECK(world.current() == (is_back ? step.to : step.from));
        CHECK(world.image() == (is_back ? "lab.local/pay:v1" : "lab.local/pay:crash"));
    }
}

TEST_CASE("killed at any phase of a replacement, what is read tells the truth") {
    for (const Phase phase : {Phase::checked, Phase::noted, Phase::rehearsed, Phase::sent}) {
        CAPTURE(static_cast<int>(phase));
        RuntimeWorld world;
        const Replace step = world.replacement();
        CHECK(is_killed_at(world, phase, step));
        if (phase == Phase::sent) {
            check_replaced(world, step, "i-1.e1");
        } else {
            check_untouched(world, step);
            world.clock.pass(std::chrono::minutes{1});
            check_untouched(world, step);
            CHECK(world.slots->find(step.instance)->awaited.empty());
        }
    }
}

TEST_CASE(
    "killed at any phase of letting a rollout stand, or go on, what is read tells the truth") {
    for (const bool is_paused : {true, false}) {
        for (const Phase phase : {Phase::checked, Phase::rehearsed, Phase::sent}) {
            CAPTURE(is_paused);
            CAPTURE(static_cast<int>(phase));
            RuntimeWorld world;
            world.deploy("crash");
            const SetPaused stands{world.options.service, world.current(), true};
            if (!is_paused) {
                CHECK(world.perform(stands, "i-1.e1").kind == OutcomeKind::done);
            }
            SetPaused step = stands;
            step.is_paused = is_paused;
            CHECK(is_killed_at(world, phase, step));
            const RolloutFacts rollout = world.facts().rollout.value();
            const bool stands_now = is_paused == (phase == Phase::sent);
            CHECK(rollout.is_paused == stands_now);
            CHECK(rollout.is_paused_by_us() == stands_now);
        }
    }
}

TEST_CASE("killed at any phase of a resize, what is read tells the truth") {
    for (const Phase phase : {Phase::checked, Phase::rehearsed, Phase::sent}) {
        CAPTURE(static_cast<int>(phase));
        ResizeWorld world;
        const SetMemory step = world.step();
        CHECK(is_killed_at(world, phase, step));
        const bool is_done = phase == Phase::sent;
        const MemoryFacts memory = world.instance().memory.value();
        CHECK(memory.limit_bytes == (is_done ? step.to_bytes : step.from_bytes));
        CHECK(memory.effect.text() == (is_done ? "i-1.e1" : ""));
    }
}

}  // namespace homeostat::adapters::kubernetes
