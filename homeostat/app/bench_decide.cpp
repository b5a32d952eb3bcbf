// bench decide: how well, and how fast, a menu is decided by the rules alone, by the model alone
// and by both.
//
// The cases are what the demo's agent saw: menus and evidence taken from ledgers of its runs
// (tools/decide_cases.py), not written by hand. A reflex is no case: it asks nobody.

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/decide_figures.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/app/server_directory.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;

constexpr Duration ready_within = std::chrono::seconds{60};
constexpr Duration look_every = std::chrono::milliseconds{50};
constexpr Duration answer_within = std::chrono::seconds{10};  ///< Measured, not cut off.
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
    Questioning(adapters::llm::LlmOracle& oracle,
                adapters::system::SystemClock& clock,
                const std::vector<DecideCase>& cases,
                DecideMeasurement& measurement)
        : oracle_(oracle), clock_(clock), cases_(cases), measurement_(measurement) {}

    Task<void> run() {
        say("starting the model");
        co_await wait_until_ready();
        measurement_.was_model_there = oracle_.is_ready();
        measurement_.model = oracle_.state();
        const int rounds = measurement_.was_model_there ? measurement_.repeats : 0;
        for (int round = 0; round < rounds; ++round) {
            say(fmt::format("asking, round {} of {}", round + 1, rounds));
            for (std::size_t index = 0; index < cases_.size(); ++index) {
                co_await ask(index);
            }
        }
    }

  private:
    Task<void> wait_until_ready() {
        const Instant until = clock_.now() + ready_within;
        while (oracle_.state() == "starting" && clock_.now() < until) {
            co_await clock_.sleep_until(clock_.now() + look_every);
        }
    }

    Task<void> ask(std::size_t index) {
        const DecideCase& one = cases_[index];
        CaseAnswer& answer = measurement_.answers[index];
        if (!answer.free) {
            answer.free = co_await rank_all(one);
        }
        if (!leaves_choice(one)) {
            co_return;
        }
        // Without this a case that begins with the lines of the last one would be half read.
        const Instant until = clock_.now() + answer_within;
        std::vector<RemedyKind> kinds = decide::kinds_to_rank(one.menu);
        const Result<Ranking> neutral = co_await oracle_.rank(nothing_, std::move(kinds), until);
        measurement_.failures_count += neutral ? 0 : 1;
        co_await rank(index, measurement_.cold);
        co_await rank(index, measurement_.again);
    }

    Task<std::optional<Ranking>> rank_all(const DecideCase& one) {
        std::vector<RemedyKind> kinds(adapters::llm::kinds_all.begin(),
                                      adapters::llm::kinds_all.end());
        const Instant deadline = clock_.now() + answer_within;
        const Result<Ranking> ranking =
            co_await oracle_.rank(one.evidence, std::move(kinds), deadline);
        measurement_.failures_count += ranking ? 0 : 1;
        co_return ranking ? std::optional(*ranking) : std::nullopt;
    }

    Task<void> rank(std::size_t index, Timings& timings) {
        const DecideCase& one = cases_[index];
        std::vector<RemedyKind> kinds = decide::kinds_to_rank(one.menu);
        const Instant asked_at = clock_.now();
        Result<Ranking> ranking =
            co_await oracle_.rank(one.evidence, std::move(kinds), asked_at + answer_within);
        if (!ranking) {
            measurement_.failures_count += 1;
            co_return;
        }
        timings.took.push_back(clock_.now() - asked_at);
        timings.tokens_fresh.push_back(ranking->tokens_fresh_count);
        measurement_.model = ranking->model;
        keep(measurement_.answers[index], *std::move(ranking));
    }

    static void keep(CaseAnswer& answer, Ranking ranking) {
        if (answer.ranking) {
            answer.has_changed |= first_of(*answer.ranking) != first_of(ranking);
        } else {
            answer.ranking = std::move(ranking);
        }
    }

    Evidence nothing_;
    adapters::llm::LlmOracle& oracle_;
    adapters::system::SystemClock& clock_;
    const std::vector<DecideCase>& cases_;
    DecideMeasurement& measurement_;
};

Task<void> run_and_stop(asio::io_context& context, Questioning& questioning) {
    co_await questioning.run();
    context.stop();
}

/// Why the model cannot even be started; empty if it can be tried.
std::string obstacle(const BenchDecideOptions& options, const ServerDirectory& directory) {
    if (!options.asks_model) {
        return "`--oracle rules` leaves it out";
    }
    if (options.model.empty() || model_server_program().empty()) {
        return "there is no model file or no llama-server; `make setup` installs both, `--oracle "
               "rules` leaves them out";
    }
    return directory.path().empty() ? "no directory could be made in the temporary directory" : "";
}

/// False: interrupted. The model's server has ended in either case.
bool ask_model(const BenchDecideOptions& options,
               const ServerDirectory& directory,
               const std::vector<DecideCase>& cases,
               DecideMeasurement& measurement) {
    asio::io_context context{1};
    adapters::system::SystemClock clock(context.get_executor());
    adapters::llm::ModelServerSettings server;
    server.command = {model_server_program().string()};
    server.model_file = options.model;
    server.directory = directory.path();
    measurement.machine.model_threads = server.threads;
    adapters::llm::LlmOracle oracle(context.get_executor(), clock, {.server = server});
    Questioning questioning(oracle, clock, cases, measurement);
    bool is_interrupted = false;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        is_interrupted = !error;
        context.stop();
    });
    asio::co_spawn(context, oracle.run(), asio::detached);
    asio::co_spawn(context, run_and_stop(context, questioning), asio::detached);
    context.run();
    return !is_interrupted;
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
    const ServerDirectory directory;
    measurement.model = obstacle(options, directory);
    if (measurement.model.empty() && !ask_model(options, directory, *cases, measurement)) {
        say("interrupted; the model's server was ended");
        return ExitStatus::interrupted;
    }
    measurement.machine.load_after = load_now();
    return report(options, *cases, measurement);
}

}  // namespace homeostat::app
