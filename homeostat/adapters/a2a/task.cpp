#include "homeostat/adapters/a2a/task.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/timestamp.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::a2a {

namespace {

json::object to_json(const Part& part) {
    json::object object;
    object[to_text(part.kind)] = part.content;
    if (!part.file_name.empty()) {
        object["filename"] = json::value(part.file_name);
    }
    if (!part.media_type.empty()) {
        object["mediaType"] = json::value(part.media_type);
    }
    return object;
}

json::array to_json(const std::vector<Part>& parts) {
    json::array array;
    for (const Part& part : parts) {
        array.emplace_back(to_json(part));
    }
    return array;
}

json::object to_json(const Artifact& artifact) {
    json::object object;
    object["artifactId"] = json::value(artifact.id);
    if (!artifact.name.empty()) {
        object["name"] = json::value(artifact.name);
    }
    object["parts"] = to_json(artifact.parts);
    return object;
}

json::object to_json(const TaskStatus& status) {
    json::object object;
    object["state"] = json::value(to_text(status.state));
    if (status.message) {
        object["message"] = to_json(*status.message);
    }
    object["timestamp"] = json::value(to_timestamp(status.at));
    return object;
}

/// The artifacts as they stand after the first updates.
json::array artifacts_after(const A2aTask& task, std::size_t updates_count) {
    std::vector<Artifact> artifacts;
    for (std::size_t index = 0; index < updates_count; ++index) {
        const auto* update = std::get_if<ArtifactUpdate>(&task.updates[index]);
        if (update == nullptr) {
            continue;
        }
        const auto known =
            std::ranges::find(artifacts, update->artifact.id,
                              [](const Artifact& one) { return std::string_view(one.id); });
        if (known == artifacts.end()) {
            artifacts.push_back(update->artifact);
        } else if (update->appends) {
            known->parts.insert(known->parts.end(), update->artifact.parts.begin(),
                                update->artifact.parts.end());
        } else {
            *known = update->artifact;
        }
    }
    json::array array;
    for (const Artifact& artifact : artifacts) {
        array.emplace_back(to_json(artifact));
    }
    return array;
}

json::array newest_of(const std::vector<Message>& history, std::optional<std::size_t> count_max) {
    const std::size_t count = std::min(count_max.value_or(history.size()), history.size());
    json::array array;
    for (std::size_t index = history.size() - count; index < history.size(); ++index) {
        array.emplace_back(to_json(history[index]));
    }
    return array;
}

const TaskStatus& last_status(const A2aTask& task, std::size_t updates_count) {
    for (std::size_t index = updates_count; index > 0; --index) {
        if (const auto* status = std::get_if<TaskStatus>(&task.updates[index - 1])) {
            return *status;
        }
    }
    ensure(false, "the first update of a task is a status");
    std::unreachable();
}

}  // namespace

bool is_terminal(TaskState state) {
    return state == TaskState::completed || state == TaskState::failed ||
           state == TaskState::canceled || state == TaskState::rejected;
}

bool is_at_rest(TaskState state) {
    return is_terminal(state) || state == TaskState::input_required ||
           state == TaskState::auth_required;
}

const TaskStatus& status_of(const A2aTask& task) {
    return last_status(task, task.updates.size());
}

json::object to_json(const Message& message) {
    json::object object;
    object["messageId"] = json::value(message.id);
    if (!message.context_id.empty()) {
        object["contextId"] = json::value(message.context_id);
    }
    if (!message.task_id.empty()) {
        object["taskId"] = json::value(message.task_id);
    }
    object["role"] = json::value(message.is_of_agent ? "ROLE_AGENT" : "ROLE_USER");
    object["parts"] = to_json(message.parts);
    if (!message.extensions.empty()) {
        json::array extensions;
        for (const std::string& uri : message.extensions) {
            extensions.emplace_back(uri);
        }
        object["extensions"] = std::move(extensions);
    }
    return object;
}

json::object to_json(const A2aTask& task, const TaskDetail& detail) {
    const std::size_t updates_count = std::min(detail.updates_max, task.updates.size());
    json::object object;
    object["id"] = json::value(task.id);
    object["contextId"] = json::value(task.context_id);
    object["status"] = to_json(last_status(task, updates_count));
    if (detail.has_artifacts) {
        json::array artifacts = artifacts_after(task, updates_count);
        if (!artifacts.empty()) {
            object["artifacts"] = std::move(artifacts);
        }
    }
    json::array history = newest_of(task.history, detail.history_max);
    if (!history.empty()) {
        object["history"] = std::move(history);
    }
    if (!task.metadata.empty()) {
        object["metadata"] = task.metadata;
    }
    return object;
}

json::object event_of(const A2aTask& task, const TaskUpdate& update) {
    json::object what;
    what["taskId"] = json::value(task.id);
    what["contextId"] = json::value(task.context_id);
    json::object event;
    if (const auto* status = std::get_if<TaskStatus>(&update)) {
        what["status"] = to_json(*status);
        event["statusUpdate"] = std::move(what);
        return event;
    }
    const auto& artifact = std::get<ArtifactUpdate>(update);
    what["artifact"] = to_json(artifact.artifact);
    what["append"] = artifact.appends;
    what["lastChunk"] = artifact.is_last;
    event["artifactUpdate"] = std::move(what);
    return event;
}

}  // namespace homeostat::adapters::a2a
