#include "homeostat/adapters/envoy/envoy_actuator.hpp"

#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/adapters/envoy/watch_lock.hpp"
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

constexpr std::string_view our_version = "h-";       // And the effect's id behind it.
constexpr std::string_view watchdog_version = "w-";  // SOURCE: watchdog.cpp.

Outcome refused(std::string because) {
    return {OutcomeKind::refused, std::move(because)};
}

Outcome nothing_written(const Error& error) {
    return refused("nothing was written: " + error.text);
}

/// A drain that is there already is whoever's did it: to take it for ours would be to undo it one
/// day.
Outcome was_so_already(Order order) {
    return order == Order::drain ? refused("somebody else has drained it already")
                                 : Outcome{OutcomeKind::done, "it was so already"};
}

/// A stranger's file that Envoy has not loaded: to rename one of ours onto it would lose it, to
/// rename its like would put it into force.
Outcome file_differs(std::string_view path, std::string_view in_file, std::string_view in_envoy) {
    return refused(
        fmt::format("nothing was written: {} (version '{}') is not what Envoy has "
                    "(version '{}'); rename the file that you want onto it",
                    path, in_file, in_envoy));
}

bool is_ours(std::string_view version) {
    return version.starts_with(our_version) || version.starts_with(watchdog_version);
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

struct RuntimeOnDisk {
    std::string text;
    RuntimeFile file;
};

Result<RuntimeOnDisk> read_runtime(const Options& options) {
    const std::string path = runtime_path(options.directory);
    Result<std::string> text = os::read_file(path, runtime_file_limits.bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<RuntimeFile> file = RuntimeFile::parse(*text);
    if (!file) {
        return fail(path, file.error());
    }
    return RuntimeOnDisk{*std::move(text), *std::move(file)};
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

/// The keys of all switches that are declared: of circuits, then of routes.
std::vector<std::string> keys_of(const Options& options) {
    std::vector<std::string> keys;
    for (const NeighbourCluster& neighbour : options.neighbours) {
        if (!neighbour.circuit.empty()) {
            keys.push_back(neighbour.circuit);
        }
    }
    for (const CacheRoute& route : options.routes) {
        keys.push_back(route.key);
    }
    return keys;
}

/// The switches as Envoy reports them, by their keys.
struct Switches {
    std::vector<std::string> keys;
    std::vector<bool> are_on;

    [[nodiscard]] bool is_on(std::string_view key) const {
        const auto found = std::ranges::find(keys, key);
        return found != keys.end() && are_on[static_cast<std::size_t>(found - keys.begin())];
    }
    [[nodiscard]] bool are_as_in(const RuntimeFile& file) const {
        return std::ranges::all_of(
            keys, [&](const std::string& key) { return file.is_on(key) == is_on(key); });
    }
};

std::vector<SwitchOrder> orders_of(const Switches& switches,
                                   const SwitchGoal& goal,
                                   const Options& options) {
    std::vector<SwitchOrder> orders;
    for (const std::string& key : switches.keys) {
        if (key != goal.key && !switches.is_on(key)) {
            orders.push_back({key, std::nullopt});  // One that Envoy has not taken is taken back.
        }
    }
    const WallTime until = os::read_wall_clock() +
                           std::chrono::ceil<std::chrono::milliseconds>(options.override_lasts);
    orders.push_back({goal.key, goal.is_on ? std::optional(until) : std::nullopt});
    return orders;
}

std::string version_for(const EffectId& effect) {
    return std::string(our_version) + effect.text();
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
                  const Switches& switches,
                  EdgeFacts& facts) {
    const Result<RuntimeOnDisk> on_disk = read_runtime(options);
    if (!on_disk || !look.runtime_version) {
        return;
    }
    const auto is_agreed = [&](const std::string& key) {
        return on_disk->file.is_on(key) == switches.is_on(key);
    };
    for (std::size_t index = 0; index < options.neighbours.size(); ++index) {
        const NeighbourCluster& neighbour = options.neighbours[index];
        const ClusterView& view = look.clusters[index + 1];
        if (!neighbour.circuit.empty() && is_agreed(neighbour.circuit)) {
            facts.circuits.push_back(
                {.neighbour = neighbour.service,
                 .is_open = switches.is_on(neighbour.circuit),
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
                                    .is_to_source = switches.is_on(route.key),
                                    .servers_count = static_cast<std::uint32_t>(view.hosts.size()),
                                    .answering_count = answering_count(view)});
        }
    }
}

/// The switch that a step turns; nothing: none of that name is declared.
std::optional<SwitchGoal> switch_of(const Options& options, const Step& step) {
    if (const auto* circuit = std::get_if<SetCircuit>(&step)) {
        const auto own =
            std::ranges::find(options.neighbours, circuit->neighbour, &NeighbourCluster::service);
        return own == options.neighbours.end() || own->circuit.empty()
                   ? std::nullopt
                   : std::optional(SwitchGoal{own->circuit, circuit->is_open});
    }
    const auto& route = std::get<SetRoute>(step);
    const auto own = std::ranges::find(options.routes, route.cache, &CacheRoute::cache);
    return own == options.routes.end() ? std::nullopt
                                       : std::optional(SwitchGoal{own->key, route.is_to_source});
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
        std::optional<SwitchGoal> goal = switch_of(admin_.options(), request.step());
        if (!goal) {
            co_return refused("the edge knows no circuit or cache of that name");
        }
        Outcome outcome = co_await turn(*std::move(goal), std::move(effect), deadline);
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

Task<Outcome> EnvoyActuator::turn(SwitchGoal goal, EffectId effect, Instant deadline) {
    const Options& options = admin_.options();
    const Result<Look> look = co_await admin_.look(deadline);
    if (!look) {
        co_return nothing_written(look.error());
    }
    Switches switches{.keys = keys_of(options), .are_on = {}};
    Result<std::vector<bool>> values = co_await admin_.look_at_runtime(switches.keys, deadline);
    if (!values) {
        co_return nothing_written(values.error());
    }
    switches.are_on = *std::move(values);
    const std::string path = runtime_path(options.directory);
    const Result<RuntimeOnDisk> on_disk = read_runtime(options);
    if (!on_disk || !look->runtime_version) {
        co_return on_disk ? refused("Envoy has no runtime layer that it reads from a file (RTDS)")
                          : nothing_written(on_disk.error());
    }
    const bool is_in_force =
        look->runtime_version == on_disk->file.version() && switches.are_as_in(on_disk->file);
    if (!is_in_force && !is_ours(on_disk->file.version())) {
        co_return file_differs(path, on_disk->file.version(), *look->runtime_version);
    }
    if (is_in_force && switches.is_on(goal.key) == goal.is_on) {
        co_return Outcome{OutcomeKind::done, "it was so already"};
    }
    if (goal.is_on && !has_watchdog(options.directory)) {
        co_return refused(
            fmt::format("no watchdog would end it again: start `homeostat "
                        "envoy-watchdog --directory {}`",
                        options.directory));
    }
    FileChange change{.path = path,
                      .before = on_disk->text,
                      .after = {},
                      .version = version_for(effect),
                      .goal = goal,
                      .rejected_total = look->runtime_rejected_total};
    change.after = on_disk->file.render(change.version, orders_of(switches, goal, options));
    Outcome outcome = co_await carry_out(admin_, std::move(change), deadline);
    co_return outcome;
}

Task<Result<FactsPart>> EnvoyActuator::read(Instant deadline) {
    const Options& options = admin_.options();
    const Result<Look> look = co_await admin_.look(deadline);
    if (!look) {
        co_return std::unexpected(look.error());
    }
    Switches switches{.keys = keys_of(options), .are_on = {}};
    Result<std::vector<bool>> values = co_await admin_.look_at_runtime(switches.keys, deadline);
    if (!values) {
        co_return std::unexpected(values.error());
    }
    switches.are_on = *std::move(values);
    EdgeFacts facts;
    facts.counters = look->clusters.front().counters;
    facts.read_at = os::read_boot_clock();
    add_instances(options, look->clusters.front(), facts);
    add_switches(options, *look, switches, facts);
    co_return facts;
}

}  // namespace homeostat::adapters::envoy
