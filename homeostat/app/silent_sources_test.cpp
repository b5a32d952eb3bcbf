#include "homeostat/app/silent_sources.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::app;
using namespace std::chrono_literals;

namespace {

struct Told {
    SilentSources silent{ServiceId("payments")};
    Duration passed{};

    std::optional<console::Notice> after(Duration span, const std::vector<std::string>& sources) {
        passed += span;
        std::map<std::string, std::string> troubles;
        for (const std::string& source : sources) {
            troubles[source] = "503 <secret of the server>";
        }
        return silent.learn(
            troubles, Instant{} + 1h + passed,
            WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(passed)});
    }
};

const std::string pods = "pods of payments";
const std::string rollouts = "rollouts of payments";

}  // namespace

TEST_CASE("a source that is silent for five minutes is told of, once, and when it answers again") {
    Told told;
    CHECK_FALSE(told.after(0s, {pods}));
    CHECK_FALSE(told.after(4min + 59s, {pods}));
    const std::optional<console::Notice> notice = told.after(1s, {pods});
    REQUIRE(notice);
    CHECK(notice->kind == console::NoticeKind::silent);
    CHECK(notice->service == ServiceId("payments"));
    CHECK(notice->details == std::vector{pods + " does not answer (503)"});
    CHECK(notice->text.contains("5 minutes"));
    CHECK_FALSE(body_of(*notice, console::Shape::json).contains("secret"));
    CHECK_FALSE(told.after(1h, {pods}));
    const std::optional<console::Notice> again = told.after(1s, {});
    REQUIRE(again);
    CHECK(again->text.contains("answers again"));
    CHECK(again->id != notice->id);
    CHECK_FALSE(told.after(1h, {}));
}

TEST_CASE("one that answers in between begins anew, and nobody is told that it does") {
    Told told;
    for (int count = 0; count < 10; ++count) {
        CHECK_FALSE(told.after(4min, {pods}));
        CHECK_FALSE(told.after(1s, {}));
    }
}

TEST_CASE("what falls silent together is one message, and what does later another one") {
    Told told;
    CHECK_FALSE(told.after(0s, {pods}));
    CHECK_FALSE(told.after(50s, {pods, rollouts}));
    const std::optional<console::Notice> both = told.after(4min + 10s, {pods, rollouts});
    REQUIRE(both);
    CHECK(both->details.size() == 2);
    CHECK_FALSE(told.after(5min, {pods, rollouts, "edge"}));
    const std::optional<console::Notice> edge = told.after(5min, {pods, rollouts, "edge"});
    REQUIRE(edge);
    CHECK(edge->details.size() == 3);
    CHECK_FALSE(told.after(1s, {pods, "edge"}));
    CHECK(told.after(1s, {}));
}

TEST_CASE("of what a source says a person is told the status of its answer, and no word") {
    struct Case {
        std::string said;
        std::string reason;
    };
    for (const Case& given : {
             Case{"pods of shop/pay: /api/v1/pods: 401 Unauthorized: token abc", " (401)"},
             Case{"403: no", " (403)"},
             Case{"the server said: 500", " (500)"},
             Case{"connection refused", ""},
             Case{"", ""},
             Case{"a list: 4010 pods", ""},
             Case{"port 443 is closed", ""},
             Case{"it answered 401", ""},
             Case{"an answer: 200", ""},
         }) {
        CAPTURE(given.said);
        CHECK(name_silent(pods, given.said) == pods + " does not answer" + given.reason);
    }
}

TEST_CASE("whoever is called while something is silent is told what, as far as there is room") {
    console::Notice notice;
    notice.details = {"errors on payments"};
    std::map<std::string, std::string> troubles;
    add_silent(notice, troubles);
    CHECK(notice.details.size() == 1);
    troubles[pods] = "401: <secret of the server>";
    add_silent(notice, troubles);
    CHECK(notice.details.back() == pods + " does not answer (401)");
    for (int number = 0; number < 20; ++number) {
        troubles["probe " + std::to_string(number)] = "no connection";
    }
    add_silent(notice, troubles);
    CHECK(notice.details.size() == console::notice_details_max);
}
