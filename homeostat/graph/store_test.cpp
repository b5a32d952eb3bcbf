// The stores, the history and the watchers. The numbers are those of docs/internals/state_graph.md.

#include "homeostat/graph/feed.hpp"
#include "homeostat/graph/scene_for_test.hpp"
#include "homeostat/graph/store_cases_for_test.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace homeostat::graph {

using namespace for_test;
using Words = std::vector<std::string>;

namespace {

/// Its list is not empty when it begins.
struct Begun {
    struct State {
        Words log{"begun"};
        static constexpr auto channels() { return std::tuple{Append<&State::log>{"log"}}; }
    };
    using Argument = Nothing;
    using Message = std::string;
    using Command = std::string;
    using Record = std::string;
    using Question = Nothing;
    using Answer = Nothing;
    using Around = Nothing;
};

/// A handle on a store in memory that outlives it.
class Handle final : public CheckpointStore {
  public:
    explicit Handle(std::shared_ptr<MemoryStore> place) : place_(std::move(place)) {}
    Result<std::uint64_t> claim(const std::string& thread) override {
        return place_->claim(thread);
    }
    Result<void> append(const Commit& commit, std::uint64_t epoch, Durability durability) override {
        return place_->append(commit, epoch, durability);
    }
    [[nodiscard]] Result<std::vector<Commit>> read(const std::string& thread,
                                                   std::uint64_t until) const override {
        return place_->read(thread, until);
    }
    [[nodiscard]] Result<std::vector<Commit>> history(const std::string& thread,
                                                      std::uint64_t before,
                                                      std::size_t count_max) const override {
        return place_->history(thread, before, count_max);
    }
    [[nodiscard]] Result<std::vector<std::string>> threads() const override {
        return place_->threads();
    }

  private:
    std::shared_ptr<MemoryStore> place_;  // Owned by all handles on it.
};

OpenStore memory() {
    return [place = std::make_shared<MemoryStore>()] { return std::make_unique<Handle>(place); };
}

/// A loop that waits for a message in each round.
std::vector<ToyNode> rounds(std::uint32_t count) {
    return {choosing("round", {"round", "close"},
                     [count](const State& state, const ToyEvent& event, const ToyContext&) {
                         if (!std::holds_alternative<std::string>(event)) {
                             return ToyTurn().command("look").stay();
                         }
                         return ToyTurn()
                             .set<&State::rounds_count>(state.rounds_count + 1)
                             .append<&State::log>("round " + std::to_string(state.rounds_count))
                             .to(state.rounds_count + 1 < count ? "round" : "close");
                     }),
            saying("close", {})};
}

using Syncs = std::vector<bool>;

/// Of each input to a new thread: whether what it made has to survive a loss of power.
Syncs syncs_of(const std::vector<ToyNode>& nodes, const std::vector<Input<Toy>>& inputs) {
    const ToyGraph graph = graph_of(nodes);
    const Nothing nothing;
    Advance<Toy> advance = graph.start("t-1", {}, Instant{});
    Thread<Toy> thread;
    Syncs syncs;
    for (const Input<Toy>& input : inputs) {
        apply(thread, std::move(advance.delta), advance.commit);
        Result<Advance<Toy>> next = graph.advance(thread, input, {Instant{}, nothing});
        REQUIRE(next);
        advance = std::move(*next);
        syncs.push_back(advance.needs_sync);
    }
    return syncs;
}

/// So many rounds of which the last one waits.
void run_rounds(Scene& scene, int count) {
    REQUIRE(scene.run() == RunEnd::waits);
    for (int round = 0; round < count; ++round) {
        REQUIRE(scene.take(Tell<Toy>{"seen"}) == RunEnd::waits);
    }
}

}  // namespace

TEST_CASE("the store in memory does what a store has to do") {
    for (const StoreCase& one : store_cases()) {
        SUBCASE(one.says) {
            Place place(memory());
            one.run(place);
        }
    }
}

TEST_CASE("43, 48: every superstep has a commit, and any of them can be read") {
    Scene scene({saying("a", {"b"}), saying("b", {})});
    CHECK(scene.run() == RunEnd::ended);
    CHECK(scene.commits_count() == 3);
    const std::vector<Words> logs{{}, {"a"}, {"a", "b"}};
    for (std::uint64_t number = 1; number <= 3; ++number) {
        const Result<Thread<Toy>> thread = scene.graph.load(*scene.store.read("t-1", number));
        REQUIRE(thread);
        CHECK(thread->state.log == logs[number - 1]);
    }
    const Result<std::vector<Commit>> history = scene.store.history("t-1", 0, 9);
    REQUIRE(history);
    CHECK((*history)[0].cause == Cause::stepped);
    CHECK((*history)[2].cause == Cause::started);
}

TEST_CASE(
    "a thread that is read from its commits is the thread that was written, at each of them") {
    Scene scene(rounds(500));
    REQUIRE(scene.run() == RunEnd::waits);
    for (int round = 0; round < 150; ++round) {
        const Result<Thread<Toy>> read = scene.graph.load(*scene.store.read("t-1", 0));
        REQUIRE(read);
        CHECK(read->state == scene.state());
        CHECK(read->hash == scene.runner.thread().hash);
        std::string kept;
        std::string there;
        to_binary(read->progress, kept);
        to_binary(scene.progress(), there);
        CHECK(kept == there);
        REQUIRE(scene.take(Tell<Toy>{"seen"}) == RunEnd::waits);
    }
}

TEST_CASE("44, 63: the same inputs make the same commits, byte for byte, in any build") {
    const auto last_hash = [](const std::string& id) {
        Scene scene(rounds(70));
        REQUIRE(scene.runner.start(id, {}));
        while (!scene.runner.thread().has_ended()) {
            REQUIRE(scene.runner.run());
            if (!scene.runner.thread().has_ended()) {
                scene.pass(std::chrono::milliseconds{10});
                REQUIRE(scene.runner.take(Tell<Toy>{"seen"}));
            }
        }
        return to_hex(scene.runner.thread().hash);
    };
    CHECK(last_hash("t-1") == last_hash("t-1"));
    CHECK(last_hash("t-1") != last_hash("t-2"));
    // What it was when this was written: a change of the format needs a new number here, and a way
    // for the threads that are kept in the old one.
    CHECK(last_hash("t-1") == "622289b4ae379d2569d0293b5c1d5191");
}

TEST_CASE("45: what acts, asks, ends or parks is to survive a loss of power first, no other") {
    const auto failing = [](const State&, const ToyEvent&, const ToyContext&) {
        return ToyTurn().fail("it does not work");
    };
    const Tell<Toy> seen{"seen"};
    const Reply<Toy> yes{{true, "ann"}};
    SUBCASE("act: where it asks for an effect, and where it has heard of it") {
        CHECK(syncs_of(one_node(look_and_wait), {Go{}, seen}) == Syncs{true, true});
    }
    SUBCASE("act: not where an attempt has come to nothing, and another one follows") {
        const std::vector<ToyNode> nodes = one_node(failing, {.attempts_max = 2});
        CHECK(syncs_of(nodes, {Go{}}) == Syncs{false});
    }
    SUBCASE("think: neither where it looks nor where it goes on") {
        std::vector<ToyNode> nodes = one_node(look_and_wait);
        nodes[0].shape.kind = NodeKind::think;
        CHECK(syncs_of(nodes, {Go{}, seen}) == Syncs{false, false});
    }
    SUBCASE("ask: its question, and what the answer made of it") {
        const std::vector<ToyNode> nodes{asking("approve", {"next"}, "may I?"),
                                         saying("next", {"close"}), saying("close", {})};
        CHECK(syncs_of(nodes, {Go{}, yes, Go{}}) == Syncs{true, true, false});
    }
    SUBCASE("end: of the thread, and of one path of two") {
        CHECK(syncs_of({saying("first", {"close"}), saying("close", {})}, {Go{}, Go{}}) ==
              Syncs{false, true});
        const std::vector<ToyNode> two_paths{
            saying("first", {"close", "other"}), saying("close", {}),
            doing("other", {"last"}, look_and_wait), saying("last", {})};
        CHECK(syncs_of(two_paths, {Go{}, Go{}, seen}) == Syncs{false, true, false});
    }
    SUBCASE("parking: of a node that failed for good, and of one that broke its graph's word") {
        CHECK(syncs_of({doing("first", {"close"}, failing), saying("close", {})}, {Go{}}) ==
              Syncs{true});
        const auto astray = [](const State&, const ToyEvent&, const ToyContext&) {
            return ToyTurn().to("nowhere");
        };
        CHECK(syncs_of({choosing("first", {"close"}, astray), saying("close", {})}, {Go{}}) ==
              Syncs{true});
    }
}

TEST_CASE("46: what is not kept did not happen: no command, no record, the thread as before") {
    class FullStore final : public CheckpointStore {
      public:
        Result<std::uint64_t> claim(const std::string& thread) override {
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
    };
    FullStore store;
    ToyWorld world;
    const ToyGraph graph = graph_of(rounds(2));
    ToyRunner runner = *ToyRunner::over(graph, &store, world);
    REQUIRE(runner.start("t-1", {}));
    store.is_full = true;
    const Result<RunEnd> end = runner.run();
    REQUIRE_FALSE(end);
    CHECK(end.error().fault == Fault::full);
    CHECK(world.performed.empty());
    CHECK(runner.thread().commits_count == 1);
    store.is_full = false;
    CHECK(runner.run() == RunEnd::waits);
    CHECK(world.performed == Words{"look"});
}

TEST_CASE("49: history goes back to the beginning, newest first") {
    Scene scene(rounds(500));
    run_rounds(scene, 100);
    std::uint64_t expected = scene.commits_count();
    std::uint64_t before = 0;
    while (expected > 0) {
        const Result<std::vector<Commit>> page = scene.store.history("t-1", before, 7);
        REQUIRE(page);
        REQUIRE_FALSE(page->empty());
        for (const Commit& commit : *page) {
            CHECK(commit.number == expected--);
        }
        before = page->back().number;
    }
}

TEST_CASE("51: a branch of the past leaves the past alone, asks again, and may not act") {
    std::vector<ToyNode> nodes{asking("approve", {"act"}, "may I?"),
                               doing(
                                   "act", {"close"},
                                   [](const State&, const ToyEvent& event, const ToyContext&) {
                                       return std::holds_alternative<std::string>(event)
                                                  ? ToyTurn().done()
                                                  : ToyTurn().command("act").stay();
                                   },
                                   NodeKind::act),
                               saying("close", {})};
    Scene scene(nodes);
    CHECK(scene.run() == RunEnd::waits);
    const std::uint64_t asked = scene.commits_count();
    CHECK(scene.take(Reply<Toy>{{true, "ann"}}) == RunEnd::waits);
    CHECK(scene.take(Tell<Toy>{"done"}) == RunEnd::ended);
    const Result<std::vector<Commit>> past = scene.store.read("t-1", 0);
    for (const bool is_simulated : {false, true}) {
        ToyWorld world;
        world.simulates = is_simulated;
        ToyRunner branch = *ToyRunner::over(scene.graph, &scene.store, world);
        REQUIRE(branch.branch("t-1", asked, is_simulated ? "t-3" : "t-2"));
        CHECK(branch.run() == RunEnd::waits);
        CHECK(branch.thread().progress.tasks.front().question->id !=
              question_id("t-1", branch.thread().progress.tasks.front().id));
        REQUIRE(branch.take(Reply<Toy>{{true, "bob"}}));
        CHECK(branch.run() == (is_simulated ? RunEnd::waits : RunEnd::parked));
        CHECK(world.performed.size() == (is_simulated ? 1 : 0));
        CHECK((is_simulated ||
               branch.thread().progress.trouble == "node act would act, in a branch of the past"));
    }
    CHECK(scene.store.read("t-1", 0) == past);
}

TEST_CASE("52: of two processes with one thread the first is refused, and has done nothing more") {
    Scene scene(rounds(9));
    run_rounds(scene, 1);
    const std::size_t performed = scene.world.performed.size();
    ToyWorld other_world;
    ToyRunner other = *ToyRunner::over(scene.graph, &scene.store, other_world);
    REQUIRE(other.open("t-1"));
    CHECK(other.run() == RunEnd::waits);
    const Result<void> taken = scene.runner.take(Tell<Toy>{"seen"});
    REQUIRE_FALSE(taken);
    CHECK(taken.error().text == "thread t-1 has another writer");
    CHECK(scene.world.performed.size() == performed);
    REQUIRE(other.take(Tell<Toy>{"seen"}));
    CHECK(other.thread().state.rounds_count == 2);
}

TEST_CASE("53, 65: a thread of another graph is refused, whatever differs, and is not touched") {
    Scene scene(rounds(9));
    run_rounds(scene, 1);
    const Result<std::vector<Commit>> commits = scene.store.read("t-1", 0);
    const std::vector<ToyNode> same = rounds(9);
    CHECK(graph_of(same).load(*commits));
    std::vector<std::vector<ToyNode>> others(4, same);
    others[0][0].shape.kind = NodeKind::act;
    others[1][0].shape.on_error = "close";
    others[2][1].shape.pauses_before = true;
    others[3] = {choosing("loop", {"loop", "close"}, same[0].run), same[1]};
    for (const std::vector<ToyNode>& nodes : others) {
        const ToyGraph other = graph_of(nodes);
        const Result<Thread<Toy>> loaded = other.load(*commits);
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().fault == Fault::invalid);
        CHECK(loaded.error().text.contains("was written by another graph"));
        ToyRunner runner = *ToyRunner::over(other, &scene.store, scene.world);
        CHECK_FALSE(runner.open("t-1"));
    }
    CHECK(scene.store.read("t-1", 0) == commits);
    REQUIRE(scene.runner.take(Tell<Toy>{"seen"}));  // Its writer is the same as before.
}

TEST_CASE("55: what a round adds to a growing list is kept, not the list") {
    Scene scene(rounds(500));
    run_rounds(scene, 200);
    const std::vector<Commit> history = *scene.store.history("t-1", 0, 100);
    for (const Commit& commit : history) {
        CHECK((commit.is_snapshot || commit.body.size() < 150));
    }
    CHECK(scene.store.read("t-1", 0)->size() <= deltas_max + 1);
}

TEST_CASE("a growing list is written whole each time that it has grown threefold") {
    Scene scene(rounds(4000));
    run_rounds(scene, 900);
    std::vector<Commit> commits = *scene.store.history("t-1", 0, 10'000);
    std::ranges::reverse(commits);
    std::size_t snapshots_bytes = 0;
    std::size_t deltas_bytes = 0;
    std::size_t since_bytes = 0;  // Of the deltas after the latest snapshot.
    std::size_t snapshot_bytes = 0;
    for (const Commit& commit : commits) {
        if (commit.is_snapshot) {
            CHECK(since_bytes < std::max(2 * snapshot_bytes, deltas_min * 150) + 150);
            snapshot_bytes = commit.body.size();
            snapshots_bytes += snapshot_bytes;
            since_bytes = 0;
        } else {
            deltas_bytes += commit.body.size();
            since_bytes += commit.body.size();
        }
    }
    CHECK(snapshots_bytes < deltas_bytes);
}

TEST_CASE("a list that begins with something has it once") {
    const NodeFunction<Begun> say = [](const Begun::State&, const Event<Begun>&,
                                       const Context<Begun>&) {
        return Turn<Begun>().append<&Begun::State::log>("closed").done();
    };
    const StateGraph<Begun> graph = *StateGraph<Begun>::build(
        "begun", {{.shape = {.name = "close", .kind = NodeKind::end}, .run = say}});
    Thread<Begun> thread;
    Advance<Begun> advance = graph.start("t-1", {}, {});
    apply(thread, std::move(advance.delta), advance.commit);
    CHECK(thread.state.log == Words{"begun"});
    CHECK(graph.load(std::vector{advance.commit})->state.log == Words{"begun"});
    Advance<Begun> end = *graph.advance(thread, Go{}, {Instant{}, Nothing{}});
    apply(thread, std::move(end.delta), end.commit);
    CHECK(thread.state.log == Words{"begun", "closed"});
}

TEST_CASE("any altered byte of a commit is found when the thread is read") {
    Scene scene(rounds(9));
    run_rounds(scene, 3);
    const std::vector<Commit> commits = *scene.store.read("t-1", 0);
    for (std::size_t index = 0; index < commits.size(); ++index) {
        for (std::size_t byte = 0; byte < commits[index].body.size(); ++byte) {
            std::vector<Commit> altered = commits;
            altered[index].body[byte] ^= 1;
            const Result<Thread<Toy>> thread = scene.graph.load(altered);
            REQUIRE_FALSE(thread);
            CHECK(thread.error().text == "commit " + std::to_string(commits[index].number) +
                                             " of t-1 is not as it was written");
        }
    }
    std::vector<Commit> missing = commits;
    missing.erase(missing.begin() + 1);
    CHECK(scene.graph.load(missing).error().text ==
          "commit 3 of t-1 does not follow the one before it");
}

TEST_CASE("59: whoever watches gets what was committed, in order, and is told what it missed") {
    Feed feed(3);
    Commit commit;
    feed.publish(commit);
    Feed::Reader reader = feed.subscribe();
    CHECK_FALSE(feed.read(reader));
    for (std::uint64_t number = 1; number <= 5; ++number) {
        commit.number = number;
        feed.publish(commit);
    }
    CHECK(std::get<Gap>(*feed.read(reader)) == Gap{2});
    for (std::uint64_t number = 3; number <= 5; ++number) {
        CHECK(std::get<Commit>(*feed.read(reader)).number == number);
    }
    CHECK_FALSE(feed.read(reader));
}

}  // namespace homeostat::graph
