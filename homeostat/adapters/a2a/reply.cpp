#include "homeostat/adapters/a2a/reply.hpp"

#include "homeostat/adapters/a2a/call.hpp"
#include "homeostat/adapters/a2a/header_list.hpp"
#include "homeostat/adapters/a2a/methods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace homeostat::adapters::a2a {

namespace {

constexpr std::string_view card_path = "/.well-known/agent-card.json";
constexpr std::string_view event_stream = "text/event-stream";

/// A neighbour that asks for our card each minute sees within one what a restart has changed.
constexpr std::string_view card_caching = "max-age=60";

net::HttpResponse plain_text(int status, std::string text) {
    return {.status = status, .body = std::move(text), .content_type = "text/plain"};
}

/// The media type without its parameters, of which JSON has none that matters.
bool is_json(std::string_view content_type) {
    std::string type(trimmed(content_type.substr(0, content_type.find(';'))));
    std::ranges::transform(type, type.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return type == "application/json";
}

/// "1.0", or "1.0.1": of a version the first two numbers count.
bool is_our_version(std::string_view text) {
    const std::string_view version = trimmed(text);
    if (!version.starts_with(protocol_version)) {
        return false;
    }
    const std::string_view patch = version.substr(protocol_version.size());
    return patch.empty() ||
           (patch.starts_with('.') && patch.size() > 1 &&
            std::ranges::all_of(patch.substr(1), [](char c) { return c >= '0' && c <= '9'; }));
}

bool names_recovery(const net::HttpHeaders& headers) {
    const std::string extensions = net::joined_header_of(headers, "A2A-Extensions");
    const std::vector<std::string_view> uris = items_of(extensions);
    return std::ranges::find(uris, recovery_extension) != uris.end();
}

std::string event_text(const json::value& id, json::object result) {
    return fmt::format("data: {}\n\n", result_text(id, std::move(result)));
}

net::HttpResponse in_http(std::string body, std::string_view content_type, bool has_recovery) {
    net::HttpResponse response{.body = std::move(body), .content_type = std::string(content_type)};
    response.headers.emplace_back("A2A-Version", protocol_version);
    response.headers.emplace_back("Cache-Control", "no-store");
    if (has_recovery) {
        response.headers.emplace_back("A2A-Extensions", recovery_extension);
    }
    return response;
}

net::HttpResponse card_reply(const net::HttpRequest& request, const Card& card) {
    net::HttpResponse response{.body = card.text};
    if (is_known(net::joined_header_of(request.headers, "If-None-Match"), card.etag)) {
        response = {.status = 304, .body = {}, .content_type = {}};
    }
    response.headers = {{"ETag", card.etag},
                        {"Cache-Control", std::string(card_caching)},
                        {"A2A-Version", std::string(protocol_version)}};
    return response;
}

std::optional<Refusal> objection_to_content_type(const net::HttpRequest& request) {
    if (!is_json(request.content_type)) {
        return Refusal{.wrong = Wrong::media_type,
                       .says = "want Content-Type: application/json",
                       .metadata = {{"supported", "application/json"}}};
    }
    return std::nullopt;
}

std::optional<Refusal> objection_to_version(const net::HttpRequest& request) {
    if (!is_our_version(net::header_of(request.headers, "A2A-Version"))) {
        return Refusal{.wrong = Wrong::version,
                       .says = "want the header A2A-Version: 1.0; without it the version is 0.3",
                       .metadata = {{"supported", std::string(protocol_version)}}};
    }
    return std::nullopt;
}

Reply rpc_reply(const net::HttpRequest& request, const Desk& desk, Names& names) {
    const bool has_recovery = desk.take_pledge && names_recovery(request.headers);
    const auto call = parse_call(request.body);
    const json::value& id = call ? call->id : call.error().id;
    const auto answer = [has_recovery](std::string body) {
        return in_http(std::move(body), "application/json", has_recovery);
    };
    if (const std::optional<Refusal> objection = objection_to_content_type(request)) {
        return answer(error_text(id, *objection));
    }
    if (!call) {
        return answer(error_text(id, call.error().refusal));
    }
    if (const std::optional<Refusal> objection = objection_to_version(request)) {
        return answer(error_text(id, *objection));
    }
    Outcome outcome = carry_out(*call, {desk, names, has_recovery});
    if (!outcome) {
        return answer(error_text(id, outcome.error()));
    }
    if (auto* result = std::get_if<json::object>(&*outcome)) {
        return answer(result_text(id, std::move(*result)));
    }
    if (auto* event = std::get_if<OnlyEvent>(&*outcome)) {
        return in_http(event_text(id, std::move(event->result)), event_stream, has_recovery);
    }
    if (auto* follow = std::get_if<Follow>(&*outcome)) {
        return std::move(*follow);
    }
    return std::move(std::get<Wait>(*outcome));
}

net::HttpResponse only(std::string_view method) {
    net::HttpResponse response = plain_text(405, fmt::format("here it is {}\n", method));
    response.headers.emplace_back("Allow", method);
    return response;
}

}  // namespace

std::string Names::next(std::string_view kind) {
    return fmt::format("{}-{}-{}", kind, prefix, next_number++);
}

Reply reply_to(const net::HttpRequest& request, const Card& card, const Desk& desk, Names& names) {
    const std::string_view path = std::string_view(request.path).substr(0, request.path.find('?'));
    if (path == card_path) {
        return request.method == "GET" ? card_reply(request, card) : only("GET");
    }
    if (path == "/") {
        return request.method == "POST" ? rpc_reply(request, desk, names) : Reply(only("POST"));
    }
    return plain_text(404, fmt::format("POST / speaks A2A; GET {} says what\n", card_path));
}

net::HttpResponse reply_after(const Wait& wait, const std::optional<A2aTask>& task) {
    if (!task) {
        const Refusal gone{.wrong = Wrong::task_unknown, .says = "the task is no longer kept"};
        return in_http(error_text(wait.id, gone), "application/json", false);
    }
    json::object result;
    result["task"] = to_json(*task, {.history_max = wait.history_max});
    return in_http(result_text(wait.id, std::move(result)), "application/json", false);
}

net::HttpPiece next_events(Follow& follow, const std::optional<A2aTask>& task) {
    if (!task) {
        return {.bytes = {}, .is_last = true};
    }
    net::HttpPiece piece;
    if (!follow.has_begun) {
        follow.has_begun = true;
        json::object result;
        result["task"] = to_json(*task, {.updates_max = follow.told_count});
        piece.bytes += event_text(follow.id, std::move(result));
    }
    for (; follow.told_count < task->updates.size(); ++follow.told_count) {
        piece.bytes += event_text(follow.id, event_of(*task, task->updates[follow.told_count]));
    }
    piece.is_last = is_terminal(status_of(*task).state);
    return piece;
}

}  // namespace homeostat::adapters::a2a
