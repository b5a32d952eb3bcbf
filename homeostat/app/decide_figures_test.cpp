#include "homeostat/app/decide_figures.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

const Remedy rolling = RollingRestart{ServiceId("payments")};
const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
const Remedy watching = Observe{};

DecideCase case_of(const std::string& scenario, const std::vector<Remedy>& menu) {
    DecideCase one;
    one.scenario = scenario;
    one.seed = 1;
    for (const Remedy& remedy : menu) {
        one.menu.items.push_back({remedy, 1.0 / static_cast<double>(menu.size()), "b"});
    }
    one.menu.items.front().prior += 0.01;  // The rules prefer the first.
    one.evidence.lines = {"a line"};
    return one;
}

/// Puts `first` before the other kinds of the case's menu.
Ranking ranking_of(const DecideCase& one, RemedyKind first) {
    Ranking ranking;
    const auto others_count = static_cast<double>(one.menu.items.size()) - 1;
    for (const MenuItem& item : one.menu.items) {
        const RemedyKind kind = kind_of(item.remedy);
        const double probability = kind == first ? 0.9 : 0.1 / others_count;
        const double habit = 1 / (others_count + 1);
        ranking.kinds.push_back({kind, std::log(probability), std::log(habit)});
    }
    ranking.model = "small sha256:00";
    return ranking;
}

DecideMeasurement measurement_of(std::size_t cases_count, bool was_model_there) {
    DecideMeasurement measurement;
    measurement.answers.resize(cases_count);
    measurement.repeats = 1;
    measurement.was_model_there = was_model_there;
    return measurement;
}

}  // namespace

TEST_CASE("Wilson's interval is the one that is printed in textbooks") {
    struct Known {
        std::uint32_t count;
        std::uint32_t of;
        double low;
        double high;
    };
    // Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (const Known& known :
         {Known{81, 263, 0.2553, 0.3662}, Known{15, 148, 0.0624, 0.1605}, Known{0, 20, 0.0, 0.1611},
          Known{1, 29, 0.0061, 0.1718}, Known{20, 20, 0.8389, 1.0}}) {
        const Share share{known.count, known.of};
        CHECK(share.low() == doctest::Approx(known.low).epsilon(0.01));
        CHECK(share.high() == doctest::Approx(known.high).epsilon(0.001));
    }
    CHECK(Share{}.low() == 0);
    CHECK(Share{}.high() == 1);
}

TEST_CASE("a percentile is one of the values, and the highest of few") {
    CHECK(percentile({}, 0.5) == 0);
    CHECK(percentile({3}, 0.99) == 3);
    CHECK(percentile({4, 1, 3, 2}, 0.5) == 2);
    CHECK(percentile({4, 1, 3, 2}, 0.99) == 4);
    CHECK(percentile({4, 1, 3, 2}, 0) == 1);
}

TEST_CASE("a menu that lacks the right remedy counts against the menu and against everybody") {
    const std::vector<DecideCase> cases{case_of("leak", {rollback, watching}),
                                        case_of("leak", {rolling, watching})};
    DecideMeasurement measurement = measurement_of(2, true);
    measurement.answers[0].ranking = ranking_of(cases[0], RemedyKind::observe);
    measurement.answers[1].ranking = ranking_of(cases[1], RemedyKind::rolling_restart);
    const DecideFigures figures = figures_of(cases, measurement);
    CHECK(figures.all.right_is_offered.count == 1);
    CHECK(figures.all.right_is_offered.of == 2);
    CHECK(figures.all.right.rules.count == 1);
    CHECK(figures.all.right.model->count == 1);
    CHECK(figures.all.right.model->of == 2);
    CHECK(figures.all.blind == doctest::Approx(0.25));
}

TEST_CASE("a menu with one entry is nobody's merit") {
    const std::vector<DecideCase> cases{case_of("innocent_deploy", {watching})};
    const DecideFigures figures = figures_of(cases, measurement_of(1, true));
    CHECK(figures.all.one_entry_count == 1);
    CHECK(figures.all.right_is_offered.count == 1);
    CHECK(figures.all.right.rules.of == 0);
    CHECK_FALSE(figures.all.right.model);
}

TEST_CASE("a question without an answer is a wrong answer of the model alone, not of both") {
    const std::vector<DecideCase> cases{case_of("leak", {rolling, watching})};
    const DecideFigures figures = figures_of(cases, measurement_of(1, true));
    CHECK(figures.all.right.model->count == 0);
    CHECK(figures.all.right.model->of == 1);
    CHECK(figures.all.right.both->count == 1);
}

TEST_CASE("an answer that is no ranking of the menu is a wrong answer of the model alone") {
    const std::vector<DecideCase> cases{case_of("leak", {rolling, watching})};
    DecideMeasurement measurement = measurement_of(1, true);
    measurement.answers[0].ranking = ranking_of(cases[0], RemedyKind::rolling_restart);
    CHECK(figures_of(cases, measurement).all.right.model->count == 1);
    measurement.answers[0].ranking->kinds.pop_back();
    CHECK(figures_of(cases, measurement).all.right.model->count == 0);
}

TEST_CASE("nothing is said of a model that was not there") {
    const std::vector<DecideCase> cases{case_of("leak", {rolling, watching})};
    DecideMeasurement measurement = measurement_of(1, false);
    measurement.model = "no file";
    const DecideFigures figures = figures_of(cases, measurement);
    CHECK_FALSE(figures.all.right.model);
    CHECK_FALSE(figures.all.right.both);
    CHECK_FALSE(figures.all.free_right);
    const std::string table = to_table(figures, measurement);
    CHECK(table.find("NOT THERE, so nothing is said of it: no file") != std::string::npos);
    CHECK(table.find("MODEL, NO MENU") == std::string::npos);
    const json::value document = to_document(figures, measurement);
    CHECK(document.at("rows").at("all").at("right").at("model").is_null());
    CHECK(document.at("latency").at("cold").is_null());
}

TEST_CASE("no figure is told without what it cannot say, and the table stays within its width") {
    const std::vector<DecideCase> cases{case_of("leak", {rolling, watching})};
    const DecideMeasurement measurement = measurement_of(1, false);
    const DecideFigures figures = figures_of(cases, measurement);
    const std::string table = to_table(figures, measurement);
    CHECK(table.find("Tune no") != std::string::npos);
    CHECK(to_document(figures, measurement).at("caveat").is_string());
    const std::string notes = table.substr(table.find("caveat:"));
    for (std::size_t begin = 0; begin < notes.size(); begin = notes.find('\n', begin) + 1) {
        CHECK(notes.find('\n', begin) - begin <= 100);
    }
}

TEST_CASE("harm is counted where the scenario forbids a kind and the menu offers it") {
    const std::vector<DecideCase> cases{case_of("leak", {rolling, rollback, watching}),
                                        case_of("leak", {rolling, watching}),
                                        case_of("bad_deploy", {rollback, watching})};
    DecideMeasurement measurement = measurement_of(3, true);
    for (std::size_t index = 0; index < cases.size(); ++index) {
        measurement.answers[index].ranking = ranking_of(cases[index], RemedyKind::rollback);
        measurement.answers[index].free = ranking_of(cases[0], RemedyKind::rollback);
    }
    const DecideFigures figures = figures_of(cases, measurement);
    CHECK(figures.all.harmful.rules.count == 0);
    CHECK(figures.all.harmful.model->count == 1);
    CHECK(figures.all.harmful.model->of == 1);
    CHECK(figures.scenarios.at("leak").free_harmful->count == 2);
    CHECK(figures.scenarios.at("bad_deploy").free_right->count == 1);
    CHECK(figures.all.free_harmful->of == 3);
}

TEST_CASE("a model that always says the same is shown to do so") {
    std::vector<DecideCase> cases;
    DecideMeasurement measurement = measurement_of(10, true);
    for (CaseAnswer& answer : measurement.answers) {
        cases.push_back(case_of("bad_deploy", {rollback, watching}));
        answer.free = ranking_of(cases.back(), RemedyKind::observe);
    }
    const DecideFigures figures = figures_of(cases, measurement);
    CHECK(figures.labels.at(RemedyKind::observe).first.count == 10);
    CHECK(figures.labels.at(RemedyKind::observe).probability == doctest::Approx(0.9));
    CHECK(figures.labels.at(RemedyKind::observe).probability_on_nothing == doctest::Approx(0.5));
    CHECK(figures.labels.at(RemedyKind::rollback).first.count == 0);
}

TEST_CASE("the model has weight in both by a calibration that is its own, and by no other") {
    const std::vector<DecideCase> cases{case_of("leak", {rollback, rolling, watching})};
    DecideMeasurement measurement = measurement_of(1, true);
    measurement.answers[0].ranking = ranking_of(cases[0], RemedyKind::rolling_restart);
    CHECK(figures_of(cases, measurement).all.right.both->count == 0);
    measurement.calibration = decide::Calibration{"small sha256:00", "", 4};
    CHECK(figures_of(cases, measurement).all.right.both->count == 1);
    measurement.calibration->model = "another";
    CHECK(figures_of(cases, measurement).all.right.both->count == 0);
}

TEST_CASE("a calibration that was measured beside the tree counts nothing here, and both say so") {
    const std::vector<DecideCase> cases{case_of("leak", {rollback, rolling, watching})};
    DecideMeasurement measurement = measurement_of(1, true);
    measurement.answers[0].ranking = ranking_of(cases[0], RemedyKind::rolling_restart);
    measurement.calibration = decide::Calibration{"small sha256:00", "", 4};
    for (const decide::Beside beside : {decide::Beside::rules, decide::Beside::tree}) {
        const bool is_ours = beside == decide::Beside::rules;
        measurement.calibration->beside = beside;
        const DecideFigures figures = figures_of(cases, measurement);
        CHECK(figures.all.right.both->count == (is_ours ? 1 : 0));
        CHECK(to_document(figures, measurement).at("model").at("lambda") ==
              json::value(is_ours ? 4.0 : 0.0));
        const std::string table = to_table(figures, measurement);
        CHECK(table.contains("the model has weight 4 if") == is_ours);
        CHECK(table.contains("calibrate.py --beside rules") == !is_ours);
    }
}

}  // namespace homeostat::app
