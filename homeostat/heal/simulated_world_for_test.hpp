#pragma once

// SimulatedWorld: a group of instances behind an edge, a neighbour `fraud` with a circuit there,
// and a cache `quotes` with a way round it, in memory. What the executor's tests act on.
//
// It keeps the contract of the real actuators: a step happens only if its precondition holds, and a
// new process carries the id of the effect that started it. It outlives every process of ours, and
// counts each change under the id of its effect, so that a referee can tell whether one happened
// twice. Time stands still unless `pass` is called.
//
// Pure.

#include "homeostat/base/ensure.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/heal/facts_merge.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::heal {

struct SimulatedInstance {
    RuntimeInstance runtime;
    bool is_drained{false};
    Instant rotation_since{};   ///< Of the last change that the edge saw, but of checks.
    bool is_stalled{false};     ///< The process runs and answers nobody.
    bool is_slow{false};        ///< It answers, long after the others.
    Instant answers_from_at{};  ///< A new process needs a moment.
    Instant sessions_end_at{};  ///< The process has one until then.
};

class SimulatedWorld {
  public:
    explicit SimulatedWorld(std::uint32_t instances_count = 3, std::uint32_t spares_count = 0) {
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

    // What a test sets.
    std::vector<SimulatedInstance> instances;
    VersionId version_current{"v2"};
    std::vector<VersionId> versions_present{VersionId("v1"), VersionId("v2")};
    std::set<VersionId> versions_good{VersionId("v1")};
    std::optional<RolloutFacts> rollout;  ///< Of the current version; absent: nobody rolls out.
    /// Others bring a version that is swapped to the instances: to so many at once, to the rest
    /// after `rolled_out_in`. Absent: we do.
    std::optional<std::size_t> rolled_out_at_once;
    Duration rolled_out_in{std::chrono::seconds{10}};
    bool is_asked{false};               ///< By users: else only what fails is counted.
    bool is_slow_for_ever{false};       ///< What is slow stays so, whatever process runs there.
    std::set<VersionId> versions_bad;   ///< Who runs one of these answers errors.
    VersionFacts configs;               ///< None unless `give_configs` is called.
    std::set<VersionId> configs_bad;    ///< As versions_bad, of the configuration.
    VersionFacts flags;                 ///< None unless `give_flags` is called.
    std::set<VersionId> flags_bad;      ///< As versions_bad, of flags; nobody is started for them.
    bool is_dependency_failing{false};  ///< Errors whatever runs, unless its circuit is open.
    Instant dependency_well_from_at{Instant::max()};  ///< It does not fail any more from then on.
    Duration circuit_open_for{std::chrono::seconds{75}};  ///< Then it closes by itself.
    std::uint64_t memory_needed_bytes{0};                 ///< Who is held to less answers errors.
    std::uint32_t serving_needed{0};                      ///< Fewer cannot carry the load: errors.
    Instant surge_ends_at{Instant::max()};                ///< From then on any number can.
    Instant copies_right_from_at{};  ///< Until then whoever fills `quotes` writes what is stale.
    bool is_filled_again{true};      ///< Also after its keys were dropped.
    Duration route_lasts_for{std::chrono::seconds{75}};  ///< Then readers go back by themselves.
    std::vector<TaskFacts> tasks{};  ///< What is declared, and what their checks say.
    bool runs_help{true};            ///< Whoever runs one is well by its check.
    bool are_checks_answering{true};
    bool is_task_under_way{false};  ///< Something that nobody waits for any more.
    bool is_runtime_readable{true};
    bool is_edge_readable{true};
    bool is_suspended{false};
    std::map<std::string_view, int> refusals_left;  ///< By the name of the step.
    std::set<InstanceId> kept_out;                  ///< An undrain of one of them is refused.
    Duration start_for{std::chrono::milliseconds{100}};
    Instant now{std::chrono::hours{1}};

    // What a referee reads.
    std::map<EffectId, std::uint32_t>
        changes_count;               ///< Per effect; more than 1 is a broken promise.
    std::vector<Run> runs{};         ///< Of tasks, and of what takes them back.
    std::uint32_t serving_min{~0U};  ///< The fewest that ever served after a step.

    /// All run the configuration c2; c1 is there as well and has proven itself.
    void give_configs() {
        configs = {VersionId("c2"), {VersionId("c1"), VersionId("c2")}, {VersionId("c1")}};
        for (SimulatedInstance& one : instances) {
            one.runtime.config = one.runtime.is_alive ? configs.current : VersionId{};
        }
    }

    /// The flags are f2; f1 is known as well and has proven itself.
    void give_flags() {
        flags = {VersionId("f2"), {VersionId("f1"), VersionId("f2")}, {VersionId("f1")}};
    }

    [[nodiscard]] SimulatedInstance& instance(const InstanceId& name) {
        const auto found = std::ranges::find_if(instances, [&](const SimulatedInstance& candidate) {
            return candidate.runtime.instance == name;
        });
        ensure(found != instances.end(), "a test names an instance that exists");
        return *found;
    }

    void pass(Duration span) {
        now += span;
        if (now >= rolled_out_at_) {
            roll_out(instances.size());
        }
        if (is_asked) {
            edge_.requests_total +=
                static_cast<std::uint64_t>(span / std::chrono::milliseconds{50});
        }
        if (is_failing()) {
            edge_.errors_total +=
                1 + static_cast<std::uint64_t>(span / std::chrono::milliseconds{50});
        }
    }

    /// Users get errors.
    [[nodiscard]] bool is_failing() const {
        const bool is_let_down = !is_dependency_well() && !is_circuit_open();
        return is_let_down || is_overloaded() || is_starved() ||
               flags_bad.contains(flags.current) ||
               std::ranges::any_of(instances, [&](const auto& one) {
                   return rotation_of(one) == Rotation::in &&
                          (versions_bad.contains(one.runtime.version) ||
                           configs_bad.contains(one.runtime.config));
               });
    }

    [[nodiscard]] bool is_starved() const {
        return std::ranges::any_of(instances, [&](const SimulatedInstance& one) {
            return one.runtime.memory && one.runtime.memory->limit_bytes < memory_needed_bytes;
        });
    }

    [[nodiscard]] bool is_dependency_well() const {
        return !is_dependency_failing || now >= dependency_well_from_at;
    }

    [[nodiscard]] bool is_circuit_open() const { return now < circuit_closes_at_; }

    [[nodiscard]] bool is_cache_stale() const {
        constexpr Duration fill_every = std::chrono::milliseconds{500};
        const bool is_dropped = now < copies_dropped_at_ + fill_every ||
                                (!is_filled_again && copies_dropped_at_ > Instant{});
        return now < copies_right_from_at && !is_dropped;
    }

    [[nodiscard]] bool is_rerouted() const { return now < route_ends_at_; }

    /// Users get wrong answers.
    [[nodiscard]] bool is_misleading() const { return is_cache_stale() && !is_rerouted(); }

    [[nodiscard]] bool is_overloaded() const {
        return serving_count() < serving_needed && now < surge_ends_at;
    }

    [[nodiscard]] std::size_t wanted_count() const {
        return static_cast<std::size_t>(std::ranges::count_if(
            instances, [](const auto& one) { return one.runtime.is_wanted; }));
    }

    /// Some users wait.
    [[nodiscard]] bool is_slow() const {
        return std::ranges::any_of(instances, [&](const auto& one) {
            return rotation_of(one) == Rotation::in && one.is_slow;
        });
    }

    [[nodiscard]] std::uint32_t serving_count() const {
        return static_cast<std::uint32_t>(std::ranges::count_if(
            instances, [&](const auto& one) { return rotation_of(one) == Rotation::in; }));
    }

    /// What a person does at the edge.
    void drain_by_hand(const InstanceId& name) {
        instance(name).is_drained = true;
        instance(name).rotation_since = now;
    }

    void end_process(const InstanceId& name) { instance(name).runtime.is_alive = false; }

    /// No instance that is wanted in rotation is out of it.
    [[nodiscard]] bool is_whole() const {
        return std::ranges::none_of(instances, [&](const auto& one) {
            return one.runtime.is_wanted && rotation_of(one) == Rotation::down;
        });
    }

    [[nodiscard]] Inventory inventory() const {
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

    [[nodiscard]] Result<FactsPart> read_runtime() const {
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

    [[nodiscard]] FactsPart read_flags() const {
        return FlagFacts{{flags.current, flags.present, {}}, now};
    }

    [[nodiscard]] Result<FactsPart> read_edge() const {
        if (!is_edge_readable) {
            return fail(Fault::unreachable, "the edge does not answer");
        }
        EdgeFacts part{{}, edge_, now};
        for (const SimulatedInstance& one : instances) {
            const double latency_ms = one.is_slow ? 500 : 10;
            const std::uint64_t sessions_now = now < one.sessions_end_at ? 1 : 0;
            part.instances.push_back({one.runtime.instance, rotation_of(one), sessions_now,
                                      latency_ms, one.rotation_since});
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

    [[nodiscard]] Result<FactsPart> read_caches() const {
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

    [[nodiscard]] Result<FactsPart> read_tasks() const {
        if (is_task_under_way) {
            return fail(Fault::busy, "an action of it may be under way");
        }
        TasksFacts part{are_checks_answering ? tasks : std::vector<TaskFacts>{}, now};
        for (TaskFacts& task : part.tasks) {
            task.checked_at = now;
        }
        return FactsPart{std::move(part)};
    }

    [[nodiscard]] Facts facts() const {
        Facts facts = merge_facts(inventory(),
                                  {read_runtime(), read_edge(), read_caches(), read_tasks(),
                                   Result<FactsPart>(read_flags())},
                                  now);
        facts.is_suspended = is_suspended;
        facts.versions.deploy.good.assign(versions_good.begin(), versions_good.end());
        facts.versions.config.good = configs.good;
        facts.versions.flag.good = flags.good;
        return facts;
    }

    /// Causes the effect if its precondition holds. `stops_half_way`: whoever performs a `replace`
    /// dies between ending the old process and starting the new one.
    Outcome apply(const EffectId& effect, const Step& step, bool stops_half_way = false) {
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

  private:
    [[nodiscard]] bool is_answering(const SimulatedInstance& one) const {
        return one.runtime.is_alive && !one.is_stalled && now >= one.answers_from_at;
    }

    [[nodiscard]] Rotation rotation_of(const SimulatedInstance& one) const {
        if (one.is_drained) {
            return Rotation::draining;
        }
        return is_answering(one) ? Rotation::in : Rotation::down;
    }

    void begin_process(SimulatedInstance& one,
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

    Outcome apply(const EffectId&, const SwapVersion& step, bool) {
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

    /// The first `count` run the current version from now on.
    void roll_out(std::size_t count) {
        for (std::size_t index = 0; index < count; ++index) {
            SimulatedInstance& one = instances.at(index);
            if (one.runtime.is_alive && one.runtime.version != version_current) {
                begin_process(one, {version_current, configs.current}, {});
            }
        }
    }

    Outcome apply(const EffectId&, const Drain& step, bool) {
        if (instance(step.instance).is_drained) {
            return {OutcomeKind::refused, "somebody else has drained it already"};
        }
        drain_by_hand(step.instance);
        return {OutcomeKind::done, {}};
    }

    Outcome apply(const EffectId&, const Undrain& step, bool) {
        if (kept_out.contains(step.instance)) {
            return {OutcomeKind::refused, "it stays out"};
        }
        instance(step.instance).is_drained = false;
        instance(step.instance).rotation_since = now;
        return {OutcomeKind::done, {}};
    }

    Outcome apply(const EffectId&, const SetCircuit& step, bool) {
        circuit_closes_at_ = step.is_open ? now + circuit_open_for : now;
        return {OutcomeKind::done, {}};
    }

    Outcome apply(const EffectId&, const SetRoute& step, bool) {
        route_ends_at_ = step.is_to_source ? now + route_lasts_for : now;
        return {OutcomeKind::done, {}};
    }

    Outcome apply(const EffectId& effect, const SetMemory& step, bool) {
        RuntimeInstance& runtime = instance(step.instance).runtime;
        if (!runtime.memory || runtime.identity.pod != step.pod ||
            runtime.memory->limit_bytes != step.from_bytes) {
            return {OutcomeKind::refused, "another pod, or another limit"};
        }
        runtime.memory->limit_bytes = step.to_bytes;
        runtime.memory->effect = effect;
        return {OutcomeKind::done, {}};
    }

    Outcome apply(const EffectId&, const Run& step, bool) {
        runs.push_back(step);
        for (TaskFacts& task : tasks) {
            const bool is_its = task.of.task == step.task;
            task.is_well = is_its ? !step.is_inverse && runs_help : task.is_well;
        }
        return {OutcomeKind::done, {}};
    }

    Outcome apply(const EffectId& effect, const SetPaused& step, bool) {
        if (!rollout || version_current != step.version || rollout->is_paused == step.is_paused) {
            return {OutcomeKind::refused, "the rollout does not stand the other way"};
        }
        rollout->is_paused = step.is_paused;
        rollout->paused_by = step.is_paused ? effect : EffectId{};
        return {OutcomeKind::done, {}};
    }

    Outcome apply(const EffectId&, const Invalidate&, bool) {
        copies_dropped_at_ = now;
        return {OutcomeKind::done, {}};
    }

    Outcome apply(const EffectId& effect, const Replace& step, bool stops_half_way) {
        SimulatedInstance& one = instance(step.instance);
        const ProcessIdentity present =
            one.runtime.is_alive ? one.runtime.identity : ProcessIdentity{};
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

    Outcome apply(const EffectId&, const Stop& step, bool stops_half_way) {
        SimulatedInstance& one = instance(step.instance);
        const ProcessIdentity present =
            one.runtime.is_alive ? one.runtime.identity : ProcessIdentity{};
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

    std::int32_t pid_last_{100};
    Instant rolled_out_at_{Instant::max()};
    Instant circuit_closes_at_{};
    Instant route_ends_at_{};
    Instant copies_dropped_at_{};
    EdgeCounters edge_{.requests_total = 1000, .errors_total = 7};
};

}  // namespace homeostat::heal
