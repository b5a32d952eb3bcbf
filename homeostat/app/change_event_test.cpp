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

/// As the generic provider of Flux posts it; further members of it are left out or ignored.
net::HttpRequest applied(const std::string& metadata,
                         const std::string& kind = "Kustomization",
                         const std::string& severity = "info") {
    net::HttpRequest request;
    request.content_type = "application/json";
    request.headers = {{"gotk-component", "kustomize-controller"}};
    request.body = R"({"involvedObject":{"kind":")" + kind +
                   R"(","namespace":"shop","name":"payments","uid":"7d0c"},"metadata":)" +
                   metadata + R"(,"severity":")" + severity +
                   R"(","reason":"ReconciliationSucceeded","message":"Reconciliation finished",)"
                   R"("timestamp":"2026-11-30T07:26:19Z"})";
    return request;
}

std::string revision_of(const std::string& revision) {
    return R"({"kustomize.toolkit.fluxcd.io/revision":")" + revision + R"("})";
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
    CHECK(seen.is_new({.key = "/ci 0"}));
    CHECK_FALSE(seen.is_new({.key = "/ci 0"}));
    for (int index = 1; index <= 256; ++index) {
        CHECK(seen.is_new({.key = "/ci " + std::to_string(index)}));
    }
    CHECK_FALSE(seen.is_new({.key = "/ci 256"}));
    CHECK(seen.is_new({.key = "/ci 0"}));
}

TEST_CASE(
    "a revision that Flux has applied is a deploy of the service that its object is named for") {
    const Result<ChangeEvent> event = parse_change_event(
        applied(revision_of("main@sha1:731f7eaddfb6af01cb2173e18f0f75b0ba780ef1")));
    REQUIRE(event);
    REQUIRE(event->change);
    CHECK(event->change->kind == ChangeKind::deploy);
    CHECK(event->change->service.text() == "payments");
    CHECK(event->change->to.text() == "sha1-731f7eaddfb6");
    CHECK_FALSE(event->change->is_first_hand);
    const Result<ChangeEvent> named = parse_change_event(
        applied(R"({"revision":"6.5.4+0b31b1c02ff4","service":"pay"})", "HelmRelease"));
    REQUIRE(named);
    REQUIRE(named->change);
    CHECK(named->change->service.text() == "pay");
    CHECK(named->change->to.text() == "6.5.4-0b31b1c02ff4");
}

TEST_CASE(
    "what Flux tells besides is taken and noted nowhere, and what cannot be named is refused") {
    for (const net::HttpRequest& request :
         {applied(revision_of("main@sha1:731f7e"), "GitRepository"),
          applied(revision_of("main@sha1:731f7e"), "Kustomization", "error"), applied("{}"),
          applied("null"), applied(R"({"revision":7})")}) {
        const Result<ChangeEvent> event = parse_change_event(request);
        REQUIRE_MESSAGE(event, event.error().text);
        CHECK_FALSE(event->change);
    }
    for (const char* metadata : {R"({"revision":"a b"})", R"({"revision":"main@sha1:"})",
                                 R"({"revision":"1","service":"a b"})"}) {
        const Result<ChangeEvent> event = parse_change_event(applied(metadata));
        REQUIRE_FALSE(event);
        CHECK(event.error().fault == Fault::invalid);
        CHECK(event.error().text.starts_with("metadata."));
    }
    net::HttpRequest none = applied("{}");
    none.body = "[]";
    CHECK_FALSE(parse_change_event(none));
}

TEST_CASE(
    "of one object of Flux a revision counts when it is another than the last, also one of "
    "before") {
    ChangeEventsSeen seen;
    const auto is_new = [&](const std::string& revision,
                            const std::string& kind = "Kustomization") {
        const Result<ChangeEvent> event = parse_change_event(applied(revision_of(revision), kind));
        REQUIRE(event);
        return seen.is_new(*event);
    };
    CHECK(is_new("main@sha1:aaaaaaa"));
    CHECK_FALSE(is_new("main@sha1:aaaaaaa"));
    CHECK(is_new("main@sha1:bbbbbbb"));
    CHECK(is_new("main@sha1:aaaaaaa"));
    CHECK(is_new("main@sha1:aaaaaaa", "HelmRelease"));
    CHECK_FALSE(is_new("main@sha1:aaaaaaa"));
}

}  // namespace homeostat::app
