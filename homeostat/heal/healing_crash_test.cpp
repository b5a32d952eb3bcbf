// The process dies at every point where it can, and once more on the way back. Whatever happens, a
// referee counts effects in the world and reads the ledger: at most one effect per intent, none
// without a durable one, the group at its floor, and in the end the world as it was wanted.

#include "homeostat/base/sanitized_for_test.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

constexpr int never = std::numeric_limits<int>::max();
constexpr std::uint32_t floor_count = 2;

/// A fault and its remedy.
struct Trouble {
    std::string name;
    SimulatedWorld world;
    Proposal proposal;
    std::string version_wanted;
    bool takes_capacity;  ///< The group is whole at first, so that its floor can be kept.
    std::optional<Proposal> cure{};  ///< What follows upon a stopgap.
    std::string config_wanted{};
    std::uint64_t memory_wanted{0};  ///< UNITS: bytes, of whoever has a limit. 0: nobody has one.
};

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
const Remedy grow = Resize{InstanceId("payments-1"), 64 * mebibyte, 96 * mebibyte};

/// One pod is ended for want of memory, and would be with less than so much.
SimulatedWorld hungry(std::uint64_t needed_bytes) {
    SimulatedWorld world;
    world.memory_needed_bytes = needed_bytes;
    RuntimeInstance& runtime = world.instance(InstanceId("payments-1")).runtime;
    runtime.identity.pod = "uid-1";
    runtime.memory = MemoryFacts{.limit_bytes = 64 * mebibyte,
                                 .limit_bytes_max = 128 * mebibyte,
                                 .is_in_force = true,
                                 .was_killed = true};
    return world;
}

bool has_memory_wanted(const SimulatedWorld& world, const Trouble& trouble) {
    return std::ranges::all_of(world.instances, [&](const SimulatedInstance& one) {
        return !one.runtime.memory || one.runtime.memory->limit_bytes == trouble.memory_wanted;
    });
}

std::vector<Trouble> troubles() {
    SimulatedWorld bad_deploy;
    bad_deploy.versions_bad = {VersionId("v2")};
    SimulatedWorld bad_config;
    bad_config.give_configs();
    bad_config.configs_bad = {VersionId("c2")};
    SimulatedWorld bad_flag;
    bad_flag.give_flags();
    bad_flag.flags_bad = {VersionId("f2")};
    SimulatedWorld stalled;
    stalled.instance(InstanceId("payments-1")).is_stalled = true;
    SimulatedWorld crashed;
    crashed.end_process(InstanceId("payments-1"));
    Symptom slow = errors_for_test(stalled.now);
    slow.kind = SymptomKind::latency;
    SimulatedWorld one_slow;
    one_slow.instance(InstanceId("payments-1")).is_slow = true;
    SimulatedWorld surge(3, 2);
    surge.serving_needed = 4;
    surge.surge_ends_at = surge.now + 2s;
    const Symptom surge_errors = errors_for_test(surge.now);
    const Symptom slow_one =
        about_instance_for_test(SymptomKind::latency, "payments-1", one_slow.now);
    const Symptom down =
        about_instance_for_test(SymptomKind::instance_down, "payments-1", crashed.now);
    SimulatedWorld let_down;
    let_down.is_dependency_failing = true;
    let_down.dependency_well_from_at = let_down.now + 4s;
    SimulatedWorld stale;
    stale.copies_right_from_at = stale.now + 4s;
    SimulatedWorld stale_once;
    stale_once.copies_right_from_at = Instant::max();
    stale_once.is_filled_again = false;
    SimulatedWorld rolling_out = bad_deploy;
    rolling_out.instances[0].runtime.version = VersionId("v1");
    rolling_out.instances[1].runtime.version = VersionId("v1");
    rolling_out.rollout = RolloutFacts{.is_under_way = true};
    const Symptom copies = stale_for_test(stale.now);
    const Symptom errors = errors_for_test(bad_deploy.now);
    return {
        {"rollback", bad_deploy, proposal_for_test(errors, rollback_for_test()), "v1", true},
        {.name = "rollback of a configuration",
         .world = bad_config,
         .proposal = proposal_for_test(errors, config_rollback_for_test()),
         .version_wanted = "v2",
         .takes_capacity = true,
         .config_wanted = "c1"},
        {"rollback of flags", bad_flag, proposal_for_test(errors, flag_rollback_for_test()), "v2",
         false},
        {"rolling_restart", stalled, proposal_for_test(slow, rolling_restart_for_test()), "v2",
         true},
        {"restart", crashed, proposal_for_test(down, restart_for_test("payments-1")), "v2", true},
        {"eject", one_slow, proposal_for_test(slow_one, eject_for_test("payments-1")), "v2", true,
         proposal_for_test(slow_one, restart_for_test("payments-1"))},
        {"open_circuit", let_down, proposal_for_test(errors, open_circuit_for_test()), "v2", true},
        {"reroute", stale, proposal_for_test(copies, reroute_for_test()), "v2", true},
        {"invalidate_cache", stale_once, proposal_for_test(copies, invalidate_for_test()), "v2",
         true},
        {"scale", surge, proposal_for_test(surge_errors, scale_for_test(3, 4)), "v2", true},
        {.name = "resize",
         .world = hungry(96 * mebibyte),
         .proposal = proposal_for_test(errors, grow),
         .version_wanted = "v2",
         .takes_capacity = false,
         .memory_wanted = 96 * mebibyte},
        {"pause_rollout", rolling_out, proposal_for_test(errors, pause_for_test()), "v1", true,
         proposal_for_test(errors, rollback_for_test())},
    };
}

/// The longest sequence of deaths that one run is given: each is the point at which that process
/// dies; the last one lives.
struct Run {
    SimulatedWorld world;
    SimulatedExecutor executor;
    std::vector<int> points_used;  ///< By each process.

    Run(const Trouble& trouble, const std::vector<int>& deaths)
        : world(trouble.world), executor(world) {
        executor.cure = trouble.cure;
        executor.around.guard.autonomy[RemedyKind::resize] = Autonomy::act;
        executor.around.hold_for_max = 4s;  // Every look at what is held is like the one before.
        bool is_open = false;
        for (const int points : deaths) {
            executor.points_left = points;
            if (is_open) {
                world.pass(50ms);  // Somebody has to start us again.
                executor.restart();
            } else {
                executor.open(trouble.proposal);
            }
            executor.settle();
            is_open = is_open || !executor.story().empty();
            points_used.push_back(points - executor.points_left);
            if (!executor.is_dead()) {
                break;
            }
        }
    }
    ~Run() = default;
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
};

/// Deaths in which one effect was lost twice look as if somebody took it back: a person decides.
bool is_given_up(const Run& run) {
    return std::ranges::any_of(run.executor.story(), [](const std::string& line) {
        return line.starts_with("escalated: nobody else takes it back");
    });
}

bool is_right_to_give_up(const Run& run) {
    return run.points_used.size() > 2 &&
           (run.executor.has_ended() || run.executor.node() == "stand_by" ||
            run.executor.is_left());
}

std::string complaint_about(const Run& run, const Trouble& trouble) {
    if (!run.executor.broken.empty()) {
        return run.executor.broken.front();
    }
    for (const auto& [effect, count] : run.world.changes_count) {
        if (count > 1) {
            return effect.text() + " happened " + std::to_string(count) + " times";
        }
    }
    if (run.world.serving_min < floor_count) {
        return "only " + std::to_string(run.world.serving_min) + " instances served";
    }
    if (is_given_up(run)) {
        return is_right_to_give_up(run) ? "" : "given up";
    }
    if (!run.executor.has_ended()) {
        return "it waits at " + run.executor.node();
    }
    if (run.executor.story().back() != "closed healed") {
        return "it ended with: " + run.executor.story().back();
    }
    const bool is_as_wanted =
        !run.world.is_slow() && !run.world.is_circuit_open() && !run.world.is_rerouted() &&
        !run.world.is_cache_stale() && run.world.serving_count() == run.world.wanted_count() &&
        run.world.wanted_count() == 3 &&
        std::ranges::all_of(run.world.instances, [&](const SimulatedInstance& one) {
            return !one.runtime.is_wanted ||
                   (one.runtime.version.text() == trouble.version_wanted &&
                    one.runtime.config.text() == trouble.config_wanted);
        });
    return is_as_wanted && has_memory_wanted(run.world, trouble)
               ? ""
               : "the group is not as it was wanted";
}

/// Remedies with an inverse, each where another fault keeps them from helping for ever. The world
/// that they began with is the one that is wanted in the end.
std::vector<Trouble> troubles_not_helped() {
    SimulatedWorld let_down;
    let_down.is_dependency_failing = true;
    SimulatedWorld let_down_with_config = let_down;
    let_down_with_config.give_configs();
    SimulatedWorld let_down_and_bad = let_down;
    let_down_and_bad.versions_bad = {VersionId("v2")};
    SimulatedWorld one_slow = let_down;
    one_slow.instance(InstanceId("payments-1")).is_slow = true;
    SimulatedWorld surge(3, 2);
    surge.serving_needed = 9;
    SimulatedWorld stale = let_down;
    stale.copies_right_from_at = Instant::max();
    const Symptom errors = errors_for_test(let_down.now);
    const Symptom slow_one =
        about_instance_for_test(SymptomKind::latency, "payments-1", one_slow.now);
    return {
        {"rollback", let_down, proposal_for_test(errors, rollback_for_test()), "v2", true},
        {.name = "rollback of a configuration",
         .world = let_down_with_config,
         .proposal = proposal_for_test(errors, config_rollback_for_test()),
         .version_wanted = "v2",
         .takes_capacity = true,
         .config_wanted = "c2"},
        {"eject", one_slow, proposal_for_test(slow_one, eject_for_test("payments-1")), "v2", true},
        {"open_circuit", let_down_and_bad, proposal_for_test(errors, open_circuit_for_test()), "v2",
         true},
        {"reroute", stale, proposal_for_test(stale_for_test(stale.now), reroute_for_test()), "v2",
         true},
        {"scale", surge, proposal_for_test(errors, scale_for_test(3, 4)), "v2", true},
        {.name = "resize",
         .world = hungry(128 * mebibyte),
         .proposal = proposal_for_test(errors, grow),
         .version_wanted = "v2",
         .takes_capacity = false,
         .memory_wanted = 64 * mebibyte},
    };
}

/// What is wrong where a remedy did not help; empty: it was undone, once, and a person was told.
std::string complaint_about_undo(const Run& run, const Trouble& trouble) {
    const std::vector<std::string> story = run.executor.story();
    if (!run.executor.broken.empty()) {
        return run.executor.broken.front();
    }
    for (const auto& [effect, count] : run.world.changes_count) {
        if (count > 1) {
            return effect.text() + " happened " + std::to_string(count) + " times";
        }
    }
    if (run.world.serving_min < floor_count) {
        return "only " + std::to_string(run.world.serving_min) + " instances served";
    }
    const auto undos = std::ranges::count_if(
        story, [](const std::string& line) { return line.starts_with("undo: "); });
    if (undos != 1 || run.executor.node() != "stand_by") {
        return std::to_string(undos) + " undos; it waits at " + run.executor.node();
    }
    if (!story.back().starts_with("escalated: ")) {
        return "it ended with: " + story.back();
    }
    const std::string because = story.back().substr(std::string("escalated: ").size());
    if (std::ranges::find(run.executor.notices, "i-1: " + because) == run.executor.notices.end()) {
        return "nobody was told: " + because;
    }
    const SimulatedWorld& world = run.world;
    const bool is_as_before =
        !world.is_circuit_open() && !world.is_rerouted() && world.serving_count() == 3 &&
        world.wanted_count() == 3 && world.version_current.text() == trouble.version_wanted &&
        world.configs.current.text() == trouble.config_wanted &&
        std::ranges::all_of(world.instances, [&](const SimulatedInstance& one) {
            return !one.runtime.is_wanted ||
                   (one.runtime.version.text() == trouble.version_wanted &&
                    one.runtime.config.text() == trouble.config_wanted);
        });
    return is_as_before && has_memory_wanted(world, trouble) ? ""
                                                             : "the world is not as it was before";
}

/// Every intent has an outcome in the end, and no more than one.
std::string ledger_complaint(const SimulatedExecutor& executor) {
    const std::vector<std::string> story = executor.story();
    for (const std::string& line : story) {
        if (!line.starts_with("intent ")) {
            continue;
        }
        const std::string effect = line.substr(7, line.find(' ', 7) - 7);
        const auto outcomes = std::ranges::count_if(story, [&](const std::string& other) {
            return other.starts_with("outcome " + effect + " ");
        });
        if (outcomes != 1) {
            return effect + " has " + std::to_string(outcomes) + " outcomes";
        }
    }
    return {};
}

}  // namespace

TEST_CASE("a process that dies at any point of a remedy is resumed without a second effect") {
    for (const Trouble& trouble : troubles()) {
        CAPTURE(trouble.name);
        const Run whole(trouble, {never});
        REQUIRE(complaint_about(whole, trouble) == "");
        const int points_count = whole.points_used.front();
        CHECK(points_count > 10);
        for (int point = 1; point <= points_count; ++point) {
            CAPTURE(point);
            const Run run(trouble, {point, never});
            CHECK(complaint_about(run, trouble) == "");
            CHECK(ledger_complaint(run.executor) == "");
        }
    }
}

TEST_CASE("a process that dies in a remedy that does not help, or in its undo, undoes it once") {
    for (const Trouble& trouble : troubles_not_helped()) {
        CAPTURE(trouble.name);
        const Run whole(trouble, {never});
        REQUIRE(complaint_about_undo(whole, trouble) == "");
        const int points_count = whole.points_used.front();
        for (int first = 1; first <= points_count; ++first) {
            for (const int second : {never, 3, 8}) {
                CAPTURE(first);
                CAPTURE(second);
                const Run run(trouble, {first, second, never});
                CHECK(complaint_about_undo(run, trouble) == "");
                CHECK(ledger_complaint(run.executor) == "");
            }
        }
    }
}

TEST_CASE("a question and what follows upon silence reach a person wherever the process dies") {
    SimulatedWorld bad_deploy;
    bad_deploy.versions_bad = {VersionId("v2")};
    const std::vector<std::string> wanted{"i-1: may I rollback payments from v2 to v1?",
                                          "i-1: nobody answered the question: silence is no"};
    constexpr int points_max = 30;  // More than there are.
    for (int point = 1; point <= points_max; ++point) {
        CAPTURE(point);
        SimulatedWorld world = bad_deploy;
        SimulatedExecutor executor(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
        executor.points_left = point;
        executor.open(proposal_for_test(errors_for_test(world.now), rollback_for_test()));
        executor.settle();
        const bool is_known = !executor.story().empty();
        if (executor.is_dead() && is_known) {
            executor.points_left = never;
            executor.restart();
            executor.settle();
        }
        if (!is_known) {
            continue;  // Nothing of it was written: the agent opens it anew.
        }
        std::vector<std::string> told = executor.notices;
        told.erase(std::ranges::unique(told).begin(), told.end());  // Twice is better than never.
        CHECK(told == wanted);
        CHECK(std::ranges::count(executor.story(),
                                 "escalated: nobody answered the question: "
                                 "silence is no") == 1);
    }
}

TEST_CASE(
    "a process that dies at any point, and its successor soon after, leave no second effect") {
    constexpr int first_step = is_sanitized ? 7 : 1;
    for (const Trouble& trouble : troubles()) {
        CAPTURE(trouble.name);
        const Run whole(trouble, {never});
        const int points_count = whole.points_used.front();
        for (int first = 1; first <= points_count; first += first_step) {
            // Each of the first points, where a resume looks at the world; then every seventh.
            for (int second = 1; second <= points_count; second += second < 12 ? 1 : 7) {
                CAPTURE(first);
                CAPTURE(second);
                const Run run(trouble, {first, second, never});
                CHECK(complaint_about(run, trouble) == "");
                CHECK(ledger_complaint(run.executor) == "");
                if (run.points_used.size() == 2) {
                    break;  // The successor came to the end, as it will with more points.
                }
            }
        }
    }
}

TEST_CASE("a process that dies again and again still comes to an end, one effect per intent") {
    for (const Trouble& trouble : troubles()) {
        CAPTURE(trouble.name);
        for (int points = 6; points <= 20; ++points) {
            CAPTURE(points);
            std::vector<int> deaths(200, points);
            deaths.push_back(never);
            const Run run(trouble, deaths);
            CHECK((run.executor.has_ended() || run.executor.node() == "stand_by"));
            CHECK(run.executor.broken.empty());
            CHECK(run.world.serving_min >= floor_count);
            CHECK(ledger_complaint(run.executor) == "");
        }
    }
}

TEST_CASE("what guard remembers after a crash is what it remembered before") {
    for (const Trouble& trouble : troubles()) {
        CAPTURE(trouble.name);
        Run run(trouble, {never});
        guard::History before = run.executor.history();
        run.executor.restart();
        const EntryGroup& start = run.executor.ledger.back();
        before.learn(start.entries.front(), start.at);
        CHECK(run.executor.history() == before);
    }
}

TEST_CASE("memory that did not help bars no other remedy") {
    SimulatedWorld world = hungry(128 * mebibyte);
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy[RemedyKind::resize] = Autonomy::act;
    executor.open(proposal_for_test(errors_for_test(world.now), grow));
    REQUIRE(executor.settle_at("rejudge"));
    executor.tell(
        Proposed{proposal_for_test(errors_for_test(world.now), restart_for_test("payments-1"))});
    CHECK(executor.incident().tried.size() == 2);
    CHECK(std::ranges::none_of(executor.story(), [](const std::string& line) {
        return line.contains("is not of a lower class");
    }));
}

}  // namespace homeostat::heal
