// bench decide: how well, and how fast, the menu of a case is decided by the rules alone, by the
// model alone and by both.
//
// The cases are what the demo's agent saw: menus and evidence taken from ledgers of its runs
// (tools/decide_cases.py), not written by hand. What is right is what the scenario expects. A
// reflex is no case: it asks nobody.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/demo/world.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/decide/decide.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/menu.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace asio = boost::asio;

constexpr Duration ready_within = std::chrono::seconds{60};
constexpr Duration answer_within = std::chrono::seconds{10};  ///< Measured, not cut off.

struct DecideCase {
    std::string scenario;
    std::uint64_t seed{0};
    std::vector<RemedyKind> right;
    Menu menu;
    Evidence evidence;

    static void fields(auto& self, auto&& field) {
        field("scenario", self.scenario);
        field("seed", self.seed);
        field("right", self.right);
        field("menu", self.menu);
        field("evidence", self.evidence);
    }
};

struct Tally {
    std::uint32_t right_count{0};
    std::uint32_t all_count{0};
};

struct Measured {
    std::map<std::string, std::map<std::string, Tally>> by_mode;  ///< Mode → scenario.
    std::vector<double> model_ms;                                 ///< One per answer.
    std::uint32_t model_failures_count{0};
    std::string model;
};

Result<std::vector<DecideCase>> read_cases() {
    std::error_code ignored;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    const std::filesystem::path file =
        program.parent_path().parent_path() / "share" / "payment_gateway" / "decide_cases.json";
    const std::string text = demo::read_file(file);
    if (text.empty()) {
        return fail(Fault::absent, file.string() + " is missing: build again");
    }
    const Result<json::value> document = parse_json(text);
    if (!document) {
        return fail(file.string(), document.error());
    }
    Result<std::vector<DecideCase>> cases = from_json<std::vector<DecideCase>>(*document);
    return cases ? std::move(cases) : fail(file.string(), cases.error());
}

bool is_right(const DecideCase& one, const Choice& choice) {
    return std::ranges::find(one.right, kind_of(choice.remedy)) != one.right.end();
}

void count(Measured& measured, const DecideCase& one, const decide::Opinion& opinion) {
    for (const OracleMode mode : {OracleMode::rules, OracleMode::model, OracleMode::both}) {
        const Choice choice = decide::choose(one.menu, opinion, {mode, std::nullopt});
        for (const std::string& row : {one.scenario, std::string("all")}) {
            Tally& tally = measured.by_mode[std::string(to_text(mode))][row];
            tally.all_count += 1;
            tally.right_count += is_right(one, choice) ? 1 : 0;
        }
    }
}

Task<void> ask_all(adapters::llm::LlmOracle& oracle,
                   adapters::system::SystemClock& clock,
                   const std::vector<DecideCase>& cases,
                   int repeats,
                   Measured& measured) {
    const Instant until = clock.now() + ready_within;
    constexpr Duration look_every = std::chrono::milliseconds{50};
    while (!oracle.is_ready() && clock.now() < until) {
        const Instant next_look = clock.now() + look_every;
        co_await clock.sleep_until(next_look);
    }
    measured.model = oracle.state();
    for (int repeat = 0; repeat < repeats; ++repeat) {
        for (const DecideCase& one : cases) {
            decide::Opinion opinion{ModelAnswer::recorded, std::nullopt, {}};
            const std::vector<RemedyKind> kinds = decide::kinds_to_rank(one.menu);
            const Instant asked_at = clock.now();
            Result<Ranking> ranking =
                co_await oracle.rank(one.evidence, kinds, asked_at + answer_within);
            if (ranking) {
                measured.model_ms.push_back(to_ms(clock.now() - asked_at));
                opinion.ranking = std::move(*ranking);
            } else {
                measured.model_failures_count += 1;
                opinion.answer = ModelAnswer::absent;
                opinion.trouble = ranking.error().text;
            }
            count(measured, one, opinion);
        }
    }
}

Task<void> run_bench(asio::io_context& context,
                     adapters::llm::LlmOracle& oracle,
                     adapters::system::SystemClock& clock,
                     const std::vector<DecideCase>& cases,
                     int repeats,
                     Measured& measured) {
    co_await ask_all(oracle, clock, cases, repeats, measured);
    context.stop();
}

Measured measure(const BenchDecideOptions& options, const std::vector<DecideCase>& cases) {
    Measured measured;
    const std::filesystem::path program = model_server_program();
    if (options.model.empty() || program.empty()) {
        measured.model = "absent: `make setup` installs one";
        for (const DecideCase& one : cases) {
            count(measured, one, {ModelAnswer::absent, std::nullopt, measured.model});
        }
        return measured;
    }
    asio::io_context context{1};
    adapters::system::SystemClock clock(context.get_executor());
    adapters::llm::ModelServerSettings server;
    server.command = {program.string()};
    server.model_file = options.model;
    server.directory =
        std::filesystem::temp_directory_path() / ("homeostat-bench-" + std::to_string(::getpid()));
    {
        adapters::llm::LlmOracle oracle(context.get_executor(), clock, {.server = server});
        asio::co_spawn(context, oracle.run(), asio::detached);
        asio::co_spawn(context, run_bench(context, oracle, clock, cases, options.repeats, measured),
                       asio::detached);
        context.run();
    }
    std::error_code ignored;
    std::filesystem::remove_all(server.directory, ignored);
    return measured;
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) {
        return 0;
    }
    std::ranges::sort(values);
    const auto index = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
    return values[index];
}

json::value document_of(const Measured& measured, std::size_t cases_count, int repeats) {
    json::object modes;
    for (const auto& [mode, rows] : measured.by_mode) {
        json::object row_documents;
        for (const auto& [row, tally] : rows) {
            json::object tally_document;
            tally_document["right"] = tally.right_count;
            tally_document["of"] = tally.all_count;
            row_documents[row] = std::move(tally_document);
        }
        modes[mode] = std::move(row_documents);
    }
    json::object document;
    document["cases"] = cases_count;
    document["repeats"] = repeats;
    document["model"] = json::value(measured.model);
    document["right"] = std::move(modes);
    json::object latency;
    latency["answers"] = measured.model_ms.size();
    latency["failures"] = measured.model_failures_count;
    latency["p50_ms"] = percentile(measured.model_ms, 0.50);
    latency["p99_ms"] = percentile(measured.model_ms, 0.99);
    latency["max_ms"] = percentile(measured.model_ms, 1.00);
    document["model_latency"] = std::move(latency);
    return document;
}

void print(const Measured& measured, std::size_t cases_count, int repeats) {
    fmt::print("{} cases from runs of the demo, each asked {} times; model: {}\n\n", cases_count,
               repeats, plain(measured.model));
    fmt::print("{:<18} {:>12} {:>12} {:>12}\n", "RIGHT, OF", "rules", "model", "both");
    for (const auto& [row, unused] : measured.by_mode.at("rules")) {
        const auto cell = [&, name = row](const char* mode) {
            const Tally& tally = measured.by_mode.at(mode).at(name);
            return fmt::format("{} of {}", tally.right_count, tally.all_count);
        };
        fmt::print("{:<18} {:>12} {:>12} {:>12}\n", row, cell("rules"), cell("model"),
                   cell("both"));
    }
    fmt::print("\nmodel: {} answers, {} failures; p50 {:.0f} ms, p99 {:.0f} ms, max {:.0f} ms\n",
               measured.model_ms.size(), measured.model_failures_count,
               percentile(measured.model_ms, 0.50), percentile(measured.model_ms, 0.99),
               percentile(measured.model_ms, 1.00));
    fmt::print(
        "Without a calibration the model has no weight in `both` (λ = 0): it is recorded.\n");
}

}  // namespace

ExitStatus bench_decide(const BenchDecideOptions& options) {
    const Result<std::vector<DecideCase>> cases = read_cases();
    if (!cases) {
        fmt::print(stderr, "homeostat: {}\n", cases.error().text);
        return ExitStatus::usage;
    }
    const Measured measured = measure(options, *cases);
    if (options.is_json) {
        fmt::print("{}", to_pretty_text(document_of(measured, cases->size(), options.repeats)));
    } else {
        print(measured, cases->size(), options.repeats);
    }
    return ExitStatus::ok;
}

}  // namespace homeostat::app
