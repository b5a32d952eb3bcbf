#include "homeostat/sim/run/healthy_days_command.hpp"

#include "homeostat/os/interrupts.hpp"
#include "homeostat/sim/run/healthy_days.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

namespace homeostat::sim {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_broken = 1;
constexpr int exit_interrupted = 130;
constexpr std::uint64_t days_told_every = 20;

void print_day(const Options& options, const SeedResult& day) {
    std::fprintf(stderr, "%s", describe(options).c_str());
    for (const Violation& violation : day.violations) {
        std::fprintf(stderr, "  %s at %.3f s: %s\n", violation.promise.c_str(),
                     to_seconds(violation.at.time_since_epoch()), violation.text.c_str());
    }
    std::fprintf(stderr, "  again: homeostat simulate healthy-days --days 1 --seed %lu --trace\n",
                 options.seed);
}

int show_one(std::uint64_t seed) {
    const Options options = healthy_day(seed);
    const SeedResult day = run_once(options, true);
    fmt::print("{}", describe(options));
    for (const std::string& line : day.trace) {
        fmt::print("{}\n", line);
    }
    return day.violations.empty() && day.orders_count == 0 ? exit_ok : exit_broken;
}

}  // namespace

CLI::App* add_healthy_days(CLI::App& app, HealthyDaysArguments& arguments) {
    CLI::App* command = app.add_subcommand(
        "healthy-days", "Look after services that nothing is wrong with, and count what is done");
    command->add_option("--days", arguments.days, "So many days, each of another service")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command->add_option("--seed", arguments.seed, "Of the first day; the next ones follow")
        ->capture_default_str();
    command->add_flag("--trace", arguments.shows_trace,
                      "Of the first day: what happened, a line each");
    command->add_flag("--json", arguments.is_json, "One line for programs");
    command->footer(
        "Exit status:\n  0    nothing was done on any of them\n"
        "  1    something was, or a promise was broken; the command that shows it again is "
        "printed\n  2    arguments that cannot be used\n  130  interrupted\n\n"
        "Examples:\n  homeostat simulate healthy-days --days 10\n"
        "  homeostat simulate healthy-days --days 1 --seed 7 --trace");
    return command;
}

int show_healthy_days(const HealthyDaysArguments& arguments) {
    if (arguments.shows_trace) {
        return show_one(arguments.seed);
    }
    const auto began_at = std::chrono::steady_clock::now();
    HealthyDays all;
    for (std::uint64_t day = 0; day < arguments.days && !os::is_interrupted(); ++day) {
        const Options options = healthy_day(arguments.seed + day);
        const SeedResult result = run_once(options, false);
        add_day(all, result);
        if (!result.violations.empty() || result.orders_count > 0) {
            print_day(options, result);
        }
        if (all.days % days_told_every == 0) {
            std::fprintf(stderr, "%lu service-days\n", all.days);
        }
    }
    const double wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began_at).count();
    fmt::print(fmt::runtime(
                   arguments.is_json
                       ? R"({{"service_days":{},"orders":{},"incidents":{},)"
                         R"("told":{},"violations":{},"wall_seconds":{:.1f}}})"
                         "\n"
                       : "{} service-days on which nothing was wrong: {} orders; {} incidents that "
                         "closed by themselves; on {} a person was told; {} promises "
                         "broken. It took {:.1f} s\n"),
               all.days, all.orders, all.incidents, all.told, all.violations, wall_seconds);
    if (os::is_interrupted()) {
        return exit_interrupted;
    }
    return all.orders == 0 && all.violations == 0 ? exit_ok : exit_broken;
}

}  // namespace homeostat::sim
