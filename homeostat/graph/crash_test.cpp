// The process dies at every point where it can, and its successors at every one of theirs: before
// and after each commit, before and after each effect. The world counts what was done to it.
// The numbers are those of docs/internals/state_graph.md.

#include "homeostat/graph/scene_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace homeostat::graph {

using namespace for_test;
using Words = std::vector<std::string>;

namespace {

constexpr int never = 1'000'000;

/// What outlives a process: the store, and the world's own count of what was done to it.
struct Machine {
    MemoryStore store;
    std::map<std::string, int> effects;
    int points_left{never};

    /// The process is dead from here on.
    [[nodiscard]] bool dies() {
        points_left = std::max(points_left - 1, 0);
        return points_left == 0;
    }
    [[nodiscard]] bool is_dead() const { return points_left <= 0; }
};

/// A process's view of the store: dies before a commit is kept, or after.
class MortalStore final : public CheckpointStore {
  public:
    explicit MortalStore(Machine& machine) : machine_(&machine) {}
    Result<std::uint64_t> claim(const std::string& thread) override {
        return machine_->store.claim(thread);
    }
    Result<void> append(const Commit& commit, std::uint64_t epoch, Durability how) override {
        if (machine_->dies()) {
            return fail(Fault::unreachable, "dead before it was kept");
        }
        const Result<void> kept = machine_->store.append(commit, epoch, how);
        return kept && machine_->dies() ? fail(Fault::unreachable, "dead after it was kept") : kept;
    }
    [[nodiscard]] Result<std::vector<Commit>> read(const std::string& thread,
                                                   std::uint64_t until) const override {
        return machine_->store.read(thread, until);
    }
    [[nodiscard]] Result<std::vector<Commit>> history(const std::string& thread,
                                                      std::uint64_t before,
                                                      std::size_t count_max) const override {
        return machine_->store.history(thread, before, count_max);
    }
    [[nodiscard]] Result<std::vector<std::string>> threads() const override {
        return machine_->store.threads();
    }

  private:
    Machine* machine_;
};

/// A world in which "do X" has an effect, "look X" says whether it had, and the process dies before
/// or after either.
struct MortalWorld {
    Machine* machine;
    Nothing nothing;

    [[nodiscard]] static Instant now() { return instant_of_ns(1'000); }
    [[nodiscard]] const Nothing& around() const { return nothing; }
    std::optional<std::string> perform(std::string command) {
        if (machine->dies()) {
            return std::nullopt;
        }
        const std::string what = command.substr(command.find(' ') + 1);
        if (command.starts_with("look")) {
            return machine->effects[what] > 0 ? "was done" : "was not";
        }
        machine->effects[what] += 1;
        return machine->dies() ? std::nullopt : std::optional<std::string>("done");
    }
    static void keep(const std::string&) {}
    [[nodiscard]] static bool is_draining() { return false; }
    [[nodiscard]] static bool is_simulated() { return false; }
};

/// Causes its effect once: a reply that was lost is looked for in the world.
ToyNode acting(const std::string& name, std::vector<std::string> successors) {
    return doing(
        name, std::move(successors),
        [name](const State&, const ToyEvent& event, const ToyContext&) {
            const auto* heard = std::get_if<std::string>(&event);
            if (std::holds_alternative<Resumed>(event)) {
                return ToyTurn().command("look " + name).stay();
            }
            if (heard == nullptr || *heard == "was not") {
                return ToyTurn().command("do " + name).stay();
            }
            return ToyTurn().append<&State::log>(name).fold<&State::sum>(1).done();
        },
        NodeKind::act);
}

/// Two effects side by side, then, once both are done, a third.
std::vector<ToyNode> three_effects() {
    return {saying("begin", {"a", "b"}), acting("a", {"c"}), acting("b", {"c"}),
            acting("c", {"close"}), saying("close", {})};
}

/// One process, until it ends or dies.
void live(const ToyGraph& graph, Machine& machine) {
    MortalStore store(machine);
    MortalWorld world{&machine, {}};
    auto runner = *Runner<Toy, MortalWorld>::over(graph, &store, world);
    const bool is_first = !machine.store.read("t-1", 0);
    const Result<void> begun = is_first ? runner.start("t-1", {}) : runner.open("t-1");
    if (begun) {
        const Result<RunEnd> end = runner.run();
        CHECK((machine.is_dead() || end == RunEnd::ended));
    } else {
        CHECK(machine.is_dead());
    }
}

/// Processes that die after so many points each, then one that does not.
Machine live_and_die(const ToyGraph& graph, const std::vector<int>& deaths) {
    Machine machine;
    for (const int points : deaths) {
        machine.points_left = points;
        live(graph, machine);
        if (!machine.is_dead()) {
            return machine;
        }
    }
    machine.points_left = never;
    live(graph, machine);
    return machine;
}

int points_of_a_whole_life(const ToyGraph& graph) {
    return never - live_and_die(graph, {never}).points_left;
}

}  // namespace

TEST_CASE("35, 47: whatever dies when, each effect happens once and the end is the same") {
    const ToyGraph graph = graph_of(three_effects(), {.deaths_max = 100});
    const int points_count = points_of_a_whole_life(graph);
    CHECK(points_count > 20);
    int runs_count = 0;
    for (int first = 1; first <= points_count; ++first) {
        for (int second = 1; second <= points_count; ++second) {
            for (const int third : {never, 1, 2, 3, 5, 8}) {
                const Machine machine = live_and_die(graph, {first, second, third});
                const Result<Thread<Toy>> thread = graph.load(*machine.store.read("t-1", 0));
                REQUIRE(thread);
                const bool is_right =
                    thread->has_ended() && thread->state.sum == 3 &&
                    thread->state.log == Words{"begin", "a", "b", "c", "close"} &&
                    machine.effects == std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}};
                runs_count += 1;
                if (!is_right) {
                    FAIL_CHECK("deaths after ", first, ", ", second, ", ", third);
                }
            }
        }
    }
    CHECK(runs_count == points_count * points_count * 6);
}

}  // namespace homeostat::graph
