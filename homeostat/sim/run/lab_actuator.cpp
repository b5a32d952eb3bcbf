#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/run/lab_ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <variant>

namespace homeostat::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double keys_looked_at = 5;
/// Whoever has died waits for no answer; the driver ends that life after this step.
constexpr Duration never_again = std::chrono::hours{1};

RuntimeInstance runtime_of(const Machine& machine, World& world, ReplicaIndex replica) {
    const ReplicaView view = world.replica(replica);
    RuntimeInstance instance;
    instance.instance = world.topology().instance_of(replica);
    instance.is_alive = view.is_alive;
    instance.is_answering = view.is_alive && view.is_answering && view.is_reachable &&
                            !machine.is_on(Way::probes, TroubleKind::blind);
    instance.identity = view.identity;
    instance.version = view.versions.deploy;
    instance.config = view.versions.config;
    instance.started_at = machine.told(world.instant_of(view.started_at));
    instance.effect = view.effect;
    instance.is_spare = view.is_spare;
    instance.is_wanted = view.is_wanted;
    return instance;
}

VersionFacts versions_of(const ServiceView& service, Artifact artifact) {
    VersionFacts facts;
    facts.current = service.current[artifact];
    for (std::uint32_t number = 1; number <= service.versions_count[artifact]; ++number) {
        facts.present.emplace_back((artifact == Artifact::config ? "c" : "v") +
                                   std::to_string(number));
    }
    return facts;
}

RuntimeFacts runtime_facts(Machine& machine) {
    World& world = machine.world();
    const Declared& declared = machine.declared();
    RuntimeFacts facts;
    facts.read_at = machine.told_now();
    for (ReplicaIndex replica = declared.first; replica < declared.end; ++replica) {
        facts.instances.push_back(runtime_of(machine, world, replica));
    }
    const ServiceView service = world.service(declared.service);
    facts.versions.deploy = versions_of(service, Artifact::deploy);
    facts.versions.config = versions_of(service, Artifact::config);
    return facts;
}

CircuitFacts circuit_of(World& world, const Declared& declared, ServiceIndex neighbour) {
    const ServiceSpec& spec = world.topology().services[neighbour];
    const ServiceView view = world.service(neighbour);
    CircuitFacts facts;
    facts.neighbour = ServiceId(spec.name);
    facts.is_open =
        world.link(world.topology().find_link(declared.service, neighbour)).is_circuit_open;
    facts.servers_count = spec.replicas_count;
    facts.answering_count = view.in_rotation_count;
    facts.latency_ms = view.counters.latency_ms;
    return facts;
}

EdgeFacts edge_facts(Machine& machine) {
    World& world = machine.world();
    const Declared& declared = machine.declared();
    EdgeFacts facts;
    facts.read_at = machine.told_now();
    facts.counters = world.service(declared.service).counters;
    for (ReplicaIndex replica = declared.first; replica < declared.end; ++replica) {
        const ReplicaView view = world.replica(replica);
        const auto sessions = static_cast<std::uint64_t>(view.busy_workers + view.queue_length);
        facts.instances.push_back({world.topology().instance_of(replica), view.rotation, sessions,
                                   view.counters.latency_ms,
                                   machine.told(world.instant_of(view.rotation_since))});
    }
    for (const ServiceIndex neighbour : declared.neighbours) {
        const ServiceId name(world.topology().services[neighbour].name);
        if (std::ranges::find(declared.inventory.circuits, name) !=
            declared.inventory.circuits.end()) {
            facts.circuits.push_back(circuit_of(world, declared, neighbour));
        }
    }
    for (const GuardedCache& cache : declared.caches) {
        const ServiceView source = world.service(cache.source);
        facts.routes.push_back({CacheId(world.topology().caches[cache.index].name),
                                world.cache(cache.index).is_rerouted,
                                world.topology().services[cache.source].replicas_count,
                                source.in_rotation_count});
    }
    return facts;
}

CachesFacts caches_facts(Machine& machine) {
    World& world = machine.world();
    CachesFacts facts;
    facts.read_at = machine.told_now();
    for (const GuardedCache& cache : machine.declared().caches) {
        const CacheView view = world.cache(cache.index);
        CacheFacts one;
        one.cache = CacheId(world.topology().caches[cache.index].name);
        one.is_answering = view.is_answering;
        one.is_source_answering = world.service(cache.source).answering_count > 0;
        one.keys_count = static_cast<std::uint32_t>(keys_looked_at);
        one.present_count =
            static_cast<std::uint32_t>(std::round(view.filled_share * keys_looked_at));
        const double stale = view.stale_share * keys_looked_at;
        one.stale_count = static_cast<std::uint32_t>(std::round(stale));
        one.differing_count = one.stale_count;
        facts.caches.push_back(one);
    }
    return facts;
}

/// As it arrives: the target as it is now.
Order order_of(Machine& machine, const EffectId& effect, const Step& step) {
    World& world = machine.world();
    Order order{.effect = effect, .step = step};
    if (const InstanceId* instance = instance_of(step)) {
        const ReplicaIndex replica = world.topology().find_replica(*instance);
        if (replica != none) {
            order.present = world.process(replica);
            order.is_serving = world.is_serving(replica);
        }
    }
    const ServiceView service = world.service(machine.declared().service);
    const auto is_there = [&](Artifact artifact, const VersionId& version) {
        const std::vector<VersionId> present = versions_of(service, artifact).present;
        return version.empty() || std::ranges::find(present, version) != present.end();
    };
    if (const auto* replace = std::get_if<Replace>(&step)) {
        order.is_version_there = is_there(Artifact::deploy, replace->version) &&
                                 is_there(Artifact::config, replace->config);
    }
    if (const auto* swap = std::get_if<SwapVersion>(&step)) {
        order.version_current = service.current[swap->artifact];
        order.is_version_there = is_there(swap->artifact, swap->to);
    }
    return order;
}

/// The one call of the world that does it. A replaced process ends and begins apart from this.
struct Apply {
    World& world;
    const EffectId& effect;

    [[nodiscard]] ReplicaIndex at(const InstanceId& instance) const {
        return world.topology().find_replica(instance);
    }
    Outcome operator()(const SwapVersion& step) const {
        return world.swap_version(world.topology().find_service(step.service.text()), step.artifact,
                                  step.from, step.to, effect);
    }
    Outcome operator()(const Drain& step) const { return world.drain(at(step.instance), effect); }
    Outcome operator()(const Undrain& step) const {
        return world.undrain(at(step.instance), effect);
    }
    Outcome operator()(const Replace& step) const {
        return world.replace(at(step.instance), step.expected, {step.version, step.config}, effect);
    }
    Outcome operator()(const Stop& step) const {
        return world.stop(at(step.instance), step.expected, effect);
    }
    Outcome operator()(const SetCircuit& step) const {
        return world.set_circuit(world.topology().find_service(step.neighbour.text()), step.is_open,
                                 effect);
    }
    Outcome operator()(const SetRoute& step) const {
        return world.set_route(world.topology().find_cache(step.cache.text()), step.is_to_source,
                               effect);
    }
    Outcome operator()(const Invalidate& step) const {
        return world.invalidate(world.topology().find_cache(step.cache.text()), effect);
    }
    Outcome operator()(const SetPaused&) const {
        return {OutcomeKind::refused, "nobody rolls out by himself in a simulated world"};
    }
    Outcome operator()(const Run&) const {
        return {OutcomeKind::refused, "there are no tasks in a simulated world"};
    }
    Outcome operator()(const SetMemory&) const {
        return {OutcomeKind::refused, "nobody is held to a limit of memory in a simulated world"};
    }
};

bool exists(const Machine& machine, const Step& step) {
    const Inventory& there = machine.declared().inventory;
    const InstanceId* instance = instance_of(step);
    return instance == nullptr ||
           std::ranges::find(there.instances, *instance) != there.instances.end();
}

}  // namespace

Way LabActuator::way() const {
    switch (part_) {
        case Part::runtime:
            return Way::runtime;
        case Part::edge:
            return Way::edge;
        case Part::caches:
            break;
    }
    return Way::caches;
}

FactsPart LabActuator::look() const {
    switch (part_) {
        case Part::runtime:
            return runtime_facts(machine_);
        case Part::edge:
            return edge_facts(machine_);
        case Part::caches:
            break;
    }
    return caches_facts(machine_);
}

Task<Result<FactsPart>> LabActuator::read(Instant deadline) {
    const Duration takes = machine_.draw_duration(milliseconds{1}, milliseconds{15});
    co_await clock_.sleep_until(clock_.now() + takes);
    if (machine_.meets(way(), TroubleKind::slow)) {
        const Duration late = machine_.draw_duration(milliseconds{100}, seconds{4});
        co_await clock_.sleep_until(clock_.now() + late);
    }
    const bool is_silent = machine_.meets(way(), TroubleKind::silent);
    if (is_silent || clock_.now() < patient_until_ ||
        machine_.meets(way(), TroubleKind::throttled)) {
        if (is_silent) {
            co_await clock_.sleep_until(deadline);
        }
        co_return fail(Fault::unreachable, "nobody answers there");
    }
    FactsPart part = look();
    if (machine_.meets(way(), TroubleKind::partial)) {
        if (auto* runtime = std::get_if<RuntimeFacts>(&part)) {
            runtime->instances.resize(runtime->instances.size() / 2);
        }
    }
    // No older than guard lets a view be.
    constexpr Duration stale_for_max = milliseconds{1'500};
    const bool is_stale = earlier_ && clock_.now() - earlier_->first < stale_for_max &&
                          machine_.meets(way(), TroubleKind::stale);
    if (is_stale) {
        machine_.referee().see_reading(earlier_->second, is_stale);
        co_return earlier_->second;
    }
    earlier_ = {clock_.now(), part};
    machine_.referee().see_reading(part);
    co_return part;
}

Task<Outcome> LabActuator::replace(EffectId effect, Replace step) {
    World& world = machine_.world();
    const ReplicaIndex replica = world.topology().find_replica(step.instance);
    if (step.expected.pid != 0) {
        const Outcome ended = world.stop(replica, step.expected, effect);
        if (ended.kind != OutcomeKind::done) {
            co_return ended;
        }
        // The process has ended and no other runs yet: a good moment for anything to happen.
        const Duration takes = machine_.draw_duration(milliseconds{20}, milliseconds{400});
        co_await clock_.sleep_until(clock_.now() + takes);
        machine_.trace().reached("a process was replaced in two steps");
        if (!come_to("start in", step)) {
            co_await clock_.sleep_until(clock_.now() + never_again);
            co_return Outcome{OutcomeKind::unknown, "it died"};
        }
    }
    const Outcome begun = world.replace(replica, {}, {step.version, step.config}, effect);
    // Whoever ended the old one has changed something.
    co_return begun.kind == OutcomeKind::done || step.expected.pid == 0
        ? begun
        : Outcome{OutcomeKind::unknown, "only the old process was ended"};
}

Task<Outcome> LabActuator::carry_out(EffectId effect, Step step) {
    if (const auto* order = std::get_if<Replace>(&step)) {
        const Outcome outcome = co_await replace(effect, *order);
        co_return outcome;
    }
    co_return std::visit(Apply{machine_.world(), effect}, step);
}

/// Another process runs there by then; whose order it was we are not told.
void LabActuator::be_overtaken(const InstanceId& instance) {
    World& world = machine_.world();
    const ReplicaIndex replica = world.topology().find_replica(instance);
    if (replica != none && world.replica(replica).is_alive) {
        machine_.say("somebody restarts " + instance.text() + " right before us");
        (void)world.restart(replica, {});
        machine_.show_effects();
    }
}

std::optional<std::string> LabActuator::no_to(const Step& step) {
    if (clock_.now() < patient_until_ || machine_.meets(way(), TroubleKind::throttled)) {
        return "turned away: too many orders";
    }
    if (machine_.meets(way(), TroubleKind::patience)) {
        patient_until_ = clock_.now() + machine_.draw_duration(seconds{1}, seconds{6});
        return "429: come again later";
    }
    if (machine_.meets(way(), TroubleKind::unwanted)) {
        return "422: it is understood and not taken";
    }
    if (machine_.meets(way(), TroubleKind::conflict)) {
        const InstanceId* instance = instance_of(step);
        if (instance == nullptr) {
            return "409: it has been modified";
        }
        be_overtaken(*instance);  // What was expected there is not so any more.
    }
    return std::nullopt;
}

void LabActuator::carry_out_at(Instant at, const EffectId& effect, const Step& step) {
    machine_.plan(machine_.true_of(at),
                  [machine = &machine_, effect, step, boot_id = machine_.boot_id()] {
                      if (machine->boot_id() == boot_id) {  // Nor does it outlast the machine.
                          (void)std::visit(Apply{machine->world(), effect}, step);
                      }
                  });
}

bool LabActuator::come_to(std::string_view call, const Step& step) {
    KillPoints& points = machine_.kill_points();
    return !points.is_counting() || points.come_to(fmt::format("{} {}", call, describe(step)));
}

Task<Outcome> LabActuator::perform(Request request, Instant deadline) {
    const EffectId& effect = request.effect();
    const Step& step = request.step();
    if (!come_to("order", step)) {
        co_await clock_.sleep_until(clock_.now() + never_again);
        co_return Outcome{OutcomeKind::unknown, "it died"};
    }
    machine_.say(fmt::format("order {}: {}", effect.text(), describe(step)));
    machine_.referee().see_serving(machine_.serving_count());  // Between two ticks, too.
    machine_.referee().see_order(order_of(machine_, effect, step));
    machine_.tempt_death();
    if (!exists(machine_, step)) {
        machine_.referee().see_reply(effect);
        co_return Outcome{OutcomeKind::refused, "there is no such instance"};
    }
    const Duration travels = machine_.draw_duration(milliseconds{1}, milliseconds{20});
    co_await clock_.sleep_until(clock_.now() + travels);
    if (std::optional<std::string> no = no_to(step)) {
        machine_.referee().see_reply(effect);
        co_return Outcome{OutcomeKind::refused, *std::move(no)};
    }
    if (machine_.meets(way(), TroubleKind::order_lost) ||
        machine_.meets(way(), TroubleKind::silent)) {
        machine_.referee().see_reply_lost(effect);
        co_await clock_.sleep_until(deadline);
        co_return Outcome{OutcomeKind::unknown, "no reply"};
    }
    if (machine_.meets(way(), TroubleKind::late_effect)) {
        machine_.referee().see_reply_lost(effect);
        const Instant at = deadline + machine_.draw_duration(milliseconds{100}, seconds{3});
        carry_out_at(at, effect, step);
        co_await clock_.sleep_until(at + milliseconds{10});
        co_return Outcome{OutcomeKind::unknown, "it took too long"};
    }
    const Outcome outcome = co_await be_there(effect, step, deadline);
    co_return outcome;
}

Task<Outcome> LabActuator::be_there(EffectId effect, Step step, Instant deadline) {
    if (!come_to("wait for", step)) {  // It is on its way, whatever becomes of us.
        carry_out_at(clock_.now() + milliseconds{1}, effect, step);
        co_await clock_.sleep_until(clock_.now() + never_again);
        co_return Outcome{OutcomeKind::unknown, "it died"};
    }
    const Outcome outcome = co_await carry_out(effect, step);
    machine_.show_effects();
    if (!come_to("hear of", step)) {
        co_await clock_.sleep_until(clock_.now() + never_again);
        co_return Outcome{OutcomeKind::unknown, "it died"};
    }
    machine_.tempt_death();
    if (machine_.meets(way(), TroubleKind::gave_up)) {
        machine_.referee().see_reply_lost(effect);
        co_return Outcome{OutcomeKind::unknown, "504: it took too long"};
    }
    if (machine_.meets(way(), TroubleKind::reply_lost)) {
        machine_.referee().see_reply_lost(effect);
        co_await clock_.sleep_until(deadline);
        co_return Outcome{OutcomeKind::unknown, "no reply"};
    }
    const Duration replies = machine_.draw_duration(milliseconds{1}, milliseconds{20});
    co_await clock_.sleep_until(clock_.now() + replies);
    machine_.referee().see_reply(effect);
    machine_.say(
        fmt::format("reply {}: {} {}", effect.text(), to_text(outcome.kind), outcome.because));
    machine_.trace().reached(fmt::format("outcome {}", to_text(outcome.kind)));
    co_return outcome;
}

}  // namespace homeostat::sim
