#include "homeostat/cases/caution.hpp"

#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace homeostat::cases {

namespace {

/// It scores a candidate by its first number: above 1 it is worth 2, else -1.
TreeRanker harm_tree() {
    return TreeRanker(
        {{{.feature = 0, .threshold = 1, .left = 1, .right = 2}, {.value = -1}, {.value = 2}}}, 1);
}

TreeCalibration calibration() {
    TreeCalibration one;
    one.sureness = {.slope = 0.5, .act = 1, .observe = 0, .escalate = -1, .instead = -2};
    one.bars = {{.remedy = RemedyKind::restart, .harm_max = -1, .n = 40, .acts = 20},
                {.remedy = RemedyKind::rollback, .harm_max = -1.5, .n = 40, .acts = 20}};
    return one;
}

Candidate candidate(std::optional<RemedyKind> kind, double weight, double first_number = 0) {
    Candidate one{.kind = kind, .weight = weight};
    one.features[0] = first_number;
    return one;
}

/// The remedy comes first, then to observe, then a person.
std::vector<Candidate> menu_of(RemedyKind kind, double first_number = 0) {
    return {candidate(kind, 0.6, first_number), candidate(RemedyKind::observe, 0.3),
            candidate(std::nullopt, 0.1)};
}

constexpr std::size_t person = 2;

Decision decide(const std::vector<Candidate>& menu) {
    return Caution(harm_tree(), calibration()).decide(menu);
}

std::string document(std::string_view part = "", std::string_view instead = "") {
    std::string text =
        R"({"format":1,"tree_sha256":"TREE","harm_sha256":"HARM","measured":{"split":"train",)"
        R"("seed":603,"cases":1500,"healthy":600,"cases_sha256":"CASES",)"
        R"("healthy_sha256":"WELL"},"error_rates":{"of_cases":0.0025,"of_choices":0.1,)"
        R"("of_healthy":0.002},"sureness":{"slope":0.5,"act":1,"observe":0,"escalate":-1,)"
        R"("instead":-2},"bars":[{"remedy":"eject","harm_max":-2.5,"n":40,"acts":30,)"
        R"("harmful":1},{"remedy":"scale","harm_max":-3,"n":60,"acts":12,"harmful":0}]})";
    const auto put = [&text](std::string_view old, std::string_view fresh) {
        const std::size_t at = text.find(old);
        REQUIRE(at != std::string::npos);
        text.replace(at, old.size(), fresh);
    };
    if (!part.empty()) {
        put(part, instead);
    }
    for (const std::string_view name : {"TREE", "HARM", "CASES", "WELL"}) {
        if (text.contains(name)) {
            put(name, std::string(64, 'a'));
        }
    }
    return text;
}

}  // namespace

TEST_CASE("what comes first is done up to its bar, and above it a person is called") {
    const Decision done = decide(menu_of(RemedyKind::restart));
    CHECK(done.chosen == 0);
    CHECK(!done.withheld);

    const Decision harmful = decide(menu_of(RemedyKind::restart, 1.5));
    CHECK(harmful.chosen == person);
    CHECK(harmful.withheld == 0);

    const Decision stricter = decide(menu_of(RemedyKind::rollback));
    CHECK(stricter.chosen == person);
    CHECK(stricter.withheld == 0);
}

TEST_CASE("a kind that has no bar is not done") {
    const Decision decision = decide(menu_of(RemedyKind::scale));
    CHECK(decision.chosen == person);
    CHECK(decision.withheld == 0);
}

TEST_CASE("who observes or calls a person first is never held back") {
    std::vector<Candidate> menu = menu_of(RemedyKind::scale, 9);
    std::swap(menu[0], menu[1]);
    CHECK(decide(menu).chosen == 0);
    std::swap(menu[0], menu[2]);
    CHECK(decide(menu).chosen == 0);
    CHECK(!decide(menu).withheld);
}

TEST_CASE("without a calibration only what can be taken back and takes nobody out is done") {
    const Caution caution(harm_tree(), std::nullopt);
    for (const auto& [kind, is_done] : {std::pair{RemedyKind::scale, true},
                                        {RemedyKind::open_circuit, true},
                                        {RemedyKind::reroute, true},
                                        {RemedyKind::eject, false},
                                        {RemedyKind::restart, false},
                                        {RemedyKind::rolling_restart, false},
                                        {RemedyKind::rollback, false},
                                        {RemedyKind::invalidate_cache, false}}) {
        CAPTURE(to_text(kind));
        // Whatever the harm tree says: of its scores nothing is known either.
        const Decision decision = caution.decide(menu_of(kind, is_done ? 9 : 0));
        CHECK((decision.chosen == 0) == is_done);
        CHECK(decision.withheld.has_value() == !is_done);
        CHECK(!decision.confidence);
    }
}

TEST_CASE("a confidence is the weight's odds, by what was chosen") {
    const auto share = [](double log_odds) { return 1 / (1 + std::exp(-log_odds)); };
    CHECK(*decide(menu_of(RemedyKind::restart)).confidence ==
          doctest::Approx(share(1 + 0.5 * std::log(0.6 / 0.4))));
    CHECK(*decide(menu_of(RemedyKind::restart, 2)).confidence ==
          doctest::Approx(share(-2 + 0.5 * std::log(0.1 / 0.9))));
    std::vector<Candidate> menu = menu_of(RemedyKind::restart);
    std::swap(menu[0], menu[1]);
    CHECK(*decide(menu).confidence == doctest::Approx(share(0.5 * std::log(0.3 / 0.7))));
    std::swap(menu[0], menu[2]);
    CHECK(*decide(menu).confidence == doctest::Approx(share(-1 + 0.5 * std::log(0.1 / 0.9))));
}

TEST_CASE("a weight of one or zero has a confidence that is a share") {
    for (const double weight : {0.0, 1.0}) {
        std::vector<Candidate> menu = menu_of(RemedyKind::restart);
        menu.front().weight = weight;
        const double confidence = *decide(menu).confidence;
        CHECK(confidence > 0);
        CHECK(confidence < 1);
    }
}

TEST_CASE("a calibration is read as it was written") {
    const auto read = parse_tree_calibration(document());
    REQUIRE(read);
    CHECK(read->measured.seed == 603);
    CHECK(read->error_rates.of_cases == 0.0025);
    CHECK(read->sureness.instead == -2);
    REQUIRE(read->bars.size() == 2);
    CHECK(read->bars[1] == ActBar{RemedyKind::scale, -3, 60, 12, 0});
    CHECK(*parse_tree_calibration(to_text(to_json(*read))) == *read);
}

TEST_CASE("a calibration that cannot be meant is refused by its place, with the mend") {
    for (const auto& [part, instead, place] :
         {std::tuple{R"("format":1)", R"("format":2)", "format"},
          {"TREE", "abc", "tree_sha256"},
          {"HARM", "ABC", "harm_sha256"},
          {"CASES", "", "measured: cases_sha256"},
          {"WELL", "x", "measured: healthy_sha256"},
          {R"("of_cases":0.0025)", R"("of_cases":1.5)", "error_rates: of_cases"},
          {R"("of_healthy":0.002)", R"("of_healthy":-1)", "error_rates: of_healthy"},
          {R"("slope":0.5)", R"("slope":-0.5)", "sureness: slope"},
          {R"("instead":-2)", R"("instead":-200)", "sureness: instead"},
          {R"("remedy":"scale")", R"("remedy":"eject")", "bars: [0]: remedy: eject has two"},
          {R"("remedy":"scale")", R"("remedy":"observe")", "bars: [1]: remedy: to observe"},
          {R"("remedy":"scale")", R"("remedy":"reboot")", "bars: [1]: remedy: 'reboot'"},
          {R"("harm_max":-3)", R"("harm_max":1e9)", "bars: [1]: harm_max"},
          {R"("acts":12)", R"("acts":61)", "bars: [1]: want harmful"},
          {R"("harmful":1)", R"("harmful":31)", "bars: [0]: want harmful"},
          {R"("seed":603,)", "", "seed"},
          {R"("bars")", R"("more":1,"bars")", "more"},
          {R"({"format")", R"([{"format")", ""}}) {
        CAPTURE(part);
        CAPTURE(instead);
        const auto read = parse_tree_calibration(document(part, instead));
        REQUIRE(!read);
        CHECK(read.error().text.starts_with("tree calibration: "));
        CHECK_MESSAGE(read.error().text.contains(place), read.error().text);
        CHECK(read.error().text.contains("--parts calibration"));
    }
}

TEST_CASE("what is shipped can be read: the harm tree, and what was measured of it") {
    CHECK(parse_tree(shipped_harm_tree()));
    const auto read = parse_tree_calibration(shipped_tree_calibration());
    REQUIRE_MESSAGE(read, read.error().text);
    CHECK(read->measured.split == "train");
    CHECK(read->error_rates.of_cases <= 0.01);  // What docs/cases.md promises.
    CHECK(!read->bars.empty());
}

}  // namespace homeostat::cases
