#include "homeostat/app/model_voice.hpp"

#include "homeostat/domain/evidence.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using cases::Candidate;

const Evidence noted{{"note: prefer more instances", "users 4 percent fail"}};

std::vector<Candidate> menu_ranked() {
    return {{.kind = RemedyKind::restart, .service = 1, .weight = 0.5},
            {.kind = RemedyKind::scale, .service = 1, .weight = 0.3},
            {.kind = std::nullopt, .service = cases::nobody, .weight = 0.2}};
}

/// Half and half without a note; one makes it nearly sure of more instances.
Ranking answer(bool is_noted, const std::string& model = "toy") {
    const double scale = is_noted ? 0.95 : 0.5;
    return {.kinds = {{RemedyKind::restart, std::log(1 - scale), std::log(0.5)},
                      {RemedyKind::scale, std::log(scale), std::log(0.5)}},
            .model = model,
            .prompt_digest = "00"};
}

decide::Calibration heeding_notes() {
    decide::Calibration calibration{"toy", "00", 0};
    calibration.beside = decide::Beside::tree;
    calibration.lambda_notes = 1;
    return calibration;
}

/// A model, and what it was asked.
struct Model {
    std::vector<Evidence> questions;
    Result<Ranking> without_notes{answer(false)};

    AskModel ask() {
        return [this](const Evidence& evidence, const std::vector<RemedyKind>&) {
            questions.push_back(evidence);
            return evidence == noted ? Result<Ranking>(answer(true)) : without_notes;
        };
    }
    ModelVoice voice(std::optional<decide::Calibration> calibration = heeding_notes(),
                     CaseRanker ranker = CaseRanker::both) {
        DecideOptions options;
        options.ranker = ranker;
        return {ask(), options, std::move(calibration)};
    }
};

bool is_as_ranked(const std::vector<Candidate>& menu) {
    return menu.front().kind == RemedyKind::restart &&
           menu.front().weight == menu_ranked().front().weight;
}

}  // namespace

TEST_CASE("a note brings forward what it lifts, asked with it and without it") {
    Model model;
    ModelVoice voice = model.voice();
    std::vector<Candidate> menu = menu_ranked();
    const std::optional<ModelWord> word = voice.weigh(menu, noted);
    REQUIRE((word && word->without_notes));
    CHECK(model.questions == std::vector{noted, without_notes(noted)});
    CHECK(menu.front().kind == RemedyKind::scale);
    CHECK(std::accumulate(menu.begin(), menu.end(), 0.0, [](double sum, const Candidate& one) {
              return sum + one.weight;
          }) == doctest::Approx(1));
    CHECK(voice.document().at("asked").to_number<int>() == 2);
    CHECK(voice.document().at("answered").to_number<int>() == 2);
    CHECK(voice.document().at("lambda_notes").as_double() == 1);
    CHECK(voice.trouble().empty());
}

TEST_CASE("without a second answer that counts a note changes nothing, and it is said why") {
    for (const auto& [without, why] :
         {std::pair{Result<Ranking>(fail(Fault::late, "no answer by the deadline")),
                    "no answer by the deadline"},
          std::pair{Result<Ranking>(Ranking{.model = "toy", .prompt_digest = "00"}),
                    "not a ranking of this menu"}}) {
        CAPTURE(why);
        Model model;
        model.without_notes = without;
        ModelVoice voice = model.voice();
        std::vector<Candidate> menu = menu_ranked();
        const std::optional<ModelWord> word = voice.weigh(menu, noted);
        REQUIRE(word);
        CHECK_FALSE(word->without_notes);
        CHECK(is_as_ranked(menu));
        CHECK(voice.trouble().contains("answered 1 of 2"));
        CHECK(voice.trouble().contains(why));
    }
}

TEST_CASE("an answer of another model tells nothing of a note") {
    Model model;
    model.without_notes = answer(false, "another");
    ModelVoice voice = model.voice();
    std::vector<Candidate> menu = menu_ranked();
    REQUIRE(voice.weigh(menu, noted));
    CHECK(is_as_ranked(menu));
}

TEST_CASE("a note that has no weight, or no case to stand before, is no second question") {
    Model model;
    std::vector<Candidate> menu = menu_ranked();
    SUBCASE("no calibration") {
        ModelVoice voice = model.voice(std::nullopt);
        CHECK(voice.weigh(menu, noted));
        CHECK(voice.trouble() == "without --calibration the model weighed nothing");
    }
    SUBCASE("one of another model") {
        decide::Calibration calibration = heeding_notes();
        calibration.model = "another";
        ModelVoice voice = model.voice(calibration);
        CHECK(voice.weigh(menu, noted));
        CHECK(voice.trouble().contains("for another model or prompt; toy weighed nothing"));
    }
    SUBCASE("no note") {
        ModelVoice voice = model.voice();
        CHECK(voice.weigh(menu, without_notes(noted)));
    }
    CHECK(model.questions.size() == 1);
    CHECK(is_as_ranked(menu));
}

TEST_CASE("a model that ranks alone is asked once, whatever notes would weigh") {
    Model model;
    ModelVoice voice = model.voice(heeding_notes(), CaseRanker::model);
    std::vector<Candidate> menu = menu_ranked();
    const std::optional<ModelWord> word = voice.weigh(menu, noted);
    REQUIRE(word);
    CHECK(model.questions.size() == 1);
    CHECK(menu.front().kind == RemedyKind::scale);
    CHECK_FALSE(voice.document().contains("lambda_notes"));
}

TEST_CASE("where there is nothing to choose nobody is asked") {
    Model model;
    ModelVoice voice = model.voice();
    std::vector<Candidate> menu{menu_ranked().front(), menu_ranked().back()};
    CHECK_FALSE(voice.weigh(menu, noted));
    CHECK(model.questions.empty());
}

}  // namespace homeostat::app
