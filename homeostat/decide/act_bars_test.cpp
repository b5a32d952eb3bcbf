// What the model's word has brought about, and may not be done without a person.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/decide/decide.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::decide {

namespace {

const ServiceId payments("payments");
const Remedy rollback = Rollback{payments, VersionId("v2"), VersionId("v1")};
const Remedy scale = Scale{payments, 3, 4};
const Remedy observe = Observe{};

/// The rules put `first` first, with 0.6.
Menu menu_of(const Remedy& first) {
    return {{{first, 0.6, ""}, {RollingRestart{payments}, 0.3, ""}, {Observe{}, 0.1, ""}}};
}

/// No wiser for the evidence: the choice is the rules', and its confidence is their weight.
Opinion even_answer(const Menu& menu) {
    Ranking ranking{.kinds = {}, .model = "gemma@1", .prompt_digest = "p1"};
    const std::vector<RemedyKind> kinds = kinds_to_rank(menu);
    const double even = -std::log(static_cast<double>(kinds.size()));
    for (const RemedyKind kind : kinds) {
        ranking.kinds.push_back({kind, even, even});
    }
    return {ModelAnswer::recorded, std::move(ranking), {}};
}

Settings calibrated(double lambda = 1) {
    Calibration calibration{"gemma@1", "p1", lambda};
    calibration.beside = Beside::rules;
    return {OracleMode::both, std::move(calibration), true};
}

Settings with_bar(RemedyKind kind, double confidence_min) {
    Settings settings = calibrated();
    settings.calibration->acts.emplace().bars = {{kind, confidence_min}};
    return settings;
}

std::optional<HoldBack> held_back(const Remedy& first, const Settings& settings) {
    const Menu menu = menu_of(first);
    const Choice choice = choose(menu, even_answer(menu), settings);
    REQUIRE(choice.remedy == first);
    CHECK(from_json<Choice>(to_json(choice)) == choice);
    return choice.held_back;
}

const HoldBack uncalibrated{.by = HeldBackBy::uncalibrated};

}  // namespace

TEST_CASE("a choice below the bar of its kind is held back, and one that reaches it is not") {
    CHECK(held_back(rollback, with_bar(RemedyKind::rollback, 0.7)) ==
          HoldBack{HeldBackBy::bar, 0.7});
    CHECK_FALSE(held_back(rollback, with_bar(RemedyKind::rollback, 0.59)));
}

TEST_CASE("where there are bars a kind that has none is held back, and to observe never is") {
    CHECK(held_back(scale, with_bar(RemedyKind::rollback, 0)) ==
          HoldBack{.by = HeldBackBy::no_bar});
    Settings nothing_permitted = calibrated();
    nothing_permitted.calibration->acts.emplace();
    CHECK(held_back(rollback, nothing_permitted) == HoldBack{.by = HeldBackBy::no_bar});
    const Menu menu{{{observe, 0.6, ""}, {rollback, 0.4, ""}}};
    const Choice choice = choose(menu, even_answer(menu), nothing_permitted);
    CHECK(choice.remedy == observe);
    CHECK(choice.model_answer == ModelAnswer::used);
    CHECK_FALSE(choice.held_back);
}

TEST_CASE(
    "with a calibration for another model, prompt or ranker only what is a low risk is done") {
    for (const int which : {0, 1, 2}) {
        CAPTURE(which);
        Settings settings = with_bar(RemedyKind::rollback, 0);
        Calibration& calibration = *settings.calibration;
        calibration.model = which == 0 ? "gemma@2" : calibration.model;
        calibration.prompt_digest = which == 1 ? "p2" : calibration.prompt_digest;
        calibration.beside = which == 2 ? Beside::tree : Beside::rules;
        CHECK(held_back(rollback, settings) == uncalibrated);
        CHECK_FALSE(held_back(scale, settings));
        settings.holds_back = false;  // As every ledger of before says.
        CHECK_FALSE(held_back(rollback, settings));
    }
}

TEST_CASE("what a model alone decides nobody has measured, whatever the calibration says") {
    for (Settings settings : {with_bar(RemedyKind::rollback, 0), Settings{}}) {
        settings.mode = OracleMode::model;
        settings.holds_back = true;
        const Menu menu{{{rollback, 0.6, ""}, {observe, 0.4, ""}}};
        const Choice choice = choose(menu, even_answer(menu), settings);
        REQUIRE(choice.remedy == rollback);
        CHECK(choice.model_answer == ModelAnswer::used);
        CHECK(choice.held_back == uncalibrated);
    }
}

TEST_CASE("what the rules choose by themselves is not held back") {
    const Settings barred = with_bar(RemedyKind::rollback, 0.99);
    const Menu menu = menu_of(rollback);
    SUBCASE("no calibration") {
        CHECK_FALSE(held_back(rollback, {OracleMode::both, std::nullopt, true}));
    }
    SUBCASE("its word weighs nothing") {
        Settings settings = barred;
        settings.calibration->lambda = 0;
        CHECK_FALSE(held_back(rollback, settings));
    }
    SUBCASE("it was not measured how often that does harm") {
        CHECK_FALSE(held_back(rollback, calibrated()));
    }
    SUBCASE("the rules are to decide") {
        Settings settings = barred;
        settings.mode = OracleMode::rules;
        CHECK_FALSE(held_back(rollback, settings));
    }
    SUBCASE("no answer that counts") {
        for (const ModelAnswer answer : {ModelAnswer::late, ModelAnswer::absent,
                                         ModelAnswer::refused, ModelAnswer::not_asked}) {
            CHECK_FALSE(choose(menu, {answer, std::nullopt, "no"}, barred).held_back);
        }
    }
}

TEST_CASE("bars in a file are read strictly, and beside the rules only") {
    const std::string digest(64, 'a');
    const auto file = [&](const std::string& beside, const std::string& acts) {
        return parse_calibration(R"({"model":"m","prompt_digest":")" + digest +
                                 R"(","lambda":1,"beside":")" + beside + R"(","acts":)" + acts +
                                 "}");
    };
    const auto acts = [&](const std::string& bars, const std::string& of_cases = "0.01") {
        return R"({"of_cases":)" + of_cases + R"(,"of_choices":0.1,"cases":145,"cases_sha256":")" +
               digest + R"(","bars":[)" + bars + "]}";
    };
    const std::string bar =
        R"({"remedy":"scale","confidence_min":0.5,"n":40,"acts":30,"harmful":1})";
    const Result<Calibration> read = file("rules", acts(bar));
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().text));
    CHECK(read->acts == ActBars{0.01, 0.1, 145, digest, {{RemedyKind::scale, 0.5, 40, 30, 1}}});
    CHECK(from_json<Calibration>(to_json(*read)) == *read);
    CHECK(file("rules", acts(""))->acts->bars.empty());
    const auto with = [&](const std::string& old, const std::string& fresh) {
        std::string changed = bar;
        changed.replace(changed.find(old), old.size(), fresh);
        return acts(changed);
    };
    for (const auto& [bad, says] :
         {std::pair{acts(fmt::format("{0},{0}", bar)), "bars: [0]: remedy: scale has two bars"},
          std::pair{with("scale", "observe"), "bars: [0]: remedy: to observe needs no bar"},
          std::pair{with("0.5", "1.5"), "bars: [0]: confidence_min: want a share"},
          std::pair{with("30", "41"), "bars: [0]: want harmful <= acts <= n"},
          std::pair{acts(bar, "2"), "of_cases: want a share"},
          std::pair{std::string(R"({"of_cases":0,"of_choices":0,"cases":1,"cases_sha256":"a",)"
                                R"("bars":[]})"),
                    "cases_sha256: want 64"},
          std::pair{std::string("{}"), ""}, std::pair{std::string("[]"), ""}}) {
        CAPTURE(bad);
        const Result<Calibration> refused = file("rules", bad);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().fault == Fault::invalid);
        CHECK(refused.error().text.contains(says));
    }
    const Result<Calibration> beside_tree = file("tree", acts(bar));
    REQUIRE_FALSE(beside_tree);
    CHECK(beside_tree.error().text.contains("acts: an agent has the rules"));
}

}  // namespace homeostat::decide
