// What is chosen, where text is all that speaks: one log, and no number beside it.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/claim.hpp"
#include "homeostat/cases/survey.hpp"
#include "homeostat/cases/tree_ranker.hpp"
#include "homeostat/sense/trouble.hpp"

#include "drawn_case.hpp"
#include "text_field.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::hostile {

namespace {

using namespace cases;

/// By the tree of the program and by the rules.
std::string chosen(const Survey& survey) {
    static const Result<TreeRanker> tree = parse_tree(shipped_tree());
    REQUIRE(tree);
    std::vector<Candidate> menu = candidates_of(survey);
    tree->rank(menu);
    const std::string by_tree = describe(menu.front(), survey);
    rank_by_rules(menu);
    return by_tree + "; " + describe(menu.front(), survey);
}

/// No number of the service fits what the line says of it.
bool stands_alone(const Survey& survey, std::uint32_t service, std::string_view text) {
    const std::optional<Trouble> trouble = sense::trouble_of(text);
    return !trouble || !is_confirmed(survey, service, *trouble);
}

/// Lines that stand alone: as many as a candidate is told of, and the most.
std::vector<LogLine> lone_lines(const Shown& shown,
                                std::uint32_t service,
                                Attack attack,
                                Rng& rng) {
    constexpr std::size_t lines_count = 20;
    constexpr int tries_max = 200;
    const Survey survey = survey_of(shown);
    const std::string_view level = shows_trouble(survey, service) ? "info" : "error";
    Pen pen(attack, shown, rng);
    std::vector<LogLine> lines;
    for (int tried = 0; tried < tries_max && lines.size() < lines_count; ++tried) {
        std::string text = pen.text();
        if (stands_alone(survey, service, text)) {
            lines.push_back({shown.at_s - 1, survey.services[service].name, std::string(level),
                             std::move(text)});
        }
    }
    return lines;
}

/// Calls `take(shown, service, attack, rng)` for every service and class of attack in drawn cases.
void each(std::uint64_t cases_count, auto&& take) {
    for (std::uint64_t seed = 1; seed <= cases_count; ++seed) {
        Rng rng(seed);
        const Shown shown = drawn_case(rng);
        for (std::uint32_t service = 0; service < shown.services.size(); ++service) {
            for (std::size_t at = 0; at < attacks_count; ++at) {
                CAPTURE(seed);
                CAPTURE(service);
                take(shown, service, static_cast<Attack>(at), rng);
            }
        }
    }
}

/// The survey as it was if every line that claims something counted.
Survey gullible_survey_of(const Shown& shown) {
    Survey survey = survey_of(shown);
    for (const LogLine& line : shown.logs) {
        ServiceSurvey& service = survey.services[survey.find(line.service)];
        service.error_lines += line.level == "error" ? 1 : 0;
        if (const std::optional<Trouble> trouble = sense::trouble_of(line.text)) {
            service.troubles.now.at(static_cast<std::size_t>(*trouble)) += 1;
        }
    }
    return survey;
}

}  // namespace

TEST_CASE("text of one log, with nothing beside it, never changes what is chosen") {
    std::uint64_t pairs = 0;
    each(60, [&](const Shown& shown, std::uint32_t service, Attack attack, Rng& rng) {
        Shown hostile = shown;
        for (LogLine& line : lone_lines(shown, service, attack, rng)) {
            hostile.logs.push_back(std::move(line));
        }
        pairs += hostile.logs.size() > shown.logs.size() ? 1 : 0;
        CHECK(chosen(survey_of(hostile)) == chosen(survey_of(shown)));
    });
    CHECK(pairs > 1'000);
}

TEST_CASE("were lone claims counted, that text would change what is chosen") {
    std::uint64_t changed = 0;
    each(60, [&](const Shown& shown, std::uint32_t service, Attack attack, Rng& rng) {
        Shown hostile = shown;
        hostile.logs = lone_lines(shown, service, attack, rng);
        Shown quiet = shown;
        quiet.logs.clear();
        changed += chosen(gullible_survey_of(hostile)) != chosen(survey_of(quiet)) ? 1 : 0;
    });
    CHECK(changed > 0);
    MESSAGE(changed, " choices would have changed");
}

}  // namespace homeostat::hostile
