#include "homeostat/app/demo/baseline.hpp"

#include "homeostat/app/demo/scenario_run.hpp"

#include <fmt/format.h>

#include <utility>

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

/// Homeostat's heal is proven before its incident closes; this is what stands for the proof here.
/// Longer than one instance of `leak` may stall before the next: the quiet between is no heal.
constexpr auto lasts_for = 6s;
/// A fault that no user has seen by then is hidden by the proxy.
constexpr auto seen_within = 15s;

/// Until users have been well for a while, or the window is over. ERRORS: those of the mending.
Result<Impact> watch(World& world, const Scenario& scenario, Duration window, Instant since) {
    // As under Homeostat: what is to be healed is not mended before it is.
    const Instant mends_at = demo_now() + scenario.watch_for;
    bool is_mended = !scenario.mend || scenario.wanted != Wanted::no_harm;
    while (true) {
        demo_sleep(250ms);
        const Instant now = demo_now();
        if (!is_mended && now >= mends_at) {
            if (Result<void> mended = scenario.mend(world); !mended) {
                return std::unexpected(mended.error());
            }
            is_mended = true;
        }
        const Impact impact = lasting_impact_of(world.answers(), since, now, lasts_for);
        const Instant ends_at =
            impact.began_at ? *impact.began_at + window + lasts_for : since + seen_within;
        if (now >= ends_at || (is_mended && impact.healed_at)) {
            return impact;
        }
    }
}

}  // namespace

Result<BaselineFigures> run_baseline(const Scenario& scenario,
                                     const Policy& policy,
                                     WorldOptions options) {
    Rng rng = Rng(options.seed).fork(scenario.name);
    options.policy = policy;
    if (scenario.shape) {
        scenario.shape(options, rng);
    }
    World world(std::move(options));
    if (Result<void> started = world.start(); !started) {
        return std::unexpected(started.error());
    }
    demo_sleep(settle_for);
    const Instant since = demo_now();
    if (Result<void> begun = scenario.begin(world, rng); !begun) {
        return std::unexpected(begun.error());
    }
    const Result<Impact> impact = watch(world, scenario, policy.window, since);
    if (!impact) {
        return std::unexpected(impact.error());
    }
    BaselineFigures figures;
    figures.policy = policy.name;
    figures.name = scenario.name;
    figures.healed = !impact->began_at || impact->healed_at;
    if (impact->healed_at) {
        figures.heal_ms = to_ms(*impact->healed_at - *impact->began_at);
    }
    figures.requests = impact->requests_count;
    figures.failed_requests = impact->failed_count;
    figures.restarts = world.restarts_count();
    figures.instances_running = static_cast<std::uint64_t>(world.instances_running_count());
    figures.window_ms = to_ms(policy.window);
    return figures;
}

std::string cell_of(bool is_healed,
                    std::optional<double> heal_ms,
                    std::uint64_t failed_requests,
                    double window_ms) {
    if (heal_ms) {
        return fmt::format("{:.1f} s, {} failed", *heal_ms / 1'000, failed_requests);
    }
    if (is_healed) {
        return fmt::format("–, {} failed", failed_requests);
    }
    return fmt::format("not in {:.0f} s, {} failed", window_ms / 1'000, failed_requests);
}

}  // namespace homeostat::app::demo
