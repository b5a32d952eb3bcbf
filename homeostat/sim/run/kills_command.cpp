#include "homeostat/sim/run/kills_command.hpp"

#include "homeostat/os/interrupts.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

namespace homeostat::sim {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_broken = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;
constexpr std::size_t failures_told_max = 5;

std::string command_of(const KillReport& report,
                       const KillFailure& failure,
                       const KillOrder& order) {
    return fmt::format(
        "homeostat simulate kills --scene {} --seed {}{} --at {}", report.scene, order.seed,
        order.has_power_loss ? " --power-loss" : "",
        failure.dies_before.empty() ? "0" : fmt::format("{}", fmt::join(failure.dies_before, " ")));
}

void print_failures(const KillReport& report, const KillOrder& order) {
    for (std::size_t at = 0; at < std::min(failures_told_max, report.failures.size()); ++at) {
        const KillFailure& failure = report.failures[at];
        std::fprintf(stderr, "%s\n  again: %s\n", failure.because.c_str(),
                     command_of(report, failure, order).c_str());
    }
    if (report.failures.size() > failures_told_max) {
        std::fprintf(stderr, "and %zu more\n", report.failures.size() - failures_told_max);
    }
}

void print(const KillReport& report, bool is_json) {
    fmt::print(fmt::runtime(is_json ? R"({{"scene":"{}","points":{},"recoveries":{},"pairs":{},)"
                                      R"("pairs_run":{},"told":{},"failures":{}}})"
                                      "\n"
                                    : "{}: a death at each of {} points, which leave {} recoveries "
                                      "that differ; {} pairs of deaths, {} of them tried; {} times "
                                      "a person was told; {} failures\n"),
               report.scene, report.points, report.recoveries, report.pairs, report.pairs_run,
               report.told, report.failures.size());
    std::fflush(stdout);
}

/// What happened, and of each life the calls that were counted.
int show_one(const KillScene& scene, const KillsArguments& arguments) {
    std::vector<std::uint64_t> deaths = arguments.at;
    std::erase(deaths, 0U);
    const SeedResult result = run_once(kill_options(scene, arguments.order, deaths), true);
    for (const std::string& line : result.trace) {
        fmt::print("{}\n", line);
    }
    for (std::size_t life = 0; life < result.lives.size(); ++life) {
        std::uint64_t number = 0;
        for (const std::string& call : result.lives[life].calls) {
            fmt::print("life {} call {}: {}\n", life + 1, ++number, call);
        }
    }
    for (const Violation& violation : result.violations) {
        fmt::print("BROKEN {} at {:.3f} s: {}\n", violation.promise,
                   to_seconds(violation.at.time_since_epoch()), violation.text);
    }
    return result.violations.empty() && result.is_settled ? exit_ok : exit_broken;
}

}  // namespace

CLI::App* add_kills(CLI::App& app, KillsArguments& arguments) {
    KillOrder& order = arguments.order;
    CLI::App* command = app.add_subcommand(
        "kills",
        "Die before every call by which a remedy changes a disk or the world, recover, and die "
        "once more before every call of the recovery");
    command->add_option("--scene", arguments.scene,
                        "Only this one, by the remedy that it needs: rollback");
    command->add_option("--seed", order.seed, "Of the worlds, and of which pairs are tried")
        ->capture_default_str();
    command
        ->add_option("--pairs", order.pairs_max,
                     "So many pairs of deaths of each scene, spread over all; 0: every one")
        ->capture_default_str();
    command->add_flag("--power-loss", order.has_power_loss,
                      "The machine goes off with each death, and keeps what was synced");
    command
        ->add_option("--at", arguments.at,
                     "With --scene: only deaths before these calls of the lives in turn, and "
                     "what happened, a line each; 0: none")
        ->expected(1, 8);
    command->add_flag("--json", arguments.is_json, "A line for programs for each scene");
    command->footer(
        "Exit status:\n  0    no promise was broken, and everything settled\n"
        "  1    one was, or something did not; the command that shows it again is printed\n"
        "  2    arguments that cannot be used\n  130  interrupted\n\n"
        "Examples:\n  homeostat simulate kills --pairs 100\n"
        "  homeostat simulate kills --scene rollback\n"
        "  homeostat simulate kills --scene rollback --at 17 4");
    return command;
}

int show_kills(const KillsArguments& arguments) {
    bool is_any = false;
    bool is_good = true;
    for (const KillScene& scene : kill_scenes()) {
        if (!arguments.scene.empty() && arguments.scene != scene.name) {
            continue;
        }
        is_any = true;
        if (!arguments.at.empty()) {
            return show_one(scene, arguments);
        }
        const KillReport report = run_kills(scene, arguments.order, os::is_interrupted);
        if (os::is_interrupted()) {
            return exit_interrupted;
        }
        print(report, arguments.is_json);
        print_failures(report, arguments.order);
        is_good = is_good && report.failures.empty();
    }
    if (!is_any) {
        std::fprintf(stderr, "homeostat-lab: kills: no scene '%s'; there are",
                     arguments.scene.c_str());
        for (const KillScene& scene : kill_scenes()) {
            std::fprintf(stderr, " %s", std::string(scene.name).c_str());
        }
        std::fprintf(stderr, "\n");
        return exit_usage;
    }
    return is_good ? exit_ok : exit_broken;
}

}  // namespace homeostat::sim
