#include "homeostat/sim/run/twin.hpp"

#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace homeostat::sim {

namespace {

bool disturbs_telemetry(const Trouble& trouble) {
    return trouble.kind == TroubleKind::dropped || trouble.kind == TroubleKind::duplicated ||
           trouble.kind == TroubleKind::reordered;
}

}  // namespace

FinalState final_state_of(Machine& machine) {
    World& world = machine.world();
    const Declared& declared = machine.declared();
    FinalState state;
    state.is_well = machine.why_not_well().empty();
    state.is_person_told = !machine.notices().empty();
    for (ReplicaIndex replica = declared.first; replica < declared.end; ++replica) {
        const ReplicaView view = world.replica(replica);
        const std::string name = world.topology().instance_of(replica).text();
        state.facts.insert(view.is_wanted
                               ? fmt::format("{} runs {} {}{}", name, view.versions.deploy.text(),
                                             view.versions.config.text(),
                                             world.is_serving(replica) ? " and serves" : "")
                               : name + " is idle");
    }
    const ServiceView service = world.service(declared.service);
    state.facts.insert(fmt::format("current are {} {}", service.current.deploy.text(),
                                   service.current.config.text()));
    for (const ServiceIndex neighbour : declared.neighbours) {
        if (world.link(world.topology().find_link(declared.service, neighbour)).is_circuit_open) {
            state.facts.insert("open circuit to " + world.topology().services[neighbour].name);
        }
    }
    for (const GuardedCache& cache : declared.caches) {
        if (world.cache(cache.index).is_rerouted) {
            state.facts.insert("route round " + world.topology().caches[cache.index].name);
        }
    }
    return state;
}

Options undisturbed(Options options) {
    std::erase_if(options.troubles, disturbs_telemetry);
    return options;
}

Options without_demon(Options options) {
    options.model = ModelKind::none;
    return options;
}

std::vector<std::string> differences(const FinalState& disturbed, const FinalState& undisturbed) {
    if (disturbed.is_person_told || undisturbed.is_person_told) {
        return {};  // Told in one of them, a person decides how it goes on.
    }
    std::vector<std::string> found;
    std::ranges::set_difference(disturbed.facts, undisturbed.facts, std::back_inserter(found));
    for (std::string& fact : found) {
        fact += ", and not without the disturbance";
    }
    if (found.empty() && disturbed.facts != undisturbed.facts) {
        found.emplace_back("something is not there that is without the disturbance");
    }
    return found;
}

double seconds_lost(const Machine& machine) {
    return machine.requests_failed() / std::max(1.0, machine.requests_all()) *
           static_cast<double>(machine.ticks_count()) * seconds_per_tick;
}

double seconds_lost_without_us(const Options& options) {
    Machine machine(options, false);
    machine.pass_until(machine.instant_of(options.ends_at));
    return seconds_lost(machine);
}

}  // namespace homeostat::sim
