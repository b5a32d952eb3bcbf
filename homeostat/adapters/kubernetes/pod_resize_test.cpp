#include "homeostat/adapters/kubernetes/pod_resize.hpp"

#include "homeostat/adapters/kubernetes/config_history.hpp"
#include "homeostat/adapters/kubernetes/configs.hpp"
#include "homeostat/adapters/kubernetes/resize_world_for_test.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

TEST_CASE("what is known of a pod's memory is what it says, and only where we may change it") {
    ResizeWorld world;
    const std::optional<MemoryFacts> memory = world.instance().memory;
    REQUIRE(memory);
    CHECK(*memory == MemoryFacts{.limit_bytes = 64 * mebibyte,
                                 .limit_bytes_max = 128 * mebibyte,
                                 .is_in_force = true});
    world.kill(world.pod_of());
    CHECK(world.instance().memory->was_killed);
    world.clock.pass(memory_killed_for + std::chrono::seconds{1});
    CHECK_FALSE(world.instance().memory->was_killed);
    world.kill(world.pod_of(), "Error");
    CHECK_FALSE(world.instance().memory->was_killed);

    world.options.memory_bytes_max = 0;
    world.come();
    CHECK_FALSE(world.instance().memory);
    CHECK_FALSE(world.runtime->performs(world.step()));
}

TEST_CASE(
    "a container without a limit, or one that would be ended for another, has none to change") {
    ResizeWorld world;
    at(ResizeWorld::container_of(world.pod_of()), {"resources", "limits"}) = json::object{};
    CHECK_FALSE(world.instance().memory);
    CHECK(world.perform(world.step()).kind == OutcomeKind::refused);

    ResizeWorld strict;
    json::value policy;
    at(policy, {"resourceName"}) = "memory";
    at(policy, {"restartPolicy"}) = "RestartContainer";
    at(ResizeWorld::container_of(strict.pod_of()), {"resizePolicy"}) =
        json::array{std::move(policy)};
    CHECK_FALSE(strict.instance().memory);
    const Outcome outcome = strict.perform(strict.step());
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK_MESSAGE(outcome.because.contains("resizePolicy"), outcome.because);
    CHECK(strict.limit() == "64Mi");
}

TEST_CASE("more memory is wanted by one write that says whose it is, and nothing else changes") {
    ResizeWorld world;
    std::vector<ApiWrite> writes;
    world.api.before_write = [&](const ApiWrite& write) { writes.push_back(write); };
    const std::string uid = world.instance().identity.pod;
    const Outcome outcome = world.perform(world.step(), "i-7.e2");
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    REQUIRE(writes.size() == 2);
    CHECK(writes[0].is_dry_run);
    CHECK_FALSE(writes[1].is_dry_run);
    CHECK(writes[1].manager == "homeostat i-7.e2 from 67108864");
    CHECK(writes[1].path.ends_with("/resize"));
    CHECK(world.limit() == "96Mi");
    CHECK(world.request() == "32Mi");  // Burstable it was, and so it stays.
    CHECK(text_at(ResizeWorld::container_of(world.pod_of()), {"resources", "limits", "cpu"}) ==
          "500m");
    const RuntimeInstance now = world.instance();
    CHECK(now.identity.pod == uid);
    CHECK(now.memory->effect.text() == "i-7.e2");
    CHECK_FALSE(now.memory->is_in_force);
    world.follow(world.pod_of());
    CHECK(world.instance().memory->is_in_force);
    // Once more finds another limit.
    CHECK(world.perform(world.step(), "i-7.e3").kind == OutcomeKind::refused);
}

TEST_CASE("what is read is of one moment, whatever a watch tells while ConfigMaps are asked for") {
    ResizeWorld world;
    world.options.configs = {"pay-config"};
    json::value made;
    at(made, {"metadata", "name"}) = "pay-config";
    at(made, {"data", "pool"}) = "20";
    world.api.create("/api/v1/namespaces/shop/configmaps", std::move(made));
    world.come();
    ConfigHistory history = ConfigHistory::open(world.options.service, world.options.configs,
                                                world.directory.file("configs.json"))
                                .value();
    Configs configs(world.options, {}, history, world.clock);
    world.runtime->know(configs);
    CHECK(world.perform(world.step(), "i-7.e2").kind == OutcomeKind::done);
    bool is_told = false;
    world.api.before_get = [&](const std::string& path) {
        if (path.contains("configmaps")) {
            is_told = true;
            world.api.touch(world.deployment());
            world.take_as_a_watch_does();
        }
    };
    const RuntimeInstance seen = world.instance();
    CHECK(is_told);
    CHECK(seen.memory->effect.text() == "i-7.e2");
}

TEST_CASE("a request that equals the limit goes with it, so that the pod's class stays") {
    ResizeWorld world;
    at(ResizeWorld::container_of(world.pod_of()), {"resources", "requests", "memory"}) = "65536Ki";
    CHECK(world.perform(world.step(), "i-7.e2").kind == OutcomeKind::done);
    CHECK(world.limit() == "96Mi");
    CHECK(world.request() == "96Mi");
    CHECK(world.perform(world.step(96, 64), "i-7.e3").kind == OutcomeKind::done);
    CHECK(world.request() == "64Mi");
}

TEST_CASE("what the kubelet says of the change is read: no room for now, none ever, not yet") {
    ResizeWorld world;
    CHECK(world.perform(world.step(), "i-7.e2").kind == OutcomeKind::done);
    world.say(world.pod_of(), "PodResizePending", "Deferred");
    CHECK_FALSE(world.instance().memory->is_in_force);
    CHECK_FALSE(world.instance().memory->is_refused);
    world.say(world.pod_of(), "PodResizePending", "Infeasible");
    CHECK(world.instance().memory->is_refused);

    ResizeWorld slow;
    CHECK(slow.perform(slow.step(), "i-7.e2").kind == OutcomeKind::done);
    slow.follow(slow.pod_of());
    slow.say(slow.pod_of(), "PodResizeInProgress", "Error");
    CHECK_FALSE(slow.instance().memory->is_in_force);
}

TEST_CASE("no more is asked for than is declared, by whatever step") {
    ResizeWorld world;
    const Outcome outcome = world.perform(world.step(64, 129));
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK_MESSAGE(outcome.because.contains("128Mi at most"), outcome.because);
    CHECK(world.limit() == "64Mi");
}

TEST_CASE("another pod in the slot, or another limit, is not what was expected") {
    ResizeWorld world;
    SetMemory step = world.step();
    step.pod = "00000000-0000-4000-8000-00000000beef";
    CHECK(world.perform(step).kind == OutcomeKind::refused);
    CHECK(world.perform(world.step(32, 96)).kind == OutcomeKind::refused);
    CHECK(world.limit() == "64Mi");
}

TEST_CASE("a limit that somebody else set in place is theirs, and named") {
    ResizeWorld world;
    world.set_limit("80Mi", "vpa-updater");
    CHECK(world.instance().memory->effect.empty());
    for (const SetMemory& step : {world.step(80, 120), world.step(80, 64)}) {
        const Outcome outcome = world.perform(step);
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK_MESSAGE(outcome.because.contains("'vpa-updater'"), outcome.because);
    }
    // What the template brought is nobody's, but not ours to lower either.
    ResizeWorld fresh;
    CHECK(fresh.perform(fresh.step(64, 48)).kind == OutcomeKind::refused);
    CHECK(fresh.limit() == "64Mi");
}

TEST_CASE("a rival's write in between makes the server refuse ours") {
    ResizeWorld world;
    bool has_come = false;
    const SetMemory step = world.step();
    world.api.before_write = [&](const ApiWrite& write) {
        if (!write.is_dry_run && write.manager.starts_with("homeostat ") && !has_come) {
            has_come = true;
            world.set_limit("80Mi", "kubectl");
        }
    };
    CHECK(world.perform(step, "i-7.e2").kind == OutcomeKind::refused);
    CHECK(world.limit() == "80Mi");
}

TEST_CASE("a dry run that shows another limit is not followed by the write") {
    ResizeWorld world;
    world.api.write_troubles = {
        Trouble{.answer = ApiReply{.status = 200, .body = world.pod_of()}, .has_effect = false}};
    const Outcome outcome = world.perform(world.step());
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK_MESSAGE(outcome.because.contains("another limit of memory"), outcome.because);
    CHECK(world.limit() == "64Mi");
}

TEST_CASE("a reply that is lost leaves the fate unknown, and the mark tells it") {
    for (const bool has_effect : {false, true}) {
        CAPTURE(has_effect);
        ResizeWorld world;
        world.api.write_troubles = {std::nullopt, lost(Fault::unreachable, has_effect)};
        const Outcome outcome = world.perform(world.step(), "i-7.e2");
        CHECK((outcome.kind == OutcomeKind::unknown || outcome.kind == OutcomeKind::refused));
        CHECK(world.instance().memory->effect.text() == (has_effect ? "i-7.e2" : ""));
    }
}

TEST_CASE("without the right it is refused, and all else goes on") {
    ResizeWorld world;
    world.api.write_troubles = {answered(403)};
    const Outcome outcome = world.perform(world.step());
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(world.limit() == "64Mi");
    CHECK(world.perform(world.replacement()).kind == OutcomeKind::done);
}

}  // namespace homeostat::adapters::kubernetes
