#include "homeostat/app/sources_page.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/heal/immune_view.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::app {

namespace {

json::value answer(const heal::ImmuneView& view) {
    json::object document;
    document["service"] = "shop";
    document["is_configured"] = true;
    document["sources"] = to_json(view);
    return document;
}

heal::ImmuneView view() {
    heal::ImmuneView view;
    view.sources = {{"watched", 3}, {"on_trial", 0}, {"denied", 12}};
    view.requests = {{"watched", 40}, {"on_trial", 0}, {"denied", 700}};
    heal::FeedView feed;
    feed.feed = "partner";
    feed.sources = 15;
    feed.is_answering = true;
    feed.skipped = 4;
    feed.refused = {{"allowed", 2}, {"no_room", 0}, {"reserved", 1}};
    view.feeds = {feed};
    return view;
}

std::string page(const heal::ImmuneView& view) {
    return sources_page(answer(view)).value();
}

}  // namespace

TEST_CASE("what is marked, and what each list says, is shown") {
    CHECK(page(view()) ==
          "shop:\n"
          "  mark           sources     requests\n"
          "  watched              3           40\n"
          "  on_trial             0            0\n"
          "  denied              12          700\n"
          "  partner: answers, lists 15; not taken in: 2 allowed, 1 reserved; about something "
          "else: 4\n");
}

TEST_CASE("what is wrong is shown, and a text from outside is escaped") {
    heal::ImmuneView troubled = view();
    troubled.taken_back = 2;
    troubled.trouble = "suspended\x1b[31m";
    troubled.feeds.front().is_answering = false;
    const std::string text = page(troubled);
    CHECK(text.contains("partner: SILENT, "));
    CHECK(text.contains("too many were denied, and taken back: 2 times\n"));
    CHECK(text.contains("no mark is changed now, and those above hold until their end: suspended"));
    CHECK_FALSE(text.contains('\x1b'));
    troubled.feeds.front().is_quarantined = true;
    CHECK(page(troubled).contains("partner: quarantined, "));
}

TEST_CASE("a service that reads no list says so, and another version is told apart") {
    json::object document;
    document["service"] = "shop";
    document["is_configured"] = false;
    CHECK(sources_page(document).value().contains("it reads no list"));
    CHECK_FALSE(sources_page(json::value(7)));
    document["is_configured"] = "yes";
    CHECK_FALSE(sources_page(document));
}

}  // namespace homeostat::app
