#include "homeostat/advise/before_after.hpp"

#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace homeostat::advise {

namespace {

/// Below this two worlds fared alike: one request in two thousand, or no whole incident.
constexpr double ratio_margin = 0.0005;
constexpr double count_margin = 0.5;
/// Of what chance alone gives that often or more nothing is concluded.
constexpr double chance_max = 0.025;

/// Chance that of so many coins at least `heads_min` fall on one side that was named before.
double chance_of(std::uint32_t heads_min, std::uint32_t coins_count) {
    double one = 1;  // Of exactly `coins_count` heads, then of one less each.
    for (std::uint32_t coin = 0; coin < coins_count; ++coin) {
        one /= 2;
    }
    double sum = 0;
    for (std::uint32_t heads = coins_count; heads >= heads_min && heads > 0; --heads) {
        sum += one;
        one = one * heads / (coins_count - heads + 1);
    }
    return sum;
}

std::string_view words_of(Measure measure) {
    switch (measure) {
        case Measure::failed_requests:
            return "failed requests";
        case Measure::slow_answers:
            return "slow answers";
        case Measure::wrong_answers:
            return "wrong answers";
        case Measure::poorer_answers:
            return "poorer answers";
        case Measure::lost:
            return "all of these";
        case Measure::incidents:
            return "incidents";
        case Measure::people_called:
            break;
    }
    return "calls to a person";
}

std::string_view words_of(TrialVerdict verdict) {
    switch (verdict) {
        case TrialVerdict::better:
            return "It helps there.";
        case TrialVerdict::worse:
            return "It makes things WORSE there.";
        case TrialVerdict::same:
            return "It makes no difference there.";
        case TrialVerdict::unclear:
            break;
    }
    return "Whether it helps there is not clear.";
}

std::string number(Measure measure, double value) {
    return is_ratio(measure) ? fmt::format("{:.2f}", value * 100) : fmt::format("{:g}", value);
}

/// "failed requests  4.12 % → 1.20 % (0.30–2.00), better in 11 and worse in 0 of 12"
std::string line_of(const Measured& measured, std::uint32_t worlds_count) {
    const auto text = [&](double value) { return number(measured.measure, value); };
    const std::string_view unit = is_ratio(measured.measure) ? " %" : "";
    return fmt::format(
        "  {:<18}{}{} → {}{} ({}–{}; before {}–{}), better in {} and worse in {} of "
        "{}\n",
        words_of(measured.measure), text(measured.before.median), unit, text(measured.after.median),
        unit, text(measured.after.least), text(measured.after.most), text(measured.before.least),
        text(measured.before.most), measured.better_count, measured.worse_count, worlds_count);
}

/// Nothing of it was ever there.
bool is_nothing(const Measured& measured) {
    return measured.before.most == 0 && measured.after.most == 0;
}

bool is_clear(std::uint32_t count, std::uint32_t against_count) {
    return count > against_count && chance_of(count, count + against_count) < chance_max;
}

}  // namespace

TrialOrder trial_of(const Advice& advice, const Settings& settings) {
    TrialOrder order;
    order.cause = advice.ground.cause;
    order.advice = advice.kind;
    order.instances = settings.instances;
    order.spares = settings.spares;
    order.min_healthy = settings.min_healthy;
    order.neighbours = static_cast<std::uint32_t>(settings.neighbours.size());
    order.latency_goal = settings.latency_p99_goal;
    const auto neighbour = std::ranges::find(settings.neighbours, ServiceId(advice.ground.target),
                                             &NeighbourSettings::service);
    order.has_circuit = neighbour != settings.neighbours.end() && !neighbour->circuit.empty();
    const auto cache =
        std::ranges::find(settings.caches, CacheId(advice.ground.target), &CacheSettings::name);
    order.max_age = cache == settings.caches.end() ? order.max_age : cache->max_age;
    return order;
}

Spread spread_of(std::vector<double> numbers) {
    ensure(!numbers.empty(), "a spread is of something");
    std::ranges::sort(numbers);
    const std::size_t half = numbers.size() / 2;
    const double median =
        numbers.size() % 2 == 1 ? numbers[half] : (numbers[half - 1] + numbers[half]) / 2;
    return {median, numbers.front(), numbers.back()};
}

Measured compare(Measure measure, std::span<const double> before, std::span<const double> after) {
    ensure(before.size() == after.size(), "each world was run without and with the change");
    const double margin = is_ratio(measure) ? ratio_margin : count_margin;
    Measured measured{.measure = measure,
                      .before = spread_of({before.begin(), before.end()}),
                      .after = spread_of({after.begin(), after.end()})};
    for (std::size_t index = 0; index < before.size(); ++index) {
        measured.better_count += after[index] < before[index] - margin ? 1 : 0;
        measured.worse_count += after[index] > before[index] + margin ? 1 : 0;
    }
    return measured;
}

TrialVerdict verdict_of(const Measured& measured) {
    if (is_clear(measured.better_count, measured.worse_count)) {
        return TrialVerdict::better;
    }
    if (is_clear(measured.worse_count, measured.better_count)) {
        return TrialVerdict::worse;
    }
    const bool is_same = measured.better_count == 0 && measured.worse_count == 0;
    return is_same ? TrialVerdict::same : TrialVerdict::unclear;
}

std::string to_lines(const BeforeAfter& report) {
    if (!report.not_simulated.empty()) {
        return fmt::format("Not simulated: {}.\n", report.not_simulated);
    }
    std::string text = fmt::format(
        "In the simulator, {} pairs of worlds of {:g} min, not your estate: {}.\n"
        "  {}.\n  Median without → with it (least–most):\n",
        report.worlds_count, report.world_seconds / 60, report.world, report.change);
    for (const Measured& measured : report.measured) {
        text += is_nothing(measured) ? std::string() : line_of(measured, report.worlds_count);
    }
    return text + fmt::format("  {}\n", words_of(report.verdict));
}

}  // namespace homeostat::advise
