#include "homeostat/heal/simulated_world_for_test.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/heal/facts_merge.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace homeostat::heal {

SimulatedWorld::SimulatedWorld(std::uint32_t instances_count, std::uint32_t spares_count) {
    for (std::uint32_t index = 0; index < instances_count + spares_count; ++index) {
        SimulatedInstance& instance = instances.emplace_back();
        instance.runtime.instance = InstanceId("payments-" + std::to_string(index));
        instance.runtime.is_spare = index >= instances_count;
        if (instance.runtime.is_spare) {
            instance.runtime.is_wanted = false;
            continue;
        }
        begin_process(instance, {version_current, {}}, {});
        instance.runtime.started_at = Instant{};
        instance.answers_from_at = Instant{};
    }
}

void SimulatedWorld::give_configs() {
    configs = {VersionId("c2"), {VersionId("c1"), VersionId("c2")}, {VersionId("c1")}};
    for (SimulatedInstance& one : instances) {
        one.runtime.config = one.runtime.is_alive ? configs.current : VersionId{};
    }
}

void SimulatedWorld::give_flags() {
    flags = {VersionId("f2"), {VersionId("f1"), VersionId("f2")}, {VersionId("f1")}};
}

SimulatedInstance& SimulatedWorld::instance(const InstanceId& name) {
    const auto found = std::ranges::find_if(instances, [&](const SimulatedInstance& candidate) {
        return candidate.runtime.instance == name;
    });
    ensure(found != instances.end(), "a test names an instance that exists");
    return *found;
}

void SimulatedWorld::pass(Duration span) {
    now += span;
    if (now >= rolled_out_at_) {
        roll_out(instances.size());
    }
    if (is_asked) {
        edge_.requests_total += static_cast<std::uint64_t>(span / std::chrono::milliseconds{50});
    }
    if (is_failing()) {
        edge_.errors_total += 1 + static_cast<std::uint64_t>(span / std::chrono::milliseconds{50});
    }
}

bool SimulatedWorld::is_failing() const {
    const bool is_let_down = !is_dependency_well() && !is_circuit_open();
    return is_let_down || is_overloaded() || is_starved() || flags_bad.contains(flags.current) ||
           std::ranges::any_of(instances, [&](const auto& one) {
               return rotation_of(one) == Rotation::in &&
                      (versions_bad.contains(one.runtime.version) ||
                       configs_bad.contains(one.runtime.config));
           });
}

bool SimulatedWorld::is_starved() const {
    return std::ranges::any_of(instances, [&](const SimulatedInstance& one) {
        return one.runtime.memory && one.runtime.memory->limit_bytes < memory_needed_bytes;
    });
}

bool SimulatedWorld::is_dependency_well() const {
    return !is_dependency_failing || now >= dependency_well_from_at;
}

bool SimulatedWorld::is_cache_stale() const {
    constexpr Duration fill_every = std::chrono::milliseconds{500};
    const bool is_dropped = now < copies_dropped_at_ + fill_every ||
                            (!is_filled_again && copies_dropped_at_ > Instant{});
    return now < copies_right_from_at && !is_dropped;
}

bool SimulatedWorld::is_overloaded() const {
    return serving_count() < serving_needed && now < surge_ends_at;
}

std::size_t SimulatedWorld::wanted_count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(instances, [](const auto& one) { return one.runtime.is_wanted; }));
}

bool SimulatedWorld::is_slow() const {
    return std::ranges::any_of(instances, [&](const auto& one) {
        return rotation_of(one) == Rotation::in && one.is_slow;
    });
}

std::uint32_t SimulatedWorld::serving_count() const {
    return static_cast<std::uint32_t>(std::ranges::count_if(
        instances, [&](const auto& one) { return rotation_of(one) == Rotation::in; }));
}

void SimulatedWorld::drain_by_hand(const InstanceId& name) {
    instance(name).is_drained = true;
    instance(name).rotation_since = now;
}

bool SimulatedWorld::is_whole() const {
    return std::ranges::none_of(instances, [&](const auto& one) {
        return one.runtime.is_wanted && rotation_of(one) == Rotation::down;
    });
}

Inventory SimulatedWorld::inventory() const {
    Inventory inventory;
    inventory.service = ServiceId("payments");
    inventory.has_versions = true;
    inventory.has_configs = !configs.current.empty();
    inventory.has_flags = !flags.current.empty();
    inventory.has_edge = true;
    inventory.may_drain = true;
    inventory.neighbours = {ServiceId("fraud")};
    inventory.circuits = {ServiceId("fraud")};
    inventory.caches = {CacheId("quotes")};
    inventory.routes = {CacheId("quotes")};
    for (const SimulatedInstance& one : instances) {
        inventory.instances.push_back(one.runtime.instance);
    }
    for (const TaskFacts& task : tasks) {
        inventory.tasks.push_back({task.of, 2});
    }
    return inventory;
}

Result<FactsPart> SimulatedWorld::read_runtime() const {
    if (!is_runtime_readable) {
        return fail(Fault::unreachable, "the runtime does not answer");
    }
    RuntimeFacts part;
    part.versions.deploy = {version_current, versions_present, {}};
    part.versions.config = {configs.current, configs.present, {}};
    part.rollout = rollout;
    part.is_orchestrated = rolled_out_at_once.has_value();
    part.read_at = now;
    for (const SimulatedInstance& one : instances) {
        part.instances.push_back(one.runtime);
        part.instances.back().is_answering = is_answering(one);
    }
    return FactsPart{std::move(part)};
}

FactsPart SimulatedWorld::read_flags() const {
    return FlagFacts{{flags.current, flags.present, {}}, now};
}

Result<FactsPart> SimulatedWorld::read_edge() const {
    if (!is_edge_readable) {
        return fail(Fault::unreachable, "the edge does not answer");
    }
    EdgeFacts part{{}, edge_, now};
    for (const SimulatedInstance& one : instances) {
        const double latency_ms = one.is_slow ? 500 : 10;
        const std::uint64_t sessions_now = now < one.sessions_end_at ? 1 : 0;
        part.instances.push_back(
            {one.runtime.instance, rotation_of(one), sessions_now, latency_ms, one.rotation_since});
    }
    part.circuits = {{.neighbour = ServiceId("fraud"),
                      .is_open = is_circuit_open(),
                      .servers_count = 2,
                      .answering_count = is_dependency_well() ? 2U : 0U}};
    part.routes = {{.cache = CacheId("quotes"),
                    .is_to_source = is_rerouted(),
                    .servers_count = 1,
                    .answering_count = 1}};
    return FactsPart{std::move(part)};
}

Result<FactsPart> SimulatedWorld::read_caches() const {
    const std::uint32_t stale_count = is_cache_stale() ? 5 : 0;
    CachesFacts part{{}, now};
    part.caches = {{.cache = CacheId("quotes"),
                    .is_answering = true,
                    .is_source_answering = true,
                    .keys_count = 5,
                    .present_count = 5,
                    .differing_count = stale_count,
                    .stale_count = stale_count}};
    return FactsPart{std::move(part)};
}

Result<FactsPart> SimulatedWorld::read_tasks() const {
    if (is_task_under_way) {
        return fail(Fault::busy, "an action of it may be under way");
    }
    TasksFacts part{are_checks_answering ? tasks : std::vector<TaskFacts>{}, now};
    for (TaskFacts& task : part.tasks) {
        task.checked_at = now;
    }
    return FactsPart{std::move(part)};
}

Facts SimulatedWorld::facts() const {
    Facts facts = merge_facts(
        inventory(),
        {read_runtime(), read_edge(), read_caches(), read_tasks(), Result<FactsPart>(read_flags())},
        now);
    facts.is_suspended = is_suspended;
    facts.versions.deploy.good.assign(versions_good.begin(), versions_good.end());
    facts.versions.config.good = configs.good;
    facts.versions.flag.good = flags.good;
    return facts;
}

Outcome SimulatedWorld::apply(const EffectId& effect, const Step& step, bool stops_half_way) {
    int& refusals = refusals_left[name_of(step)];
    if (refusals > 0) {
        refusals -= 1;
        return {OutcomeKind::refused, "so the test wants it"};
    }
    const Outcome outcome =
        std::visit([&](const auto& one) { return apply(effect, one, stops_half_way); }, step);
    changes_count[effect] += outcome.kind == OutcomeKind::refused ? 0 : 1;
    serving_min = std::min(serving_min, serving_count());
    return outcome;
}

bool SimulatedWorld::is_answering(const SimulatedInstance& one) const {
    return one.runtime.is_alive && !one.is_stalled && now >= one.answers_from_at;
}

Rotation SimulatedWorld::rotation_of(const SimulatedInstance& one) const {
    if (one.is_drained) {
        return Rotation::draining;
    }
    return is_answering(one) ? Rotation::in : Rotation::down;
}

void SimulatedWorld::begin_process(SimulatedInstance& one,
                                   const PerArtifact<VersionId>& versions,
                                   const EffectId& effect) {
    pid_last_ += 1;
    one.runtime.is_alive = true;
    one.runtime.is_wanted = true;
    one.runtime.identity = {pid_last_, static_cast<std::uint64_t>(to_ns(now) / 10'000'000)};
    one.runtime.version = versions.deploy;
    one.runtime.config = versions.config;
    one.runtime.started_at = now;
    one.runtime.effect = effect;
    one.is_stalled = false;
    one.is_slow = one.is_slow && is_slow_for_ever;
    one.answers_from_at = now + start_for;
    one.sessions_end_at = {};
}

Outcome SimulatedWorld::apply(const EffectId&, const SwapVersion& step, bool) {
    VersionId& current = step.artifact == Artifact::flag     ? flags.current
                         : step.artifact == Artifact::config ? configs.current
                                                             : version_current;
    if (current != step.from) {
        return {OutcomeKind::refused, "current is " + current.text()};
    }
    if (step.artifact == Artifact::deploy && rollout && rollout->is_paused) {
        if (!rollout->is_paused_by_us()) {
            return {OutcomeKind::refused, "somebody else has paused it"};
        }
        rollout->is_paused = false;  // In the same write.
        rollout->paused_by = {};
    }
    current = step.to;
    if (rolled_out_at_once && step.artifact == Artifact::deploy) {
        roll_out(*rolled_out_at_once);
        rolled_out_at_ = now + rolled_out_in;
    }
    return {OutcomeKind::done, {}};
}

void SimulatedWorld::roll_out(std::size_t count) {
    for (std::size_t index = 0; index < count; ++index) {
        SimulatedInstance& one = instances.at(index);
        if (one.runtime.is_alive && one.runtime.version != version_current) {
            begin_process(one, {version_current, configs.current}, {});
        }
    }
}

Outcome SimulatedWorld::apply(const EffectId&, const Drain& step, bool) {
    if (instance(step.instance).is_drained) {
        return {OutcomeKind::refused, "somebody else has drained it already"};
    }
    drain_by_hand(step.instance);
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId&, const Undrain& step, bool) {
    if (kept_out.contains(step.instance)) {
        return {OutcomeKind::refused, "it stays out"};
    }
    instance(step.instance).is_drained = false;
    instance(step.instance).rotation_since = now;
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId&, const SetCircuit& step, bool) {
    circuit_closes_at_ = step.is_open ? now + circuit_open_for : now;
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId&, const SetRoute& step, bool) {
    route_ends_at_ = step.is_to_source ? now + route_lasts_for : now;
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId& effect, const SetMemory& step, bool) {
    RuntimeInstance& runtime = instance(step.instance).runtime;
    if (!runtime.memory || runtime.identity.pod != step.pod ||
        runtime.memory->limit_bytes != step.from_bytes) {
        return {OutcomeKind::refused, "another pod, or another limit"};
    }
    runtime.memory->limit_bytes = step.to_bytes;
    runtime.memory->effect = effect;
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId&, const Run& step, bool) {
    runs.push_back(step);
    for (TaskFacts& task : tasks) {
        const bool is_its = task.of.task == step.task;
        task.is_well = is_its ? !step.is_inverse && runs_help : task.is_well;
    }
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId& effect, const SetPaused& step, bool) {
    if (!rollout || version_current != step.version || rollout->is_paused == step.is_paused) {
        return {OutcomeKind::refused, "the rollout does not stand the other way"};
    }
    rollout->is_paused = step.is_paused;
    rollout->paused_by = step.is_paused ? effect : EffectId{};
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId&, const Invalidate&, bool) {
    copies_dropped_at_ = now;
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId& effect, const Replace& step, bool stops_half_way) {
    SimulatedInstance& one = instance(step.instance);
    const ProcessIdentity present = one.runtime.is_alive ? one.runtime.identity : ProcessIdentity{};
    if (present != step.expected) {
        return {OutcomeKind::refused, "another process runs there"};
    }
    one.runtime.is_alive = false;
    if (stops_half_way) {
        return {OutcomeKind::unknown, "only the old process was ended"};
    }
    begin_process(one, {step.version, step.config}, effect);
    return {OutcomeKind::done, {}};
}

Outcome SimulatedWorld::apply(const EffectId&, const Stop& step, bool stops_half_way) {
    SimulatedInstance& one = instance(step.instance);
    const ProcessIdentity present = one.runtime.is_alive ? one.runtime.identity : ProcessIdentity{};
    if (present != step.expected || !one.runtime.is_spare) {
        return {OutcomeKind::refused, "another process runs there, or it is no spare"};
    }
    one.runtime.is_alive = false;
    if (stops_half_way) {
        return {OutcomeKind::unknown, "the process was ended, and no more"};
    }
    one.runtime.is_wanted = false;
    return {OutcomeKind::done, {}};
}

}  // namespace homeostat::heal
