#pragma once

// A2aTask: what A2A tells of one undertaking, as data, and its JSON.
//
// A task is the list of what has happened to it. Its present state is the last status in that list,
// and whoever follows it is told the rest one by one: so all who follow hear the same in the same
// order, and nobody has to remember who listens.
//
// SOURCE: A2A 1.0, specification/a2a.proto, in its JSON form: names in camelCase, enumerators by
// name, times in UTC with a Z, what is empty left out.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace homeostat::adapters::a2a {

enum class TaskState : std::uint8_t {
    submitted,
    working,
    completed,
    failed,
    canceled,
    rejected,
    input_required,
    auth_required,
};

constexpr auto names_of(std::type_identity<TaskState>) {
    return std::to_array<std::string_view>(
        {"TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", "TASK_STATE_COMPLETED", "TASK_STATE_FAILED",
         "TASK_STATE_CANCELED", "TASK_STATE_REJECTED", "TASK_STATE_INPUT_REQUIRED",
         "TASK_STATE_AUTH_REQUIRED"});
}

/// Nothing happens to the task any more.
[[nodiscard]] bool is_terminal(TaskState state);

/// Nothing happens to it before its client does something.
[[nodiscard]] bool is_at_rest(TaskState state);

enum class PartKind : std::uint8_t {
    text,
    data,
    raw,  ///< Bytes of a file, in base64.
    url,  ///< Where a file lies.
};

constexpr auto names_of(std::type_identity<PartKind>) {
    return std::to_array<std::string_view>({"text", "data", "raw", "url"});
}

struct Part {
    PartKind kind{PartKind::text};
    json::value content;  ///< A string, or for `data` any value.
    std::string media_type{};
    std::string file_name{};
};

struct Message {
    std::string id;
    std::string context_id{};
    std::string task_id{};  ///< Empty: it belongs to none.
    bool is_of_agent{false};
    std::vector<Part> parts;
    std::vector<std::string> extensions{};  ///< The URIs of those that it uses.
};

struct Artifact {
    std::string id;
    std::string name{};
    std::vector<Part> parts;
};

struct TaskStatus {
    TaskState state{TaskState::submitted};
    WallTime at{};
    std::optional<Message> message{};
};

struct ArtifactUpdate {
    Artifact artifact;
    bool appends{false};  ///< To the parts of the artifact of that id.
    bool is_last{true};
};

using TaskUpdate = std::variant<TaskStatus, ArtifactUpdate>;

struct A2aTask {
    std::string id;
    std::string context_id;
    std::vector<TaskUpdate> updates;  ///< Oldest first; the first is a status.
    std::vector<Message> history{};   ///< What was said, oldest first.
    json::object metadata{};
};

/// REQUIRES: the first update is a status.
[[nodiscard]] const TaskStatus& status_of(const A2aTask& task);

/// How much of a task is told.
struct TaskDetail {
    std::optional<std::size_t> history_max{};  ///< The newest so many; 0: none. Unset: all.
    bool has_artifacts{true};
    std::size_t updates_max{std::numeric_limits<std::size_t>::max()};  ///< As it was after these.
};

[[nodiscard]] json::object to_json(const Message& message);
[[nodiscard]] json::object to_json(const A2aTask& task, const TaskDetail& detail = {});

/// {"statusUpdate": …} or {"artifactUpdate": …}.
[[nodiscard]] json::object event_of(const A2aTask& task, const TaskUpdate& update);

}  // namespace homeostat::adapters::a2a
