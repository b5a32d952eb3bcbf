// Any body of a POST to an agent's outer door, of a client that names our extension: the answer is
// one of JSON-RPC with the id that was asked by; at most one pledge is handed on, and none that is
// too long; and a task is ended by CancelTask alone.

#include "homeostat/adapters/a2a/call.hpp"
#include "homeostat/adapters/a2a/desk_for_test.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace a2a = homeostat::adapters::a2a;
namespace json = homeostat::json;
namespace net = homeostat::net;
using homeostat::ensure;

namespace {

void check_answer(std::string_view text, const json::value& id) {
    const auto document = homeostat::parse_json(text);
    ensure(document && document->is_object(), "an answer is an object");
    const json::object& answer = document->get_object();
    ensure(answer.contains("result") != answer.contains("error"),
           "an answer has a result or an error");
    ensure(answer.at("id") == id, "an answer has the id of what was asked");
    if (const json::value* error = answer.if_contains("error")) {
        ensure(error->at("code").is_int64() && !error->at("data").as_array().empty(),
               "an error has its code, and says why");
    }
}

/// The texts behind each "data: " of a stream.
void check_events(std::string_view events, const json::value& id) {
    constexpr std::string_view begin = "data: ";
    constexpr std::string_view end = "\n\n";
    while (!events.empty()) {
        const std::size_t length = events.find(end);
        ensure(events.starts_with(begin) && length != std::string_view::npos,
               "a stream is made of whole events");
        check_answer(events.substr(begin.size(), length - begin.size()), id);
        events.remove_prefix(length + end.size());
    }
}

void check_reply(a2a::Reply reply, const json::value& id, a2a::DoorWorld& world) {
    if (auto* follow = std::get_if<a2a::Follow>(&reply)) {
        check_events(a2a::next_events(*follow, *world.find(follow->task_id)).bytes, id);
        return;
    }
    const auto& response = std::get<net::HttpResponse>(reply);
    ensure(response.status == 200, "what is wrong with a call is told in its answer");
    if (response.content_type == "text/event-stream") {
        check_events(response.body, id);
    } else {
        check_answer(response.body, id);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string body(reinterpret_cast<const char*>(data), size);
    a2a::DoorWorld world;
    world.tasks = {a2a::task_for_test("held", a2a::TaskState::working, 1),
                   a2a::task_for_test("ended", a2a::TaskState::completed, 2)};
    net::HttpRequest request = a2a::post_for_test(body);
    request.headers.emplace_back("A2A-Extensions", a2a::recovery_extension);
    a2a::Reply reply = world.reply(request);
    const auto call = a2a::parse_call(body);
    check_reply(std::move(reply), call ? call->id : call.error().id, world);
    ensure(world.pledges.size() <= 1, "a call hands on one pledge at most");
    ensure(world.pledges.empty() || world.pledges.front().size() <= 1'024,
           "a pledge that is too long goes no further");
    const bool may_cancel = call && call->method == "CancelTask";
    ensure(may_cancel || a2a::status_of(world.tasks.front()).state == a2a::TaskState::working,
           "a task is ended by CancelTask alone");
    return 0;
}
