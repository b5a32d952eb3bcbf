#include "homeostat/app/change_event.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

net::HttpRequest structured(std::string body) {
    net::HttpRequest request;
    request.content_type = "application/cloudevents+json; charset=utf-8";
    request.body = std::move(body);
    return request;
}

std::string event_of(const std::string& type, const std::string& data) {
    return R"({"specversion":"1.0","id":"7","source":"/ci","type":")" + type +
           R"(","traceparent":"00-1-1-01","data":)" + data + "}";
}

net::HttpRequest deployed(const std::string& artifact, const std::string& service = "fraud") {
    return structured(event_of("dev.cdevents.service.deployed.0.2.0",
                               R"({"context":{"version":"0.4.1"},"subject":{"id":")" + service +
                                   R"(","type":"service","content":{"artifactId":")" + artifact +
                                   R"("}}})"));
}

}  // namespace

TEST_CASE("a deploy that CDEvents tells of is a change to the version of its package URL") {
    const Result<ChangeEvent> event =
        parse_change_event(deployed("pkg:oci/fraud@sha256%3A0b31b1c02ff458ad9b7b81?tag=v7"));
    REQUIRE(event);
    REQUIRE(event->change);
    CHECK(event->change->kind == ChangeKind::deploy);
    CHECK(event->change->service.text() == "fraud");
    CHECK(event->change->to.text() == "v7");
    CHECK(event->change->reference == "7");
    CHECK_FALSE(event->change->is_first_hand);
}

TEST_CASE("a version is written as plain names are, or there is none") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"pkg:oci/fraud@sha256%3A0b31b1c02ff458ad9b7b81", "sha256-0b31b1c02ff4"},
        {"pkg:oci/fraud@sha256:0b31b1c02ff458ad9b7b81#sub", "sha256-0b31b1c02ff4"},
        {"pkg:generic/shop/fraud@1.4.2?arch=amd64", "1.4.2"},
        {"pkg:oci/fraud@sha256%3A00?arch=amd64&tag=v8&x=y", "v8"},
        {"pkg:oci/fraud?tag=v9", "v9"},
        {"pkg:oci/fraud", ""},
        {"pkg:oci/fraud@", ""},
        {"pkg:oci/fraud@a%2Fb", ""},
        {"pkg:oci/fraud@%zz", ""},
        {"pkg:oci/fraud?tag=a%0Ab", ""},
        {"registry/fraud:v7", ""},
        {"", ""},
    };
    for (const auto& [url, version] : cases) {
        CAPTURE(url);
        CHECK(version_in_package_url(url) == version);
    }
}

TEST_CASE("an event of our own type says what a line of the changes' file says") {
    const Result<ChangeEvent> event = parse_change_event(
        structured(event_of("dev.homeostat.change",
                            R"({"kind":"flag","service":"fraud","reference":"new-rules-on"})")));
    REQUIRE(event);
    REQUIRE(event->change);
    CHECK(event->change->kind == ChangeKind::flag);
    CHECK(event->change->reference == "new-rules-on");
    CHECK(event->key == "/ci 7");
}

TEST_CASE("an event whose attributes are headers is read as one that has them in its body") {
    net::HttpRequest request;
    request.content_type = "application/json";
    request.headers = {{"ce-specversion", "1.0"},
                       {"ce-type", "dev.homeostat.change"},
                       {"ce-source", "/ci"},
                       {"ce-id", "8"}};
    request.body = R"({"kind":"deploy","service":"fraud","to":"v7"})";
    REQUIRE(is_change_event(request));
    const Result<ChangeEvent> event = parse_change_event(request);
    REQUIRE(event);
    REQUIRE(event->change);
    CHECK(event->change->to.text() == "v7");
    CHECK(event->key == "/ci 8");
}

TEST_CASE("an event that tells of no change of ours is good, and no change") {
    const Result<ChangeEvent> event =
        parse_change_event(structured(event_of("dev.cdevents.build.finished.0.2.0", "{}")));
    REQUIRE(event);
    CHECK_FALSE(event->change);
    CHECK(event->type == "dev.cdevents.build.finished.0.2.0");
}

TEST_CASE("what is no event of ours is refused with the place that is wrong") {
    const std::vector<std::pair<net::HttpRequest, std::string>> cases{
        {structured("["), "byte 1"},
        {structured("[]"), "batches"},
        {structured(R"({"type":"x","source":"y","id":"z"})"), "specversion"},
        {structured(R"({"specversion":"1.0","source":"y","id":"z"})"), "type"},
        {structured(R"({"specversion":"1.0","type":"x","source":"y","id":7})"), "id"},
        {structured(R"({"specversion":"1.0","type":")" + std::string(257, 'x') +
                    R"(","source":"y","id":"z"})"),
         "type"},
        {structured(event_of("dev.homeostat.change", R"("text")")), "data"},
        {structured(event_of("dev.homeostat.change", R"({"kind":"deploy","service":"fraud"})")),
         "to"},
        {structured(event_of("dev.homeostat.change", R"({"kind":"deploy","service":"a b"})")),
         "service"},
        {structured(event_of("dev.cdevents.service.deployed.0.2.0", "{}")), "data.subject"},
        {deployed("pkg:oci/fraud@v1", "shop/fraud"), "data.subject.id"},
        {deployed("fraud"), "artifactId"},
        {structured(std::string(change_event_bytes_max + 1, ' ')), "bytes"},
    };
    for (const auto& [request, place] : cases) {
        CAPTURE(request.body.substr(0, 120));
        const Result<ChangeEvent> event = parse_change_event(request);
        REQUIRE_FALSE(event);
        CHECK(event.error().fault == Fault::invalid);
        CAPTURE(event.error().text);
        CHECK(event.error().text.contains(place));
    }
}

TEST_CASE("an event that is delivered twice is new once, and the oldest are forgotten") {
    ChangeEventsSeen seen;
    CHECK(seen.is_new("/ci 0"));
    CHECK_FALSE(seen.is_new("/ci 0"));
    for (int index = 1; index <= 256; ++index) {
        CHECK(seen.is_new("/ci " + std::to_string(index)));
    }
    CHECK_FALSE(seen.is_new("/ci 256"));
    CHECK(seen.is_new("/ci 0"));
}

}  // namespace homeostat::app
