// bench decide: how well, and how fast, a menu is decided by the rules alone, by the model alone
// and by both.
//
// The cases are what the demo's agent saw: menus and evidence taken from ledgers of its runs
// (tools/decide_cases.py), not written by hand. A reflex is no case: it asks nobody.

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/model_server.hpp"
#include "homeostat/app/asked_model.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/decide_figures.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/interrupts.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace llm = adapters::llm;

constexpr std::size_t cases_bytes_max = std::size_t{4} << 20U;

void say(const std::string& line) {
    fmt::print(stderr, "{}\n", plain(line));
}

std::filesystem::path built_in_cases() {
    return own_directory().parent_path() / "share" / "payment_gateway" / "decide_cases.json";
}

Result<std::vector<DecideCase>> read_cases(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), cases_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<std::vector<DecideCase>> cases = parse_decide_cases(*text);
    return cases ? std::move(cases) : fail(file.string(), cases.error());
}

bool leaves_choice(const DecideCase& one) {
    return decide::kinds_to_rank(one.menu).size() > 1;
}

double load_now() {
    double load = 0;
    return ::getloadavg(&load, 1) == 1 ? load : 0.0;
}

void time_rules(const std::vector<DecideCase>& cases, DecideMeasurement& measurement) {
    for (int repeat = 0; repeat < measurement.repeats; ++repeat) {
        for (const DecideCase& one : cases) {
            if (leaves_choice(one)) {
                const Instant begun_at = os::read_boot_clock();
                (void)decide::choose(one.menu, {}, {OracleMode::rules, std::nullopt});
                measurement.rules.took.push_back(os::read_boot_clock() - begun_at);
            }
        }
    }
}

/// Asks the model every case, again and again: read anew, then at once the same.
class Questioning {
  public:
    Questioning(AskedModel& model, DecideMeasurement& measurement)
        : model_(model), measurement_(measurement) {}

    void ask(const DecideCase& one, CaseAnswer& answer) {
        if (!answer.free) {
            answer.free = told(one.evidence, {llm::kinds_all.begin(), llm::kinds_all.end()});
        }
        if (!leaves_choice(one)) {
            return;
        }
        // Without this a case that begins with the lines of the last one would be half read.
        (void)told({}, decide::kinds_to_rank(one.menu));
        rank(one, answer, measurement_.cold);
        rank(one, answer, measurement_.again);
    }

  private:
    std::optional<Ranking> told(const Evidence& evidence, const std::vector<RemedyKind>& kinds) {
        Result<Ranking> ranking = model_.rank(evidence, kinds);
        measurement_.failures_count += ranking ? 0 : 1;
        return ranking ? std::optional(*std::move(ranking)) : std::nullopt;
    }

    void rank(const DecideCase& one, CaseAnswer& answer, Timings& timings) {
        const std::vector<RemedyKind> kinds = decide::kinds_to_rank(one.menu);
        const Instant asked_at = os::read_boot_clock();
        std::optional<Ranking> ranking = told(one.evidence, kinds);
        if (!ranking) {
            return;
        }
        timings.took.push_back(os::read_boot_clock() - asked_at);
        timings.tokens_fresh.push_back(ranking->tokens_fresh_count);
        measurement_.model = ranking->model;
        if (answer.ranking) {
            answer.has_changed |= first_of(*answer.ranking) != first_of(*ranking);
        } else {
            answer.ranking = std::move(ranking);
        }
    }

    AskedModel& model_;
    DecideMeasurement& measurement_;
};

/// The model's server has ended once this returns, also where it was interrupted.
void ask_model(const BenchDecideOptions& options,
               const std::vector<DecideCase>& cases,
               DecideMeasurement& measurement) {
    say("starting the model");
    const Result<std::unique_ptr<AskedModel>> model =
        AskedModel::start(options.model, os::is_interrupted, options.threads);
    measurement.machine.model_threads = options.threads;
    measurement.was_model_there = model.has_value();
    if (!model) {
        measurement.model = model.error().text + "; `--oracle rules` leaves it out";
        return;
    }
    Questioning questioning(**model, measurement);
    measurement.model = "it came up and answered nothing";
    for (int round = 0; round < measurement.repeats && !os::is_interrupted(); ++round) {
        say(fmt::format("asking, round {} of {}", round + 1, measurement.repeats));
        for (std::size_t index = 0; index < cases.size() && !os::is_interrupted(); ++index) {
            questioning.ask(cases[index], measurement.answers[index]);
        }
    }
}

Result<std::optional<decide::Calibration>> calibration_of(const BenchDecideOptions& options) {
    if (options.calibration.empty()) {
        return std::nullopt;
    }
    Result<decide::Calibration> calibration = read_calibration(options.calibration);
    if (!calibration) {
        return std::unexpected(calibration.error());
    }
    return *std::move(calibration);
}

ExitStatus report(const BenchDecideOptions& options,
                  const std::vector<DecideCase>& cases,
                  const DecideMeasurement& measurement) {
    const DecideFigures figures = figures_of(cases, measurement);
    fmt::print("{}", options.is_json ? to_pretty_text(to_document(figures, measurement))
                                     : to_table(figures, measurement));
    const bool is_mute = measurement.cold.took.empty() && measurement.failures_count > 0;
    if (options.asks_model && (!measurement.was_model_there || is_mute)) {
        say("homeostat: the model was not there, only the rules were measured: " +
            measurement.model);
        return ExitStatus::unexpected;
    }
    return ExitStatus::ok;
}

}  // namespace

ExitStatus bench_decide(const BenchDecideOptions& options) {
    if (!options.prompts.empty()) {
        return print_prompts(options.prompts);
    }
    const Result<std::vector<DecideCase>> cases =
        read_cases(options.cases.empty() ? built_in_cases() : options.cases);
    if (!cases) {
        say("homeostat: " + cases.error().text);
        return ExitStatus::usage;
    }
    DecideMeasurement measurement;
    Result<std::optional<decide::Calibration>> calibration = calibration_of(options);
    if (!calibration) {
        say("homeostat: " + calibration.error().text);
        return ExitStatus::usage;
    }
    measurement.calibration = *std::move(calibration);
    measurement.answers.resize(cases->size());
    measurement.repeats = options.repeats;
    measurement.machine.cores = std::thread::hardware_concurrency();
    measurement.machine.load_before = load_now();
    time_rules(*cases, measurement);
    if (options.asks_model) {
        os::note_interrupts();
        ask_model(options, *cases, measurement);
    } else {
        measurement.model = "`--oracle rules` leaves it out";
    }
    if (os::is_interrupted()) {
        say("interrupted; the model's server was ended");
        return ExitStatus::interrupted;
    }
    measurement.machine.load_after = load_now();
    return report(options, *cases, measurement);
}

}  // namespace homeostat::app
