#include "homeostat/console/notice.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/console/matter_for_test.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace homeostat;
using namespace homeostat::console;

namespace {

Notice notice_for_test() {
    Notice notice;
    notice.id = "i-1.asks.00000000000000aa";
    notice.kind = NoticeKind::asks;
    notice.service = ServiceId("rates");
    notice.incident = IncidentId("i-1");
    notice.question = "5f0c2b9e1d3a4477";
    notice.text = "May I restart rates-0?";
    notice.details = {"instance_down on rates-0", "1 of 2 instances: rates-0."};
    notice.links = {{"anna", "https://h.example/answer/AQ"}};
    notice.advice = "On the machine: homeostat deny i-1";
    notice.at = noon_for_test;
    notice.until = noon_for_test + std::chrono::minutes{10};
    return notice;
}

}  // namespace

TEST_CASE("a notice is a CloudEvent of which each byte is as it was when this was written") {
    CHECK(body_of(notice_for_test(), Shape::json) ==
          R"({"specversion":"1.0","id":"i-1.asks.00000000000000aa","source":"/homeostat/rates",)"
          R"("type":"homeostat.notice.asks","subject":"i-1","time":"2026-11-30T00:53:20.000Z",)"
          R"("datacontenttype":"application/json","data":{"service":"rates","incident":"i-1",)"
          R"("question":"5f0c2b9e1d3a4477","text":"May I restart rates-0?","details":[)"
          R"("instance_down on rates-0","1 of 2 instances: rates-0."],)"
          R"("until":"2026-11-30T01:03:20.000Z","links":[{"person":"anna",)"
          R"("url":"https://h.example/answer/AQ"}],"link_worth":"Whoever opens a link answers in )"
          R"(the name on it, once: it is no signature. Use your own and pass it on to nobody.",)"
          R"("advice":"On the machine: homeostat deny i-1"}})");
    CHECK(content_type_of(Shape::json) == "application/cloudevents+json");
}

TEST_CASE("a notice for Slack is text and blocks, with a button for each person") {
    CHECK(body_of(notice_for_test(), Shape::slack) ==
          R"({"text":"rates i-1: May I restart rates-0?","blocks":[{"type":"section","text":)"
          R"({"type":"mrkdwn","text":"rates i-1: May I restart rates-0?","verbatim":true}},)"
          R"({"type":"section","text":{"type":"mrkdwn","text":)"
          R"("instance_down on rates-0\n1 of 2 instances: rates-0.","verbatim":true}},)"
          R"({"type":"context","elements":[{"type":"mrkdwn","text":)"
          R"("Silence until 2026-11-30T01:03:20.000Z is no.","verbatim":true}]},)"
          R"({"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":)"
          R"("Answer as anna","emoji":false},"url":"https://h.example/answer/AQ"}]},)"
          R"({"type":"context","elements":[{"type":"mrkdwn","text":)"
          R"("Whoever opens a link answers in the name on it, once: it is no signature. )"
          R"(Use your own and pass it on to nobody.","verbatim":true}]},)"
          R"({"type":"context","elements":[{"type":"mrkdwn","text":)"
          R"("On the machine: homeostat deny i-1","verbatim":true}]}],)"
          R"("unfurl_links":false,"unfurl_media":false})");
}

TEST_CASE("a notice of what may be taken back has buttons that say so") {
    Notice notice = notice_for_test();
    notice.kind = NoticeKind::acted;
    notice.question.clear();
    const std::string body = body_of(notice, Shape::slack);
    CHECK(body.contains(R"("text":"Undo as anna")"));
    CHECK_FALSE(body.contains("Answer as"));
    CHECK(body_of(notice, Shape::json).contains(R"("question":"")"));
}

TEST_CASE("a button's label is no longer than Slack takes, whatever the name") {
    constexpr std::size_t slack_label_max = 75;
    Notice notice = notice_for_test();
    notice.links = {{std::string(name_bytes_max, 'a'), "https://h.example/answer/AQ"}};
    for (const NoticeKind kind : {NoticeKind::asks, NoticeKind::acted}) {
        notice.kind = kind;
        const std::string body = body_of(notice, Shape::slack);
        const std::size_t name = body.find(" as " + notice.links.front().person);
        REQUIRE(name != std::string::npos);
        const std::size_t begin = body.rfind('"', name) + 1;
        CHECK(body.find('"', begin) - begin <= slack_label_max);
    }
}

TEST_CASE("what Slack would take for a mention or a link is none in any text") {
    Notice notice = notice_for_test();
    notice.text = "<!channel> <https://evil.example|click> & \x1b[31m";
    notice.details = {notice.text};
    notice.advice = notice.text;
    const std::string body = body_of(notice, Shape::slack);
    CHECK_FALSE(body.contains('<'));
    CHECK_FALSE(body.contains('>'));
    CHECK(body.contains("&lt;!channel&gt; &lt;https://evil.example|click&gt; &amp; \\\\x1b[31m"));
}

TEST_CASE("a notice is bounded in each of its parts, and still is JSON") {
    Notice notice = notice_for_test();
    notice.text = std::string(100'000, '<');
    notice.details.assign(1'000, notice.text);
    notice.advice = notice.text;
    for (const Shape shape : {Shape::json, Shape::slack}) {
        const std::string body = body_of(notice, shape);
        CHECK(body.size() < 20'000);
        CHECK(parse_json(body));
    }
}

TEST_CASE("what has no answer has no buttons") {
    Notice notice = notice_for_test();
    notice.links.clear();
    notice.until.reset();
    CHECK_FALSE(body_of(notice, Shape::slack).contains("actions"));
    CHECK(body_of(notice, Shape::json).contains(R"("until":"","links":[],"link_worth":"")"));
}
