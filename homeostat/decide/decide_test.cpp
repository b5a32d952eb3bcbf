#include "homeostat/decide/decide.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace homeostat::decide {

namespace {

const ServiceId payments("payments");
const Remedy rollback = Rollback{payments, VersionId("v2"), VersionId("v1")};
const Remedy rolling = RollingRestart{payments};
const Remedy restart_0 = Restart{InstanceId("payments-0")};
const Remedy restart_1 = Restart{InstanceId("payments-1")};
const Remedy observe = Observe{};

Menu menu_of_three() {
    return {{{rollback, 0.6, "new version"}, {rolling, 0.3, "memory"}, {observe, 0.1, ""}}};
}

Ranking ranking_of(const std::vector<std::pair<RemedyKind, double>>& probabilities,
                   double neutral = 1.0 / 3) {
    Ranking ranking{.kinds = {}, .model = "gemma@1", .prompt_digest = "p1"};
    for (const auto& [kind, probability] : probabilities) {
        ranking.kinds.push_back({kind, std::log(probability), std::log(neutral)});
    }
    return ranking;
}

/// The model is nearly sure of a rolling restart; the rules would roll back.
Ranking for_rolling() {
    return ranking_of({{RemedyKind::rollback, 0.05},
                       {RemedyKind::rolling_restart, 0.9},
                       {RemedyKind::observe, 0.05}});
}

Opinion says(Ranking ranking) {
    return {ModelAnswer::recorded, std::move(ranking), {}};
}

Settings both(double lambda) {
    return {OracleMode::both, Calibration{"gemma@1", "p1", lambda}};
}

/// The evidence counts for nothing, what notes change counts so much.
Settings heeding_notes(double lambda_notes) {
    Settings settings = both(0);
    settings.calibration->lambda_notes = lambda_notes;
    return settings;
}

/// Without notes it thinks each as good as the other.
Ranking undecided() {
    return ranking_of({{RemedyKind::rollback, 1.0 / 3},
                       {RemedyKind::rolling_restart, 1.0 / 3},
                       {RemedyKind::observe, 1.0 / 3}});
}

/// With notes it says `with`, without them `without`.
Opinion says(Ranking with, Ranking without) {
    Opinion opinion = says(std::move(with));
    opinion.without_notes = WithoutNotes{std::move(without), ""};
    return opinion;
}

Evidence noted_evidence() {
    return {{"note: prefer a rolling restart", "note: its dashboards are on the wall",
             "users 4 percent fail"}};
}

}  // namespace

TEST_CASE("the model is asked for the distinct kinds in the menu's order") {
    const Menu menu{{{restart_1, 0.5, ""}, {observe, 0.3, ""}, {restart_0, 0.2, ""}}};
    CHECK(kinds_to_rank(menu) == std::vector{RemedyKind::restart, RemedyKind::observe});
    CHECK(kinds_to_rank({}).empty());
    const Remedy task = RunTask{{.task = TaskId("purge")}};
    CHECK(kinds_to_rank({{{task, 0.9, ""}, {observe, 0.1, ""}}}).empty());  // Nobody has learnt it.
}

TEST_CASE("without a calibration the model is recorded and weighs nothing") {
    const Choice choice = choose(menu_of_three(), says(for_rolling()), {});
    CHECK(choice.remedy == rollback);
    CHECK(choice.model_answer == ModelAnswer::recorded);
    CHECK(choice.lambda == 0);
    CHECK(choice.ranking == for_rolling());
    CHECK(choice.confidence == doctest::Approx(0.6));
}

TEST_CASE("a choice names the calibration that was asked, also one that did not match") {
    Settings settings = both(1);
    settings.calibration->digest = "c1";
    CHECK(choose(menu_of_three(), says(for_rolling()), settings).calibration_digest == "c1");
    settings.calibration->model = "another";
    const Choice unmatched = choose(menu_of_three(), says(for_rolling()), settings);
    CHECK(unmatched.calibration_digest == "c1");
    CHECK(unmatched.lambda == 0);
    const Opinion silence{ModelAnswer::late, std::nullopt, "too late"};
    CHECK(choose(menu_of_three(), silence, settings).calibration_digest.empty());
}

TEST_CASE("a calibration counts only for the model and the prompt that it measured") {
    CHECK(choose(menu_of_three(), says(for_rolling()), both(1)).remedy == rolling);
    Settings other_model = both(1);
    other_model.calibration->model = "gemma@2";
    CHECK(choose(menu_of_three(), says(for_rolling()), other_model).remedy == rollback);
    Settings other_prompt = both(1);
    other_prompt.calibration->prompt_digest = "p2";
    CHECK(choose(menu_of_three(), says(for_rolling()), other_prompt).remedy == rollback);
}

TEST_CASE("a calibration counts only for the ranker beside which it was measured") {
    Settings settings = both(1);
    settings.calibration->beside = Beside::rules;
    CHECK(choose(menu_of_three(), says(for_rolling()), settings).remedy == rolling);
    CHECK(calibrated_lambda(settings.calibration, for_rolling(), Beside::tree) == 0);
    CHECK(objection_to(*settings.calibration, Beside::tree)
              ->contains("`models/train/calibrate.py --beside tree`"));
    settings.calibration->beside = Beside::tree;
    const Choice choice = choose(menu_of_three(), says(for_rolling()), settings);
    CHECK(choice.remedy == rollback);
    CHECK(choice.model_answer == ModelAnswer::recorded);
    CHECK(choice.lambda == 0);
    CHECK(calibrated_lambda(settings.calibration, for_rolling(), Beside::tree) == 1);
    CHECK(objection_to(*settings.calibration, Beside::rules)
              ->contains("`models/train/calibrate.py --beside rules`"));
    CHECK_FALSE(objection_to(*settings.calibration, Beside::tree));
}

TEST_CASE("a record of before, which says nothing of a ranker, counts as it did then") {
    const auto old = from_json<Calibration>(
        *parse_json(R"({"model":"gemma@1","prompt_digest":"p1","lambda":1.0,"digest":""})"));
    REQUIRE(old);
    const Settings settings{OracleMode::both, *old};
    CHECK(choose(menu_of_three(), says(for_rolling()), settings).remedy == rolling);
    Settings now = settings;
    now.calibration->beside = Beside::rules;
    CHECK(from_json<Settings>(to_json(now))->calibration == now.calibration);
}

TEST_CASE("the score is the log prior plus lambda times what the evidence added") {
    const Choice choice = choose(menu_of_three(), says(for_rolling()), both(0.5));
    const double gained = std::log(0.9) - std::log(1.0 / 3);
    CHECK(choice.scores[1].score == doctest::Approx(std::log(0.3) + 0.5 * gained));
    CHECK(choice.model_answer == ModelAnswer::used);
    CHECK(choice.lambda == 0.5);
}

TEST_CASE("a label that the model likes anyway gains nothing") {
    Ranking biased = for_rolling();
    for (RankedKind& kind : biased.kinds) {
        kind.neutral_log_probability = kind.log_probability;
    }
    const Choice choice = choose(menu_of_three(), says(biased), both(lambda_max));
    CHECK(choice.remedy == rollback);
    CHECK(choice.confidence == doctest::Approx(0.6));
}

TEST_CASE("mode rules ignores the model and mode model ignores the rules") {
    Settings settings = both(1);
    settings.mode = OracleMode::rules;
    const Choice by_rules = choose(menu_of_three(), says(for_rolling()), settings);
    CHECK(by_rules.remedy == rollback);
    CHECK(by_rules.model_answer == ModelAnswer::recorded);
    settings = {OracleMode::model, std::nullopt};
    const Choice by_model = choose(menu_of_three(), says(for_rolling()), settings);
    CHECK(by_model.remedy == rolling);
    CHECK(by_model.model_answer == ModelAnswer::used);
    CHECK(by_model.scores[1].score == doctest::Approx(std::log(0.9)));
    CHECK(by_model.confidence == doctest::Approx(0.9));
}

TEST_CASE("several entries of one kind share its model score and the rules order them") {
    const Menu menu{{{observe, 0.5, ""}, {restart_1, 0.3, ""}, {restart_0, 0.2, ""}}};
    const Ranking ranking = ranking_of({{RemedyKind::observe, 0.1}, {RemedyKind::restart, 0.9}});
    const Choice choice = choose(menu, says(ranking), both(1));
    CHECK(choice.remedy == restart_1);
    const double gap = choice.scores[1].score - choice.scores[2].score;
    CHECK(gap == doctest::Approx(std::log(0.3) - std::log(0.2)));
}

TEST_CASE("of equal scores the first on the menu wins") {
    const Menu menu{{{restart_1, 0.4, ""}, {restart_0, 0.4, ""}, {observe, 0.2, ""}}};
    CHECK(choose(menu, {}, {}).remedy == restart_1);
    const Settings by_model{OracleMode::model, std::nullopt};
    const Ranking ranking = ranking_of({{RemedyKind::restart, 0.5}, {RemedyKind::observe, 0.5}});
    CHECK(choose(menu, says(ranking), by_model).remedy == restart_1);
}

TEST_CASE("an answer that is no ranking of this menu is refused and the rules carry on") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    Ranking missing = for_rolling();
    missing.kinds.pop_back();
    Ranking foreign = for_rolling();
    foreign.kinds[2].kind = RemedyKind::restart;
    Ranking twice = for_rolling();
    twice.kinds[2].kind = RemedyKind::rolling_restart;
    Ranking extra = for_rolling();
    extra.kinds.push_back({RemedyKind::restart, std::log(0.5), std::log(0.5)});
    Ranking not_a_number = for_rolling();
    not_a_number.kinds[0].log_probability = nan;
    Ranking endless = for_rolling();
    endless.kinds[0].neutral_log_probability = -infinity;
    Ranking above_one = for_rolling();
    above_one.kinds[1].log_probability = 3;
    Ranking not_whole = for_rolling();
    not_whole.kinds[1].log_probability = std::log(0.5);
    for (const Ranking& ranking : std::array{missing, foreign, twice, extra, not_a_number, endless,
                                             above_one, not_whole, Ranking{}}) {
        for (const OracleMode mode : {OracleMode::rules, OracleMode::model, OracleMode::both}) {
            Settings settings = both(1);
            settings.mode = mode;
            const Choice choice = choose(menu_of_three(), says(ranking), settings);
            CHECK(choice.model_answer == ModelAnswer::refused);
            CHECK(choice.remedy == rollback);
            CHECK_FALSE(choice.model_trouble.empty());
            CHECK(choice.lambda == 0);
        }
    }
    CHECK_FALSE(choose(menu_of_three(), says(not_a_number), {}).ranking);
    CHECK(choose(menu_of_three(), says(missing), {}).ranking == missing);
}

TEST_CASE("a late, absent or unasked model leaves the choice to the rules and says why") {
    for (const ModelAnswer answer :
         {ModelAnswer::late, ModelAnswer::absent, ModelAnswer::refused, ModelAnswer::not_asked}) {
        const Settings by_model{OracleMode::model, std::nullopt};
        const Choice choice = choose(menu_of_three(), {answer, std::nullopt, "why"}, by_model);
        CHECK(choice.remedy == rollback);
        CHECK(choice.model_answer == answer);
        CHECK(choice.model_trouble == "why");
    }
    const Choice late = choose(menu_of_three(), {ModelAnswer::late, for_rolling(), ""}, both(1));
    CHECK(late.remedy == rollback);
    CHECK(late.model_answer == ModelAnswer::late);
    const Choice none = choose(menu_of_three(), {ModelAnswer::used, std::nullopt, ""}, both(1));
    CHECK(none.model_answer == ModelAnswer::absent);
}

TEST_CASE("a prior of zero or worse is the smallest, never an infinite score") {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Menu menu{{{rollback, 0, ""}, {rolling, nan, ""}, {restart_0, -1, ""}, {observe, 1, ""}}};
    const Choice choice = choose(menu, {}, {});
    CHECK(choice.remedy == observe);
    for (const ScoredRemedy& scored : choice.scores) {
        CHECK(std::isfinite(scored.score));
    }
}

TEST_CASE("whatever the model says, the choice is an entry of the menu and the record is JSON") {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        Ranking ranking{.kinds = {}, .model = "gemma@1", .prompt_digest = "p1"};
        const auto count = static_cast<std::size_t>(rng.between(0, 5));
        for (std::size_t index = 0; index < count; ++index) {
            ranking.kinds.push_back({static_cast<RemedyKind>(rng.between(0, 3)),
                                     -rng.exponential(2), -rng.exponential(2)});
        }
        Settings settings = both(rng.unit() * lambda_max);
        settings.mode = static_cast<OracleMode>(rng.between(0, 2));
        const Choice choice = choose(menu_of_three(), says(ranking), settings);
        const bool is_on_menu =
            choice.remedy == rollback || choice.remedy == rolling || choice.remedy == observe;
        CHECK(is_on_menu);
        CHECK(choice.confidence > 0);
        CHECK(choice.confidence <= 1);
        CHECK(from_json<Choice>(to_json(choice)) == choice);
    }
}

TEST_CASE("what notes change moves the choice by its own weight, and says from what") {
    const Choice choice =
        choose(menu_of_three(), says(for_rolling(), undecided()), heeding_notes(1));
    CHECK(choice.remedy == rolling);
    CHECK(choice.model_answer == ModelAnswer::used);
    CHECK(choice.lambda == 0);
    REQUIRE(choice.notes);
    CHECK(choice.notes->lambda == 1);
    CHECK(choice.notes->instead_of == rollback);
    CHECK(choice.notes->without == undecided());
    CHECK(choice.scores[1].score ==
          doctest::Approx(std::log(0.3) + std::log(0.9) - std::log(1.0 / 3)));
    CHECK(from_json<Choice>(to_json(choice)) == choice);
    const Choice weaker =
        choose(menu_of_three(), says(for_rolling(), undecided()), heeding_notes(0.1));
    CHECK(weaker.remedy == rollback);
    CHECK_FALSE(weaker.notes->instead_of);
}

TEST_CASE("what the model says with and without notes alike changes nothing") {
    const Choice choice =
        choose(menu_of_three(), says(for_rolling(), for_rolling()), heeding_notes(lambda_max));
    CHECK(choice.remedy == rollback);
    CHECK(choice.confidence == doctest::Approx(0.6));
    CHECK_FALSE(choice.notes->instead_of);
}

TEST_CASE("beside what notes change the evidence alone has the model's other weight") {
    Settings settings = heeding_notes(1);
    settings.calibration->lambda = 0.5;
    const Ranking without = ranking_of({{RemedyKind::rollback, 0.2},
                                        {RemedyKind::rolling_restart, 0.6},
                                        {RemedyKind::observe, 0.2}});
    const Choice choice = choose(menu_of_three(), says(for_rolling(), without), settings);
    CHECK(choice.scores[1].score ==
          doctest::Approx(std::log(0.3) + 0.5 * std::log(0.6 * 3) + std::log(0.9) - std::log(0.6)));
}

TEST_CASE("notes lift one kind alone, by no more than e to the third") {
    const Ranking before = ranking_of({{RemedyKind::rollback, 0.5},
                                       {RemedyKind::rolling_restart, 1e-9},
                                       {RemedyKind::observe, 0.5 - 1e-9}});
    const Choice choice = choose(menu_of_three(), says(for_rolling(), before), heeding_notes(1));
    CHECK(choice.scores[0].score == doctest::Approx(std::log(0.6)));
    CHECK(choice.scores[1].score == doctest::Approx(std::log(0.3) + 3));
    CHECK(choice.scores[2].score == doctest::Approx(std::log(0.1)));
}

TEST_CASE("where the model is not sure of what notes lift most, they lift nothing") {
    const auto scores_with = [](double rolling_with) {
        const double rest = (1 - rolling_with) / 2;
        const Ranking with = ranking_of({{RemedyKind::rollback, rest},
                                         {RemedyKind::rolling_restart, rolling_with},
                                         {RemedyKind::observe, rest}});
        return choose(menu_of_three(), says(with, undecided()), heeding_notes(lambda_max)).scores;
    };
    CHECK(scores_with(0.59) == choose(menu_of_three(), {}, {}).scores);
    CHECK(scores_with(0.61)[1].score > std::log(0.3));
    // It is sure of one kind, and that is not what the notes have lifted.
    const Ranking sure = ranking_of({{RemedyKind::rollback, 0.75},
                                     {RemedyKind::rolling_restart, 0.24},
                                     {RemedyKind::observe, 0.01}});
    const Ranking surer = ranking_of({{RemedyKind::rollback, 0.98},
                                      {RemedyKind::rolling_restart, 0.01},
                                      {RemedyKind::observe, 0.01}});
    CHECK(choose(menu_of_three(), says(sure, surer), heeding_notes(lambda_max)).scores ==
          choose(menu_of_three(), {}, {}).scores);
}

TEST_CASE("notes weigh nothing without a calibration for this model, this prompt and the rules") {
    std::vector<Settings> unfit(5, heeding_notes(1));
    unfit[0].calibration.reset();
    unfit[1].calibration->model = "gemma@2";
    unfit[2].calibration->prompt_digest = "p2";
    unfit[3].calibration->beside = Beside::tree;
    unfit[4].calibration->lambda_notes = 0;
    for (const Settings& settings : unfit) {
        const Choice choice = choose(menu_of_three(), says(for_rolling(), undecided()), settings);
        CHECK(choice.remedy == rollback);
        CHECK(choice.model_answer == ModelAnswer::recorded);
        CHECK(choice.notes->lambda == 0);
        CHECK_FALSE(question_without_notes(noted_evidence(), for_rolling(), settings.calibration,
                                           Beside::rules));
    }
}

TEST_CASE("only where notes were shown is the model asked without them, about all the rest") {
    const auto calibration = heeding_notes(1).calibration;
    const auto again =
        question_without_notes(noted_evidence(), for_rolling(), calibration, Beside::rules);
    REQUIRE(again);
    CHECK(again->lines == std::vector<std::string>{"users 4 percent fail"});
    CHECK_FALSE(question_without_notes(*again, for_rolling(), calibration, Beside::rules));
}

TEST_CASE("without a second answer that counts, notes change nothing and the record says why") {
    Ranking other_model = undecided();
    other_model.model = "gemma@2";
    Ranking of_other_menu = undecided();
    of_other_menu.kinds.pop_back();
    Ranking endless = undecided();
    endless.kinds[0].log_probability = -std::numeric_limits<double>::infinity();
    std::vector<Opinion> opinions{says(for_rolling(), other_model),
                                  says(for_rolling(), of_other_menu), says(for_rolling(), endless),
                                  says(for_rolling())};
    opinions.back().without_notes = WithoutNotes{std::nullopt, "no answer by the deadline"};
    for (const Opinion& opinion : opinions) {
        const Choice choice = choose(menu_of_three(), opinion, heeding_notes(1));
        CHECK(choice.remedy == rollback);
        CHECK(choice.model_answer == ModelAnswer::recorded);
        REQUIRE(choice.notes);
        CHECK(choice.notes->lambda == 0);
        CHECK_FALSE(choice.notes->trouble.empty());
        CHECK(from_json<Choice>(to_json(choice)) == choice);
    }
    Settings settings = heeding_notes(1);
    settings.calibration->lambda = 1;
    const Choice by_one_answer = choose(menu_of_three(), opinions.back(), settings);
    CHECK(by_one_answer.remedy == rolling);
    CHECK(by_one_answer.scores == choose(menu_of_three(), says(for_rolling()), settings).scores);
}

TEST_CASE("notes are heard only where rules and model decide together") {
    for (const OracleMode mode : {OracleMode::rules, OracleMode::model}) {
        Settings settings = heeding_notes(1);
        settings.mode = mode;
        const Choice noted = choose(menu_of_three(), says(for_rolling(), undecided()), settings);
        CHECK(noted == choose(menu_of_three(), says(for_rolling()), settings));
    }
}

TEST_CASE("whatever notes make the model say, they put nothing on the menu and take nothing off") {
    const std::array kinds{RemedyKind::rollback, RemedyKind::rolling_restart, RemedyKind::observe,
                           RemedyKind::restart};
    const auto drawn = [&](Rng& rng) {
        Ranking ranking{.kinds = {}, .model = "gemma@1", .prompt_digest = "p1"};
        const bool is_of_menu = rng.unit() < 0.7;
        const std::array<double, 3> shares{rng.unit() + 1e-9, rng.unit() + 1e-9, rng.unit() + 1e-9};
        const double sum = shares[0] + shares[1] + shares[2];
        for (std::size_t index = 0; index < shares.size(); ++index) {
            const RemedyKind kind =
                is_of_menu ? kinds[index] : kinds[static_cast<std::size_t>(rng.between(0, 3))];
            ranking.kinds.push_back({kind, std::log(shares[index] / sum), -rng.exponential(2)});
        }
        return ranking;
    };
    std::size_t moved_count = 0;
    for (std::uint64_t seed = 0; seed < 5000; ++seed) {
        CAPTURE(seed);
        Rng rng(seed);
        const Opinion opinion = says(drawn(rng), drawn(rng));
        Settings settings = heeding_notes(rng.unit() * lambda_max);
        settings.calibration->lambda = rng.unit();
        const Menu menu = menu_of_three();
        const Choice choice = choose(menu, opinion, settings);
        REQUIRE(choice.scores.size() == menu.items.size());
        for (std::size_t index = 0; index < menu.items.size(); ++index) {
            CHECK(choice.scores[index].remedy == menu.items[index].remedy);
            CHECK(std::isfinite(choice.scores[index].score));
        }
        const bool is_on_menu = std::ranges::any_of(
            menu.items, [&](const MenuItem& item) { return item.remedy == choice.remedy; });
        CHECK(is_on_menu);
        moved_count += choice.notes && choice.notes->instead_of ? 1 : 0;
        CHECK(from_json<Choice>(to_json(choice)) == choice);
    }
    CHECK(moved_count > 100);
}

TEST_CASE("a calibration document is read strictly") {
    const std::string digest(64, 'a');
    const std::string good =
        R"({"model":"gemma@1","prompt_digest":")" + digest + R"(","lambda":0.5,"beside":"tree"})";
    REQUIRE(parse_calibration(good));
    CHECK(parse_calibration(good) == Calibration{"gemma@1", digest, 0.5, "", Beside::tree});
    const std::string prefix =
        R"({"model":"gemma@1","prompt_digest":")" + digest + R"(","beside":"rules",)";
    REQUIRE(parse_calibration(prefix + R"("lambda":4})"));
    CHECK(parse_calibration(prefix + R"("lambda":4})")->lambda_notes == 0);
    CHECK(parse_calibration(prefix + R"("lambda":0,"lambda_notes":1.5})")->lambda_notes == 1.5);
    for (const std::string& bad :
         {std::string(), std::string("[]"), std::string("{}"), prefix + R"("lambda":-0.1})",
          prefix + R"("lambda":4.5})", prefix + R"("lambda":1e999})", prefix + R"("lambda":"1"})",
          prefix + R"("lambda":1,"lambda":2})", prefix + R"("lambda":1,"more":2})",
          prefix + R"("lambda":1,"digest":"00"})", prefix + R"("lambda":1,"lambda_notes":-1})",
          prefix + R"("lambda":1,"lambda_notes":5})",
          R"({"model":"","beside":"rules","prompt_digest":")" + digest + R"(","lambda":0})",
          std::string(R"({"model":"m","beside":"rules","prompt_digest":"abc","lambda":0})"),
          R"({"model":"m","beside":"rules","prompt_digest":")" + std::string(64, 'A') +
              R"(","lambda":0})",
          R"({"model":"m","beside":"chance","prompt_digest":")" + digest + R"(","lambda":0})",
          std::string(5000, ' ')}) {
        CAPTURE(bad);
        const Result<Calibration> parsed = parse_calibration(bad);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().fault == Fault::invalid);
        CHECK(parsed.error().text.starts_with("calibration"));
    }
}

TEST_CASE("a file that does not say beside whom it was measured is refused with the mend") {
    const auto parsed = parse_calibration(R"({"model":"gemma@1","prompt_digest":")" +
                                          std::string(64, 'a') + R"(","lambda":0.5})");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().fault == Fault::invalid);
    CHECK(parsed.error().text.starts_with("calibration: beside: "));
    CHECK(parsed.error().text.contains("`models/train/calibrate.py --beside rules`"));
}

}  // namespace homeostat::decide
