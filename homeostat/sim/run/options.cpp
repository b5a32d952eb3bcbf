#include "homeostat/sim/run/options.hpp"

#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace homeostat::sim {

namespace {

double seconds_of(Tick tick) {
    return static_cast<double>(tick) * seconds_per_tick;
}

std::string describe(std::string_view what, const std::vector<Span>& spans) {
    std::string text;
    for (const Span& span : spans) {
        text += fmt::format("  {} from {:.1f} s to {:.1f} s\n", what, seconds_of(span.begins_at),
                            seconds_of(span.ends_at));
    }
    return text;
}

}  // namespace

std::string describe(const Options& options) {
    std::string text =
        fmt::format("seed {}, scenario {}: {} services, guarded is {}; model {}, person {}\n",
                    options.seed, options.scenario, options.topology.services.size(),
                    options.topology.services[options.guarded].name, to_text(options.model),
                    to_text(options.person));
    text += fmt::format("  chaos ends at {:.1f} s, all ends at {:.1f} s\n",
                        seconds_of(options.chaos_ends_at), seconds_of(options.ends_at));
    text += fmt::format(
        "  limits: at least {} serve, {} remedies an incident, {} effects in {:.0f} s\n",
        options.limits.min_healthy, options.limits.attempts_max, options.limits.effects_max,
        to_seconds(options.limits.effects_window));
    for (const auto& [kind, autonomy] : options.limits.autonomy) {
        if (autonomy != Autonomy::act) {
            text += fmt::format("  {} is at {}\n", to_text(kind), to_text(autonomy));
        }
    }
    for (const InjectedFault& fault : options.faults) {
        text += "  fault: " + describe(fault, options.topology) + "\n";
    }
    for (const Trouble& trouble : options.troubles) {
        const bool is_lying = trouble.kind == TroubleKind::lying;
        const std::string of =
            is_lying ? fmt::format(" about {}", trouble.instances_count) : std::string();
        text += fmt::format("  {} {}{} with {:.2f} from {:.1f} s to {:.1f} s\n",
                            to_text(trouble.way), to_text(trouble.kind), of, trouble.chance,
                            seconds_of(trouble.begins_at), seconds_of(trouble.ends_at));
    }
    for (const Tick at : options.rots_at) {
        text += fmt::format("  a bit of the ledger rots at {:.1f} s\n", seconds_of(at));
    }
    for (const Tick at : options.reboots_at) {
        text += fmt::format("  the machine goes off and on at {:.1f} s\n", seconds_of(at));
    }
    text += describe("kill switch", options.suspensions) + describe("pause", options.pauses);
    for (const WallJump& jump : options.wall_jumps) {
        text += describe(fmt::format("wall clock wrong by {:.0f} s", to_seconds(jump.ahead)),
                         {jump.span});
    }
    for (const auto& [is_there, name] :
         {std::pair{options.has_autoscaler, "autoscaler"}, std::pair{options.has_gitops, "gitops"},
          std::pair{options.has_undrainer, "script that puts back"},
          std::pair{options.has_restarter, "somebody who restarts"},
          std::pair{options.has_older_self, "an older version of ourselves"}}) {
        text += is_there ? fmt::format("  rival: {}\n", name) : "";
    }
    if (options.deaths_max > 0) {
        text += fmt::format(
            "  deaths: at most {}, {:.2f} after an intent or an order, {:.2f} in a "
            "recovery; {:.2f} of them by power loss\n",
            options.deaths_max, options.death_chance, options.recovery_death_chance,
            options.power_loss_chance);
    }
    return text;
}

}  // namespace homeostat::sim
