#include "homeostat/app/decide_cases.hpp"

#include "homeostat/app/demo/scenarios.hpp"
#include "homeostat/base/named_enum.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace homeostat::app {

namespace {

/// A leak as the demo saw it, with one part put in place of another.
std::string one_case(std::string_view part = "", std::string_view instead = "") {
    std::string text =
        R"([{"scenario":"leak","seed":3,"menu":{"items":[)"
        R"({"remedy":{"kind":"rolling_restart","service":"payments"},"prior":0.9,"because":"b"},)"
        R"({"remedy":{"kind":"observe"},"prior":0.1,"because":"b"}]},)"
        R"("evidence":{"lines":["no recent deploy of payments"]}}])";
    if (!part.empty()) {
        text.replace(text.find(part), part.size(), instead);
    }
    return text;
}

std::string refusal_of(const std::string& text) {
    const auto cases = parse_decide_cases(text);
    return cases ? "taken" : cases.error().text;
}

}  // namespace

TEST_CASE("a case is read with its menu and its evidence") {
    const auto cases = parse_decide_cases(one_case());
    REQUIRE(cases);
    REQUIRE(cases->size() == 1);
    CHECK(cases->front().seed == 3);
    CHECK(cases->front().menu.items.size() == 2);
    CHECK(cases->front().evidence.lines.front() == "no recent deploy of payments");
}

TEST_CASE("cases that cannot be asked are refused with their place and the mend") {
    struct Refused {
        std::string text;
        std::string says;
    };
    for (const Refused& one : {
             Refused{"", "not valid JSON at byte 0"},
             Refused{"[", "not valid JSON at byte 1"},
             Refused{"{}", "must be a list"},
             Refused{"[]", "it holds 0 cases"},
             Refused{one_case("\"leak\"", "\"flood\""), "[0].scenario: the demo has no such"},
             Refused{one_case("\"seed\":3,", ""), "[0]: the field 'seed' is missing"},
             Refused{one_case("\"seed\":3,", "\"seed\":3,\"right\":[],"),
                     "[0]: the field 'right' is not known here"},
             Refused{one_case("\"observe\"", "\"reboot\""), "'reboot' is not one of the names"},
             Refused{one_case("\"kind\":\"observe\"",
                              "\"kind\":\"restart\",\"instance\":\"payments-0\""),
                     "[0].menu.items: want 1 to 8 entries, `observe` among them"},
             Refused{one_case("0.9", "1.5"), "[0].menu.items: want priors from 0 to 1"},
             Refused{one_case("\"no recent deploy of payments\"", ""), "[0].evidence.lines: want"},
             Refused{one_case("no recent deploy", std::string(121, 'x')), "[0].evidence.lines"},
         }) {
        CAPTURE(one.text);
        const std::string refusal = refusal_of(one.text);
        CHECK(refusal.find(one.says) != std::string::npos);
        CHECK(refusal.find("make decide-cases") != std::string::npos);
    }
}

TEST_CASE("right is what the scenario expects, harmful what it forbids, in every scenario") {
    for (const demo::Scenario& scenario : demo::scenarios()) {
        CAPTURE(scenario.name);
        DecideCase one;
        one.scenario = scenario.name;
        std::size_t right_count = 0;
        for (const std::string_view name : names_of(std::type_identity<RemedyKind>{})) {
            const RemedyKind kind = *parse_enum<RemedyKind>(name);
            CHECK_FALSE((is_right(one, kind) && is_harmful(one, kind)));
            right_count += is_right(one, kind) ? 1 : 0;
        }
        CHECK(right_count == std::max<std::size_t>(scenario.expected.size(), 1));
        CHECK(is_right(one, RemedyKind::observe) == scenario.expected.empty());
    }
}

}  // namespace homeostat::app
