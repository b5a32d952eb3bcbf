#pragma once

// A desk with tasks that a test puts on it, and what a client says to its door.

#include "homeostat/adapters/a2a/reply.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::a2a {

/// 2026-11-27T06:00:00Z and so many milliseconds.
inline WallTime wall_for_test(std::int64_t ms = 0) {
    return WallTime{std::chrono::milliseconds{1'795'759'200'000 + ms}};
}

inline A2aTask task_for_test(std::string id, TaskState state, std::int64_t ms = 0) {
    A2aTask task{.id = std::move(id), .context_id = "i-7", .updates = {}};
    task.updates.emplace_back(TaskStatus{.state = TaskState::submitted, .at = wall_for_test()});
    task.updates.emplace_back(TaskStatus{.state = state, .at = wall_for_test(ms)});
    return task;
}

/// What stands behind the door in these tests, and what was handed to it.
struct DeskWorld {
    std::vector<A2aTask> tasks;
    std::vector<std::string> pledges;     ///< As they were handed on.
    std::optional<std::string> discards;  ///< Set: no pledge is taken, for this reason.
    bool is_cancelable{true};

    A2aTask* find(std::string_view id) {
        const auto found = std::ranges::find(
            tasks, id, [](const A2aTask& one) { return std::string_view(one.id); });
        return found == tasks.end() ? nullptr : &*found;
    }

    Desk desk() {
        Desk desk;
        desk.take_pledge = [this](std::string_view bytes) {
            pledges.emplace_back(bytes);
            return discards;
        };
        desk.tasks = [this] { return tasks; };
        desk.task_of = [this](std::string_view id) {
            const A2aTask* task = find(id);
            return task == nullptr ? std::nullopt : std::optional(*task);
        };
        desk.cancel = [this](std::string_view id) {
            if (is_cancelable) {
                find(id)->updates.emplace_back(
                    TaskStatus{.state = TaskState::canceled, .at = wall_for_test(9'000)});
            }
            return is_cancelable;
        };
        return desk;
    }
};

inline CardSettings card_settings_for_test() {
    return {.name = "cart",
            .description = "Guards cart.",
            .version = "0.1.0",
            .url = "http://127.0.0.1:7711",
            .agent = "cart",
            .routes = {{.route = "pay.cart",
                        .callee = "payments",
                        .floor_rps = 20,
                        .modes = {{.mode = "lean", .depth = 1, .loses = "No saved addresses."},
                                  {.mode = "cash",
                                   .depth = 2,
                                   .loses = "Payment on delivery only.",
                                   .via = "vault"}}}}};
}

inline net::HttpRequest post_for_test(std::string body) {
    return {.method = "POST",
            .path = "/",
            .body = std::move(body),
            .content_type = "application/json",
            .headers = {{"A2A-Version", "1.0"}}};
}

/// The request of a client that names our extension.
inline net::HttpRequest call_for_test(std::string_view method, std::string_view params) {
    net::HttpRequest request = post_for_test(
        fmt::format(R"({{"jsonrpc":"2.0","id":7,"method":"{}","params":{}}})", method, params));
    request.headers.emplace_back("A2A-Extensions", recovery_extension);
    return request;
}

/// The parameters of a message whose parts are these.
inline std::string message_for_test(std::string_view parts, std::string_view more = "") {
    return fmt::format(R"({{"message":{{"messageId":"m-1","role":"ROLE_USER","parts":[{}]{}}}}})",
                       parts, more);
}

struct DoorWorld : DeskWorld {
    Card card = card_of(card_settings_for_test());
    Names names{.prefix = "x"};

    Reply reply(const net::HttpRequest& request) { return reply_to(request, card, desk(), names); }

    net::HttpResponse respond(const net::HttpRequest& request) {
        Reply given = reply(request);
        return std::get<net::HttpResponse>(given);
    }

    /// The document of an answer that is no stream.
    json::object ask(const net::HttpRequest& request) {
        const net::HttpResponse response = respond(request);
        return parse_json(response.body).value().get_object();
    }
    json::object ask(std::string_view method, std::string_view params) {
        return ask(call_for_test(method, params));
    }
};

/// Of an answer that refuses; 0: it does not.
inline std::int64_t code_of(const json::object& answer) {
    const json::value* error = answer.if_contains("error");
    return error == nullptr ? 0 : error->at("code").as_int64();
}

}  // namespace homeostat::adapters::a2a
