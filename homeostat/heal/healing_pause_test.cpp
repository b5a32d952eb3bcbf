// A rollout that is let stand: that it comes where a rollback may not, that whoever may agree to
// the rollback is asked meanwhile, and that it never goes on by the clock.

#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// v2 answers errors, and has come to one instance of three so far.
SimulatedWorld rolling_out() {
    SimulatedWorld world;
    world.versions_bad = {VersionId("v2")};
    world.is_asked = true;
    world.rollout = RolloutFacts{.is_under_way = true, .resume_words = "kubectl rollout resume"};
    world.instances[0].runtime.version = VersionId("v1");
    world.instances[1].runtime.version = VersionId("v1");
    return world;
}

Proposal rollback_or_pause(const SimulatedWorld& world) {
    return with_other_for_test(proposal_for_test(errors_for_test(world.now), rollback_for_test()),
                               pause_for_test());
}

bool is_told(const SimulatedExecutor& executor, std::string_view words) {
    return std::ranges::any_of(executor.notices,
                               [&](const std::string& notice) { return notice.contains(words); });
}

std::ptrdiff_t lines_count(const SimulatedExecutor& executor, std::string_view words) {
    return std::ranges::count_if(executor.story(),
                                 [&](const std::string& line) { return line.contains(words); });
}

/// Lets so much time pass, and wakes the thread when it wants to be.
void pass(SimulatedWorld& world, SimulatedExecutor& executor, Duration span) {
    const Instant until = world.now + span;
    while (executor.wakes_by(until)) {
        executor.wake();
    }
    world.pass(until - world.now);
}

bool is_paused_by_us(const SimulatedWorld& world) {
    return world.rollout->is_paused_by_us();
}

bool all_run(const SimulatedWorld& world, std::string_view version) {
    return std::ranges::all_of(world.instances, [&](const SimulatedInstance& one) {
        return one.runtime.version.text() == version;
    });
}

/// A person rolls the Deployment back, which lets it go on as well.
void roll_back_by_hand(SimulatedWorld& world) {
    world.version_current = VersionId("v1");
    world.rollout->is_paused = false;
    world.rollout->paused_by = {};
    for (SimulatedInstance& one : world.instances) {
        one.runtime.version = VersionId("v1");
    }
}

/// It stands, and whoever sees the symptom has nothing better to say.
struct Standing {
    SimulatedWorld world{rolling_out()};
    SimulatedExecutor executor{world};

    Standing() {
        executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::recommend;
        executor.open(rollback_or_pause(world));
        REQUIRE(executor.settle_at("hold"));
    }
};

}  // namespace

TEST_CASE("where a rollback may not be done the rollout is let stand, and is held") {
    struct Case {
        std::string_view name;
        Autonomy rollback;
        bool is_proven;
    };
    for (const Case& one :
         {Case{"recommend", Autonomy::recommend, true}, Case{"watch", Autonomy::watch, true},
          Case{"ask", Autonomy::ask, true}, Case{"unproven", Autonomy::act, false}}) {
        CAPTURE(one.name);
        SimulatedWorld world = rolling_out();
        SimulatedExecutor executor(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = one.rollback;
        world.versions_good = one.is_proven ? world.versions_good : std::set<VersionId>{};
        executor.open(rollback_or_pause(world));
        CHECK(executor.settle_at("hold"));
        CHECK(is_paused_by_us(world));
        CHECK(world.version_current == VersionId("v2"));
        CHECK(executor.incident().wants_cure);
        CHECK(executor.notices.empty());
        CHECK(executor.broken.empty());
    }
}

TEST_CASE("a rollback that may be done is done, and nothing is let stand") {
    SimulatedWorld world = rolling_out();
    SimulatedExecutor executor(world);
    executor.open(rollback_or_pause(world));
    executor.settle();
    CHECK(executor.has_ended());
    CHECK(all_run(world, "v1"));
    CHECK(lines_count(executor, "set_paused") == 0);
}

TEST_CASE("without leave to let it stand, or without it on the menu, all is as before") {
    for (const bool is_on_menu : {true, false}) {
        CAPTURE(is_on_menu);
        SimulatedWorld world = rolling_out();
        SimulatedExecutor executor(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
        executor.around.guard.autonomy[RemedyKind::pause_rollout] =
            is_on_menu ? Autonomy::ask : Autonomy::act;
        executor.open(is_on_menu
                          ? rollback_or_pause(world)
                          : proposal_for_test(errors_for_test(world.now), rollback_for_test()));
        executor.settle_at("ask");
        CHECK(executor.node() == "ask");
        CHECK(text_of(executor.thread(), *question_of(executor.thread())).contains("rollback"));
        CHECK_FALSE(world.rollout->is_paused);
    }
}

TEST_CASE("a person is asked for the rollback while the rollout stands, and it goes in one write") {
    SimulatedWorld world = rolling_out();
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    executor.cure = proposal_for_test(errors_for_test(world.now), rollback_for_test());
    executor.open(rollback_or_pause(world));
    REQUIRE(executor.settle_at("ask"));
    CHECK(is_paused_by_us(world));
    REQUIRE(executor.answer(AnswerKind::approved));
    executor.settle();
    CHECK(executor.has_ended());
    CHECK(all_run(world, "v1"));
    CHECK_FALSE(world.rollout->is_paused);
    CHECK(lines_count(executor, "goes on") == 0);  // The rollback itself has ended the pause.
    CHECK(executor.story().back() == "closed healed");
    CHECK(executor.broken.empty());
}

TEST_CASE("a no to the rollback, or silence, leaves the rollout as it stands") {
    for (const bool says_no : {true, false}) {
        CAPTURE(says_no);
        SimulatedWorld world = rolling_out();
        SimulatedExecutor executor(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
        executor.cure = proposal_for_test(errors_for_test(world.now), rollback_for_test());
        executor.open(rollback_or_pause(world));
        REQUIRE(executor.settle_at("ask"));
        if (says_no) {
            REQUIRE(executor.answer(AnswerKind::denied));
        }
        REQUIRE(executor.settle_at("hold"));
        pass(world, executor, 10min);
        CHECK(executor.node() == "hold");
        CHECK(is_paused_by_us(world));
        CHECK(is_told(executor, "kubectl rollout resume"));
    }
}

TEST_CASE("once its time is up a person is told, once, and it stands on for as long as it takes") {
    Standing it;
    pass(it.world, it.executor, 50s);
    CHECK(it.executor.notices.empty());
    pass(it.world, it.executor, 20s);
    CHECK(is_told(it.executor, "kubectl rollout resume"));
    CHECK(it.executor.notices.size() == 1);
    pass(it.world, it.executor, 6h);
    CHECK(it.executor.notices.size() == 1);
    CHECK(is_paused_by_us(it.world));
    CHECK(lines_count(it.executor, "escalated") == 1);

    roll_back_by_hand(it.world);
    it.executor.settle_at("close");
    CHECK(it.executor.has_ended());
    CHECK(lines_count(it.executor, "goes on") == 0);
    CHECK(it.executor.broken.empty());
}

TEST_CASE("whoever dies before a person was told of it has a successor who tells it") {
    Standing it;
    it.executor.on_commit = [&](const HealingThread&, const std::vector<Entry>& records) {
        const bool is_call = std::ranges::any_of(
            records, [](const Entry& entry) { return entry.kind == EntryKind::escalated; });
        it.executor.points_left = is_call ? 1 : it.executor.points_left;
    };
    while (!it.executor.is_dead() && it.executor.wakes_by(it.world.now + 1min)) {
        it.executor.wake();
    }
    REQUIRE(it.executor.is_dead());
    it.executor.on_commit = nullptr;
    it.executor.points_left = std::numeric_limits<int>::max();
    it.executor.restart();
    pass(it.world, it.executor, 1min);
    CHECK(is_told(it.executor, "kubectl rollout resume"));
    CHECK(it.executor.incident().held->is_left);
    CHECK(is_paused_by_us(it.world));
}

TEST_CASE("what is well again, by the agent's word and by our own count, goes on") {
    Standing it;
    it.world.versions_bad.clear();
    pass(it.world, it.executor, 40s);
    CHECK(is_paused_by_us(it.world));  // Nobody has said that the symptom is gone.
    it.executor.tell(Cleared{});
    pass(it.world, it.executor, 20s);
    CHECK(is_paused_by_us(it.world));
    it.executor.settle_at("close");
    CHECK(it.executor.has_ended());
    CHECK_FALSE(it.world.rollout->is_paused);
    CHECK(lines_count(it.executor, "goes on") == 1);
    CHECK(it.executor.story().back() == "closed healed");
}

TEST_CASE("a symptom that comes back takes back what was said of its end, and is judged") {
    Standing it;
    it.world.versions_bad.clear();
    it.executor.tell(Cleared{});
    pass(it.world, it.executor, 20s);
    REQUIRE(it.executor.incident().held->well_looks_count > 0);
    it.executor.tell(
        Proposed{proposal_for_test(errors_for_test(it.world.now), rollback_for_test())});
    REQUIRE(it.executor.settle_at("hold"));
    CHECK_FALSE(it.executor.incident().is_cleared);
    pass(it.world, it.executor, 2min);
    CHECK(is_paused_by_us(it.world));
    it.executor.tell(Cleared{});
    pass(it.world, it.executor, 20s);
    CHECK(is_paused_by_us(it.world));
    it.executor.settle_at("close");
    CHECK(it.executor.has_ended());
    CHECK_FALSE(it.world.rollout->is_paused);
}

TEST_CASE("a stopgap that cannot be had keeps nobody from being asked for the rollback") {
    for (const bool is_refused_by_guard : {true, false}) {
        CAPTURE(is_refused_by_guard);
        SimulatedWorld world = rolling_out();
        SimulatedExecutor executor(world);
        executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
        world.refusals_left["set_paused"] = is_refused_by_guard ? 0 : 3;
        executor.on_commit = [&](const HealingThread&, const std::vector<Entry>& records) {
            const bool is_judged = std::ranges::any_of(
                records, [](const Entry& entry) { return entry.kind == EntryKind::verdict; });
            // The rollout is through between the first look of guard and the second.
            world.rollout->is_under_way =
                world.rollout->is_under_way && !(is_judged && is_refused_by_guard);
        };
        executor.open(rollback_or_pause(world));
        REQUIRE(executor.settle_at("rejudge"));
        CHECK(executor.notices.empty());
        executor.on_commit = nullptr;
        world.rollout->is_under_way = true;  // Permitted again, and yet not tried twice.
        executor.tell(Proposed{rollback_or_pause(world)});
        REQUIRE(executor.settle_at("ask"));
        CHECK(text_of(executor.thread(), *question_of(executor.thread())).contains("rollback"));
        CHECK_FALSE(world.rollout->is_paused);
        REQUIRE(executor.answer(AnswerKind::approved));
        executor.settle();
        CHECK(executor.has_ended());
        CHECK(all_run(world, "v1"));
        CHECK(executor.broken.empty());
    }
}

TEST_CASE("the agent's word alone lets nothing go on") {
    Standing it;
    it.executor.tell(Cleared{});
    pass(it.world, it.executor, 10min);
    CHECK(is_paused_by_us(it.world));
    CHECK(is_told(it.executor, "kubectl rollout resume"));
}

TEST_CASE("what somebody else lets go on, or pauses himself, is not ours any more") {
    for (const bool is_theirs : {true, false}) {
        CAPTURE(is_theirs);
        Standing it;
        it.world.rollout->is_paused = is_theirs;
        it.world.rollout->paused_by = {};
        it.world.versions_bad.clear();
        it.executor.settle();
        CHECK(it.executor.has_ended());
        CHECK(it.world.rollout->is_paused == is_theirs);
        CHECK(lines_count(it.executor, "set_paused") == 1);
    }
}

TEST_CASE("a person's order gives it back at once, unless what it brought does not answer") {
    for (const bool is_answering : {true, false}) {
        CAPTURE(is_answering);
        Standing it;
        it.world.instance(InstanceId("payments-2")).is_stalled = !is_answering;
        it.executor.tell(TakenBack{.by = "alice", .because = "it was me"});
        pass(it.world, it.executor, 20s);
        CHECK(it.world.rollout->is_paused == !is_answering);
    }
}

TEST_CASE("a person's order gives it back though its time was up long before") {
    Standing it;
    pass(it.world, it.executor, 10min);
    REQUIRE(it.executor.incident().held->is_left);
    it.executor.tell(TakenBack{.by = "alice", .because = "v2 is wanted"});
    pass(it.world, it.executor, 20s);
    CHECK_FALSE(it.world.rollout->is_paused);
    CHECK(lines_count(it.executor, "undo: resume_rollout") == 1);
    CHECK(it.executor.broken.empty());
}

TEST_CASE("a symptom that comes and goes asks no more often than people may be asked") {
    SimulatedWorld world = rolling_out();
    SimulatedExecutor executor(world);
    executor.around.guard.autonomy[RemedyKind::rollback] = Autonomy::ask;
    executor.around.guard.questions_per_hour_max = 3;
    executor.cure = proposal_for_test(errors_for_test(world.now), rollback_for_test());
    executor.open(rollback_or_pause(world));
    REQUIRE(executor.settle_at("ask"));
    for (int time = 0; time < 6; ++time) {
        executor.tell(Cleared{});
        REQUIRE(executor.settle_at("hold"));
        executor.tell(Proposed{*executor.cure});
        pass(world, executor, 1s);
    }
    const auto told_count = [&](std::string_view words) {
        return std::ranges::count_if(
            executor.notices, [&](const std::string& notice) { return notice.contains(words); });
    };
    CHECK(told_count("may I rollback") == 2);  // And the one that the pause made needless.
    CHECK(told_count("still refused (a person has agreed") == 1);
    CHECK(is_paused_by_us(world));
}

}  // namespace homeostat::heal
