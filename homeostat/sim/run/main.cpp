// homeostat-lab: simulated worlds by the seed. `homeostat simulate` starts it.

#include "homeostat/os/interrupts.hpp"
#include "homeostat/sim/run/before_after_command.hpp"
#include "homeostat/sim/run/cases_command.hpp"
#include "homeostat/sim/run/healthy_days_command.hpp"
#include "homeostat/sim/run/kills_command.hpp"
#include "homeostat/sim/run/options_draw.hpp"
#include "homeostat/sim/run/run_seed.hpp"
#include "homeostat/sim/run/scenario.hpp"
#include "homeostat/sim/run/trace.hpp"
#include "homeostat/sim/sut/a2a_sut.hpp"
#include "homeostat/sim/sut/pledge_sut.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace homeostat::sim {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_violated = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;

struct Arguments {
    std::string seeds{"1..100"};
    std::optional<std::uint64_t> seed;
    std::string scenario;
    bool is_json{false};
    bool shows_trace{false};
    bool lists{false};
    bool requires_marks{false};
    std::uint32_t services_count{0};  ///< 0: as the seed draws.
    double digests_for_s{0};          ///< 0: whole histories, and judged.
    CasesArguments cases;
    bool lists_families{false};
    bool tries_advice{false};
    BeforeAfterArguments before_after;
    bool looks_after_the_well{false};
    HealthyDaysArguments healthy_days;
    bool kills{false};
    KillsArguments kill_matrix;
    bool serves_a2a{false};
    sut::A2aSutArguments a2a_sut;
    bool serves_pledges{false};
    sut::PledgeSutArguments pledge_sut;
};

/// Which worlds a seed stands for.
struct Chosen {
    const Scenario* scenario{nullptr};  ///< Null: the seed's own.
    std::uint32_t services_count{0};    ///< 0: as the seed draws.

    [[nodiscard]] Options options_of(std::uint64_t seed) const {
        return draw_options(seed, scenario, services_count);
    }
    [[nodiscard]] std::string arguments() const {
        return (scenario == nullptr ? "" : fmt::format(" --scenario {}", scenario->name)) +
               (services_count == 0 ? "" : fmt::format(" --services {}", services_count));
    }
};

struct Totals {
    std::uint64_t seeds{0};
    std::uint64_t violations{0};
    std::uint64_t settled{0};
    std::uint64_t healed{0};
    std::uint64_t orders{0};
    std::uint64_t seeds_with_orders{0};
    std::vector<double> harms;  ///< Of each seed with the demon, s.
    std::uint64_t deaths{0};
    std::uint64_t steps{0};
    double virtual_seconds{0};
    std::uint64_t hash{0xCBF29CE484222325ULL};
    std::map<std::string, std::uint64_t> marks;
};

struct Range {
    std::uint64_t first{1};
    std::uint64_t last{1};
};

bool read_whole(std::string_view text, std::uint64_t& number) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end;
}

/// "7" and "1..200".
std::optional<Range> parse_range(std::string_view text) {
    const std::size_t dots = text.find("..");
    const std::string_view first = text.substr(0, dots);
    const std::string_view last = dots == std::string_view::npos ? first : text.substr(dots + 2);
    Range range;
    const bool is_read = read_whole(first, range.first) && read_whole(last, range.last);
    return is_read && range.first <= range.last ? std::optional(range) : std::nullopt;
}

/// What was drawn and how it ended, for whoever has only this log.
void print_history(const Options& options) {
    constexpr std::ptrdiff_t lines_max = 40;
    const std::vector<std::string> trace = run_once(options, true).trace;
    const std::ptrdiff_t left_out = std::max<std::ptrdiff_t>(0, std::ssize(trace) - lines_max);
    std::fprintf(stderr, "%s  the last of %zu lines:\n", describe(options).c_str(), trace.size());
    for (const std::string& line : std::span(trace).subspan(static_cast<std::size_t>(left_out))) {
        std::fprintf(stderr, "%s\n", line.c_str());
    }
}

void print_violations(const SeedResult& result, const Options& options, const Chosen& chosen) {
    std::fprintf(stderr, "seed %lu (%s) breaks a promise:\n", options.seed,
                 options.scenario.c_str());
    print_history(options);
    std::map<std::string, std::uint32_t> told;
    for (const Violation& violation : result.violations) {
        if (++told[violation.promise] <= 3) {
            std::fprintf(stderr, "  %s at %.3f s: %s\n", violation.promise.c_str(),
                         to_seconds(violation.at.time_since_epoch()), violation.text.c_str());
        }
    }
    std::fprintf(stderr, "  again: homeostat simulate --seed %lu%s --trace\n", options.seed,
                 chosen.arguments().c_str());
}

void add(Totals& totals, const SeedResult& result) {
    totals.seeds += 1;
    totals.violations += result.violations.size();
    totals.settled += result.is_settled ? 1 : 0;
    totals.healed += result.is_healed ? 1 : 0;
    totals.orders += result.orders_count;
    totals.seeds_with_orders += result.orders_count > 0 ? 1 : 0;
    totals.deaths += result.deaths_count;
    if (result.marks.contains("harm of the demon measured")) {
        totals.harms.push_back(result.harm_seconds);
    }
    totals.steps += result.steps_count;
    totals.virtual_seconds += result.virtual_seconds;
    totals.hash = (totals.hash ^ result.trace_hash) * 0x100000001B3ULL;
    for (const auto& [mark, count] : result.marks) {
        totals.marks[mark] += count;
    }
}

bool has(std::span<const std::string_view> marks, std::string_view mark) {
    return std::ranges::find(marks, mark) != marks.end();
}

std::vector<std::string> missing_marks(const Totals& totals) {
    std::vector<std::string> missing;
    for (const std::string_view mark : all_marks()) {
        if (!totals.marks.contains(std::string(mark))) {
            missing.emplace_back(mark);
        }
    }
    return missing;
}

/// Reached, and nobody would notice if it no longer were.
std::vector<std::string> unlisted_marks(const Totals& totals) {
    std::vector<std::string> unlisted;
    for (const auto& [mark, count] : totals.marks) {
        if (!has(all_marks(), mark)) {
            unlisted.push_back(mark);
        }
    }
    return unlisted;
}

void print_totals(const Totals& totals, double wall_seconds) {
    fmt::print(
        "{} seeds: {} violations, {} settled ({} healed), {} orders in {} of them, {} deaths\n",
        totals.seeds, totals.violations, totals.settled, totals.healed, totals.orders,
        totals.seeds_with_orders, totals.deaths);
    fmt::print("{:.0f} s of the world in {:.1f} s, {} steps; trace {:016x}\n",
               totals.virtual_seconds, wall_seconds, totals.steps, totals.hash);
    if (!totals.harms.empty()) {
        std::vector<double> harms = totals.harms;
        std::ranges::sort(harms);
        fmt::print(
            "the demon in {} seeds cost users {:.1f} s of their traffic at the median, {:.1f} s "
            "at most\n",
            harms.size(), harms[harms.size() / 2], harms.back());
    }
    fmt::print("reached:\n");
    for (const auto& [mark, count] : totals.marks) {
        fmt::print("  {:8} {}\n", count, mark);
    }
    for (const std::string& mark : missing_marks(totals)) {
        fmt::print("  never    {}\n", mark);
    }
}

int list_scenarios(bool is_json) {
    for (const Scenario& scenario : all_scenarios()) {
        const bool is_out = scenario.shape == nullptr;
        if (is_json) {
            fmt::print(R"({{"scenario":"{}","title":"{}","left_out_because":{}}})"
                       "\n",
                       scenario.name, scenario.title,
                       is_out ? fmt::format("\"{}\"", scenario.left_out_because) : "null");
        } else {
            fmt::print("{:4} {}{}\n", scenario.name, scenario.title,
                       is_out ? fmt::format(" (left out: {})", scenario.left_out_because) : "");
        }
    }
    return exit_ok;
}

int show_one(std::uint64_t seed, const Chosen& chosen) {
    const Options options = chosen.options_of(seed);
    const SeedResult result = run_seed(options, true);
    fmt::print("{}", describe(options));
    for (const std::string& line : result.trace) {
        fmt::print("{}\n", line);
    }
    for (const Violation& violation : result.violations) {
        fmt::print("BROKEN {} at {:.3f} s: {}\n", violation.promise,
                   to_seconds(violation.at.time_since_epoch()), violation.text);
    }
    fmt::print("trace {:016x}\n", result.trace_hash);
    return result.violations.empty() ? exit_ok : exit_violated;
}

/// Until the last seed, or until somebody has had enough.
Totals run_seeds(const Range& range, const Chosen& chosen) {
    Totals totals;
    for (std::uint64_t seed = range.first; seed <= range.last && !os::is_interrupted(); ++seed) {
        const Options options = chosen.options_of(seed);
        const SeedResult result = run_seed(options);
        add(totals, result);
        if (!result.violations.empty()) {
            print_violations(result, options, chosen);
        } else if (totals.seeds % 50 == 0) {
            std::fprintf(stderr, "%lu seeds\n", totals.seeds);
        }
    }
    return totals;
}

void print_json(const Totals& totals, double wall_seconds) {
    fmt::print(R"({{"seeds":{},"violations":{},"settled":{},"healed":{},"orders":{},)"
               R"("seeds_with_orders":{},"deaths":{},"steps":{},)"
               R"("virtual_seconds":{:.1f},"wall_seconds":{:.3f},"trace_hash":"{:016x}"}})"
               "\n",
               totals.seeds, totals.violations, totals.settled, totals.healed, totals.orders,
               totals.seeds_with_orders, totals.deaths, totals.steps, totals.virtual_seconds,
               wall_seconds, totals.hash);
}

int exit_status_of(const Totals& totals, const Arguments& arguments) {
    if (os::is_interrupted()) {
        return exit_interrupted;
    }
    bool is_good = totals.violations == 0;
    if (arguments.requires_marks) {
        for (const std::string& mark : missing_marks(totals)) {
            const bool is_required = !has(marks_not_required(), mark);
            std::fprintf(stderr, "never reached: %s%s\n", mark.c_str(),
                         is_required ? "" : ", and need not be");
            is_good = is_good && !is_required;
        }
        for (const std::string& mark : unlisted_marks(totals)) {
            std::fprintf(stderr, "not among the marks: %s\n", mark.c_str());
            is_good = false;
        }
    }
    return is_good ? exit_ok : exit_violated;
}

/// The beginnings of histories, for comparing builds and machines. Nothing is judged.
int print_digests(const Range& range, const Chosen& chosen, double seconds) {
    for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
        Options options = chosen.options_of(seed);
        options.ends_at = std::min(options.ends_at, ticks_of(seconds));
        const SeedResult result = run_once(options, false);
        fmt::print("seed {} {}: {} orders, {} deaths, trace {:016x}\n", seed, options.scenario,
                   result.orders_count, result.deaths_count, result.trace_hash);
    }
    return exit_ok;
}

int run_range(const Arguments& arguments, const Chosen& chosen) {
    const std::optional<Range> range =
        arguments.seed ? Range{*arguments.seed, *arguments.seed} : parse_range(arguments.seeds);
    if (!range) {
        std::fprintf(stderr, "homeostat-lab: --seeds %s: want a number or 1..200\n",
                     arguments.seeds.c_str());
        return exit_usage;
    }
    if (arguments.digests_for_s > 0) {
        return print_digests(*range, chosen, arguments.digests_for_s);
    }
    const auto began_at = std::chrono::steady_clock::now();
    const Totals totals = run_seeds(*range, chosen);
    const double wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began_at).count();
    if (arguments.is_json) {
        print_json(totals, wall_seconds);
    } else {
        print_totals(totals, wall_seconds);
    }
    return exit_status_of(totals, arguments);
}

int run_cases(const Arguments& arguments) {
    CasesArguments cases = arguments.cases;
    cases.seed = arguments.seed.value_or(1);
    cases.is_json = arguments.is_json;
    cases.services_count = arguments.services_count;
    return make_cases(cases);
}

int run(const Arguments& arguments) {
    if (arguments.tries_advice) {
        return show_before_after(arguments.before_after);
    }
    if (arguments.looks_after_the_well) {
        return show_healthy_days(arguments.healthy_days);
    }
    if (arguments.kills) {
        return show_kills(arguments.kill_matrix);
    }
    if (arguments.serves_a2a) {
        return sut::serve_a2a(arguments.a2a_sut);
    }
    if (arguments.serves_pledges) {
        return sut::serve_pledges(arguments.pledge_sut);
    }
    if (arguments.lists_families) {
        return list_families(arguments.is_json);
    }
    if (arguments.cases.count > 0 || arguments.cases.only) {
        return run_cases(arguments);
    }
    if (arguments.lists) {
        return list_scenarios(arguments.is_json);
    }
    const Scenario* scenario =
        arguments.scenario.empty() ? nullptr : find_scenario(arguments.scenario);
    if (!arguments.scenario.empty() && (scenario == nullptr || scenario->shape == nullptr)) {
        std::fprintf(stderr, "homeostat-lab: no scenario '%s'%s; --list names them\n",
                     arguments.scenario.c_str(), scenario == nullptr ? "" : " can be run");
        return exit_usage;
    }
    const Chosen chosen{scenario, arguments.services_count};
    return arguments.seed && arguments.shows_trace ? show_one(*arguments.seed, chosen)
                                                   : run_range(arguments, chosen);
}

void add_case_options(CLI::App& app, Arguments& arguments) {
    CasesArguments& cases = arguments.cases;
    app.add_option("--cases", cases.count,
                   "Make so many cases of judgement from --seed (1), each with what every remedy "
                   "would have cost; see docs/cases.md")
        ->check(CLI::Range(1, 10'000'000));
    app.add_option("--case", cases.only, "Only the case of this number, the same to the byte")
        ->check(CLI::Range(1, 10'000'000));
    app.add_option("--out", cases.out, "Where the cases go, one line each; - is standard output")
        ->capture_default_str();
    app.add_option(
           "--split", cases.split,
           "train, held-out, new-words or all: which families, names and wordings are drawn")
        ->capture_default_str();
    app.add_option("--family", cases.family,
                   "Only cases of this fault, alone and lasting, or of nothing");
    app.add_option("--jobs", cases.jobs, "Threads that make cases; the bytes are the same")
        ->capture_default_str()
        ->check(CLI::Range(1, 64));
    app.add_flag("--list-families", arguments.lists_families,
                 "Name the families of cases, and which are held out of training");
}

void add_servers_under_test(CLI::App& app, Arguments& arguments) {
    CLI::App* a2a = app.add_subcommand(
        "a2a-sut", "Serve A2A with test-only answers, for compatibility kits, until interrupted");
    a2a->add_option("--port", arguments.a2a_sut.port, "0: any that is free; it is printed")
        ->capture_default_str();
    a2a->add_option("--listen", arguments.a2a_sut.listen, "The address to listen on")
        ->capture_default_str();
    a2a->callback([&arguments] { arguments.serves_a2a = true; });
    CLI::App* pledges = app.add_subcommand(
        "pledge-sut", "Serve pledges with a data plane that a test controls, until interrupted");
    pledges
        ->add_option("--config", arguments.pledge_sut.config,
                     "Keys, neighbours and routes; see tests/pledges/README.md")
        ->required();
    pledges->add_option("--port", arguments.pledge_sut.port, "0: any that is free; it is printed")
        ->capture_default_str();
    pledges->callback([&arguments] { arguments.serves_pledges = true; });
}

void add_options(CLI::App& app, Arguments& arguments) {
    app.add_option("--seeds", arguments.seeds, "Which seeds: 7 or 1..200")->capture_default_str();
    app.add_option("--seed", arguments.seed, "One seed");
    app.add_option("--scenario", arguments.scenario, "Only this one: S1");
    app.add_option("--services", arguments.services_count,
                   "Worlds of so many services, 3 to 64, instead of what the seed draws")
        ->check(CLI::Range(3, 64));
    app.add_flag("--trace", arguments.shows_trace, "With --seed: what happened, a line each");
    app.add_flag("--json", arguments.is_json, "End with one line of JSON; the rest on stderr");
    app.add_flag("--list", arguments.lists, "Name the scenarios, and why some are left out");
    app.add_flag("--require-marks", arguments.requires_marks,
                 "Exit status 1 if a rare state was never reached");
    app.add_option("--digests-for", arguments.digests_for_s,
                   "Only the digest of each trace's first seconds, to compare builds by")
        ->check(CLI::PositiveNumber);
    add_case_options(app, arguments);
    add_before_after(app, arguments.before_after)->callback([&arguments] {
        arguments.tries_advice = true;
    });
    add_healthy_days(app, arguments.healthy_days)->callback([&arguments] {
        arguments.looks_after_the_well = true;
    });
    add_kills(app, arguments.kill_matrix)->callback([&arguments] { arguments.kills = true; });
    add_servers_under_test(app, arguments);
    app.footer(
        "Exit status:\n  0    no promise was broken; the cases are written\n"
        "  1    one was; the seed and the command that shows it again are printed. Or the cases\n"
        "       could not be written\n"
        "  2    arguments that cannot be used\n  130  interrupted\n\n"
        "Examples:\n  homeostat simulate --seeds 1..200\n"
        "  homeostat simulate --scenario S10 --seeds 1..50 --json\n"
        "  homeostat simulate --seed 7 --trace\n"
        "  homeostat simulate --cases 1000 --seed 1 --split train --out cases.jsonl --json");
}

}  // namespace

}  // namespace homeostat::sim

int main(int argc, char** argv) {
    using namespace homeostat::sim;
    try {
        CLI::App app("The whole loop in worlds that never were, against a referee",
                     "homeostat simulate");
        Arguments arguments;
        add_options(app, arguments);
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            return app.exit(error) == 0 ? exit_ok : exit_usage;
        }
        // A server waits for its signals itself.
        if (!arguments.serves_a2a && !arguments.serves_pledges) {
            homeostat::os::note_interrupts();
        }
        return run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "homeostat-lab: %s\n", error.what());
        return exit_violated;
    }
}
