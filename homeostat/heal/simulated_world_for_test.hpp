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

#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/inventory.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
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
    explicit SimulatedWorld(std::uint32_t instances_count = 3, std::uint32_t spares_count = 0);

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
    void give_configs();

    /// The flags are f2; f1 is known as well and has proven itself.
    void give_flags();

    [[nodiscard]] SimulatedInstance& instance(const InstanceId& name);

    void pass(Duration span);

    /// Users get errors.
    [[nodiscard]] bool is_failing() const;

    [[nodiscard]] bool is_starved() const;

    [[nodiscard]] bool is_dependency_well() const;

    [[nodiscard]] bool is_circuit_open() const { return now < circuit_closes_at_; }

    [[nodiscard]] bool is_cache_stale() const;

    [[nodiscard]] bool is_rerouted() const { return now < route_ends_at_; }

    /// Users get wrong answers.
    [[nodiscard]] bool is_misleading() const { return is_cache_stale() && !is_rerouted(); }

    [[nodiscard]] bool is_overloaded() const;

    [[nodiscard]] std::size_t wanted_count() const;

    /// Some users wait.
    [[nodiscard]] bool is_slow() const;

    [[nodiscard]] std::uint32_t serving_count() const;

    /// What a person does at the edge.
    void drain_by_hand(const InstanceId& name);

    void end_process(const InstanceId& name) { instance(name).runtime.is_alive = false; }

    /// No instance that is wanted in rotation is out of it.
    [[nodiscard]] bool is_whole() const;

    [[nodiscard]] Inventory inventory() const;

    [[nodiscard]] Result<FactsPart> read_runtime() const;

    [[nodiscard]] FactsPart read_flags() const;

    [[nodiscard]] Result<FactsPart> read_edge() const;

    [[nodiscard]] Result<FactsPart> read_caches() const;

    [[nodiscard]] Result<FactsPart> read_tasks() const;

    [[nodiscard]] Facts facts() const;

    /// Causes the effect if its precondition holds. `stops_half_way`: whoever performs a `replace`
    /// dies between ending the old process and starting the new one.
    Outcome apply(const EffectId& effect, const Step& step, bool stops_half_way = false);

  private:
    [[nodiscard]] bool is_answering(const SimulatedInstance& one) const;

    [[nodiscard]] Rotation rotation_of(const SimulatedInstance& one) const;

    void begin_process(SimulatedInstance& one,
                       const PerArtifact<VersionId>& versions,
                       const EffectId& effect);

    Outcome apply(const EffectId&, const SwapVersion& step, bool);

    /// The first `count` run the current version from now on.
    void roll_out(std::size_t count);

    Outcome apply(const EffectId&, const Drain& step, bool);

    Outcome apply(const EffectId&, const Undrain& step, bool);

    Outcome apply(const EffectId&, const SetCircuit& step, bool);

    Outcome apply(const EffectId&, const SetRoute& step, bool);

    Outcome apply(const EffectId& effect, const SetMemory& step, bool);

    Outcome apply(const EffectId&, const Run& step, bool);

    Outcome apply(const EffectId& effect, const SetPaused& step, bool);

    Outcome apply(const EffectId&, const Invalidate&, bool);

    Outcome apply(const EffectId& effect, const Replace& step, bool stops_half_way);

    Outcome apply(const EffectId&, const Stop& step, bool stops_half_way);

    std::int32_t pid_last_{100};
    Instant rolled_out_at_{Instant::max()};
    Instant circuit_closes_at_{};
    Instant route_ends_at_{};
    Instant copies_dropped_at_{};
    EdgeCounters edge_{.requests_total = 1000, .errors_total = 7};
};

}  // namespace homeostat::heal
