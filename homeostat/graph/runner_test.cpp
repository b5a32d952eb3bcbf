// The driver, where the store or the world lets it down.

#include "homeostat/graph/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

namespace homeostat::graph {

using namespace for_test;
using Words = std::vector<std::string>;

namespace {

/// A store that is full for a while, or in which another process gets ahead of a claim.
class FickleStore final : public CheckpointStore {
  public:
    Result<std::uint64_t> claim(const std::string& thread) override {
        if (before_claim) {
            std::exchange(before_claim, nullptr)();
        }
        return inner.claim(thread);
    }
    Result<void> append(const Commit& commit, std::uint64_t epoch, Durability how) override {
        return is_full ? fail(Fault::full, "no room") : inner.append(commit, epoch, how);
    }
    [[nodiscard]] Result<std::vector<Commit>> read(const std::string& thread,
                                                   std::uint64_t until) const override {
        return inner.read(thread, until);
    }
    [[nodiscard]] Result<std::vector<Commit>> history(const std::string& thread,
                                                      std::uint64_t before,
                                                      std::size_t count_max) const override {
        return inner.history(thread, before, count_max);
    }
    [[nodiscard]] Result<std::vector<std::string>> threads() const override {
        return inner.threads();
    }

    MemoryStore inner;
    bool is_full{false};
    std::function<void()> before_claim;
};

}  // namespace

TEST_CASE("46: a reply for which the store had no room is told once it has") {
    FickleStore store;
    ToyWorld world;
    world.reply = [&](const std::string&) {
        store.is_full = true;
        return std::optional<std::string>("done");
    };
    const ToyGraph graph = graph_of(one_node(look_and_wait));
    ToyRunner runner = *ToyRunner::over(graph, &store, world);
    REQUIRE(runner.start("t-1", {}));
    const Result<RunEnd> full = runner.run();
    REQUIRE_FALSE(full);
    CHECK(full.error().fault == Fault::full);
    store.is_full = false;
    CHECK(runner.run() == RunEnd::ended);
    CHECK(world.performed == Words{"act 1"});
}

TEST_CASE("52: what another process keeps while it is taken over from is not missed") {
    FickleStore store;
    ToyWorld world;
    const ToyGraph graph = graph_of(one_node(look_and_wait));
    ToyRunner first = *ToyRunner::over(graph, &store, world);
    REQUIRE(first.start("t-1", {}));
    store.before_claim = [&] { REQUIRE(first.take(Go{})); };
    ToyRunner second = *ToyRunner::over(graph, &store, world);
    REQUIRE(second.open("t-1"));
    CHECK(second.run() == RunEnd::waits);
    CHECK(world.performed == Words{"act 1", "look 1"});
}

TEST_CASE("51: a branch does not take the name of a thread that there is, nor its writer's place") {
    Scene scene(one_node(look_and_wait));
    CHECK(scene.run() == RunEnd::waits);
    ToyRunner other = *ToyRunner::over(scene.graph, &scene.store, scene.world);
    const Result<void> branched = other.branch("t-1", 1, "t-1");
    REQUIRE_FALSE(branched);
    CHECK(branched.error().text == "there is a thread t-1 already");
    CHECK(scene.take(Tell<Toy>{"done"}) == RunEnd::ended);
}

TEST_CASE("40: without a store there is nothing to open and nothing to branch from") {
    ToyWorld world;
    const ToyGraph graph = graph_of(one_node(look_and_wait));
    ToyRunner runner = *ToyRunner::over(graph, nullptr, world);
    CHECK(runner.open("t-1").error().text == "there is no store to read t-1 from");
    CHECK(runner.branch("t-1", 1, "t-2").error().text == "there is no store to read t-1 from");
}

TEST_CASE("52: a process that lost its thread is told so, though all it had left was a reply") {
    FickleStore store;
    ToyWorld world;
    world.reply = [&](const std::string&) {
        REQUIRE(store.claim("t-1"));
        return std::optional<std::string>("done");
    };
    const ToyGraph graph = graph_of(one_node(look_and_wait));
    ToyRunner runner = *ToyRunner::over(graph, &store, world);
    REQUIRE(runner.start("t-1", {}));
    const Result<RunEnd> end = runner.run();
    REQUIRE_FALSE(end);
    CHECK(end.error().text == "thread t-1 has another writer");
}

}  // namespace homeostat::graph
