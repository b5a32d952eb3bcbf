// Doing nothing, chosen while something did not answer: it is judged anew once that is seen again,
// and after the waits of what was put off. So often and no more, whatever dies meanwhile.

#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/executor_scenes_for_test.hpp"
#include "homeostat/heal/healing_put_off.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/replay.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/heal/watched_agent_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

SimulatedWorld bad_version() {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    return world;
}

/// Nothing of it can be cured as far as is seen, and versions are not.
Proposal chosen_unseeing(const SimulatedWorld& world) {
    Proposal proposal = proposal_for_test(errors_for_test(world.now), Observe{});
    proposal.unseen = {"versions"};
    return proposal;
}

Proposal chosen_seeing(const SimulatedWorld& world) {
    return proposal_for_test(errors_for_test(world.now), rollback_for_test());
}

bool waits_to_see(const SimulatedExecutor& executor, const SimulatedWorld& world) {
    return executor.is_put_off() && node::waits_to_see(executor.incident(), world.now) != nullptr;
}

/// The agent sees again as soon as anybody wants to know. Says whether it is asked then.
bool see_again(SimulatedWorld& world, SimulatedExecutor& executor) {
    for (int looks = 0; looks < 10'000 && executor.is_put_off(); ++looks) {
        if (waits_to_see(executor, world)) {
            executor.tell(Proposed{chosen_unseeing(world)});
            return !executor.is_dead();
        }
        world.pass(1s);
        if (executor.wakes_by(world.now)) {
            executor.wake();
        }
    }
    return executor.node() == "rejudge";
}

bool judge(SimulatedWorld& world, SimulatedExecutor& executor, Proposal proposal) {
    if (!executor.settle_at("rejudge")) {
        return false;
    }
    world.pass(200ms);
    executor.tell(Proposed{std::move(proposal)});
    return !executor.is_dead();
}

std::ptrdiff_t lines_count(const std::vector<std::string>& story, std::string_view begin) {
    return std::ranges::count_if(story,
                                 [&](const std::string& line) { return line.starts_with(begin); });
}

}  // namespace

// --- the graph -----------------------------------------------------------------------------------

TEST_CASE("who chose to do nothing without seeing all is asked again, and a person is told once") {
    SimulatedWorld world = bad_version();
    SimulatedExecutor executor(world);
    executor.open(chosen_unseeing(world));
    executor.settle();
    REQUIRE(executor.is_put_off());
    REQUIRE(executor.notices.size() == 1);
    CHECK(executor.notices.front() ==
          "i-1: observing is no effect: the choice is to do nothing, and the symptom is there; "
          "versions did not answer when that was chosen; judged again in 60 s");
    REQUIRE(judge(world, executor, chosen_seeing(world)));
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.notices.size() == 1);
}

TEST_CASE("who saw all and chose to do nothing is not asked again") {
    SimulatedWorld world = bad_version();
    SimulatedExecutor executor(world);
    executor.open(proposal_for_test(errors_for_test(world.now), Observe{}));
    executor.settle();
    CHECK(executor.node() == "stand_by");
    CHECK_FALSE(executor.wake_at());
    CHECK_FALSE(waits_to_see(executor, world));
}

TEST_CASE("what is seen again ends the wait, after some seconds and before its time") {
    SimulatedWorld world = bad_version();
    SimulatedExecutor executor(world);
    executor.open(chosen_unseeing(world));
    const Instant began_at = world.now;
    CHECK_FALSE(waits_to_see(executor, world));
    REQUIRE(see_again(world, executor));
    CHECK(world.now - began_at >= node::see_again_first - 1s);
    CHECK(world.now - began_at < node::judge_again_first / 2);
    REQUIRE(executor.node() == "rejudge");
    REQUIRE(judge(world, executor, chosen_seeing(world)));
    executor.settle();
    CHECK(executor.story().back() == "closed healed");
}

TEST_CASE("nothing is asked while the world does not answer us, though the agent sees again") {
    SimulatedWorld world = bad_version();
    SimulatedExecutor executor(world);
    executor.open(chosen_unseeing(world));
    world.is_edge_readable = false;
    REQUIRE(see_again(world, executor));
    for (int looks = 0; looks < 50; ++looks) {
        REQUIRE(executor.wake());
        REQUIRE(executor.node() == "stand_by");
    }
    world.is_edge_readable = true;
    CHECK(judge(world, executor, chosen_seeing(world)));
}

TEST_CASE("a world that did not answer us when nothing was to be done counts as not seen") {
    // It answers again while it is still asked, or once that was given up.
    for (const Duration blind_for : {5s, 50s}) {
        CAPTURE(to_seconds(blind_for));
        SimulatedWorld world = bad_version();
        SimulatedExecutor executor(world);
        world.is_edge_readable = false;
        executor.open(proposal_for_test(errors_for_test(world.now), Observe{}));
        const Instant sees_at = world.now + blind_for;
        while (world.now < sees_at && executor.wakes_by(sees_at)) {
            REQUIRE(executor.wake());
        }
        world.pass(std::max(sees_at - world.now, Duration{}));
        world.is_edge_readable = true;
        executor.settle();
        REQUIRE(executor.is_put_off());
        CHECK(executor.notices.size() == 1);
        REQUIRE(see_again(world, executor));
        REQUIRE(judge(world, executor, chosen_seeing(world)));
        executor.settle();
        CHECK(executor.story().back() == "closed healed");
        CHECK(executor.notices.size() == 1);
    }
}

TEST_CASE("sight that comes and goes costs so many judgements and no more, ever further apart") {
    SimulatedWorld world = bad_version();
    SimulatedExecutor executor(world);
    executor.open(chosen_unseeing(world));
    executor.settle();
    const Instant began_at = world.now;
    std::uint32_t judgements = 0;
    Duration pause{};
    Instant latest = world.now;
    while (see_again(world, executor)) {
        judgements += 1;
        REQUIRE(judgements <= node::judge_again_max);
        CHECK(world.now - latest + 2s >= pause);
        pause = world.now - latest;
        latest = world.now;
        REQUIRE(judge(world, executor, chosen_unseeing(world)));
        executor.settle();
    }
    CHECK(judgements == node::judge_again_max);
    CHECK(world.now - began_at > 15min);
    CHECK(executor.node() == "stand_by");
    CHECK_FALSE(executor.wake_at());
    CHECK(executor.notices.size() == 2);  // At first, and once it is theirs alone.
    CHECK(lines_count(executor.story(), "proposed") == node::judge_again_max);
    CHECK(world.changes_count.empty());
    executor.tell(Cleared{});
    CHECK(executor.story().back() == "closed passed");
}

TEST_CASE("a process that dies at any point before and after it sees again acts once") {
    for (int point = 1; point < 60; ++point) {
        CAPTURE(point);
        SimulatedWorld world = bad_version();
        SimulatedExecutor executor(world);
        executor.points_left = point;
        executor.open(chosen_unseeing(world));
        if (executor.is_dead() && executor.story().empty()) {
            continue;  // Nothing of it was written: the agent opens it anew.
        }
        for (int lives = 0; lives < 4 && !executor.has_ended(); ++lives) {
            if (executor.is_dead()) {
                executor.points_left = std::numeric_limits<int>::max();
                executor.restart();
            }
            executor.settle();
            see_again(world, executor);
            if (!executor.has_ended() && !executor.is_dead() && executor.incident().tried.empty()) {
                judge(world, executor, chosen_seeing(world));
            }
            executor.settle();
        }
        CHECK(executor.has_ended());
        CHECK(executor.story().back() == "closed healed");
        CHECK(executor.broken.empty());
        CHECK(executor.notices.size() <= 2);  // Twice is better than never.
    }
}

TEST_CASE("what was judged anew is decided the same from the ledger") {
    SimulatedWorld world = bad_version();
    SimulatedExecutor executor(world);
    executor.open(chosen_unseeing(world));
    REQUIRE(see_again(world, executor));
    REQUIRE(judge(world, executor, chosen_seeing(world)));
    executor.settle();
    const Result<IncidentReplay> again = replay(executor.ledger, IncidentId("i-1"));
    REQUIRE_MESSAGE(again, again.error().text);
    CHECK(again->decisions.size() > 4);
    CHECK(std::ranges::all_of(again->decisions,
                              [](const Redecision& one) { return one.replay == Replay::same; }));
}

// --- the agent -----------------------------------------------------------------------------------

TEST_CASE("a proposal names what did not answer, and is made anew once that answers") {
    WatchedWorld watched;
    watched.processes.is_down = true;
    watched.clock.run_for(2s);
    watched.world.versions_bad = {VersionId("v2")};
    const std::optional<Proposal> first = watched.proposal_about(SymptomKind::errors);
    REQUIRE(first);
    CHECK(first->unseen == std::vector<std::string>{"processes"});
    watched.door.unseen = first->unseen;
    watched.clock.run_for(10s);
    CHECK(watched.door.proposals.size() == 1);
    const int asked_count = watched.oracle.asked_count;
    watched.processes.is_down = false;
    watched.clock.run_for(2s);
    REQUIRE(watched.door.proposals.size() == 2);
    CHECK_FALSE(watched.door.proposals.back().unseen);
    CHECK(watched.oracle.asked_count == asked_count);  // For news; what to do is asked later.
}

// --- all of it -----------------------------------------------------------------------------------

namespace {

/// Which version runs, and what that was before, unless its source is away.
class VersionSource final : public ports::Telemetry {
  public:
    std::optional<Change> change;  ///< That nobody was told of yet.
    bool is_down{false};

    [[nodiscard]] std::string_view name() const override { return "versions"; }
    [[nodiscard]] Duration interval() const override { return 250ms; }
    Task<Result<std::vector<Reading>>> read(Instant) override {
        if (is_down) {
            co_return fail(Fault::unreachable, "nobody answers");
        }
        std::vector<Reading> readings;
        if (change) {
            readings.emplace_back(ChangeReading{*std::exchange(change, std::nullopt)});
        }
        co_return readings;
    }
};

/// Agent and executor, of whose senses one may be away.
struct Guarded {
    SimulatedMachine machine;
    SimulatedProcess process{machine};
    EdgeSource edge{machine.world, process.clock};
    VersionSource versions;
    std::vector<std::string> log_lines;
    std::optional<AgentRole> agent;

    explicit Guarded(SimulatedMachine begin) : machine(std::move(begin)) {
        REQUIRE(process.start());
        AgentSettings settings = settings_of(machine.world, log_lines);
        settings.decide.mode = OracleMode::rules;
        AgentPorts ports{
            process.clock, *process.executor, nullptr, {&edge, &versions, &process.journeys}};
        agent.emplace(process.context().get_executor(), std::move(ports), std::move(settings));
        boost::asio::co_spawn(process.context(), agent->run(), boost::asio::detached);
        process.clock.run_for(20s);
    }

    /// v2 comes, and is bad. Whoever sees it sees when that was.
    void deploy_bad() {
        Change change;
        change.service = ServiceId("payments");
        change.from = VersionId("v1");
        change.to = VersionId("v2");
        change.is_first_hand = true;
        change.at = machine.world.now;
        versions.change = std::move(change);
        machine.world.versions_bad = {VersionId("v2")};
    }
};

SimulatedMachine well() {
    SimulatedMachine machine;
    machine.prove("v1");
    return machine;
}

}  // namespace

TEST_CASE("what changed while nobody could see it is put back once it is seen") {
    for (const bool is_world_away : {false, true}) {
        for (const Duration blind_for : {4s, 12s, 50s, 360s}) {
            CAPTURE(is_world_away);
            CAPTURE(to_seconds(blind_for));
            Guarded guarded(well());
            SimulatedWorld& world = guarded.machine.world;
            guarded.versions.is_down = true;
            world.is_runtime_readable = !is_world_away;
            guarded.process.clock.run_for(2s);
            guarded.deploy_bad();
            guarded.process.clock.run_for(blind_for);
            REQUIRE(guarded.process.executor->incidents().size() == 1);
            CHECK(world.changes_count.empty());
            guarded.versions.is_down = false;
            world.is_runtime_readable = true;
            CHECK(guarded.process.settle(90s));
            CHECK(guarded.machine.story().back() == "closed healed");
            CHECK(all_run(world, "v1"));
            CHECK(is_one_effect_per_intent(guarded.machine));
            CHECK(guarded.machine.notices.size() <= 2);
        }
    }
}

}  // namespace homeostat::heal
