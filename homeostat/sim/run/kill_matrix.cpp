#include "homeostat/sim/run/kill_matrix.hpp"

#include "homeostat/sim/run/chaos.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace homeostat::sim {

namespace {

/// Two deaths within one remedy may be for a person, and rarely are.
constexpr double told_share_max = 0.2;
/// A machine that goes off takes the edge's switches and every process with it.
constexpr double told_share_of_power_loss_max = 0.4;

InjectedFault& add(Options& options, FaultKind kind, double strength) {
    InjectedFault fault = fault_of(options, kind);
    fault.strength = strength;
    options.faults.push_back(fault);
    return options.faults.back();
}

/// Shorter than what contains it is held, which is given back then.
InjectedFault& add_for_a_while(Options& options, FaultKind kind, double strength) {
    InjectedFault& fault = add(options, kind, strength);
    fault.ends_at = fault_begins_at + ticks_of(30);
    return fault;
}

// SOURCE: the demo's scenes, as demo_world_test.cpp has them.

void crash(Options& options) {
    add(options, FaultKind::crash, 1).replica = 1;
}

void leak(Options& options) {
    options.topology.traffic[0].rate_per_s = 1'400;
    // In the processes that there are by then, and it ends with them.
    add(options, FaultKind::leak, 20).ends_at = fault_begins_at + ticks_of(9);
}

void bad_deploy(Options& options) {
    add(options, FaultKind::bad_deploy, 0.3);
}

void bad_config(Options& options) {
    add(options, FaultKind::bad_config, 16);
}

void bad_instance(Options& options) {
    add_for_a_while(options, FaultKind::noisy_neighbour, 12).replica = 0;
}

void dead_dependency(Options& options) {
    options.limits.attempts_max = 1;  // A person ends it, who is called after the first.
    add(options, FaultKind::hang, 1).service = 1;
}

void stale_copies(Options& options) {
    add_for_a_while(options, FaultKind::stale_writer, 1).replica = 0;
}

/// Two workers carry 80 a second: three instances 240, and five 400.
void surge(Options& options) {
    options.topology.traffic[0].rate_per_s = 98;
    options.topology.services[0].workers = 2;
    add_for_a_while(options, FaultKind::surge, 3);
}

constexpr std::array scenes{
    KillScene{"restart", crash, {"replace"}},
    KillScene{"rolling_restart", leak, {"replace"}},
    KillScene{"rollback", bad_deploy, {"swap_version", "drain", "replace", "undrain"}},
    KillScene{"rollback_config", bad_config, {"swap_version", "drain", "replace", "undrain"}},
    KillScene{"eject", bad_instance, {"drain", "undrain"}},
    KillScene{"open_circuit", dead_dependency, {"set_circuit"}},
    KillScene{"reroute", stale_copies, {"set_route", "invalidate"}},
    KillScene{"scale", surge, {"replace", "drain", "stop"}},
};

/// One scene: its points first, then the pairs.
class Kills {
  public:
    Kills(const KillScene& scene, const KillOrder& order, const std::function<bool()>& is_enough)
        : scene_(scene), order_(order), is_enough_(is_enough) {
        report_.scene = scene.name;
    }

    KillReport run() {
        const SeedResult undisturbed = run_with({});
        check_orders(undisturbed);
        report_.points = undisturbed.lives.front().calls.size();
        std::set<std::uint64_t> left;
        std::vector<std::uint64_t> recovery_calls;
        for (std::uint64_t first = 1; first <= report_.points && !is_enough_(); ++first) {
            const SeedResult result = run_with({first});
            left.insert(result.lives.front().left);
            recovery_calls.push_back(result.lives.size() < 2 ? 0 : result.lives[1].calls.size());
            report_.pairs += recovery_calls.back();
        }
        report_.recoveries = left.size();
        run_pairs(recovery_calls);
        if (!undisturbed.final_state.is_person_told) {  // Else they are called whoever dies.
            check_told();
        }
        return std::move(report_);
    }

  private:
    /// Every pair, or every so-manieth of them in their order.
    void run_pairs(const std::vector<std::uint64_t>& recovery_calls) {
        const std::uint64_t wanted =
            order_.pairs_max == 0 ? report_.pairs : std::min(order_.pairs_max, report_.pairs);
        std::uint64_t index = order_.seed;  // Another seed takes others.
        for (std::uint64_t first = 1; first <= recovery_calls.size(); ++first) {
            for (std::uint64_t second = 1; second <= recovery_calls[first - 1]; ++second) {
                index += 1;
                const bool is_chosen =
                    index * wanted / report_.pairs != (index - 1) * wanted / report_.pairs;
                if (is_chosen && !is_enough_()) {
                    (void)run_with({first, second});
                    report_.pairs_run += 1;
                }
            }
        }
    }

    SeedResult run_with(std::vector<std::uint64_t> dies_before) {
        const SeedResult result = run_once(kill_options(scene_, order_, dies_before), false);
        runs_count_ += 1;
        report_.told += result.final_state.is_person_told ? 1 : 0;
        if (result.deaths_count != dies_before.size()) {
            fail(dies_before, fmt::format("{} deaths", result.deaths_count));
        }
        for (const Violation& violation : result.violations) {
            fail(dies_before, violation.promise + ": " + violation.text);
        }
        if (!result.is_settled) {
            fail(dies_before, "it has not settled");
        }
        return result;
    }

    void check_orders(const SeedResult& undisturbed) {
        for (const std::string_view kind : scene_.orders) {
            const auto is_of_it = [&](const std::string& call) {
                return call.starts_with(fmt::format("order {} ", kind));
            };
            if (!kind.empty() && std::ranges::none_of(undisturbed.lives.front().calls, is_of_it)) {
                fail({}, fmt::format("nobody ordered any {}", kind));
            }
        }
    }

    void check_told() {
        const double share = order_.has_power_loss ? told_share_of_power_loss_max : told_share_max;
        const double told_max = std::max(1.0, share * static_cast<double>(runs_count_));
        if (static_cast<double>(report_.told) > told_max) {
            fail({}, fmt::format("{} of {} times a person was told", report_.told, runs_count_));
        }
    }

    void fail(std::vector<std::uint64_t> dies_before, std::string because) {
        report_.failures.push_back({std::move(dies_before), std::move(because)});
    }

    const KillScene& scene_;
    const KillOrder& order_;
    const std::function<bool()>& is_enough_;
    KillReport report_;
    std::uint64_t runs_count_{0};
};

}  // namespace

std::span<const KillScene> kill_scenes() {
    return scenes;
}

Options kill_options(const KillScene& scene,
                     const KillOrder& order,
                     std::vector<std::uint64_t> dies_before) {
    Options options;
    options.seed = order.seed;
    options.scenario = scene.name;
    options.topology = payment_gateway();
    options.limits.min_healthy = 1;
    options.limits.effects_max = 60;
    for (std::size_t kind = 0; kind < static_cast<std::size_t>(RemedyKind::run_task); ++kind) {
        options.limits.autonomy[static_cast<RemedyKind>(kind)] = Autonomy::act;
    }
    options.person = PersonKind::prompt;
    options.power_loss_chance = order.has_power_loss ? 1 : 0;
    options.dies_before = std::move(dies_before);
    options.ends_when_settled = true;
    options.chaos_ends_at = ticks_of(90);
    options.ends_at = options.chaos_ends_at + ticks_of(420);
    scene.shape(options);
    return options;
}

KillReport run_kills(const KillScene& scene,
                     const KillOrder& order,
                     const std::function<bool()>& is_enough) {
    return Kills(scene, order, is_enough).run();
}

}  // namespace homeostat::sim
