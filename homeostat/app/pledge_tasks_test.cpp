#include "homeostat/app/pledge_tasks.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

using adapters::a2a::A2aTask;
using adapters::a2a::TaskState;

heal::PledgeMoment moment(std::int64_t ms, PledgeEvent event, const std::string& thread = "p3.1") {
    PledgeBody pledge;
    pledge.event = event;
    pledge.route = "fraud";
    pledge.neighbour = "fraud";
    pledge.thread = thread;
    return {WallTime{std::chrono::milliseconds{ms}}, pledge};
}

TaskState state_of(const A2aTask& task) {
    return adapters::a2a::status_of(task).state;
}

}  // namespace

TEST_CASE("an agreement is a task that works while it lasts and is completed when it ends") {
    std::deque<heal::PledgeMoment> moments{moment(1, PledgeEvent::asked)};
    CHECK(state_of(tasks_of(moments).at(0)) == TaskState::submitted);
    moments.push_back(moment(2, PledgeEvent::promised));
    moments.back().pledge.mode = "sampled";
    moments.back().pledge.rps_max = 90;
    moments.push_back(moment(3, PledgeEvent::reported));
    REQUIRE(tasks_of(moments).size() == 1);
    CHECK(state_of(tasks_of(moments).front()) == TaskState::working);
    CHECK(tasks_of(moments).front().metadata.at("mode").as_string() == "sampled");
    CHECK(tasks_of(moments).front().context_id == "p3.1");
    moments.push_back(moment(4, PledgeEvent::ended));
    moments.push_back(moment(5, PledgeEvent::asked));
    const A2aTask over = tasks_of(moments).front();
    CHECK(state_of(over) == TaskState::completed);
    CHECK(over.updates.size() == 3);
}

TEST_CASE("the end of what was found in force at a start is no task: nobody knows which it was") {
    CHECK(
        tasks_of({moment(1, PledgeEvent::leaving, ""), moment(2, PledgeEvent::ended, "")}).empty());
}

TEST_CASE("an agreement that did not come about is rejected, and another one is another task") {
    const std::vector<A2aTask> tasks =
        tasks_of({moment(1, PledgeEvent::asked), moment(2, PledgeEvent::helped_self),
                  moment(3, PledgeEvent::asked, "p3.2"), moment(4, PledgeEvent::offered, "p9.1")});
    REQUIRE(tasks.size() == 3);
    CHECK(state_of(tasks[0]) == TaskState::rejected);
    CHECK(state_of(tasks[1]) == TaskState::submitted);
    CHECK(tasks[1].id != tasks[0].id);
    CHECK(tasks[2].id == "callee.fraud.p9.1");
}

}  // namespace homeostat::app
