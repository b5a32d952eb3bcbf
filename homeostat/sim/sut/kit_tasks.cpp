#include "homeostat/sim/sut/kit_tasks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace homeostat::sim::sut {

namespace {

using a2a::PartKind;
using a2a::TaskState;
using std::chrono::milliseconds;

enum class Brings : std::uint8_t { nothing, text, file, file_url, data, two_chunks };

/// What the kit wants to happen. A task that is worked on takes `works_for`.
struct Scene {
    std::string_view prefix;
    bool is_message{false};  ///< The answer is a message and no task.
    bool is_worked_on{false};
    milliseconds works_for{0};
    Brings brings{Brings::nothing};
    TaskState ends{TaskState::completed};
    std::string_view says{};  ///< With the last state, or in the artifact, or in the message.
};

/// The longer of two prefixes first. Four seconds and two are the kit's.
constexpr std::array scenes{
    Scene{.prefix = "tck-complete-task", .says = "Hello from TCK"},
    Scene{.prefix = "tck-delayed-complete",
          .is_worked_on = true,
          .works_for = milliseconds{2'000},
          .says = "Done after delay"},
    Scene{.prefix = "test-resubscribe-message-id",
          .is_worked_on = true,
          .works_for = milliseconds{4'000}},
    Scene{.prefix = "tck-artifact-text", .brings = Brings::text, .says = "Generated text content"},
    Scene{.prefix = "tck-artifact-file-url", .brings = Brings::file_url},
    Scene{.prefix = "tck-artifact-file", .brings = Brings::file},
    Scene{.prefix = "tck-artifact-data", .brings = Brings::data},
    Scene{.prefix = "tck-message-response", .is_message = true, .says = "Direct message response"},
    Scene{.prefix = "tck-input-required", .ends = TaskState::input_required},
    Scene{.prefix = "tck-reject-task", .ends = TaskState::rejected, .says = "rejected"},
    Scene{.prefix = "tck-stream-002", .is_message = true, .says = "Stream message-only response"},
    Scene{.prefix = "tck-stream-artifact-chunked",
          .is_worked_on = true,
          .brings = Brings::two_chunks},
    Scene{.prefix = "tck-stream-artifact-file", .is_worked_on = true, .brings = Brings::file},
    Scene{.prefix = "tck-stream-",
          .is_worked_on = true,
          .brings = Brings::text,
          .says = "Stream hello from TCK"},
};
constexpr Scene any_other{.prefix = "", .says = "Unhandled messageId prefix"};

const Scene& scene_of(std::string_view message_id) {
    const auto* const found = std::ranges::find_if(
        scenes, [message_id](const Scene& scene) { return message_id.starts_with(scene.prefix); });
    return found == scenes.end() ? any_other : *found;
}

a2a::Part part_of(PartKind kind, json::value content) {
    a2a::Part part{.kind = kind, .content = std::move(content)};
    if (kind == PartKind::raw || kind == PartKind::url) {
        part.media_type = "text/plain";
        part.file_name = "output.txt";
    }
    return part;
}

json::value some_data() {
    json::object data;
    data["key"] = json::value("value");
    data["count"] = 42;
    return data;
}

/// The artifact whole, or in its chunks.
std::vector<a2a::ArtifactUpdate> artifacts_of(const Scene& scene, const std::string& id) {
    const auto whole = [&](a2a::Part part) {
        return std::vector<a2a::ArtifactUpdate>{
            {.artifact = {.id = id, .parts = {std::move(part)}}}};
    };
    switch (scene.brings) {
        case Brings::nothing:
            return {};
        case Brings::text:
            return whole(part_of(PartKind::text, json::value(scene.says)));
        case Brings::file:
            return whole(part_of(PartKind::raw, json::value("dGNr")));
        case Brings::file_url:
            return whole(part_of(PartKind::url, json::value("https://example.com/output.txt")));
        case Brings::data:
            return whole(part_of(PartKind::data, some_data()));
        case Brings::two_chunks:
            break;
    }
    const a2a::Part first = part_of(PartKind::text, json::value("chunk-1 "));
    const a2a::Part second = part_of(PartKind::text, json::value("chunk-2"));
    return {{.artifact = {.id = id, .parts = {first}}, .is_last = false},
            {.artifact = {.id = id, .parts = {second}}, .appends = true}};
}

}  // namespace

std::string KitTasks::next_id(std::string_view kind) {
    return fmt::format("{}-{}-{}", kind, life_, next_number_++);
}

std::string KitTasks::context_of(const a2a::Message& message) {
    return message.context_id.empty() ? next_id("context") : message.context_id;
}

KitTasks::Kept* KitTasks::find(std::string_view id) {
    const auto found =
        std::ranges::find_if(kept_, [id](const Kept& kept) { return kept.task.id == id; });
    return found == kept_.end() ? nullptr : &*found;
}

a2a::Message KitTasks::words(std::string_view text, std::string context_id) {
    a2a::Message message{.id = next_id("message"), .parts = {}};
    message.context_id = std::move(context_id);
    message.is_of_agent = true;
    message.parts.push_back(part_of(PartKind::text, json::value(text)));
    return message;
}

KitTasks::Kept& KitTasks::begin_task(const a2a::Message& message, WallTime now) {
    if (kept_.size() == tasks_max) {
        kept_.pop_front();
    }
    a2a::A2aTask task{.id = next_id("task"), .context_id = context_of(message), .updates = {}};
    task.updates.emplace_back(a2a::TaskStatus{.state = TaskState::submitted, .at = now});
    return kept_.emplace_back(Kept{.task = std::move(task)});
}

void KitTasks::plan(Kept& kept, const a2a::Message& message, WallTime now) {
    const Scene& scene = scene_of(message.id);
    kept.planned.clear();
    if (scene.is_worked_on) {
        kept.planned.push_back({now, a2a::TaskStatus{.state = TaskState::working, .at = now}});
    }
    const WallTime ends_at = now + scene.works_for;
    for (a2a::ArtifactUpdate& update : artifacts_of(scene, next_id("artifact"))) {
        kept.planned.push_back({ends_at, std::move(update)});
    }
    a2a::TaskStatus last{.state = scene.ends, .at = ends_at};
    if (!scene.says.empty() && scene.brings == Brings::nothing) {
        last.message = words(scene.says, kept.task.context_id);
        last.message->task_id = kept.task.id;
    }
    kept.planned.push_back({ends_at, std::move(last)});
}

void KitTasks::let_happen(Kept& kept, WallTime now) {
    const auto due_end = std::ranges::find_if(
        kept.planned, [now](const Planned& planned) { return planned.due > now; });
    for (auto planned = kept.planned.begin(); planned != due_end; ++planned) {
        if (const auto* status = std::get_if<a2a::TaskStatus>(&planned->update);
            status != nullptr && status->message) {
            kept.task.history.push_back(*status->message);
        }
        kept.task.updates.push_back(std::move(planned->update));
    }
    kept.planned.erase(kept.planned.begin(), due_end);
}

a2a::Said KitTasks::converse(const a2a::Message& message, WallTime now) {
    if (message.task_id.empty() && scene_of(message.id).is_message) {
        return words(scene_of(message.id).says, context_of(message));
    }
    Kept* known = find(message.task_id);
    Kept& kept = known == nullptr ? begin_task(message, now) : *known;
    if (kept.task.updates.size() >= updates_max) {
        return a2a::Refusal{.wrong = a2a::Wrong::operation,
                            .says = "a task of this server takes some sixty updates"};
    }
    a2a::Message said = message;
    said.task_id = kept.task.id;
    said.context_id = kept.task.context_id;
    kept.task.history.push_back(std::move(said));
    a2a::Begun begun{kept.task.id, kept.task.updates.size()};
    plan(kept, message, now);
    let_happen(kept, now);
    return begun;
}

std::optional<a2a::A2aTask> KitTasks::task_of(std::string_view id, WallTime now) {
    Kept* kept = find(id);
    if (kept == nullptr) {
        return std::nullopt;
    }
    let_happen(*kept, now);
    return kept->task;
}

std::vector<a2a::A2aTask> KitTasks::tasks(WallTime now) {
    std::vector<a2a::A2aTask> tasks;
    for (Kept& kept : kept_) {
        let_happen(kept, now);
        tasks.push_back(kept.task);
    }
    return tasks;
}

bool KitTasks::cancel(std::string_view id, WallTime now) {
    Kept* kept = find(id);
    if (kept == nullptr) {
        return false;
    }
    kept->planned.clear();
    kept->task.updates.emplace_back(a2a::TaskStatus{.state = TaskState::canceled, .at = now});
    return true;
}

}  // namespace homeostat::sim::sut
