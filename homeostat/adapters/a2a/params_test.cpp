#include "homeostat/adapters/a2a/params.hpp"

#include "homeostat/adapters/a2a/call.hpp"
#include "homeostat/adapters/a2a/desk_for_test.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>

using namespace homeostat;
using namespace homeostat::adapters::a2a;

namespace {

json::object object_of(std::string_view text) {
    return parse_json(text).value().get_object();
}

/// The places that a refusal names, in their order.
template <class Params>
std::string places_in(const std::expected<Params, Refusal>& params) {
    std::string places;
    if (!params) {
        for (const Violation& violation : params.error().violations) {
            places += violation.first + " ";
        }
    }
    return places;
}

}  // namespace

TEST_CASE("what is no request of JSON-RPC is refused with its code and the id, if there was one") {
    struct Case {
        std::string_view body;
        Wrong wrong;
        std::string_view id;
    };
    constexpr std::array cases{
        Case{"", Wrong::json, "null"},
        Case{"{", Wrong::json, "null"},
        Case{R"({"id":1,"id":2})", Wrong::json, "null"},
        Case{"7", Wrong::request, "null"},
        Case{"[]", Wrong::request, "null"},
        Case{R"([{"jsonrpc":"2.0","id":1,"method":"GetTask"}])", Wrong::request, "null"},
        Case{R"({"jsonrpc":"2.0","method":"GetTask"})", Wrong::request, "null"},
        Case{R"({"jsonrpc":"2.0","id":true,"method":"GetTask"})", Wrong::request, "null"},
        Case{R"({"jsonrpc":"2.0","id":1.5,"method":"GetTask"})", Wrong::request, "null"},
        Case{R"({"jsonrpc":"2.0","id":{},"method":"GetTask"})", Wrong::request, "null"},
        Case{R"({"jsonrpc":"1.0","id":1,"method":"GetTask"})", Wrong::request, "1"},
        Case{R"({"id":"a","method":"GetTask"})", Wrong::request, "\"a\""},
        Case{R"({"jsonrpc":"2.0","id":1})", Wrong::request, "1"},
        Case{R"({"jsonrpc":"2.0","id":1,"method":""})", Wrong::request, "1"},
        Case{R"({"jsonrpc":"2.0","id":1,"method":7})", Wrong::request, "1"},
        Case{R"({"jsonrpc":"2.0","id":1,"method":"GetTask","params":[]})", Wrong::params, "1"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.body);
        const auto call = parse_call(one.body);
        REQUIRE_FALSE(call);
        CHECK(call.error().refusal.wrong == one.wrong);
        CHECK(to_text(call.error().id) == one.id);
    }
}

TEST_CASE("a request over its size or its depth is not read") {
    CHECK_FALSE(parse_call(std::string(call_limits.bytes_max + 1, ' ')));
    const std::string deep(20, '[');
    const auto call = parse_call(R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"x":)" + deep);
    REQUIRE_FALSE(call);
    CHECK(call.error().refusal.wrong == Wrong::json);
}

TEST_CASE("an id comes back as it came, of whatever kind") {
    for (const std::string_view id : {"1", "-9", "\"a b\"", "null", "18446744073709551615"}) {
        const auto call =
            parse_call(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"GetTask"}})", id));
        REQUIRE(call);
        CHECK(result_text(call->id, json::object{}) ==
              fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{{}}}})", id));
    }
}

TEST_CASE("a message is read, and what A2A does not know is passed over") {
    const auto send = parse_send(object_of(R"({"message":{"messageId":"m-1","contextId":"c",
        "taskId":"t","role":"ROLE_USER","parts":[{"text":"a","mediaType":"text/plain","new":1},
        {"data":null}],"extensions":["urn:x"],"later":{}},"configuration":{"historyLength":3,
        "returnImmediately":true,"acceptedOutputModes":["text/plain"]},"also":[]})"));
    REQUIRE(send);
    CHECK(send->message.id == "m-1");
    CHECK(send->message.context_id == "c");
    CHECK(send->message.task_id == "t");
    REQUIRE(send->message.parts.size() == 2);
    CHECK(send->message.parts[0].content.as_string() == "a");
    CHECK(send->message.parts[1].kind == PartKind::data);
    CHECK(send->message.extensions == std::vector<std::string>{"urn:x"});
    CHECK(send->history_max == 3);
    CHECK(send->returns_at_once);
    CHECK_FALSE(send->wants_push);
}

TEST_CASE("each parameter of a message that cannot be is named by its place") {
    struct Case {
        std::string_view params;
        std::string_view places;
    };
    constexpr std::array cases{
        Case{"{}", "message "},
        Case{R"({"message":null})", "message "},
        Case{R"({"message":[]})", "message "},
        Case{R"({"message":{}})", "message.messageId message.role message.parts "},
        Case{R"({"message":{"messageId":"","role":"ROLE_USER","parts":[{"text":""}]}})",
             "message.messageId "},
        Case{R"({"message":{"messageId":"a b","role":"ROLE_USER","parts":[{"text":""}]}})",
             "message.messageId "},
        Case{R"({"message":{"messageId":"a","role":"ROLE_AGENT","parts":[{"text":""}]}})",
             "message.role "},
        Case{R"({"message":{"messageId":"a","role":"ROLE_USER","parts":[]}})", "message.parts "},
        Case{R"({"message":{"messageId":"a","role":"ROLE_USER","parts":[7]}})",
             "message.parts[0] "},
        Case{R"({"message":{"messageId":"a","role":"ROLE_USER","parts":[{}]}})",
             "message.parts[0] "},
        Case{R"({"message":{"messageId":"a","role":"ROLE_USER","parts":[{"text":"a","raw":""}]}})",
             "message.parts[0] "},
        Case{R"({"message":{"messageId":"a","role":"ROLE_USER","parts":[{"text":7}]}})",
             "message.parts[0].text "},
        Case{
            R"({"message":{"messageId":"a","role":"ROLE_USER","parts":[{"text":"a"}],"taskId":1}})",
            "message.taskId "},
        Case{R"({"message":{"messageId":"a","role":"ROLE_USER","parts":[{"text":"a"}],
             "extensions":[7]}})",
             "message.extensions "},
        Case{R"({"message":{"messageId":"a","role":"ROLE_USER","parts":[{"text":"a"}]},
             "configuration":{"historyLength":-1,"returnImmediately":1}})",
             "configuration.historyLength configuration.returnImmediately "},
    };
    for (const Case& one : cases) {
        CAPTURE(one.params);
        CHECK(places_in(parse_send(object_of(one.params))) == one.places);
    }
}

TEST_CASE("an id has at most its bytes, a message its parts, and a refusal its length") {
    const std::string longest(name_bytes_max, 'a');
    CHECK(parse_task(object_of(fmt::format(R"({{"id":"{}"}})", longest))));
    CHECK_FALSE(parse_task(object_of(fmt::format(R"({{"id":"{}a"}})", longest))));
    std::string parts;
    for (std::size_t count = 0; count <= parts_max; ++count) {
        parts += R"({"text":"a"},)";
    }
    parts.pop_back();
    CHECK(places_in(parse_send(object_of(message_for_test(parts)))) ==
          "message.parts message.parts ");
    std::string wrong;
    for (std::size_t count = 0; count < parts_max; ++count) {
        wrong += "{},";
    }
    wrong.pop_back();
    const auto many = parse_send(object_of(message_for_test(wrong)));
    REQUIRE_FALSE(many);
    CHECK(many.error().violations.size() <= parts_max + 1);
}

TEST_CASE("what is asked of a list is read, and what cannot be is named") {
    const auto list = parse_list(object_of(
        R"({"contextId":"c","status":"TASK_STATE_WORKING","pageSize":100,"historyLength":0,
            "pageToken":"1795759200000.t-1","statusTimestampAfter":"2026-11-27T06:00:00Z",
            "includeArtifacts":true})"));
    REQUIRE(list);
    CHECK(list->state == TaskState::working);
    CHECK(list->page_size == 100);
    REQUIRE(list->after);
    CHECK(list->after->at == wall_for_test());
    CHECK(list->after->id == "t-1");
    CHECK(list->since == wall_for_test());
    CHECK(list->detail.has_artifacts);
    CHECK(parse_list({}).value().page_size == page_size_default);
    CHECK_FALSE(parse_list(object_of(R"({"status":"TASK_STATE_UNSPECIFIED"})")).value().state);
    CHECK(places_in(parse_list(object_of(
              R"({"contextId":7,"status":"WORKING","pageSize":0,"pageToken":"x",
                  "statusTimestampAfter":"now","historyLength":1.5,"includeArtifacts":"no"})"))) ==
          "contextId status statusTimestampAfter pageSize pageToken historyLength "
          "includeArtifacts ");
    CHECK_FALSE(parse_list(object_of(R"({"pageSize":101})")));
}

TEST_CASE("a page token has one text") {
    for (const std::string_view token :
         {"-1.t", "01.t", "+1.t", "1.", "1", ".t", "1,t", "99999999999999999999.t"}) {
        CAPTURE(token);
        json::object params;
        params["pageToken"] = json::value(token);
        CHECK_FALSE(parse_list(params));
    }
}
