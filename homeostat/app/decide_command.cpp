// decide: judges cases given from outside, and scores the answers where a case says what is right.

#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/app/bounded_lines.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/decide_scores.hpp"
#include "homeostat/app/model_voice.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/cases/candidate.hpp"
#include "homeostat/cases/case.hpp"
#include "homeostat/cases/caution.hpp"
#include "homeostat/cases/evidence.hpp"
#include "homeostat/cases/survey.hpp"
#include "homeostat/cases/tree_ranker.hpp"
#include "homeostat/os/interrupts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t causes_shown_max = 5;
constexpr std::size_t remedies_shown_max = 10;
constexpr std::size_t complaints_max = 20;

double ms_since(Clock::time_point then) {
    return std::chrono::duration<double, std::milli>(Clock::now() - then).count();
}

/// One case, judged.
struct Judged {
    cases::Survey survey;
    Evidence evidence;  ///< What a model reads of it.
    std::vector<cases::RankedCause> causes;
    std::vector<cases::Candidate> ranked;  ///< Heaviest first.
    cases::Decision decision;
    std::optional<ModelWord> word;  ///< What the model said, where it was asked and has answered.
    double survey_ms{0};
    double rank_ms{0};
    double model_ms{0};
};

/// The tree that ranks, and what says how far it may be followed.
struct Trees {
    cases::TreeRanker ranker;
    cases::Caution caution;
};

/// trees: none where the rules rank.
Judged judge(const cases::Shown& shown, const std::optional<Trees>& trees) {
    Judged judged;
    const auto survey_begin = Clock::now();
    judged.survey = cases::survey_of(shown);
    judged.evidence = cases::evidence_of(judged.survey, shown.notes);
    judged.survey_ms = ms_since(survey_begin);
    const auto rank_begin = Clock::now();
    judged.causes = cases::causes_of(judged.survey);
    judged.ranked = cases::candidates_of(judged.survey);
    if (trees) {
        trees->ranker.rank(judged.ranked);
    } else {
        cases::rank_by_rules(judged.ranked);
    }
    judged.rank_ms = ms_since(rank_begin);
    return judged;
}

const cases::Candidate& chosen_of(const Judged& judged) {
    return judged.ranked[judged.decision.chosen];
}

CaseScore score_of(const Judged& judged, const cases::Truth& truth) {
    const auto is_right = [&](const cases::Candidate& candidate) {
        return cases::is_named(candidate, judged.survey, truth.acceptable);
    };
    const cases::Candidate& chosen = chosen_of(judged);
    const auto is_at_fault = [&](const std::string& service) {
        return !judged.causes.empty() &&
               judged.survey.services[judged.causes.front().service].name == service;
    };
    return {.is_acceptable = is_right(chosen),
            .is_harmful = cases::is_named(chosen, judged.survey, truth.harmful),
            .is_on_menu = std::ranges::any_of(judged.ranked, is_right),
            .is_cause_found = std::ranges::any_of(truth.cause_services, is_at_fault),
            .has_cause = !truth.cause_services.empty()};
}

json::object remedy_document(const Judged& judged, const cases::Candidate& candidate) {
    json::object object{{"remedy", cases::remedy_name(candidate)}};
    const auto tell = [&](const char* name, const std::string& text) {
        if (!text.empty()) {
            object[name] = text;
        }
    };
    if (candidate.service != cases::nobody) {
        tell("service", judged.survey.services[candidate.service].name);
    }
    tell("replica", candidate.replica);
    tell("artifact", candidate.artifact);
    tell("to", candidate.to);
    object["weight"] = candidate.weight;
    object["because"] = candidate.because;
    return object;
}

json::object chosen_document(const Judged& judged) {
    json::object object = remedy_document(judged, chosen_of(judged));
    if (judged.decision.confidence) {
        object["confidence"] = *judged.decision.confidence;
    }
    return object;
}

json::array causes_document(const Judged& judged) {
    json::array causes;
    for (const cases::RankedCause& cause : judged.causes) {
        if (causes.size() < causes_shown_max) {
            causes.emplace_back(
                json::object{{"service", judged.survey.services[cause.service].name},
                             {"kind", cause.kind},
                             {"weight", cause.weight},
                             {"because", cause.because}});
        }
    }
    return causes;
}

json::array remedies_document(const Judged& judged, bool has_features) {
    json::array remedies;
    for (const cases::Candidate& candidate : judged.ranked) {
        if (!has_features && remedies.size() == remedies_shown_max) {
            break;
        }
        json::object one = remedy_document(judged, candidate);
        if (has_features) {
            one["features"] = json::array(candidate.features.begin(), candidate.features.end());
        }
        remedies.emplace_back(std::move(one));
    }
    return remedies;
}

/// A line for people. A case may come from anybody, and this goes to a terminal.
std::string story_of(const std::string& id, const Judged& judged) {
    const cases::Candidate& chosen = chosen_of(judged);
    const auto told = [&](const cases::Candidate& one) {
        return plain(cases::describe(one, judged.survey));
    };
    if (judged.decision.withheld) {
        const cases::Candidate& first = judged.ranked[*judged.decision.withheld];
        return fmt::format("{}: {}: {} comes first and is not sure enough to do no harm: {}\n",
                           plain(id), told(chosen), told(first), first.because);
    }
    return fmt::format("{}: {} ({:.2f}): {}\n", plain(id), told(chosen),
                       judged.decision.confidence.value_or(chosen.weight), chosen.because);
}

json::object chances_document(const Ranking& ranking) {
    json::object chances;
    for (const RankedKind& one : ranking.kinds) {
        chances[to_text(one.kind)] = json::object{{"log_probability", one.log_probability},
                                                  {"neutral", one.neutral_log_probability}};
    }
    return chances;
}

/// Judges the lines of one file.
class CaseJudge {
  public:
    CaseJudge(const DecideOptions& options,
              std::optional<Trees> trees,
              std::optional<ModelVoice> voice)
        : options_(options), trees_(std::move(trees)), voice_(std::move(voice)) {}

    void judge_line(std::string_view line, std::size_t number) {
        const auto begin = Clock::now();
        const Result<cases::Case> one = cases::parse_case(line);
        if (!one) {
            refuse_line(number, one.error().text);
            return;
        }
        const double read_ms = ms_since(begin);
        Judged judged = judge(one->shown, trees_);
        if (voice_) {
            const auto asked_at = Clock::now();
            judged.word = voice_->weigh(judged.ranked, judged.evidence);
            judged.model_ms = ms_since(asked_at);
        }
        if (trees_) {
            judged.decision = trees_->caution.decide(judged.ranked);
        }
        if (voice_) {
            judged.decision.confidence.reset();  // Measured of the tree's weights, not of these.
        }
        tell(*one, judged, read_ms);
    }

    void refuse_line(std::size_t number, const std::string& why) {
        bad_count_ += 1;
        if (bad_count_ <= complaints_max) {
            complain(fmt::format("{}:{}: {}", options_.cases.string(), number, why));
        }
    }

    [[nodiscard]] ExitStatus finish() const {
        if (bad_count_ > complaints_max) {
            complain(fmt::format("{} lines in all could not be read", bad_count_));
        }
        if (options_.is_json) {
            json::object document = scores_.document();
            document["ranker"] = to_text(options_.ranker);
            if (voice_) {
                document["model"] = voice_->document();
            }
            if (options_.has_features) {
                const std::vector<std::string> columns = cases::tree_columns();
                document["columns"] = json::array(columns.begin(), columns.end());
            }
            fmt::print(stderr, "{}\n", to_text(json::value(std::move(document))));
        } else if (scores_.count() > 0) {
            fmt::print("\n{}", scores_.table());
        }
        if (const std::string trouble = voice_ ? voice_->trouble() : ""; !trouble.empty()) {
            complain(trouble);
        }
        return bad_count_ > 0 ? ExitStatus::usage : ExitStatus::ok;
    }

  private:
    void tell(const cases::Case& one, const Judged& judged, double read_ms) {
        json::object document{
            {"id", one.shown.id},
            {"chosen", chosen_document(judged)},
            {"causes", causes_document(judged)},
            {"remedies", remedies_document(judged, options_.has_features)},
            {"menu_size", judged.ranked.size()},
            {"ms", json::object{
                       {"read", read_ms}, {"survey", judged.survey_ms}, {"rank", judged.rank_ms}}}};
        if (judged.decision.withheld) {
            document["withheld"] =
                remedy_document(judged, judged.ranked[*judged.decision.withheld]);
        }
        if (voice_) {
            document["ms"].as_object()["model"] = judged.model_ms;
        }
        if (judged.word) {
            document["model"] = chances_document(judged.word->ranking);
            if (judged.word->without_notes) {
                document["model_without_notes"] = chances_document(*judged.word->without_notes);
            }
        }
        if (options_.has_evidence) {
            const std::vector<std::string>& lines = judged.evidence.lines;
            document["evidence"] = json::array(lines.begin(), lines.end());
        }
        if (one.truth) {
            const CaseScore score = score_of(judged, *one.truth);
            const bool is_pair = one.truth->family.find('+') != std::string::npos;
            scores_.add(is_pair ? "two_at_once" : one.truth->family, score);
            document["score"] = to_json(score);
        }
        if (options_.is_json) {
            fmt::print("{}\n", to_text(json::value(std::move(document))));
        } else if (!one.truth || options_.tells_each) {
            fmt::print("{}", story_of(one.shown.id, judged));
        }
    }

    const DecideOptions& options_;
    std::optional<Trees> trees_;
    std::optional<ModelVoice> voice_;
    DecideScores scores_;
    std::size_t bad_count_{0};
};

bool asks_model(const DecideOptions& options) {
    return options.ranker == CaseRanker::both || options.ranker == CaseRanker::model;
}

/// The calibration of the embedded trees; none where it is for others, which is said aloud.
/// ERRORS: invalid, where it cannot be read.
Result<std::optional<cases::TreeCalibration>> calibration_of_trees() {
    Result<cases::TreeCalibration> read =
        cases::parse_tree_calibration(cases::shipped_tree_calibration());
    if (!read) {
        return fail("models/ranker/calibration.json, embedded", read.error());
    }
    if (read->tree_sha256 != adapters::llm::sha256_of(cases::shipped_tree()) ||
        read->harm_sha256 != adapters::llm::sha256_of(cases::shipped_harm_tree())) {
        complain(
            "uncalibrated: models/ranker/calibration.json is for other trees than those of "
            "this program; nothing is done but what can be taken back and takes no instance "
            "out. Write it anew with `tools/decide_figures.py --parts calibration`");
        return std::nullopt;
    }
    return *std::move(read);
}

/// None where the rules rank. ERRORS: invalid, where the program was built with another's trees.
Result<std::optional<Trees>> trees_for(const DecideOptions& options) {
    if (options.ranker == CaseRanker::rules ||
        (asks_model(options) && options.beside == decide::Beside::rules)) {
        return std::nullopt;
    }
    Result<cases::TreeRanker> tree = cases::parse_tree(cases::shipped_tree());
    if (!tree) {
        return fail("models/ranker/tree.json, embedded", tree.error());
    }
    Result<cases::TreeRanker> harm = cases::parse_tree(cases::shipped_harm_tree());
    if (!harm) {
        return fail("models/ranker/harm.json, embedded", harm.error());
    }
    Result<std::optional<cases::TreeCalibration>> calibration = calibration_of_trees();
    if (!calibration) {
        return std::unexpected(calibration.error());
    }
    return Trees{*std::move(tree), cases::Caution(*std::move(harm), *std::move(calibration))};
}

/// None where no model is to be asked. ERRORS: those of ModelVoice::start.
Result<std::optional<ModelVoice>> voice_for(const DecideOptions& options) {
    if (!asks_model(options)) {
        return std::nullopt;
    }
    Result<ModelVoice> voice = ModelVoice::start(options, os::is_interrupted);
    return voice ? Result<std::optional<ModelVoice>>(*std::move(voice))
                 : std::unexpected(voice.error());
}

}  // namespace

ExitStatus decide_cases(const DecideOptions& options) {
    std::ifstream file(options.cases);
    if (!file) {
        complain(fmt::format("{}: cannot be read", options.cases.string()));
        return ExitStatus::usage;
    }
    Result<std::optional<Trees>> trees = trees_for(options);
    if (!trees) {
        complain(trees.error().text);
        return ExitStatus::usage;
    }
    os::note_interrupts();
    Result<std::optional<ModelVoice>> voice = voice_for(options);
    if (!voice) {
        complain(voice.error().text);
        return voice.error().fault == Fault::invalid ? ExitStatus::usage : ExitStatus::unexpected;
    }
    CaseJudge judge(options, std::move(*trees), std::move(*voice));
    BoundedLines lines(file, cases::line_bytes_max);
    while (!os::is_interrupted() && lines.next()) {
        if (lines.is_too_long()) {
            judge.refuse_line(lines.number(), fmt::format("longer than {} bytes — passed over",
                                                          cases::line_bytes_max));
        } else if (!lines.text().empty()) {
            judge.judge_line(lines.text(), lines.number());
        }
    }
    if (os::is_interrupted()) {
        std::fflush(stdout);
        complain("interrupted: not every case was judged");
        return ExitStatus::interrupted;
    }
    return judge.finish();
}

}  // namespace homeostat::app
