#include "homeostat/adapters/a2a/methods.hpp"

#include "homeostat/adapters/a2a/params.hpp"
#include "homeostat/adapters/a2a/task_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace homeostat::adapters::a2a {

namespace {

constexpr std::size_t pledge_bytes_max = 1'024;  ///< SOURCE: docs/pledges.md.

std::unexpected<Refusal> refuse(Wrong wrong, std::string says, std::vector<Violation> more = {}) {
    const bool is_params = wrong == Wrong::params;
    return std::unexpected(Refusal{.wrong = wrong,
                                   .says = std::move(says),
                                   .violations = is_params ? more : std::vector<Violation>{},
                                   .metadata = is_params ? std::vector<Violation>{} : more});
}

std::optional<A2aTask> find_task(const Desk& desk, std::string_view id) {
    return desk.task_of ? desk.task_of(id) : std::nullopt;
}

std::expected<A2aTask, Refusal> known_task(const Desk& desk, const std::string& id) {
    std::optional<A2aTask> task = find_task(desk, id);
    if (!task) {
        return refuse(Wrong::task_unknown, "there is no such task; ListTasks names those there are",
                      {{"taskId", id}});
    }
    return *std::move(task);
}

/// What A2A asks of a message that is meant for a task.
std::optional<Refusal> objection_to_task_of(const Message& message, const Desk& desk) {
    if (message.task_id.empty()) {
        return std::nullopt;
    }
    const std::expected<A2aTask, Refusal> task = known_task(desk, message.task_id);
    if (!task) {
        return task.error();
    }
    if (!message.context_id.empty() && message.context_id != task->context_id) {
        return refuse(Wrong::params, "the task is of another context",
                      {{"message.contextId", "that of the task, or none"}})
            .error();
    }
    if (is_terminal(status_of(*task).state)) {
        return refuse(Wrong::operation, "the task has ended and takes no more messages",
                      {{"taskId", task->id}})
            .error();
    }
    return std::nullopt;
}

/// Empty where A2A's default stands for it.
bool is_taken(const Part& part) {
    const std::string_view type(part.media_type);
    if (part.kind == PartKind::text) {
        return type.empty() || type == "text/plain";
    }
    return part.kind == PartKind::data && (type.empty() || type == "application/json");
}

Message message_of(Premises premises, const Message& asked, Part part) {
    Message message;
    message.id = premises.names.next("message");
    message.context_id =
        asked.context_id.empty() ? premises.names.next("context") : asked.context_id;
    message.is_of_agent = true;
    message.parts.push_back(std::move(part));
    return message;
}

bool is_pledge(const Part& part) {
    const json::object* data = part.kind == PartKind::data ? part.content.if_object() : nullptr;
    return data != nullptr && data->contains("pledge");
}

/// The signed line, or why this is no pledge that can be handed on.
std::expected<std::string_view, Refusal> pledge_in(const Message& message) {
    if (message.parts.size() == 1 && is_pledge(message.parts.front())) {
        const json::object& data = message.parts.front().content.get_object();
        const auto* line = data.at("pledge").if_string();
        if (data.size() == 1 && line != nullptr) {
            return std::string_view(*line);
        }
    }
    return refuse(Wrong::params, "a pledge comes alone, as one string",
                  {{"message.parts", R"(one part, its data {"pledge":"the signed line"})"}});
}

std::expected<Said, Refusal> hand_on_pledge(const Message& message, Premises premises) {
    if (!premises.has_recovery) {
        return refuse(Wrong::extension_required,
                      "name the extension of pledges in the header A2A-Extensions",
                      {{"extension", std::string(recovery_extension)}});
    }
    const auto line = pledge_in(message);
    if (!line) {
        return std::unexpected(line.error());
    }
    // The desk would say the same, but need not see what is longer.
    const std::optional<std::string> discarded = line->size() > pledge_bytes_max
                                                     ? std::optional<std::string>("oversized")
                                                     : premises.desk.take_pledge(*line);
    json::object data;
    if (discarded) {
        data["discarded"] = json::value(*discarded);
    } else {
        data["taken"] = true;
    }
    Message reply = message_of(premises, message, {.kind = PartKind::data, .content = data});
    reply.extensions.emplace_back(recovery_extension);
    return reply;
}

Message tell_what_can_be_asked(const Message& message, Premises premises) {
    const std::string pledges = fmt::format(
        " Neighbours that its configuration knows send signed pledges: a data part "
        "{{\"pledge\":\"…\"}} with the extension {}.",
        recovery_extension);
    const std::string text = fmt::format(
        "This agent takes no instructions in words and asks no model about them. It can be asked "
        "for its card (GET /.well-known/agent-card.json) and for what is promised now: ListTasks, "
        "GetTask, SubscribeToTask.{}",
        premises.desk.take_pledge ? pledges : "");
    return message_of(premises, message, {.kind = PartKind::text, .content = json::value(text)});
}

std::expected<Said, Refusal> answer_message(const SendParams& send, Premises premises) {
    const Message& message = send.message;
    if (send.wants_push) {
        return refuse(Wrong::push, "this agent calls nobody back; follow the task instead");
    }
    if (std::optional<Refusal> objection = objection_to_task_of(message, premises.desk)) {
        return std::unexpected(*std::move(objection));
    }
    const auto strange = std::ranges::find_if_not(message.parts, is_taken);
    if (strange != message.parts.end()) {
        return refuse(Wrong::media_type, "parts are text/plain, or data of application/json",
                      {{"mediaType", strange->media_type}});
    }
    if (premises.desk.take_pledge && std::ranges::any_of(message.parts, is_pledge)) {
        return hand_on_pledge(message, premises);
    }
    if (premises.desk.converse) {
        return premises.desk.converse(message);
    }
    if (!message.task_id.empty()) {
        return refuse(Wrong::operation,
                      "a pledge is changed by signed messages of its parties only",
                      {{"taskId", message.task_id}});
    }
    return tell_what_can_be_asked(message, premises);
}

json::object wrapped(std::string_view name, json::object object) {
    json::object wrapping;
    wrapping[name] = std::move(object);
    return wrapping;
}

Outcome send_message(const Call& call, Premises premises) {
    const auto send = parse_send(call.params);
    if (!send) {
        return std::unexpected(send.error());
    }
    const auto said = answer_message(*send, premises);
    if (!said) {
        return std::unexpected(said.error());
    }
    if (const auto* refusal = std::get_if<Refusal>(&*said)) {
        return std::unexpected(*refusal);
    }
    if (const auto* message = std::get_if<Message>(&*said)) {
        return wrapped("message", to_json(*message));
    }
    const auto task = known_task(premises.desk, std::get<Begun>(*said).task_id);
    if (!task) {
        return std::unexpected(task.error());
    }
    if (!send->returns_at_once && !is_at_rest(status_of(*task).state)) {
        return Wait{call.id, task->id, send->history_max};
    }
    return wrapped("task", to_json(*task, {.history_max = send->history_max}));
}

Outcome send_streaming_message(const Call& call, Premises premises) {
    const auto send = parse_send(call.params);
    if (!send) {
        return std::unexpected(send.error());
    }
    const auto said = answer_message(*send, premises);
    if (!said) {
        return std::unexpected(said.error());
    }
    if (const auto* refusal = std::get_if<Refusal>(&*said)) {
        return std::unexpected(*refusal);
    }
    if (const auto* message = std::get_if<Message>(&*said)) {
        return OnlyEvent{wrapped("message", to_json(*message))};
    }
    const auto& begun = std::get<Begun>(*said);
    return Follow{.id = call.id, .task_id = begun.task_id, .told_count = begun.updates_before};
}

Outcome get_task(const Call& call, Premises premises) {
    const auto params = parse_task(call.params);
    if (!params) {
        return std::unexpected(params.error());
    }
    const auto task = known_task(premises.desk, params->id);
    if (!task) {
        return std::unexpected(task.error());
    }
    return to_json(*task, {.history_max = params->history_max});
}

Outcome list_tasks(const Call& call, Premises premises) {
    const auto params = parse_list(call.params);
    if (!params) {
        return std::unexpected(params.error());
    }
    return page_of(premises.desk.tasks ? premises.desk.tasks() : std::vector<A2aTask>{}, *params);
}

Outcome cancel_task(const Call& call, Premises premises) {
    const auto params = parse_task(call.params);
    if (!params) {
        return std::unexpected(params.error());
    }
    const auto task = known_task(premises.desk, params->id);
    if (!task) {
        return std::unexpected(task.error());
    }
    // Asked twice, the second changes nothing: A2A refuses it then, as of any task that has ended.
    if (is_terminal(status_of(*task).state)) {
        return refuse(Wrong::task_not_cancelable, "the task has ended already",
                      {{"taskId", task->id}});
    }
    if (!premises.desk.cancel || !premises.desk.cancel(task->id)) {
        return refuse(Wrong::task_not_cancelable,
                      "a pledge is ended by signed messages of its parties, or by its time",
                      {{"taskId", task->id}});
    }
    const auto ended = known_task(premises.desk, task->id);
    if (!ended) {
        return std::unexpected(ended.error());
    }
    return to_json(*ended);
}

Outcome subscribe_to_task(const Call& call, Premises premises) {
    const auto params = parse_task(call.params);
    if (!params) {
        return std::unexpected(params.error());
    }
    const auto task = known_task(premises.desk, params->id);
    if (!task) {
        return std::unexpected(task.error());
    }
    if (is_terminal(status_of(*task).state)) {
        return refuse(Wrong::operation, "the task has ended; GetTask tells how",
                      {{"taskId", task->id}});
    }
    return Follow{.id = call.id, .task_id = task->id, .told_count = task->updates.size()};
}

Outcome refuse_push(const Call&, Premises) {
    return refuse(Wrong::push, "this agent calls nobody back; follow the task instead");
}

Outcome refuse_extended_card(const Call&, Premises) {
    return refuse(Wrong::operation, "there is one card for everybody");
}

struct Method {
    std::string_view name;
    Outcome (*carry_out)(const Call&, Premises);
};

constexpr std::array methods{
    Method{"SendMessage", send_message},
    Method{"SendStreamingMessage", send_streaming_message},
    Method{"GetTask", get_task},
    Method{"ListTasks", list_tasks},
    Method{"CancelTask", cancel_task},
    Method{"SubscribeToTask", subscribe_to_task},
    Method{"CreateTaskPushNotificationConfig", refuse_push},
    Method{"GetTaskPushNotificationConfig", refuse_push},
    Method{"ListTaskPushNotificationConfigs", refuse_push},
    Method{"DeleteTaskPushNotificationConfig", refuse_push},
    Method{"GetExtendedAgentCard", refuse_extended_card},
};

}  // namespace

Outcome carry_out(const Call& call, Premises premises) {
    const auto* const method = std::ranges::find(methods, call.method, &Method::name);
    if (method == methods.end()) {
        return refuse(Wrong::method, "A2A 1.0 has no such method");
    }
    return method->carry_out(call, premises);
}

}  // namespace homeostat::adapters::a2a
