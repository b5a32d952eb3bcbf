#include "homeostat/app/config_load.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

std::string problems_of_glosses(std::string_view text) {
    std::string all;
    for (const ConfigProblem& problem : parse_glosses(text).problems) {
        all += fmt::format("{}:{}: {}\n", problem.line, problem.column, problem.text);
    }
    return all;
}

}  // namespace

TEST_CASE("a file of glosses is read as it stands") {
    const GlossesReport report = parse_glosses(R"(
glosses:
  - { pattern: "card issuer * declined", words: issuer declines cards, class: dependency }
  - { pattern: no price, words: a price is missing }
)");
    REQUIRE(report.glosses);
    CHECK(*report.glosses ==
          std::vector<sense::UserGloss>{
              {"card issuer * declined", "issuer declines cards", sense::GlossClass::dependency},
              {"no price", "a price is missing", sense::GlossClass::code}});
}

TEST_CASE("a gloss that is malformed, too long or holds control characters is refused by place") {
    const std::vector<std::pair<std::string, std::string_view>> cases{
        {"glosses:\n  - { pattern: a, words: " + std::string(41, 'w') + " }\n",
         "2:26: glosses[0].words: a text of 41 bytes — write at most 40\n"},
        {"glosses:\n  - { pattern: '* *', words: w }\n",
         "2:16: glosses[0].pattern: no word in the pattern — write words of the line, * for what "
         "varies\n"},
        {"glosses:\n  - { pattern: a, words: \"a\\tb\" }\n",
         "2:26: a control character or line break inside a value — write it on one line\n"},
    };
    for (const auto& [text, problems] : cases) {
        CAPTURE(text);
        CHECK(problems_of_glosses(text) == problems);
        CHECK_FALSE(parse_glosses(text).glosses);
    }
    CHECK(problems_of_glosses("glosses:\n  - { pattern: a }\n").find("words") != std::string::npos);
    CHECK(problems_of_glosses("glosses:\n  - { patern: a, words: w }\n").find("pattern") !=
          std::string::npos);
    CHECK(problems_of_glosses("glosses:\n  - { pattern: a, words: w, class: x }\n")
              .find("known here: dependency") != std::string::npos);
    CHECK_FALSE(problems_of_glosses("").empty());
}

}  // namespace homeostat::app
