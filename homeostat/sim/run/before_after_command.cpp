#include "homeostat/sim/run/before_after_command.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/run/before_after.hpp"
#include "homeostat/sim/run/before_after_worlds.hpp"
#include "homeostat/sim/run/run_seed.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <optional>

namespace homeostat::sim {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_broken = 1;
constexpr int exit_usage = 2;

using advise::AdviceKind;
using advise::TrialOrder;

Duration of_ms(double ms) {
    return Duration{static_cast<std::int64_t>(ms * 1e6)};
}

std::optional<TrialOrder> order_of(const BeforeAfterArguments& arguments) {
    const std::optional<CauseKind> cause = parse_enum<CauseKind>(arguments.cause);
    const std::optional<AdviceKind> advice = parse_enum<AdviceKind>(arguments.advice);
    if (!cause || !advice) {
        std::fprintf(stderr, "homeostat-lab: before-after: there is no %s '%s'\n",
                     cause ? "advice" : "cause",
                     cause ? arguments.advice.c_str() : arguments.cause.c_str());
        return std::nullopt;
    }
    TrialOrder order = arguments.order;
    order.cause = *cause;
    order.advice = *advice;
    order.latency_goal = of_ms(arguments.latency_goal_ms);
    order.max_age = of_ms(arguments.max_age_ms);
    return order;
}

/// What happened in both worlds of the first pair.
void print_traces(const Trial& trial, const TrialOrder& order) {
    const PairedOptions pair = draw_pair(trial, order, order.seed);
    for (const Options& options : {pair.before, pair.after}) {
        fmt::print("{}", describe(options));
        for (const std::string& line : run_once(options, true).trace) {
            fmt::print("{}\n", line);
        }
    }
}

}  // namespace

CLI::App* add_before_after(CLI::App& app, BeforeAfterArguments& arguments) {
    TrialOrder& order = arguments.order;
    CLI::App* command = app.add_subcommand(
        "before-after",
        "Try a piece of advice in worlds with the same faults, without and with it");
    command->add_option("--cause", arguments.cause, "What comes again, as `advise` names it")
        ->required();
    command->add_option("--advice", arguments.advice, "What is advised against it")->required();
    command->add_option("--instances", order.instances, "Of the service, spares included")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
    command->add_option("--spares", order.spares, "Of these")
        ->check(CLI::Range(0, 999))
        ->capture_default_str();
    command->add_option("--min-healthy", order.min_healthy, "guard.min_healthy")
        ->check(CLI::Range(0, 1'000))
        ->capture_default_str();
    command->add_option("--neighbours", order.neighbours, "That it calls; 1 to 4 are simulated")
        ->capture_default_str();
    command->add_flag("--circuit", order.has_circuit, "The neighbour that is ill has a circuit");
    command->add_option("--latency-goal-ms", arguments.latency_goal_ms, "goals.latency_p99")
        ->check(CLI::Range(0.001, 1e9))
        ->capture_default_str();
    command->add_option("--max-age-ms", arguments.max_age_ms, "Of the copies in a cache")
        ->check(CLI::Range(0.001, 1e12))
        ->capture_default_str();
    command->add_option("--worlds", order.worlds_count, "Pairs of worlds")
        ->check(CLI::Range(advise::worlds_min, advise::worlds_max))
        ->capture_default_str();
    command->add_option("--seed", order.seed, "Of the first pair")->capture_default_str();
    command->add_flag("--trace", arguments.shows_trace,
                      "What happened in both worlds of the first pair, a line each");
    command->add_flag("--json", arguments.is_json, "One line for programs instead of several");
    command->footer(
        "Exit status:\n  0  run, also where it made things worse or cannot be simulated\n"
        "  1  a promise was broken in one of the worlds\n  2  arguments that cannot be used\n\n"
        "Example:\n  homeostat simulate before-after --cause dependency_failing --advice breaker");
    return command;
}

int show_before_after(const BeforeAfterArguments& arguments) {
    const std::optional<TrialOrder> order = order_of(arguments);
    if (!order) {
        return exit_usage;
    }
    if (arguments.shows_trace && check(*order) && reason_not_simulated(*order).empty()) {
        print_traces(*find_trial(order->cause, order->advice), *order);
        return exit_ok;
    }
    const Result<advise::BeforeAfter> report = before_and_after(*order);
    if (!report) {
        std::fprintf(stderr, "homeostat-lab: before-after: %s\n", report.error().text.c_str());
        return report.error().fault == Fault::broken ? exit_broken : exit_usage;
    }
    fmt::print("{}",
               arguments.is_json ? to_text(to_json(*report)) + "\n" : advise::to_lines(*report));
    return exit_ok;
}

}  // namespace homeostat::sim
