#include "homeostat/adapters/a2a/desk_for_test.hpp"
#include "homeostat/adapters/a2a/params.hpp"
#include "homeostat/adapters/a2a/task_list.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>

using namespace homeostat;
using namespace homeostat::adapters::a2a;

namespace {

Part text_part(std::string_view text) {
    return {.kind = PartKind::text, .content = json::value(text)};
}

A2aTask with_artifacts() {
    A2aTask task = task_for_test("t-1", TaskState::working);
    task.updates.emplace_back(
        ArtifactUpdate{.artifact = {.id = "a", .parts = {text_part("one ")}}, .is_last = false});
    task.updates.emplace_back(
        ArtifactUpdate{.artifact = {.id = "a", .parts = {text_part("two")}}, .appends = true});
    task.updates.emplace_back(TaskStatus{.state = TaskState::completed, .at = wall_for_test(250)});
    return task;
}

}  // namespace

TEST_CASE("a task is told as it stood after so many of its updates") {
    const A2aTask task = with_artifacts();
    const json::object before = to_json(task, {.updates_max = 2});
    CHECK(before.at("status").at("state").as_string() == "TASK_STATE_WORKING");
    CHECK_FALSE(before.contains("artifacts"));
    const json::object after = to_json(task);
    CHECK(after.at("status").at("state").as_string() == "TASK_STATE_COMPLETED");
    CHECK(after.at("status").at("timestamp").as_string() == "2026-11-27T06:00:00.250Z");
    REQUIRE(after.at("artifacts").as_array().size() == 1);
    CHECK(after.at("artifacts").as_array()[0].at("parts").as_array().size() == 2);
}

TEST_CASE("an artifact that does not append takes the place of the one before") {
    A2aTask task = with_artifacts();
    task.updates.emplace_back(ArtifactUpdate{.artifact = {.id = "a", .parts = {text_part("all")}}});
    const json::object told = to_json(task);
    REQUIRE(told.at("artifacts").as_array().size() == 1);
    CHECK(told.at("artifacts").as_array()[0].at("parts").as_array().size() == 1);
}

TEST_CASE("of a history the newest are told, and none where none is wanted") {
    A2aTask task = task_for_test("t-1", TaskState::working);
    for (const char* id : {"m-1", "m-2", "m-3"}) {
        task.history.push_back({.id = id, .parts = {text_part("x")}});
    }
    CHECK(to_json(task).at("history").as_array().size() == 3);
    const json::object two = to_json(task, {.history_max = 2});
    REQUIRE(two.at("history").as_array().size() == 2);
    CHECK(two.at("history").as_array()[0].at("messageId").as_string() == "m-2");
    CHECK_FALSE(to_json(task, {.history_max = 0}).contains("history"));
    CHECK(to_json(task, {.history_max = 9}).at("history").as_array().size() == 3);
}

TEST_CASE("the pages of a list hold every task once, newest first") {
    std::vector<A2aTask> tasks;
    for (int number = 0; number < 25; ++number) {
        // Several of the same millisecond.
        tasks.push_back(task_for_test(fmt::format("t-{}", number), TaskState::working, number / 4));
    }
    ListParams params{.page_size = 4};
    std::vector<std::string> ids;
    std::string newest = "9999";
    for (int page = 0; page < 7; ++page) {
        const json::object told = page_of(tasks, params);
        CHECK(told.at("totalSize").as_uint64() == 25);
        CHECK(told.at("pageSize").as_uint64() == 4);
        for (const json::value& task : told.at("tasks").as_array()) {
            const std::string at(task.at("status").at("timestamp").as_string());
            CHECK(at <= newest);
            newest = at;
            ids.emplace_back(task.at("id").as_string());
        }
        const std::string token(told.at("nextPageToken").as_string());
        CHECK(token.empty() == (page == 6));
        // A task that comes meanwhile is on the first page, which this client has seen.
        tasks.push_back(task_for_test(fmt::format("new-{}", page), TaskState::working, 1000));
        tasks.erase(tasks.end() - 1);
        json::object next;
        next["pageToken"] = json::value(token);
        params.after = parse_list(next).value().after;
    }
    CHECK(ids.size() == 25);
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 25);
}

TEST_CASE("a task that comes or goes meanwhile moves no other to another page") {
    std::vector<A2aTask> tasks;
    for (int number = 0; number < 4; ++number) {
        tasks.push_back(task_for_test(fmt::format("t-{}", number), TaskState::working, number));
    }
    json::object next;
    next["pageToken"] = page_of(tasks, {.page_size = 2}).at("nextPageToken");
    ListParams second = parse_list(next).value();
    tasks.push_back(task_for_test("new", TaskState::working, 100));
    tasks.erase(tasks.begin() + 2);  // The last of the first page.
    const json::object told = page_of(tasks, second);
    REQUIRE(told.at("tasks").as_array().size() == 2);
    CHECK(told.at("tasks").as_array()[0].at("id").as_string() == "t-1");
}

TEST_CASE("a list holds what was asked for") {
    const std::vector<A2aTask> tasks{task_for_test("old", TaskState::completed, 0),
                                     task_for_test("new", TaskState::working, 500)};
    const auto ids_of = [&](const ListParams& params) {
        std::string ids;
        const json::object page = page_of(tasks, params);
        for (const json::value& task : page.at("tasks").as_array()) {
            ids += std::string(task.at("id").as_string()) + " ";
        }
        return ids;
    };
    CHECK(ids_of({}) == "new old ");
    CHECK(ids_of({.context_id = "i-8"}).empty());
    CHECK(ids_of({.context_id = "i-7"}) == "new old ");
    CHECK(ids_of({.state = TaskState::completed}) == "old ");
    CHECK(ids_of({.since = wall_for_test(500)}) == "new ");
    CHECK(ids_of({.since = wall_for_test(501)}).empty());
}

TEST_CASE("artifacts are in a list only where they are asked for") {
    const std::vector<A2aTask> tasks{with_artifacts()};
    const json::object without = page_of(tasks, {});
    CHECK_FALSE(without.at("tasks").as_array()[0].as_object().contains("artifacts"));
    const json::object with = page_of(tasks, {.detail = {.has_artifacts = true}});
    CHECK(with.at("tasks").as_array()[0].as_object().contains("artifacts"));
}
