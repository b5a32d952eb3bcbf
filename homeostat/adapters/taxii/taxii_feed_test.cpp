#include "homeostat/adapters/taxii/taxii_feed.hpp"

#include "homeostat/adapters/taxii/indicator_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <deque>
#include <string>
#include <utility>

namespace homeostat::adapters::taxii {

using namespace std::chrono_literals;
using net::ScriptLine;

namespace {

class SetClock final : public ports::Clock {
  public:
    Duration ahead{};

    [[nodiscard]] Instant now() const override { return instant_of_ns(1) + ahead; }
    [[nodiscard]] WallTime wall_now() const override { return noon_for_test(); }
    Task<void> sleep_until(Instant /*at*/) override { co_return; }
};

ScriptLine says(const std::string& body,
                const std::string& headers =
                    "Content-Type: "
                    "application/taxii+json;version=2.1\r\n",
                std::string_view status = "200 OK") {
    return {fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n{}", status, headers,
                        body.size(), body)};
}

/// A page with one address on it.
ScriptLine page(int number, std::string_view address, std::string_view rest = {}) {
    constexpr std::string_view added = "X-TAXII-Date-Added-Last: 2026-11-27T11:00:0{}.123456Z\r\n";
    const json::object indicator = indicator_for_test(number, pattern_for_test(address));
    return says(fmt::format(R"({{"objects":[{}]{}}})", to_text(json::value(indicator)), rest),
                "Content-Type: application/taxii+json;version=2.1\r\n" +
                    fmt::format(fmt::runtime(added), number));
}

/// A collection that says what a test wrote down, and who reads it.
class Scene {
  public:
    explicit Scene(std::deque<ScriptLine> script) : peer(context, std::move(script)) {}

    boost::asio::io_context context{1};
    net::ScriptedPeer peer;
    SetClock clock;
    TaxiiFeed feed{context.get_executor(),
                   {.api = peer.endpoint(), .collection = "/api/collections/7/", .login = "a:bc"},
                   clock};

    Result<FeedUpdate> poll(bool is_whole = false, Duration span = 5s) {
        return net::run_for_test(context, feed.poll(is_whole, net::now_for_test() + span));
    }
    /// "+192.0.2.1 …", or the fault.
    std::string told(bool is_whole = false, Duration span = 5s) {
        const Result<FeedUpdate> update = poll(is_whole, span);
        if (!update) {
            return update.error().text;
        }
        std::string text;
        for (const Listing& listing : update->listed) {
            text += (text.empty() ? "+" : " +") + to_text(listing.network);
        }
        return text;
    }
    /// The first line of a request, without its method and version.
    [[nodiscard]] std::string asked(std::size_t index) const {
        const std::string& request = peer.requests().at(index);
        const std::size_t begin = request.find(' ') + 1;
        return request.substr(begin, request.find(' ', begin) - begin);
    }
};

constexpr std::string_view objects =
    "/api/collections/7/objects/?limit=250&match%5Btype%5D=indicator";

}  // namespace

TEST_CASE("a collection is read page by page, and then from where it was left") {
    Scene scene({page(1, "192.0.2.1", R"(,"more":true,"next":"a&b=[c]")"),
                 page(2, "192.0.2.2", R"(,"more":false)"), page(3, "192.0.2.3"), says("{}")});
    CHECK(scene.told(true) == "+192.0.2.1 +192.0.2.2");
    CHECK(scene.told() == "+192.0.2.3");
    CHECK(scene.told().empty());
    CHECK(scene.asked(0) == objects);
    CHECK(scene.asked(1) == fmt::format("{}&next=a%26b%3D%5Bc%5D", objects));
    CHECK(scene.asked(2) == fmt::format("{}&added_after=2026-11-27T11%3A00%3A02.123456Z", objects));
    CHECK(scene.asked(3) == fmt::format("{}&added_after=2026-11-27T11%3A00%3A03.123456Z", objects));
    for (const std::string& request : scene.peer.requests()) {
        CHECK(request.contains("\r\nAccept: application/taxii+json;version=2.1\r\n"));
        CHECK(request.contains("\r\nAuthorization: Basic YTpiYw==\r\n"));
    }
}

TEST_CASE("without a word for the next page it is the one behind the newest object") {
    Scene scene({page(1, "192.0.2.1", R"(,"more":true)"), page(2, "192.0.2.2")});
    CHECK(scene.told(true) == "+192.0.2.1 +192.0.2.2");
    CHECK(scene.asked(1) == fmt::format("{}&added_after=2026-11-27T11%3A00%3A01.123456Z", objects));
}

TEST_CASE("a page that comes too late is the first of the next question") {
    Scene scene({page(1, "192.0.2.1", R"(,"more":true,"next":"2")"), {}, page(2, "192.0.2.2")});
    CHECK(scene.told(true, 1s) == "+192.0.2.1");
    CHECK(scene.told() == "+192.0.2.2");
    CHECK(scene.asked(2) == fmt::format("{}&next=2", objects));
}

TEST_CASE("whether all was read is told, also where there was no time for it") {
    Scene scene({page(1, "192.0.2.1", R"(,"more":true,"next":"2")"), {}, page(2, "192.0.2.2")});
    CHECK(scene.poll(true, 1s)->has_more);
    CHECK_FALSE(scene.poll()->has_more);
}

TEST_CASE("what was read before an error is told with the next answer") {
    Scene scene({page(1, "192.0.2.1", R"(,"more":true,"next":"2")"), says("[]"), says("{}")});
    CHECK(scene.told(true) == "the TAXII server's answer: no object");
    CHECK(scene.told() == "+192.0.2.1");
}

TEST_CASE("all of a collection is read again when it is asked for, and every six hours") {
    Scene scene({page(1, "192.0.2.1"), page(1, "192.0.2.1"), says("{}"), page(1, "192.0.2.1")});
    CHECK(scene.told(true) == "+192.0.2.1");
    CHECK(scene.told(true) == "+192.0.2.1");
    scene.clock.ahead += TaxiiFeed::whole_every - 1ns;
    CHECK(scene.told().empty());
    scene.clock.ahead += 1ns;
    CHECK(scene.told() == "+192.0.2.1");
    CHECK(scene.asked(3) == objects);
}

TEST_CASE("the place in a collection never moves back, whatever the server says") {
    Scene scene({page(2, "192.0.2.1"), page(1, "192.0.2.2"), says("{}"),
                 says("{}",
                      "Content-Type: application/taxii+json\r\n"
                      "X-TAXII-Date-Added-Last: next week\r\n"),
                 says("{}")});
    CHECK(scene.told(true) == "+192.0.2.1");
    for (int count = 0; count < 4; ++count) {
        CHECK(scene.poll());
    }
    for (const std::size_t index : {1U, 2U, 3U, 4U}) {
        CHECK(scene.asked(index).ends_with("added_after=2026-11-27T11%3A00%3A02.123456Z"));
    }
}

TEST_CASE(
    "one question takes a bounded number of pages, and a server whose pages do not end is "
    "left") {
    Scene scene(std::deque<ScriptLine>(TaxiiFeed::pages_of_way_max + 1,
                                       says(R"({"more":true,"next":"n"})")));
    for (unsigned count = 0; count < TaxiiFeed::pages_of_way_max / TaxiiFeed::pages_max; ++count) {
        const Result<FeedUpdate> update = scene.poll(count == 0);
        REQUIRE(update);
        REQUIRE(update->has_more);
        REQUIRE(scene.peer.requests().size() == (count + 1) * TaxiiFeed::pages_max);
    }
    CHECK(scene.told() == "the TAXII server's pages do not end");
    CHECK(scene.poll(true));
}

TEST_CASE("an answer that is none of a TAXII server is told apart, and lists nothing") {
    struct Case {
        ScriptLine line;
        Fault fault;
        std::string says;
    };
    const std::string html = "Content-Type: text/html\r\n";
    const std::string taxii = "Content-Type: application/taxii+json;version=2.1\r\n";
    for (const Case& one : std::vector<Case>{
             {says("{}", taxii, "401 Unauthorized"), Fault::refused, "does not let us read"},
             {says("{}", taxii, "403 Forbidden"), Fault::refused, "does not let us read"},
             {says("{}", taxii, "404 Not Found"), Fault::broken, "no such collection"},
             {says("{}", taxii, "406 Not Acceptable"), Fault::broken, "answers 406"},
             {says("{}", taxii + "Location: http://192.0.2.1/\r\n", "302 Found"), Fault::broken,
              "answers 302"},
             {says("{}", html), Fault::broken, "another media type"},
             {says(R"({"more":true})"), Fault::broken, "does not say where"},
             {says(std::string(page_bytes_max + 1, ' ')), Fault::broken, ""},
             {{"HTTP/1.1 200 OK\r\nContent-Le", ScriptLine::Then::closes}, Fault::broken, ""}}) {
        CAPTURE(one.says);
        Scene scene({one.line});
        const Result<FeedUpdate> update = scene.poll(true);
        REQUIRE_FALSE(update);
        CHECK(update.error().fault == one.fault);
        CHECK(update.error().text.contains(one.says));
    }
}

TEST_CASE("a collection is looked at without reading it") {
    const auto look = [](const std::string& body) {
        Scene scene({says(body)});
        const Result<void> looked =
            net::run_for_test(scene.context, scene.feed.look(net::now_for_test() + 5s));
        CHECK(scene.asked(0) == "/api/collections/7/");
        return looked ? std::string() : looked.error().text;
    };
    CHECK(look(R"({"id":"7","title":"t","can_read":true,"can_write":false})").empty());
    CHECK(look(R"({"id":"7","title":"t","can_read":false})").contains("does not let us read"));
    CHECK(look(R"({"objects":[]})").contains("no TAXII collection"));
    CHECK(look("[]").contains("no TAXII collection"));
}

TEST_CASE("only a server of this machine is told what we know, and only what can be sent") {
    const auto told = [](const Options& options) { return check(options).has_value(); };
    const Options options{.api = net::TcpEndpoint{"127.0.0.1", 80}, .collection = "/c/"};
    CHECK(told(options));
    struct Case {
        std::string says;
        Options options;
        bool is_good;
    };
    std::vector<Case> cases(9, Case{"", options, false});
    cases[0].options.api = net::TcpEndpoint{"192.0.2.1", 80};
    cases[1].options.collection = "/c";
    cases[2].options.collection = "c/";
    cases[3].options.collection = "/c?next=/";
    cases[4].options.collection = "/c d/";
    cases[5].options.login = "no colon";
    cases[6].options.login = "a:b";
    cases[6].options.token = "t";
    cases[7].options.token = "t\r\nX-Other: 1";
    cases[8].options.token = std::string(2000, 't');
    for (std::size_t index = 0; index < cases.size(); ++index) {
        CAPTURE(index);
        CHECK_FALSE(told(cases[index].options));
    }
    Options named = options;
    named.login = "name:pass:word";
    CHECK(told(named));
}

}  // namespace homeostat::adapters::taxii
