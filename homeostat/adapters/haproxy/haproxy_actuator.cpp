#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"

#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace homeostat::adapters::haproxy {

namespace {

Outcome nothing_sent(const Error& error) {
    return {OutcomeKind::refused, "nothing was sent: " + error.text};
}

std::optional<Outcome> trouble_with(const Reply& reply) {
    if (!reply.is_sent) {
        return nothing_sent(reply.complaint.error());
    }
    if (!reply.complaint) {
        return Outcome{OutcomeKind::unknown, reply.complaint.error().text};
    }
    if (!reply.complaint->empty()) {
        return Outcome{OutcomeKind::refused, "HAProxy says: " + *reply.complaint};
    }
    return std::nullopt;
}

bool has_unknown_fate(const Reply& reply) {
    return reply.is_sent && !reply.complaint;
}

/// A drain that is there already is whoever's did it: to take it for ours would be to undo it one
/// day.
Outcome was_so_already(TrafficState state) {
    return state == TrafficState::drain
               ? Outcome{OutcomeKind::refused, "somebody else has drained it already"}
               : Outcome{OutcomeKind::done, "it was so already"};
}

Outcome not_seen_after(const Error& error) {
    return {OutcomeKind::unknown, "HAProxy took the command, then: " + error.text};
}

Outcome seen_after(bool is_reached) {
    return is_reached ? Outcome{OutcomeKind::done, "HAProxy reports it"}
                      : Outcome{OutcomeKind::unknown,
                                "HAProxy took the command, but does not report its effect"};
}

/// The neighbours that declare a circuit.
std::vector<NeighbourBackend> with_circuit(const Options& options) {
    std::vector<NeighbourBackend> found;
    std::ranges::copy_if(options.neighbours, std::back_inserter(found),
                         [](const NeighbourBackend& one) { return !one.circuit.empty(); });
    return found;
}

/// Several neighbours may share a table: the key says whose circuit it is.
TableSwitch switch_of(const NeighbourBackend& neighbour) {
    return {neighbour.circuit, neighbour.backend};
}

std::uint32_t answering_count(const BackendView& view) {
    return static_cast<std::uint32_t>(
        std::ranges::count(view.servers, Rotation::in, &ServerView::rotation));
}

RouteFacts facts_of(const CacheRoute& route, const BackendView& view, bool is_to_source) {
    return {.cache = route.cache,
            .is_to_source = is_to_source,
            .servers_count = static_cast<std::uint32_t>(view.servers.size()),
            .answering_count = answering_count(view)};
}

CircuitFacts facts_of(const NeighbourBackend& neighbour, const BackendView& view, bool is_open) {
    CircuitFacts facts;
    facts.neighbour = neighbour.service;
    facts.is_open = is_open;
    facts.servers_count = static_cast<std::uint32_t>(view.servers.size());
    facts.answering_count = answering_count(view);
    facts.latency_ms = view.counters.latency_ms;
    return facts;
}

TableSwitch switch_of(const CacheRoute& route) {
    return {route.table, route.cache.text()};
}

/// Our own first, then those of `with_circuit`, then the sources of caches.
std::vector<std::string> backends_of(const Options& options) {
    std::vector<std::string> backends{options.backend};
    for (const NeighbourBackend& neighbour : with_circuit(options)) {
        backends.push_back(neighbour.backend);
    }
    for (const CacheRoute& route : options.routes) {
        backends.push_back(route.source);
    }
    return backends;
}

std::vector<TableSwitch> switches_of(const Options& options) {
    std::vector<TableSwitch> switches;
    for (const NeighbourBackend& neighbour : with_circuit(options)) {
        switches.push_back(switch_of(neighbour));
    }
    for (const CacheRoute& route : options.routes) {
        switches.push_back(switch_of(route));
    }
    return switches;
}

/// `views` as of `backends_of`, seen at `looked_at`; `open` as of `switches_of`.
EdgeFacts facts_of(const Options& options,
                   const std::vector<BackendView>& views,
                   const std::vector<std::optional<bool>>& open,
                   Instant looked_at) {
    EdgeFacts facts;
    facts.counters = views.front().counters;
    facts.read_at = os::read_boot_clock();
    for (const auto& [instance, name] : options.servers) {
        EdgeInstance& known = facts.instances.emplace_back();
        known.instance = instance;
        if (const ServerView* server = find_server(views.front(), name)) {
            known.rotation = server->rotation;
            known.sessions_now = server->counters.sessions_now;
            known.latency_ms = server->counters.latency_ms;
            if (server->unchanged_for) {
                known.rotation_since = looked_at - *server->unchanged_for;
            }
        }
    }
    const std::vector<NeighbourBackend> neighbours = with_circuit(options);
    for (std::size_t index = 0; index < neighbours.size(); ++index) {
        if (const std::optional<bool> is_open = open[index]) {
            facts.circuits.push_back(facts_of(neighbours[index], views[index + 1], *is_open));
        }
    }
    for (std::size_t index = 0; index < options.routes.size(); ++index) {
        const std::size_t at = neighbours.size() + index;
        if (const std::optional<bool> is_to_source = open[at]) {
            facts.routes.push_back(facts_of(options.routes[index], views[at + 1], *is_to_source));
        }
    }
    return facts;
}

}  // namespace

struct HaproxyActuator::Goal {
    std::string server;
    TrafficState state{TrafficState::drain};

    /// Maintenance and a failed check are neither here nor there: `ready` promises only that no
    /// order of ours keeps requests away.
    [[nodiscard]] bool is_reached(const ServerView& view) const {
        const bool is_draining = view.rotation == Rotation::draining;
        return view.rotation != Rotation::unknown && !view.is_in_maintenance &&
               is_draining == (state == TrafficState::drain);
    }
};

HaproxyActuator::HaproxyActuator(boost::asio::any_io_executor executor, Options options)
    : options_(std::move(options)), socket_(std::move(executor), options_.socket) {}

bool HaproxyActuator::performs(const Step& step) const {
    return std::holds_alternative<Drain>(step) || std::holds_alternative<Undrain>(step) ||
           std::holds_alternative<SetCircuit>(step) || std::holds_alternative<SetRoute>(step);
}

Task<Result<void>> HaproxyActuator::settle(Instant deadline) {
    if (!is_unsettled_) {
        co_return Result<void>{};
    }
    std::vector<std::string> backends{options_.backend};
    const Result<std::vector<BackendView>> views =
        co_await socket_.look(std::move(backends), deadline);
    if (!views) {
        co_return std::unexpected(views.error());
    }
    is_unsettled_ = false;
    co_return Result<void>{};
}

Task<Outcome> HaproxyActuator::perform(Request request, Instant deadline) {
    const Result<void> settled = co_await settle(deadline);
    if (!settled) {
        co_return nothing_sent(settled.error());
    }
    if (const auto* circuit = std::get_if<SetCircuit>(&request.step())) {
        const std::vector<NeighbourBackend> known = with_circuit(options_);
        const auto own = std::ranges::find(known, circuit->neighbour, &NeighbourBackend::service);
        if (own == known.end()) {
            co_return Outcome{OutcomeKind::refused, "the edge knows no circuit of that name"};
        }
        Outcome outcome = co_await turn(switch_of(*own), circuit->is_open, deadline);
        co_return outcome;
    }
    if (const auto* route = std::get_if<SetRoute>(&request.step())) {
        const auto own = std::ranges::find(options_.routes, route->cache, &CacheRoute::cache);
        if (own == options_.routes.end()) {
            co_return Outcome{OutcomeKind::refused, "the edge knows no cache of that name"};
        }
        Outcome outcome = co_await turn(switch_of(*own), route->is_to_source, deadline);
        co_return outcome;
    }
    const InstanceId* instance = performs(request.step()) ? instance_of(request.step()) : nullptr;
    if (instance == nullptr) {
        co_return Outcome{OutcomeKind::refused, "the edge performs no such step"};
    }
    const auto known = std::ranges::find(options_.servers, *instance, &ServerName::instance);
    if (known == options_.servers.end()) {
        co_return Outcome{OutcomeKind::refused, "the edge knows no instance of that name"};
    }
    const bool is_drain = std::holds_alternative<Drain>(request.step());
    Goal goal{known->server, is_drain ? TrafficState::drain : TrafficState::ready};
    Outcome outcome = co_await reach(std::move(goal), deadline);
    co_return outcome;
}

Task<Outcome> HaproxyActuator::reach(Goal goal, Instant deadline) {
    const Result<ServerView> before = co_await look_at(goal.server, deadline);
    if (!before) {
        co_return nothing_sent(before.error());
    }
    if (before->is_in_maintenance) {
        co_return Outcome{OutcomeKind::refused,
                          fmt::format("a person has put server {} into maintenance", goal.server)};
    }
    if (goal.is_reached(*before)) {
        co_return was_so_already(goal.state);
    }
    const Reply reply =
        co_await socket_.set_state(options_.backend, goal.server, goal.state, deadline);
    is_unsettled_ = has_unknown_fate(reply);
    if (std::optional<Outcome> trouble = trouble_with(reply)) {
        co_return *std::move(trouble);
    }
    const Result<ServerView> after = co_await look_at(goal.server, deadline);
    co_return after ? seen_after(goal.is_reached(*after)) : not_seen_after(after.error());
}

Task<Outcome> HaproxyActuator::turn(TableSwitch own, bool is_on, Instant deadline) {
    const Result<bool> before = co_await look_at(own, deadline);
    if (!before) {
        co_return nothing_sent(before.error());
    }
    if (*before == is_on) {
        co_return Outcome{OutcomeKind::done, "it was so already"};
    }
    const Reply reply = co_await socket_.set_switch(own, is_on, deadline);
    is_unsettled_ = has_unknown_fate(reply);
    if (std::optional<Outcome> trouble = trouble_with(reply)) {
        co_return *std::move(trouble);
    }
    const Result<bool> after = co_await look_at(own, deadline);
    co_return after ? seen_after(*after == is_on) : not_seen_after(after.error());
}

Task<Result<bool>> HaproxyActuator::look_at(TableSwitch of, Instant deadline) const {
    std::vector<TableSwitch> switches{of};
    const Result<std::vector<std::optional<bool>>> found =
        co_await socket_.look_at_switches(std::move(switches), deadline);
    if (!found) {
        co_return std::unexpected(found.error());
    }
    if (!found->front()) {
        co_return fail(Fault::absent, fmt::format("HAProxy has no stick table '{}'", of.table));
    }
    co_return *found->front();
}

Task<Result<ServerView>> HaproxyActuator::look_at(std::string server, Instant deadline) const {
    std::vector<std::string> backends{options_.backend};
    const Result<std::vector<BackendView>> views =
        co_await socket_.look(std::move(backends), deadline);
    if (!views) {
        co_return std::unexpected(views.error());
    }
    const ServerView* found = find_server(views->front(), server);
    if (found == nullptr) {
        co_return fail(Fault::absent, fmt::format("HAProxy's backend {} has no server '{}'",
                                                  options_.backend, server));
    }
    co_return *found;
}

Task<Result<FactsPart>> HaproxyActuator::read(Instant deadline) {
    const Result<void> settled = co_await settle(deadline);
    if (!settled) {
        co_return std::unexpected(settled.error());
    }
    std::vector<std::string> backends = backends_of(options_);
    const Result<std::vector<BackendView>> views =
        co_await socket_.look(std::move(backends), deadline);
    if (!views) {
        co_return std::unexpected(views.error());
    }
    const Instant looked_at = os::read_boot_clock();
    std::vector<TableSwitch> switches = switches_of(options_);
    const Result<std::vector<std::optional<bool>>> open =
        co_await socket_.look_at_switches(std::move(switches), deadline);
    if (!open) {
        co_return std::unexpected(open.error());
    }
    co_return facts_of(options_, *views, *open, looked_at);
}

}  // namespace homeostat::adapters::haproxy
