#include "homeostat/adapters/kubernetes/watch_stream.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;

namespace {

const std::string managed =
    R"({"kind":"Pod","metadata":{"name":"a","managedFields":[{"manager":"kubelet"}],)"
    R"("resourceVersion":"18446744073709551615"},"status":{}})";

Result<WatchEvent> event(const std::string& type, const std::string& object) {
    return parse_watch_event(fmt::format(R"({{"type":"{}","object":{}}})", type, object));
}

}  // namespace

TEST_CASE("an object is told with its name, its version and without who manages its fields") {
    const auto told = event("ADDED", managed);
    REQUIRE(told);
    CHECK(told->kind == WatchEvent::Kind::added);
    CHECK(told->told.name == "a");
    CHECK(told->told.resource_version == 18446744073709551615ULL);
    const std::string kept = to_text(told->told.object);
    CHECK(kept == R"({"kind":"Pod","metadata":{"name":"a","resourceVersion":)"
                  R"("18446744073709551615"},"status":{}})");
    CHECK(told->told.bytes == kept.size());
}

TEST_CASE("who scaled or resized an object is kept, since it says whose that is and since when") {
    const std::string entry =
        R"({"manager":"homeostat i-7.e2 from 67108864","subresource":"resize",)"
        R"("time":"2026-11-28T00:00:09Z","fieldsV1":{"f:spec":{}}})";
    const auto told =
        event("MODIFIED",
              fmt::format(R"({{"metadata":{{"name":"a","resourceVersion":"7","managedFields":)"
                          R"([{{"manager":"kubelet","subresource":"status"}},7,{}]}}}})",
                          entry));
    REQUIRE(told);
    CHECK(to_text(told->told.object) ==
          fmt::format(R"({{"metadata":{{"name":"a","resourceVersion":"7","managedFields":[{}]}}}})",
                      entry));
}

TEST_CASE("who paused a rollout is kept, since it says whose the pause is") {
    const std::string entry = R"({"manager":"homeostat","fieldsV1":{"f:spec":{"f:paused":{}}}})";
    const auto told = event(
        "MODIFIED",
        fmt::format(R"({{"metadata":{{"name":"a","resourceVersion":"7","managedFields":)"
                    R"([{{"manager":"kubectl","fieldsV1":{{"f:spec":{{"f:replicas":{{}}}}}}}},)"
                    R"({{"fieldsV1":7}},{}]}}}})",
                    entry));
    REQUIRE(told);
    CHECK(to_text(told->told.object) ==
          fmt::format(R"({{"metadata":{{"name":"a","resourceVersion":"7","managedFields":[{}]}}}})",
                      entry));
}

TEST_CASE("when what a ConfigMap holds was written is kept, since an edit is dated by it") {
    for (const char* field : {"f:data", "f:binaryData"}) {
        const std::string entry =
            fmt::format(R"({{"manager":"kubectl-edit","time":"2026-11-28T00:00:09Z",)"
                        R"("fieldsV1":{{"{}":{{"f:app.yaml":{{}}}}}}}})",
                        field);
        const auto told =
            event("MODIFIED",
                  fmt::format(R"({{"metadata":{{"name":"a","resourceVersion":"7","managedFields":)"
                              R"([{{"manager":"x","fieldsV1":{{"f:metadata":{{}}}}}},{}]}}}})",
                              entry));
        REQUIRE(told);
        CHECK(to_text(told->told.object) ==
              fmt::format(
                  R"({{"metadata":{{"name":"a","resourceVersion":"7","managedFields":[{}]}}}})",
                  entry));
    }
}

TEST_CASE("a name that no server gives, and a version that is no number, are refused") {
    for (const char* metadata :
         {R"({"resourceVersion":"1"})", R"({"name":"","resourceVersion":"1"})",
          R"({"name":"../a","resourceVersion":"1"})", R"({"name":"A","resourceVersion":"1"})",
          R"({"name":7,"resourceVersion":"1"})", R"({"name":"a"})",
          R"({"name":"a","resourceVersion":1})", R"({"name":"a","resourceVersion":"0"})",
          R"({"name":"a","resourceVersion":""})", R"({"name":"a","resourceVersion":"1x"})",
          R"({"name":"a","resourceVersion":"-1"})",
          R"({"name":"a","resourceVersion":"18446744073709551616"})", "[]", "null"}) {
        CAPTURE(metadata);
        const auto told = event("ADDED", fmt::format(R"({{"metadata":{}}})", metadata));
        REQUIRE_FALSE(told);
        CHECK(told.error().fault == Fault::broken);
    }
    const std::string long_name(254, 'a');
    CHECK_FALSE(
        event("ADDED",
              fmt::format(R"({{"metadata":{{"name":"{}","resourceVersion":"1"}}}})", long_name)));
}

TEST_CASE("two values under one key are no event: two readers could differ about it") {
    CHECK_FALSE(parse_watch_event(R"({"type":"ADDED","type":"DELETED","object":)" + managed + "}"));
}

TEST_CASE("an error of a stream has its code, and its text for people") {
    const auto told = event("ERROR", R"({"code":410,"reason":"Expired","message":"a\nb"})");
    REQUIRE(told);
    CHECK(told->kind == WatchEvent::Kind::error);
    CHECK(told->code == 410);
    CHECK(told->text == "410 Expired: a\\x0ab");
    for (const char* odd :
         {"null", "[]", R"({"code":"410"})", R"({"code":-410})", R"({"code":99999999999})"}) {
        const auto other = event("ERROR", odd);
        REQUIRE(other);
        CHECK(other->code == 0);
    }
}

TEST_CASE("a page has its objects, its version and where it goes on") {
    const auto page = parse_list_page(*parse_json(
        R"({"kind":"PodList","metadata":{"resourceVersion":"12","continue":"abc"},"items":[)" +
        managed + "]}"));
    REQUIRE(page);
    CHECK(page->resource_version == 12);
    CHECK(page->continue_token == "abc");
    REQUIRE(page->objects.size() == 1);
    CHECK(page->objects[0].name == "a");
    CHECK_FALSE(to_text(page->objects[0].object).contains("managedFields"));
}

TEST_CASE("a page whose items are null is empty, and one without items is none") {
    const auto empty = parse_list_page(
        *parse_json(R"({"kind":"PodList","metadata":{"resourceVersion":"12"},"items":null})"));
    REQUIRE(empty);
    CHECK(empty->objects.empty());
    CHECK_FALSE(
        parse_list_page(*parse_json(R"({"kind":"PodList","metadata":{"resourceVersion":"12"}})")));
    CHECK_FALSE(parse_list_page(*parse_json(
        R"({"kind":"PodList","metadata":{"resourceVersion":"12"},"items":[{"metadata":{}}]})")));
}

TEST_CASE("a mark of where a list goes on has a maximum") {
    json::value body =
        *parse_json(R"({"kind":"PodList","metadata":{"resourceVersion":"12"},"items":[]})");
    body.as_object()["metadata"].as_object()["continue"] = std::string(9000, 'x');
    CHECK_FALSE(parse_list_page(body));
}

TEST_CASE(
    "what a server refused is told with its code, its reason and its words, bounded and plain") {
    struct Case {
        int status;
        json::value body;
        std::string_view says;
    };
    const std::array cases{
        Case{409, *parse_json(R"({"reason":"Conflict","message":"it was modified"})"),
             "409 Conflict: it was modified"},
        Case{500, json::value(nullptr), "500"},
        Case{404, *parse_json(R"({"message":"no such page"})"), "404: no such page"},
        Case{403, *parse_json(R"({"reason":"Forbidden"})"), "403 Forbidden"},
        Case{502, json::value("<html>bad gateway\x1b[31m</html>"),
             "502: <html>bad gateway\\x1b[31m</html>"},
        Case{400, *parse_json(R"({"reason":7,"message":["x"]})"), "400"},
    };
    for (const Case& one : cases) {
        CHECK(describe({.status = one.status, .body = one.body}) == one.says);
    }
    const std::string cut =
        describe({.status = 422, .body = json::value(std::string(600, '\x01'))});
    CHECK(cut.size() <= 512);
    CHECK(cut.ends_with("\\x01..."));
}
