// What was read is a thread that can be, or is refused, by whoever and with however right a hash it
// was written.

#include "homeostat/graph/demon_for_test.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph {

using namespace for_test;
using Change = std::function<void(Delta<Lot>&)>;

namespace {

Task<Lot> task_of(std::uint64_t id, std::string node, TaskStatus status) {
    Task<Lot> task;
    task.id = id;
    task.node = std::move(node);
    task.status = status;
    return task;
}

/// A task of each status that a thread at work has.
Delta<Lot> at_work() {
    Delta<Lot> delta;
    Progress<Lot>& progress = delta.progress;
    progress.tasks_made = 9;
    progress.tasks = {
        task_of(1, "work", TaskStatus::ready),    task_of(2, "act", TaskStatus::waiting),
        task_of(3, "act", TaskStatus::lost),      task_of(4, "approve", TaskStatus::asking),
        task_of(5, "work", TaskStatus::retrying), task_of(6, "round", TaskStatus::finished)};
    progress.tasks[3].question = {.id = question_id("t-1", 4), .question = {"may I?"}};
    progress.tasks[4].wake_at = Instant{};
    progress.tasks[5].targets.assign(1, {"split"});
    progress.arrivals["join"] = {"left"};
    delta.writes = all_channels_of(State{});
    return delta;
}

Commit commit_of(const Delta<Lot>& delta, std::uint64_t graph_digest) {
    Commit commit;
    commit.thread = "t-1";
    commit.number = 1;
    commit.graph_digest = graph_digest;
    commit.is_snapshot = true;
    to_binary(delta, commit.body);
    commit.hash = content_hash_of(commit);
    return commit;
}

std::string refusal_of(const Change& change) {
    const LotGraph graph = lot_graph();
    Delta<Lot> delta = at_work();
    change(delta);
    const Commit commit = commit_of(delta, graph.shape().digest);
    const Result<Thread<Lot>> thread = graph.load({&commit, 1});
    if (thread) {
        return "";
    }
    CHECK(thread.error().fault == Fault::corrupt);
    const std::string begin = "commit 1 of t-1 is none that can be: ";
    CHECK(thread.error().text.starts_with(begin));
    return thread.error().text.substr(begin.size());
}

/// Of the task at `index` of those at work.
Change task(std::size_t index, std::function<void(Task<Lot>&)> change) {
    return [=](Delta<Lot>& delta) { change(delta.progress.tasks[index]); };
}

Change progress(std::function<void(Progress<Lot>&)> change) {
    return [=](Delta<Lot>& delta) { change(delta.progress); };
}

void end(Progress<Lot>& progress) {
    progress.status = ThreadStatus::ended;
    progress.tasks.clear();
    progress.arrivals.clear();
}

}  // namespace

TEST_CASE("a thread that can be is read") {
    CHECK(refusal_of([](Delta<Lot>&) {}).empty());
    CHECK(refusal_of(progress(end)).empty());
    CHECK(refusal_of(progress([](Progress<Lot>& one) {
              one.status = ThreadStatus::parked;
              one.trouble = "it spins";
              one.tasks[0].status = TaskStatus::failed;
          })).empty());
    CHECK(refusal_of(progress([](Progress<Lot>& one) {
              one.status = ThreadStatus::paused;
              one.tasks.resize(1);
              one.tasks[0].node = "pausing";
          })).empty());
}

TEST_CASE("a task that cannot be is refused, with its number and the reason") {
    using T = Task<Lot>;
    const Instant far = Instant::max();
    const std::vector<std::pair<std::string, Change>> cases{
        {"task 1 is of no node of the graph", task(0, [](T& t) { t.node = "nowhere"; })},
        {"task 0 was never made", task(0, [](T& t) { t.id = 0; })},
        {"task 10 was never made", task(0, [](T& t) { t.id = 10; })},
        {"task 2 stands twice", task(2, [](T& t) { t.id = 2; })},
        {"task 1 counts attempts that cannot be", task(0, [](T& t) { t.attempt = 0; })},
        {"task 1 counts attempts that cannot be", task(0, [](T& t) { t.attempt = ~0U; })},
        {"task 1 counts attempts that cannot be", task(0, [](T& t) { t.attempts_forgiven = 1; })},
        {"task 2 has a time that cannot be", task(1, [=](T& t) { t.attempt_at = far; })},
        {"task 2 has a time that cannot be", task(1, [=](T& t) { t.heard_at = far; })},
        {"task 2 has a time that cannot be", task(1, [=](T& t) { t.first_attempt_at = far; })},
        {"task 2 has a time that cannot be", task(1, [](T& t) { t.wake_at = Instant::min(); })},
        {"task 4 has a time that cannot be",
         task(3, [](T& t) { t.question->deadline_at = Instant::min(); })},
        {"task 4 waits at a node that does not",
         task(3, [](T& t) { t.status = TaskStatus::waiting; })},
        {"task 1 asks at a node that does not",
         task(0, [](T& t) { t.status = TaskStatus::asking; })},
        {"task 4 asks without a question", task(3, [](T& t) { t.question.reset(); })},
        {"task 4 has a question and does not ask",
         task(3, [](T& t) { t.status = TaskStatus::ready; })},
        {"task 4 asks a question of another task", task(3, [](T& t) { t.question->id = "00"; })},
        {"task 5 is to be tried again at no time", task(4, [](T& t) { t.wake_at.reset(); })},
        {"task 1 has written before it ran", task(0, [](T& t) { t.writes.emplace_back(); })},
        {"task 2 writes a value twice", task(1, [](T& t) { t.writes.assign(2, Write<State>()); })},
        {"task 6 does not lead to where its node does", task(5, [](T& t) { t.targets.clear(); })},
        {"task 1 does not lead to where its node does",
         task(0, [](T& t) { t.targets.assign(1, {"round"}); })},
        {"task 6 leads to a node that is no successor",
         task(5, [](T& t) { t.targets.assign(1, {"mend"}); })},
        {"task 1 deals with a failure that leads elsewhere",
         task(0, [](T& t) { t.failure = {"act", "broken"}; })},
        {"task 1 deals with a failure that leads elsewhere",
         task(0, [](T& t) { t.failure = {"nowhere", "broken"}; })}};
    for (const auto& [why, change] : cases) {
        CHECK(refusal_of(change) == why);
    }
}

TEST_CASE("a thread whose parts do not go together is refused") {
    using P = Progress<Lot>;
    const std::vector<std::pair<std::string, Change>> cases{
        {"it has ended with something left to do",
         progress([](P& p) { p.status = ThreadStatus::ended; })},
        {"it has ended with something left to do", progress([](P& p) {
             end(p);
             p.arrivals["join"] = {"left"};
         })},
        {"it has ended in trouble", progress([](P& p) {
             end(p);
             p.trouble = "what?";
         })},
        {"it has nothing left to do", progress([](P& p) { p.tasks.clear(); })},
        {"only a parked thread is in trouble, and says in which",
         progress([](P& p) { p.status = ThreadStatus::parked; })},
        {"only a parked thread is in trouble, and says in which",
         progress([](P& p) { p.trouble = "what?"; })},
        {"all of its tasks have finished, and it did not go on",
         progress([](P& p) { p.tasks.erase(p.tasks.begin(), p.tasks.begin() + 5); })},
        {"a task has failed for good, and it is not parked",
         progress([](P& p) { p.tasks[0].status = TaskStatus::failed; })},
        {"it is paused before nothing", progress([](P& p) { p.status = ThreadStatus::paused; })},
        {"something arrived where nothing is joined",
         progress([](P& p) { p.arrivals["act"] = {"round"}; })},
        {"something arrived where nothing is joined",
         progress([](P& p) { p.arrivals["nowhere"] = {"left"}; })},
        {"what arrived at join is not some of what it waits for",
         progress([](P& p) { p.arrivals["join"] = {"right"}; })},
        {"what arrived at join is not some of what it waits for",
         progress([](P& p) { p.arrivals["join"] = {"far_right", "left"}; })},
        {"what arrived at join is not some of what it waits for",
         progress([](P& p) { p.arrivals["join"] = {}; })},
        {"it counts what cannot be", progress([](P& p) { p.tasks_made = ~std::uint64_t{0}; })},
        {"it counts what cannot be", progress([](P& p) { p.step = ~std::uint64_t{0}; })},
        {"it counts what cannot be", progress([](P& p) { p.deaths_count = ~0U; })},
        {"it counts what cannot be", progress([](P& p) { p.pace.since = Instant::min(); })},
        {"does not say all of the state", [](Delta<Lot>& delta) { delta.writes.pop_back(); }},
        {"writes a value twice", [](Delta<Lot>& delta) { delta.writes[1] = delta.writes[0]; }}};
    for (const auto& [why, change] : cases) {
        CHECK(refusal_of(change) == why);
    }
}

TEST_CASE("a first commit has nothing before it, and there is none before the first") {
    const LotGraph graph = lot_graph();
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}}) {
        Commit commit = commit_of(at_work(), graph.shape().digest);
        commit.number = number;
        commit.parent = {number, 0};
        commit.hash = content_hash_of(commit);
        const Result<Thread<Lot>> thread = graph.load({&commit, 1});
        REQUIRE_FALSE(thread);
        CHECK(thread.error().fault == Fault::corrupt);
    }
}

}  // namespace homeostat::graph
