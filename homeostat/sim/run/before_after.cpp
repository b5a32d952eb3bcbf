#include "homeostat/sim/run/before_after.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/run/before_after_worlds.hpp"
#include "homeostat/sim/run/run_seed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace homeostat::sim {

namespace {

using advise::AdviceKind;
using advise::BeforeAfter;
using advise::Measure;
using advise::TrialOrder;

constexpr std::size_t measures_count = names_of(std::type_identity<Measure>{}).size();
using Numbers = std::array<double, measures_count>;

double count_of(const SeedResult& result, const std::string& mark) {
    const auto found = result.marks.find(mark);
    return found == result.marks.end() ? 0 : static_cast<double>(found->second);
}

double number_of(const SeedResult& result, Measure measure) {
    const Tally& users = result.users;
    const double all = std::max(1.0, users.requests);
    switch (measure) {
        case Measure::failed_requests:
            return users.failed / all;
        case Measure::slow_answers:
            return users.slow / all;
        case Measure::wrong_answers:
            return users.misled / all;
        case Measure::poorer_answers:
            return users.degraded / all;
        case Measure::lost:
            return users.cost() / all;
        case Measure::incidents:
            return count_of(result, "entry opened");
        case Measure::people_called:
            return count_of(result, "person told");
    }
    return 0;
}

/// One world.
Result<Numbers> run_world(const Options& options) {
    const SeedResult result = run_once(options, false);
    if (!result.violations.empty()) {
        const Violation& first = result.violations.front();
        return fail(Fault::broken,
                    fmt::format("seed {} breaks {}: {}", options.seed, first.promise, first.text));
    }
    Numbers numbers{};
    for (std::size_t index = 0; index < numbers.size(); ++index) {
        numbers[index] = number_of(result, static_cast<Measure>(index));
    }
    return numbers;
}

/// What the advice needs to be an advice at all.
Result<void> check_room(const TrialOrder& order) {
    if (order.spares >= order.instances) {
        return fail(Fault::invalid, "one instance at least is no spare");
    }
    const std::uint32_t regular = order.instances - order.spares;
    const bool is_floor = order.advice == AdviceKind::replica_floor;
    if (is_floor && order.cause == CauseKind::overload && order.spares == 0) {
        return fail(Fault::invalid, "there is no spare that could run at all hours");
    }
    if (is_floor && order.cause == CauseKind::instance_crash && order.instances != 1) {
        return fail(Fault::invalid, "a second instance is for a service that has one");
    }
    if (order.advice == AdviceKind::disruption_budget && regular < 2) {
        return fail(Fault::invalid, "of fewer than two instances none can be kept");
    }
    return {};
}

std::vector<double> column(const std::vector<Numbers>& worlds, std::size_t measure) {
    std::vector<double> numbers;
    numbers.reserve(worlds.size());
    for (const Numbers& world : worlds) {
        numbers.push_back(world[measure]);
    }
    return numbers;
}

Result<void> run_pairs(const Trial& trial, const TrialOrder& order, BeforeAfter& report) {
    std::vector<Numbers> before;
    std::vector<Numbers> after;
    for (std::uint32_t world = 0; world < order.worlds_count; ++world) {
        const PairedOptions pair = draw_pair(trial, order, order.seed + world);
        const Result<Numbers> without = run_world(pair.before);
        const Result<Numbers> with = run_world(pair.after);
        if (!without || !with) {
            return std::unexpected<Error>(without ? with.error() : without.error());
        }
        before.push_back(*without);
        after.push_back(*with);
    }
    for (std::size_t index = 0; index < measures_count; ++index) {
        const auto measure = static_cast<Measure>(index);
        report.measured.push_back(
            advise::compare(measure, column(before, index), column(after, index)));
        if (measure == Measure::lost) {
            report.verdict = advise::verdict_of(report.measured.back());
        }
    }
    return {};
}

}  // namespace

Result<void> check(const TrialOrder& order) {
    if (find_trial(order.cause, order.advice) == nullptr) {
        return fail(Fault::invalid, fmt::format("{} is advised against no {}",
                                                to_text(order.advice), to_text(order.cause)));
    }
    return check_room(order);
}

std::string reason_not_simulated(const TrialOrder& order) {
    const Trial* trial = find_trial(order.cause, order.advice);
    if (trial != nullptr && !trial->not_simulated.empty()) {
        return std::string(trial->not_simulated);
    }
    return order.instances <= replicas_per_service_max
               ? std::string()
               : fmt::format("the simulator has no service of more than {} instances",
                             replicas_per_service_max);
}

Result<BeforeAfter> before_and_after(const TrialOrder& order) {
    if (const Result<void> checked = check(order); !checked) {
        return std::unexpected<Error>(checked.error());
    }
    BeforeAfter report{.cause = order.cause, .advice = order.advice};
    report.not_simulated = reason_not_simulated(order);
    if (!report.not_simulated.empty()) {
        return report;
    }
    const Trial* trial = find_trial(order.cause, order.advice);
    report.change = trial->says(order);
    report.world = describe_worlds(order);
    report.worlds_count = order.worlds_count;
    report.world_seconds = trial_seconds;
    if (const Result<void> run = run_pairs(*trial, order, report); !run) {
        return std::unexpected<Error>(run.error());
    }
    return report;
}

}  // namespace homeostat::sim
