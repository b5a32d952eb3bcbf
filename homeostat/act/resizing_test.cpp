#include "homeostat/act/resizing.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace homeostat::act {

namespace {

using std::chrono::seconds;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
const InstanceId first("payments-0");
const EffectId effect("i-1.e1");
const Instant began_at = instant_of_ns(1'000'000'000'000);
const Instant now = began_at + std::chrono::milliseconds{500};

const Resize grow{first, 64 * mebibyte, 96 * mebibyte};
const Resize shrink{first, 96 * mebibyte, 64 * mebibyte};
const Step more = SetMemory{first, "uid-a", 64 * mebibyte, 96 * mebibyte};
const Step less = SetMemory{first, "uid-a", 96 * mebibyte, 64 * mebibyte};

/// One pod that was ended for want of memory, and does not serve.
struct World {
    Facts facts;
    Plan plan;

    explicit World(const Remedy& remedy = grow) {
        facts.service = ServiceId("payments");
        facts.is_orchestrated = true;
        facts.has_edge = true;
        facts.is_complete = true;
        RuntimeInstance& runtime = facts.instances.emplace_back().runtime;
        runtime.instance = first;
        runtime.identity = {0, 3, "uid-a"};
        runtime.memory = MemoryFacts{.limit_bytes = 64 * mebibyte,
                                     .limit_bytes_max = 128 * mebibyte,
                                     .is_in_force = true,
                                     .was_killed = true};
        plan.remedy = remedy;
        plan.began_at = began_at;
    }

    [[nodiscard]] RuntimeInstance& runtime() { return facts.instances.front().runtime; }
    [[nodiscard]] MemoryFacts& memory() { return *runtime().memory; }
    void serve() {
        runtime().is_alive = true;
        runtime().is_answering = true;
        facts.instances.front().rotation = Rotation::in;
    }
    /// The write came about, and nobody has followed it yet.
    void carry_out(const Step& step) {
        plan = advanced(plan, step, effect, now);
        memory().limit_bytes = std::get<SetMemory>(step).to_bytes;
        memory().is_in_force = false;
        memory().effect = effect;
    }
    [[nodiscard]] Next next(Instant at = now) const { return next_step(plan, facts, at); }
};

bool waits(const Next& next) {
    return std::holds_alternative<Wait>(next);
}
bool is_complete(const Next& next) {
    return std::holds_alternative<Complete>(next);
}
bool is_stuck(const Next& next) {
    return std::holds_alternative<Stuck>(next);
}
std::optional<Step> step_in(const Next& next) {
    const auto* step = std::get_if<Step>(&next);
    return step == nullptr ? std::nullopt : std::optional(*step);
}

}  // namespace

TEST_CASE("the next limit is half as much again, in whole MiB, and never over the bound") {
    CHECK(memory_after(64 * mebibyte, 512 * mebibyte) == 96 * mebibyte);
    CHECK(memory_after(96 * mebibyte, 128 * mebibyte) == 128 * mebibyte);
    CHECK(memory_after(128 * mebibyte, 128 * mebibyte) == 128 * mebibyte);
    CHECK(memory_after(256 * mebibyte, 128 * mebibyte) == 256 * mebibyte);
    CHECK(memory_after(64 * mebibyte, 0) == 64 * mebibyte);
    CHECK(memory_after(mebibyte, 512 * mebibyte) == 2 * mebibyte);
    CHECK(memory_after(3 * mebibyte + 5, 512 * mebibyte) == 4 * mebibyte + 5);
}

TEST_CASE("a resize is one write, its being followed, and the instance that serves again") {
    World world;
    CHECK(step_in(world.next()) == more);
    world.carry_out(more);
    CHECK(waits(world.next()));
    world.memory().is_in_force = true;
    CHECK(waits(world.next(now + rollout_for_max)));
    // It does not come: that it did not help is for verification to say.
    CHECK(is_complete(world.next(now + rollout_for_max + Duration{1})));
    world.serve();
    CHECK(is_complete(world.next()));
}

TEST_CASE("a write that was refused is tried again, at the pod that is there and no other") {
    World world;
    world.plan = advanced(world.plan, more, effect, now);
    CHECK(step_in(world.next(now + try_again_after)) == more);
    world.runtime().identity.start_ticks += 1;  // Its container was started again meanwhile.
    CHECK(step_in(world.next(now + try_again_after)) == more);
    world.runtime().identity = {0, 0, "uid-b"};
    CHECK(is_stuck(world.next(now + try_again_after)));
}

TEST_CASE("what there is no room for is taken back, and so is what nobody has room for in time") {
    for (const bool is_refused : {true, false}) {
        CAPTURE(is_refused);
        World world;
        world.carry_out(more);
        world.memory().is_refused = is_refused;
        const Instant at = is_refused ? now : now + rollout_for_max + Duration{1};
        CHECK(step_in(world.next(at)) == less);
        world.carry_out(less);
        world.memory().is_refused = false;
        world.memory().is_in_force = true;
        CHECK(is_stuck(world.next(at)));
    }
}

TEST_CASE("less is asked for once and never forced: whoever uses it keeps it") {
    World world{shrink};
    world.memory().limit_bytes = 96 * mebibyte;
    world.memory().effect = effect;
    CHECK(step_in(world.next()) == less);
    world.carry_out(less);
    CHECK(waits(world.next(now + rollout_for_max)));
    CHECK(is_stuck(world.next(now + rollout_for_max + Duration{1})));
    world.memory().is_in_force = true;
    CHECK(is_complete(world.next()));
}

TEST_CASE("of what is somebody else's by now, or of a pod that is gone, nothing is taken back") {
    World anothers{shrink};
    anothers.memory().limit_bytes = 80 * mebibyte;
    CHECK(is_complete(anothers.next()));
    World replaced{shrink};
    replaced.runtime().identity = {0, 0, "uid-b"};  // It has what its template says.
    CHECK(is_complete(replaced.next()));
}

TEST_CASE("a limit that is neither end of the resize is somebody else's wish") {
    World world;
    world.memory().limit_bytes = 80 * mebibyte;
    CHECK(is_stuck(world.next()));
    World unknown;
    unknown.runtime().memory.reset();
    CHECK(is_stuck(unknown.next()));
}

TEST_CASE("after a crash the mark says whether the limit was set, and by whom") {
    World world;
    const auto fate = [&] { return resolve(more, effect, world.facts).kind; };
    CHECK(fate() == OutcomeKind::refused);
    world.memory().limit_bytes = 96 * mebibyte;
    CHECK(fate() == OutcomeKind::unknown);  // By somebody else, with the same wish.
    world.memory().effect = effect;
    CHECK(fate() == OutcomeKind::done);
    world.runtime().identity = {0, 0, "uid-b"};
    CHECK(fate() == OutcomeKind::unknown);
    world.runtime().memory.reset();
    CHECK(fate() == OutcomeKind::unknown);
}

}  // namespace homeostat::act
