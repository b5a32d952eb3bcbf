#include "homeostat/adapters/envoy/envoy_actuator.hpp"

#include "homeostat/adapters/envoy/override_change.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::adapters::envoy {

namespace {

/// A drain that is there already is whoever's did it: to take it for ours would be to undo it one
/// day.
Outcome was_so_already(Order order) {
    return order == Order::drain ? refused("somebody else has drained it already")
                                 : Outcome{OutcomeKind::done, "it was so already"};
}

struct EndpointsOnDisk {
    std::string text;
    EndpointsFile file;
};

Result<EndpointsOnDisk> read_endpoints(const Options& options) {
    Result<std::string> text =
        os::read_file(endpoints_path(options), endpoints_file_limits.bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<EndpointsFile> file = EndpointsFile::parse(*text, options.cluster);
    if (!file) {
        return fail(endpoints_path(options), file.error());
    }
    return EndpointsOnDisk{*std::move(text), *std::move(file)};
}

bool is_same(const EndpointsFile& file, const ClusterView& view) {
    return view.version == file.version() &&
           std::ranges::all_of(file.endpoints(), [&](const EndpointOrder& endpoint) {
               const HostView* host = find_host(view, endpoint.hostname);
               return host != nullptr && host->order == endpoint.order;
           });
}

/// What Envoy reports, and the one change.
std::vector<EndpointOrder> orders_of(const EndpointsFile& file,
                                     const ClusterView& view,
                                     const EndpointOrder& goal) {
    std::vector<EndpointOrder> orders{goal};
    for (const EndpointOrder& endpoint : file.endpoints()) {
        const HostView* host = find_host(view, endpoint.hostname);
        if (host != nullptr && endpoint.hostname != goal.hostname) {
            orders.push_back({endpoint.hostname, host->order});
        }
    }
    return orders;
}

void add_instances(const Options& options, const ClusterView& view, EdgeFacts& facts) {
    const Result<EndpointsOnDisk> on_disk = read_endpoints(options);
    for (const auto& [instance, hostname] : options.endpoints) {
        EdgeInstance& known = facts.instances.emplace_back();
        known.instance = instance;
        const HostView* host = find_host(view, hostname);
        if (host == nullptr) {
            continue;
        }
        known.sessions_now = host->counters.sessions_now;
        if (on_disk) {
            const std::vector<EndpointOrder>& endpoints = on_disk->file.endpoints();
            const auto wanted = std::ranges::find(endpoints, hostname, &EndpointOrder::hostname);
            const bool is_agreed = wanted != endpoints.end() && wanted->order == host->order;
            known.rotation = is_agreed ? host->rotation : Rotation::unknown;
        }
    }
}

void add_switches(const Options& options,
                  const Look& look,
                  const Overrides& switches,
                  EdgeFacts& facts) {
    const Result<RuntimeOnDisk> on_disk = read_runtime(options);
    if (!on_disk || !look.runtime_version) {
        return;
    }
    const auto is_agreed = [&](const std::string& key) {
        return switches.is_as_in(on_disk->file, key);
    };
    for (std::size_t index = 0; index < options.neighbours.size(); ++index) {
        const NeighbourCluster& neighbour = options.neighbours[index];
        const ClusterView& view = look.clusters[index + 1];
        if (!neighbour.circuit.empty() && is_agreed(neighbour.circuit)) {
            facts.circuits.push_back(
                {.neighbour = neighbour.service,
                 .is_open = switches.permille_at(neighbour.circuit) > 0,
                 .servers_count = static_cast<std::uint32_t>(view.hosts.size()),
                 .answering_count = answering_count(view),
                 .latency_ms = view.counters.latency_ms});
        }
    }
    for (std::size_t index = 0; index < options.routes.size(); ++index) {
        const CacheRoute& route = options.routes[index];
        const ClusterView& view = look.clusters[options.neighbours.size() + index + 1];
        if (is_agreed(route.key)) {
            facts.routes.push_back({.cache = route.cache,
                                    .is_to_source = switches.permille_at(route.key) > 0,
                                    .servers_count = static_cast<std::uint32_t>(view.hosts.size()),
                                    .answering_count = answering_count(view)});
        }
    }
}

/// The switch that a step turns; nothing: none of that name is declared.
std::optional<SwitchOrder> switch_of(const Options& options, const Step& step) {
    const WallTime until = os::read_wall_clock() +
                           std::chrono::ceil<std::chrono::milliseconds>(options.override_lasts);
    const auto order = [&](const std::string& key, bool is_on) {
        return SwitchOrder{.key = key, .until = is_on ? std::optional(until) : std::nullopt};
    };
    if (const auto* circuit = std::get_if<SetCircuit>(&step)) {
        const auto own =
            std::ranges::find(options.neighbours, circuit->neighbour, &NeighbourCluster::service);
        return own == options.neighbours.end() || own->circuit.empty()
                   ? std::nullopt
                   : std::optional(order(own->circuit, circuit->is_open));
    }
    const auto& route = std::get<SetRoute>(step);
    const auto own = std::ranges::find(options.routes, route.cache, &CacheRoute::cache);
    return own == options.routes.end() ? std::nullopt
                                       : std::optional(order(own->key, route.is_to_source));
}

}  // namespace

bool EnvoyActuator::performs(const Step& step) const {
    return std::holds_alternative<Drain>(step) || std::holds_alternative<Undrain>(step) ||
           std::holds_alternative<SetCircuit>(step) || std::holds_alternative<SetRoute>(step);
}

Task<Outcome> EnvoyActuator::perform(Request request, Instant deadline) {
    if (!performs(request.step())) {
        co_return refused("the edge performs no such step");
    }
    EffectId effect = request.effect();
    const InstanceId* instance = instance_of(request.step());
    if (instance == nullptr) {
        std::optional<SwitchOrder> goal = switch_of(admin_.options(), request.step());
        if (!goal) {
            co_return refused("the edge knows no circuit or cache of that name");
        }
        Outcome outcome =
            co_await turn_override(admin_, *std::move(goal), std::move(effect), deadline);
        co_return outcome;
    }
    const std::vector<EndpointName>& names = admin_.options().endpoints;
    const auto known = std::ranges::find(names, *instance, &EndpointName::instance);
    if (known == names.end()) {
        co_return refused("the edge knows no instance of that name");
    }
    const bool is_drain = std::holds_alternative<Drain>(request.step());
    EndpointOrder goal{known->hostname, is_drain ? Order::drain : Order::serve};
    Outcome outcome = co_await reach(std::move(goal), std::move(effect), deadline);
    co_return outcome;
}

Task<Outcome> EnvoyActuator::reach(EndpointOrder goal, EffectId effect, Instant deadline) {
    const Options& options = admin_.options();
    const Result<Look> look = co_await admin_.look(deadline);
    if (!look) {
        co_return nothing_written(look.error());
    }
    const ClusterView& own = look->clusters.front();
    const HostView* host = find_host(own, goal.hostname);
    if (host == nullptr) {
        co_return refused(fmt::format("Envoy's cluster {} has no endpoint with the hostname '{}'",
                                      options.cluster, goal.hostname));
    }
    if (host->order == Order::other) {
        co_return refused(
            fmt::format("a person has given endpoint {} another health_status than "
                        "HEALTHY or DRAINING",
                        goal.hostname));
    }
    const std::string path = endpoints_path(options);
    const Result<EndpointsOnDisk> on_disk = read_endpoints(options);
    if (!on_disk) {
        co_return nothing_written(on_disk.error());
    }
    const bool is_in_force = is_same(on_disk->file, own);
    if (!is_in_force && !is_ours(on_disk->file.version())) {
        co_return file_differs(path, on_disk->file.version(), own.version.value_or(""));
    }
    if (host->order == goal.order && (is_in_force || goal.order == Order::drain)) {
        co_return was_so_already(goal.order);
    }
    FileChange change{.path = path,
                      .before = on_disk->text,
                      .after = {},
                      .version = version_for(effect),
                      .goal = goal,
                      .rejected_total = own.rejected_total};
    change.after = on_disk->file.render(change.version, orders_of(on_disk->file, own, goal));
    const Result<EndpointsFile> rendered = EndpointsFile::parse(change.after, options.cluster);
    ensure(rendered && rendered->endpoints().size() == on_disk->file.endpoints().size(),
           "no file of ours has other endpoints than the one before it");
    Outcome outcome = co_await carry_out(admin_, std::move(change), deadline);
    co_return outcome;
}

Task<Result<FactsPart>> EnvoyActuator::read(Instant deadline) {
    const Options& options = admin_.options();
    const Result<Look> look = co_await admin_.look(deadline);
    if (!look) {
        co_return std::unexpected(look.error());
    }
    std::vector<std::string> keys = switch_keys(options);
    const Result<Overrides> switches =
        co_await look_at_overrides(admin_, std::move(keys), deadline);
    if (!switches) {
        co_return std::unexpected(switches.error());
    }
    EdgeFacts facts;
    facts.counters = look->clusters.front().counters;
    facts.read_at = os::read_boot_clock();
    add_instances(options, look->clusters.front(), facts);
    add_switches(options, *look, *switches, facts);
    co_return facts;
}

}  // namespace homeostat::adapters::envoy
