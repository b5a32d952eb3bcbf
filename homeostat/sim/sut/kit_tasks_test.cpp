#include "homeostat/sim/sut/kit_tasks.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

using namespace homeostat;
using namespace homeostat::sim::sut;
using namespace std::chrono_literals;

namespace {

using a2a::TaskState;

constexpr WallTime now{std::chrono::milliseconds{1'000'000}};

a2a::Message message_of(std::string id, std::string task_id = "") {
    a2a::Message message{.id = std::move(id), .parts = {}};
    message.task_id = std::move(task_id);
    message.parts.push_back({.kind = a2a::PartKind::text, .content = json::value("x")});
    return message;
}

a2a::A2aTask begun(KitTasks& tasks, std::string message_id) {
    const a2a::Said said = tasks.converse(message_of(std::move(message_id)), now);
    return tasks.task_of(std::get<a2a::Begun>(said).task_id, now).value();
}

}  // namespace

TEST_CASE("the beginning of a message's id says how its task ends") {
    struct Case {
        std::string_view message_id;
        TaskState state;
        std::string_view content;  ///< Of the artifact, as JSON; empty: none.
    };
    constexpr std::array cases{
        Case{"tck-complete-task-1f", TaskState::completed, ""},
        Case{"anything", TaskState::completed, ""},
        Case{"tck-input-required-1", TaskState::input_required, ""},
        Case{"tck-reject-task-1", TaskState::rejected, ""},
        Case{"tck-artifact-text-1", TaskState::completed, R"({"text":"Generated text content"})"},
        Case{"tck-artifact-file-1", TaskState::completed,
             R"({"raw":"dGNr","filename":"output.txt","mediaType":"text/plain"})"},
        Case{"tck-artifact-file-url-1", TaskState::completed,
             R"({"url":"https://example.com/output.txt","filename":"output.txt",)"
             R"("mediaType":"text/plain"})"},
        Case{"tck-artifact-data-1", TaskState::completed, R"({"data":{"key":"value","count":42}})"},
        Case{"tck-stream-001-1", TaskState::completed, R"({"text":"Stream hello from TCK"})"},
        Case{"test-resubscribe-message-id-1", TaskState::working, ""},
        Case{"tck-delayed-complete-1", TaskState::working, ""},
    };
    for (const Case& one : cases) {
        CAPTURE(one.message_id);
        KitTasks tasks("x");
        const a2a::A2aTask task = begun(tasks, std::string(one.message_id));
        CHECK(a2a::status_of(task).state == one.state);
        const json::object told = a2a::to_json(task);
        CHECK(told.contains("artifacts") != one.content.empty());
        if (told.contains("artifacts")) {
            const json::value& artifact = told.at("artifacts").as_array()[0];
            CHECK(to_text(artifact.at("parts").as_array()[0]) == one.content);
        }
    }
}

TEST_CASE("some messages are answered by one and begin no task") {
    KitTasks tasks("x");
    for (const std::string_view id : {"tck-message-response-1", "tck-stream-002-1"}) {
        const a2a::Said said = tasks.converse(message_of(std::string(id)), now);
        CHECK(std::holds_alternative<a2a::Message>(said));
    }
    CHECK(tasks.tasks(now).empty());
}

TEST_CASE("what takes time has ended then and not before") {
    KitTasks tasks("x");
    const std::string id = begun(tasks, "test-resubscribe-message-id").id;
    CHECK(a2a::status_of(*tasks.task_of(id, now + 3'999ms)).state == TaskState::working);
    const a2a::A2aTask ended = tasks.task_of(id, now + 4'000ms).value();
    CHECK(a2a::status_of(ended).state == TaskState::completed);
    CHECK(a2a::status_of(ended).at == now + 4'000ms);
}

TEST_CASE("a second message goes on with the task, and its history has both") {
    KitTasks tasks("x");
    const std::string id = begun(tasks, "tck-input-required-1").id;
    const a2a::Said said = tasks.converse(message_of("tck-complete-task-1", id), now);
    CHECK(std::get<a2a::Begun>(said).task_id == id);
    CHECK(std::get<a2a::Begun>(said).updates_before == 2);
    const a2a::A2aTask task = tasks.task_of(id, now).value();
    CHECK(a2a::status_of(task).state == TaskState::completed);
    REQUIRE(task.history.size() == 3);
    CHECK(task.history[0].id == "tck-input-required-1");
    CHECK(task.history[1].id == "tck-complete-task-1");
    CHECK(task.history[2].is_of_agent);
}

TEST_CASE("a canceled task does nothing that was planned for it") {
    KitTasks tasks("x");
    const std::string id = begun(tasks, "test-resubscribe-message-id").id;
    CHECK(tasks.cancel(id, now));
    const a2a::A2aTask task = tasks.task_of(id, now + 1h).value();
    CHECK(a2a::status_of(task).state == TaskState::canceled);
    CHECK_FALSE(tasks.cancel("none", now));
}

TEST_CASE("tasks and their updates have a maximum") {
    KitTasks tasks("x");
    const std::string first = begun(tasks, "tck-complete-task").id;
    for (std::size_t count = 0; count < KitTasks::tasks_max; ++count) {
        (void)begun(tasks, "tck-complete-task");
    }
    CHECK(tasks.tasks(now).size() == KitTasks::tasks_max);
    CHECK_FALSE(tasks.task_of(first, now));
    const std::string busy = begun(tasks, "tck-input-required").id;
    std::size_t taken_count = 0;
    while (std::holds_alternative<a2a::Begun>(
               tasks.converse(message_of("tck-input-required", busy), now)) &&
           taken_count < 1'000) {
        ++taken_count;
    }
    CHECK(taken_count < KitTasks::updates_max);
    CHECK(tasks.task_of(busy, now)->updates.size() <= KitTasks::updates_max);
}
