#include "homeostat/app/demo/demo.hpp"

#include "homeostat/app/demo/baseline.hpp"
#include "homeostat/app/demo/keeper.hpp"
#include "homeostat/app/demo/scenario_run.hpp"
#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

namespace homeostat::app::demo {

namespace {

constexpr int exit_unexpected = 1;
constexpr int exit_cannot_run = 2;
constexpr int exit_interrupted = 130;

void say(const std::string& line) {
    fmt::print(stderr, "{}\n", line);
    std::fflush(stderr);
}

std::string ms_or_dash(std::optional<double> ms) {
    return ms ? fmt::format("{:.0f} ms", *ms) : std::string("–");
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text.empty() ? "nothing" : text;
}

/// Every scenario in the order that the seed gives; the same seed, the same order and sizes.
std::vector<Scenario> drawn(const DemoOptions& options) {
    std::vector<Scenario> chosen;
    for (const Scenario& scenario : scenarios()) {
        if (options.only.empty() || scenario.name == options.only) {
            chosen.push_back(scenario);
        }
    }
    Rng rng = Rng(options.seed).fork("order");
    for (std::size_t left = chosen.size(); left > 1; --left) {
        const auto pick = static_cast<std::size_t>(rng.between(0, static_cast<int>(left) - 1));
        std::swap(chosen[left - 1], chosen[pick]);
    }
    return chosen;
}

void report(const ScenarioRun& run) {
    const ScenarioFigures& figures = run.figures;
    say(fmt::format(
        "  {}; did {}; noticed after {}, decided in {} (model {}), acted for {}, "
        "users well after {}; {} of {} requests failed",
        run.is_as_expected ? std::string("as expected") : "NOT AS EXPECTED: " + run.story,
        joined(figures.remedies), ms_or_dash(figures.detect_ms), ms_or_dash(figures.decide_ms),
        ms_or_dash(figures.model_ms), ms_or_dash(figures.act_ms), ms_or_dash(figures.heal_ms),
        figures.failed_requests, figures.requests));
    if (run.wrong_count > 0) {
        say(
            fmt::format("  {} of these were answered with a wrong price, the last {:.1f} s after "
                        "the first",
                        run.wrong_count, to_seconds(run.wrong_for)));
    }
    if (run.source_reads) {
        say(fmt::format(
            "  the source was read, in a second, {} times at most before the fault, {} "
            "times while readers were sent to it, {} times since they went back",
            run.source_reads->before, run.source_reads->rerouted, run.source_reads->after));
    }
    constexpr std::uint64_t percent = 100;
    constexpr std::uint64_t percent_all = 99;  // A call or two may be under way.
    if (run.checks_given_count * percent < run.checks_asked_count * percent_all) {
        say(
            fmt::format("  of {} checks for fraud {:.0f} % were made; the others got the declared "
                        "fallback, or none",
                        run.checks_asked_count,
                        static_cast<double>(percent * run.checks_given_count) /
                            static_cast<double>(run.checks_asked_count)));
    }
}

/// With null for what was not measured: the contract has every member in every scenario.
template <class Figures>
json::value document_of(const Figures& figures) {
    json::object document;
    Figures::fields(figures, [&](std::string_view name, const auto& field) {
        document[name] = to_json(field);
    });
    return document;
}

WorldOptions world_in(const DemoOptions& options, const std::filesystem::path& directory) {
    WorldOptions world;
    world.directory = directory;
    world.programs = options.programs;
    world.templates = world.programs.parent_path() / "share" / "payment_gateway";
    world.model = options.model;
    world.oracle = options.oracle;
    world.seed = options.seed;
    std::filesystem::create_directories(world.directory);
    return world;
}

/// The same scenario once under each policy.
Result<void> run_baselines(const DemoOptions& options,
                           const std::filesystem::path& directory,
                           const Scenario& scenario,
                           json::array& documents) {
    for (const Policy& policy : policies()) {
        say(fmt::format("  under {}: {}; {:.0f} s at most from the first bad answer", policy.name,
                        policy.says, to_seconds(policy.window)));
        const WorldOptions world =
            world_in(options, directory / (scenario.name + "." + policy.name));
        const Result<BaselineFigures> figures = run_baseline(scenario, policy, world);
        if (!figures) {
            return fail("under " + policy.name, figures.error());
        }
        say(fmt::format("    {}; {} restarts, {} of {} instances run",
                        cell_of(figures->healed, figures->heal_ms, figures->failed_requests,
                                figures->window_ms),
                        figures->restarts, figures->instances_running, payments_instances));
        documents.push_back(document_of(*figures));
    }
    return {};
}

/// The innermost process: runs the scenarios and writes the document into the run's directory.
int run_all(const DemoOptions& options, const std::filesystem::path& directory) {
    json::array documents;
    json::array baselines;
    std::uint64_t records_count = 0;
    bool is_intact = true;
    bool is_as_expected = true;
    const std::vector<Scenario> chosen = drawn(options);
    for (std::size_t index = 0; index < chosen.size(); ++index) {
        const Scenario& scenario = chosen[index];
        say(fmt::format("[{}/{}] {}: {}", index + 1, chosen.size(), scenario.name, scenario.says));
        const Result<ScenarioRun> run =
            run_scenario(scenario, world_in(options, directory / scenario.name));
        if (!run) {
            say("  could not be run: " + run.error().text);
            return exit_cannot_run;
        }
        report(*run);
        documents.push_back(document_of(run->figures));
        records_count += run->records_count;
        is_intact = is_intact && run->is_ledger_intact;
        is_as_expected = is_as_expected && run->is_as_expected;
        if (options.has_baseline) {
            if (const Result<void> ran = run_baselines(options, directory, scenario, baselines);
                !ran) {
                say("  could not be run: " + ran.error().text);
                return exit_cannot_run;
            }
        }
    }
    json::object document;
    document["seed"] = options.seed;
    document["scenarios"] = std::move(documents);
    if (options.has_baseline) {
        document["baseline"] = std::move(baselines);
    }
    json::object ledger;
    ledger["records"] = records_count;
    ledger["intact"] = is_intact;
    document["ledger"] = std::move(ledger);
    std::ofstream(directory / "result.json") << to_text(json::value(std::move(document)));
    return is_as_expected && is_intact ? 0 : exit_unexpected;
}

/// A column for Homeostat and one for each policy.
void print_baseline(const json::object& document) {
    fmt::print("\n{:<16} {:<20}", "SCENARIO", "HOMEOSTAT");
    for (const Policy& policy : policies()) {
        fmt::print(" {:<24}", policy.name);
    }
    for (const json::value& value : document.at("scenarios").as_array()) {
        const Result<ScenarioFigures> own = from_json<ScenarioFigures>(value);
        if (!own) {
            continue;
        }
        fmt::print("\n{:<16} {:<20}", own->name,
                   own->healed || own->heal_ms
                       ? cell_of(own->healed, own->heal_ms, own->failed_requests, 0)
                       : fmt::format("NO, {} failed", own->failed_requests));
        for (const json::value& row : document.at("baseline").as_array()) {
            const Result<BaselineFigures> figures = from_json<BaselineFigures>(row);
            if (figures && figures->name == own->name) {
                fmt::print(" {:<24}", cell_of(figures->healed, figures->heal_ms,
                                              figures->failed_requests, figures->window_ms));
            }
        }
    }
    fmt::print("\n");
}

void print_table(const json::object& document) {
    constexpr auto row = "{:<16} {:<6} {:>8} {:>8} {:>8} {:>9} {:>8} {:>15}  {}\n";
    fmt::print(row, "SCENARIO", "HEALED", "DETECT", "DECIDE", "MODEL", "ACT", "HEAL",
               "FAILED REQUESTS", "DID");
    for (const json::value& value : document.at("scenarios").as_array()) {
        const Result<ScenarioFigures> figures = from_json<ScenarioFigures>(value);
        if (figures) {
            fmt::print(row, figures->name, figures->healed ? "yes" : "NO",
                       ms_or_dash(figures->detect_ms), ms_or_dash(figures->decide_ms),
                       ms_or_dash(figures->model_ms), ms_or_dash(figures->act_ms),
                       ms_or_dash(figures->heal_ms),
                       fmt::format("{} of {}", figures->failed_requests, figures->requests),
                       joined(figures->remedies));
        }
    }
    if (document.contains("baseline")) {
        print_baseline(document);
    }
    const json::object& ledger = document.at("ledger").as_object();
    fmt::print("\nledger: {} records, {}; processes left over: {}; seed {}\n",
               ledger.at("records").to_number<std::uint64_t>(),
               ledger.at("intact").as_bool() ? "intact" : "NOT INTACT",
               document.at("leftover_processes").to_number<std::uint64_t>(),
               document.at("seed").to_number<std::uint64_t>());
}

Result<std::filesystem::path> make_directory(const DemoOptions& options) {
    if (options.keep.empty()) {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "homeostat-demo-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            return fail(Fault::full, "no directory could be made in the temporary directory");
        }
        return std::filesystem::path(pattern);
    }
    std::error_code trouble;
    std::filesystem::create_directories(options.keep, trouble);
    if (trouble || !std::filesystem::is_empty(options.keep, trouble)) {
        return fail(Fault::invalid,
                    "--keep " + options.keep.string() + ": give an empty or a new directory");
    }
    return std::filesystem::absolute(options.keep);
}

int finish(const DemoOptions& options, const KeptRun& kept, const std::filesystem::path& result) {
    std::ostringstream text;
    text << std::ifstream(result).rdbuf();
    const Result<json::value> parsed = parse_json(text.str());
    if (!parsed && kept.exit_status == exit_cannot_run) {
        return kept.exit_status;  // It has said why.
    }
    if (!parsed) {
        say("the demo ended without a result; run it with --keep DIR and look at the logs there");
        return kept.exit_status == 0 ? exit_unexpected : kept.exit_status;
    }
    json::object document = parsed->as_object();
    document["leftover_processes"] = kept.leftover_processes;
    if (options.is_json) {
        fmt::print("{}\n", to_text(json::value(document)));
    } else {
        print_table(document);
    }
    const bool is_clean = kept.leftover_processes == 0;
    return is_clean ? kept.exit_status : std::max(kept.exit_status, exit_unexpected);
}

}  // namespace

int list_scenarios() {
    for (const Scenario& scenario : scenarios()) {
        fmt::print("{}\n", scenario.name);
    }
    return 0;
}

int run_demo(const DemoOptions& options) {
    if (drawn(options).empty()) {
        std::vector<std::string> names;
        for (const Scenario& scenario : scenarios()) {
            names.push_back(scenario.name);
        }
        say("there is no scenario '" + options.only + "'; there are: " + joined(names));
        return exit_cannot_run;
    }
    if (options.oracle == "model" && !options.model_missing.empty()) {
        say("--oracle model: " + options.model_missing + " (--oracle rules needs none)");
        return exit_cannot_run;
    }
    const Result<std::filesystem::path> directory = make_directory(options);
    if (!directory) {
        say(directory.error().text);
        return exit_cannot_run;
    }
    if (!options.model_missing.empty()) {
        say("the rules rank alone: " + options.model_missing);
    }
    say(fmt::format("seed {}; the same seed gives the same order and sizes of faults",
                    options.seed));
    const Result<KeptRun> kept = run_kept([&] { return run_all(options, *directory); });
    int status = exit_cannot_run;
    if (!kept) {
        say(kept.error().text);
    } else if (kept->is_interrupted) {
        say("interrupted; everything was ended");
        status = exit_interrupted;
    } else {
        status = finish(options, *kept, *directory / "result.json");
    }
    if (options.keep.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(*directory, ignored);
    } else {
        say("kept: " + directory->string());
        const std::filesystem::path ledger = *directory / drawn(options).front().name / "ledger";
        std::error_code ignored;
        if (std::filesystem::exists(ledger, ignored)) {
            say("what was done, and why: homeostat explain i-1 --ledger " + ledger.string());
        }
    }
    return status;
}

}  // namespace homeostat::app::demo
