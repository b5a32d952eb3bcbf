#pragma once

// A demon that asks guard for anything, legal or not, in a world that changes under it, and the
// referee that says whether a permit was harmful. Used with seeds by the tests and with bytes by
// the fuzzer.
//
// Draw is a callable: draw(n) gives a number below n; 0 should be the ordinary case.
//
// Pure. For tests only.

#include "homeostat/guard/case_for_test.hpp"
#include "homeostat/guard/demands_for_test.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::guard::for_test {

/// The referee's own idea of capacity: an instance that surely serves.
inline std::uint32_t surely_serving(const Facts& facts) {
    std::uint32_t count = 0;
    for (const InstanceFacts& instance : facts.instances) {
        const bool is_reached = !facts.has_edge || instance.rotation == Rotation::in;
        count += instance.runtime.is_alive && instance.runtime.is_answering && is_reached ? 1 : 0;
    }
    return count;
}

/// The referee's own idea of a mass failure: more than the share, two at least, run and are silent.
inline bool is_much_silent(const Facts& facts, const Limits& limits) {
    std::uint32_t silent = 0;
    for (const InstanceFacts& instance : facts.instances) {
        const Duration age = facts.read_at - instance.runtime.started_at;
        const bool runs = instance.runtime.is_alive && age >= std::chrono::seconds{3};
        silent += runs && !instance.runtime.is_answering ? 1 : 0;
    }
    return silent > 1 && silent > limits.freeze_above * static_cast<double>(facts.instances.size());
}

/// At the edge one in twenty requests failed since then, and four at least.
inline bool is_edge_alarmed(const Facts& facts, const Case& asked) {
    if (!facts.has_edge) {
        return false;
    }
    const auto errors = static_cast<double>(facts.edge.errors_total - asked.edge_errors_at_open);
    const auto requests =
        static_cast<double>(facts.edge.requests_total - asked.edge_requests_at_open);
    return errors >= 4 && errors + 1 > requests / 20;
}

/// The edge gives it nothing more and waits for nothing of it.
inline bool is_drained_empty(const Facts& facts, const InstanceFacts& instance) {
    return facts.has_edge && instance.rotation == Rotation::draining && instance.sessions_now == 0;
}

/// An effect of which nobody knows what became.
struct OpenEffect {
    IncidentId incident;
    Step step;
    bool is_reflex{false};
};

/// The referee's own idea of two that do not meet: a change of version is at all of them.
inline bool are_of_different_instances(const Step& one, const Step& other) {
    const bool is_any_swap =
        std::holds_alternative<SwapVersion>(one) || std::holds_alternative<SwapVersion>(other);
    const InstanceId* first = instance_of(one);
    const InstanceId* second = instance_of(other);
    return !is_any_swap && (first == nullptr || second == nullptr || *first != *second);
}

template <class Draw>
class Demon {
  public:
    explicit Demon(Draw& draw) : draw_(draw) {
        facts_ = serving_facts();
        limits_ = acting_limits();
        limits_.min_healthy = pick(draw_, std::array{2U, 1U, 0U, 3U, 9U});
        limits_.effects_max = pick(draw_, std::array{12U, 5U, 1U, 0U, 1000U});
        limits_.attempts_max = pick(draw_, std::array{3U, 1U, 0U});
        limits_.freeze_above = pick(draw_, std::array{0.5, 0.0, 0.9, 1.0});
        limits_.autonomy[RemedyKind::rolling_restart] = static_cast<Autonomy>(4 - draw_(5));
        const std::uint32_t count = 3 - std::min(draw_(8), 3U);
        facts_.instances.resize(count);
        facts_.has_edge = draw_(6) != 5;
    }

    /// One demand. Returns what was wrong with the answer; nothing if it was right.
    [[nodiscard]] std::optional<std::string> demand() {
        disturb();
        const Case asked = any_case(draw_, facts_, at_);
        const Verdict whole = check(asked, facts_, history_, limits_, at_);
        if (whole.kind == VerdictKind::permit) {
            if (auto wrong = objection_to(asked, nullptr)) {
                return "the remedy: " + *wrong;
            }
            if (auto wrong = objection_to_lie(asked)) {
                return "the remedy: " + *wrong;
            }
        }
        const Step step = any_step(draw_, facts_);
        const EffectId effect("e" + std::to_string(draw_(8) == 7 ? 0 : effects_count_++));
        const auto permit = Gate::ask(asked, step, effect, facts_, history_, limits_, at_);
        return permit ? judge(asked, permit->step(), effect) : std::nullopt;
    }

    [[nodiscard]] std::uint32_t permits_count() const { return permits_count_; }

  private:
    /// Time passes and the world moves.
    void disturb() {
        at_ += std::chrono::seconds{pick(draw_, std::array{1, 0, 5, 30, 700})};
        facts_.read_at = at_ - std::chrono::seconds{pick(draw_, std::array{0, 1, 2, 3, -1})};
        facts_.is_complete = draw_(16) != 15;
        facts_.is_suspended = draw_(16) == 15;
        facts_.edge.errors_total += draw_(3) == 0 ? 1 : 0;
        facts_.edge.requests_total += pick(draw_, std::array{1U, 400U, 0U});
        const std::uint32_t lie = draw_(16);
        for (InstanceFacts& instance : facts_.instances) {
            // The probes fall silent all at once, and find their tongue again.
            const bool has_word = lie == 14 || lie == 15;
            const bool is_alive = instance.runtime.is_alive;
            instance.runtime.is_answering =
                has_word ? is_alive && lie == 14 : instance.runtime.is_answering;
        }
        disturb_edge();
        disturb_tasks();
        for (InstanceFacts& instance : facts_.instances) {
            disturb(instance);
        }
    }

    void disturb_edge() {
        for (CircuitFacts& circuit : facts_.circuits) {
            circuit.answering_count = pick(draw_, std::array{0U, 1U, 2U});
            circuit.is_open = circuit.is_open && draw_(8) != 7;  // It expires.
        }
        for (RouteFacts& route : facts_.routes) {
            route.answering_count = pick(draw_, std::array{1U, 1U, 0U});
            route.is_to_source = route.is_to_source && draw_(8) != 7;
        }
        for (CacheFacts& cache : facts_.caches) {
            cache.stale_count = pick(draw_, std::array{3U, 0U, 1U});
            cache.is_source_answering = draw_(8) != 7;
        }
    }

    void disturb_tasks() {
        for (TaskFacts& task : facts_.tasks) {
            task.is_well = task.is_well && draw_(4) != 3;
            task.checked_at = at_ - std::chrono::seconds{pick(draw_, std::array{0, 9, 11, -1})};
            task.is_proven = draw_(8) != 7;
        }
    }

    void disturb(InstanceFacts& instance) {
        switch (draw_(16)) {
            case 12:
                end_process(instance);
                break;
            case 13:
                instance.runtime.is_answering = false;
                break;
            case 11:
                instance.latency_ms = draw_(2) == 0 ? 900 : 0;
                break;
            case 14:
                instance.rotation = static_cast<Rotation>(draw_(4));
                instance.sessions_now = draw_(2);
                break;
            case 15: {
                const bool is_spare = instance.runtime.is_spare;
                instance = serving_instance(instance.runtime.instance, next_pid());
                instance.runtime.is_spare = is_spare;
                break;
            }
            default:
                break;
        }
    }

    [[nodiscard]] std::int32_t next_pid() { return pid_next_++; }

    /// Of the remedy as a whole where there is no step.
    [[nodiscard]] std::optional<std::string> objection_to(const Case& asked,
                                                          const Step* step) const {
        const RemedyKind kind = kind_of(asked.remedy);
        if (facts_.is_suspended) {
            return "permitted while suspended";
        }
        if (!facts_.is_complete || facts_.read_at > at_ ||
            at_ - facts_.read_at > std::chrono::seconds{2}) {
            return "permitted on facts that are not the world";
        }
        if (facts_.instances.empty() || kind == RemedyKind::observe) {
            return "permitted for nothing";
        }
        if (limits_.autonomy_of(asked.remedy) != Autonomy::act && !asked.is_undo) {
            return "permitted beyond its autonomy";
        }
        const bool meets_open = std::ranges::any_of(
            open_, [&](const OpenEffect& open) { return !is_apart(asked, step, open); });
        return meets_open ? std::optional<std::string>("permitted on an unknown outcome")
                          : std::nullopt;
    }

    /// The start of a dead process and a step of a remedy may go side by side, at two instances.
    [[nodiscard]] static bool is_apart(const Case& asked,
                                       const Step* step,
                                       const OpenEffect& open) {
        const auto* restart = std::get_if<Restart>(&asked.remedy);
        if (step == nullptr && (!asked.is_reflex || restart == nullptr)) {
            return false;
        }
        const Step next = step != nullptr ? *step : Step{Replace{restart->instance, {}, {}, {}}};
        return asked.incident != open.incident && asked.is_reflex != open.is_reflex &&
               are_of_different_instances(next, open.step);
    }

    /// Of the remedy as a whole, where much is silent and the edge is content.
    [[nodiscard]] std::optional<std::string> objection_to_lie(const Case& asked) const {
        const auto* restart = std::get_if<Restart>(&asked.remedy);
        const InstanceId* named = instance_of(asked.remedy);
        const InstanceFacts* target = named != nullptr ? find_instance(facts_, *named) : nullptr;
        const bool has_ended = target != nullptr && !target->runtime.is_alive;
        const bool is_out =
            restart != nullptr && target != nullptr && is_drained_empty(facts_, *target);
        const bool takes_nothing = has_ended || is_out ||
                                   std::holds_alternative<Readmit>(asked.remedy) ||
                                   std::holds_alternative<CloseCircuit>(asked.remedy) ||
                                   std::holds_alternative<RouteBack>(asked.remedy);
        const bool is_of_only_one = restart != nullptr && target != nullptr && facts_.has_edge &&
                                    facts_.instances.size() == 1 && !target->runtime.is_answering &&
                                    target->rotation != Rotation::down;
        const bool is_lie =
            (is_of_only_one || is_much_silent(facts_, limits_)) && !is_edge_alarmed(facts_, asked);
        return is_lie && !takes_nothing
                   ? std::optional<std::string>("permitted on the word of one observer")
                   : std::nullopt;
    }

    /// Of a step, where much is silent.
    [[nodiscard]] std::optional<std::string> objection_to_lie(const Case& asked,
                                                              const Step& step) const {
        if (!is_much_silent(facts_, limits_)) {
            return std::nullopt;
        }
        const InstanceId* name = instance_of(step);
        const InstanceFacts* target = name != nullptr ? find_instance(facts_, *name) : nullptr;
        const bool is_spare = name != nullptr && find_spare(facts_, *name) != nullptr;
        const bool is_out = std::holds_alternative<Replace>(step) && target != nullptr &&
                            is_drained_empty(facts_, *target);
        const bool gives_back = std::holds_alternative<Undrain>(step) || is_out;
        const bool takes = target != nullptr && target->runtime.is_alive && !gives_back;
        const auto* set = std::get_if<SetCircuit>(&step);
        const bool opens = set != nullptr && set->is_open;
        const bool changes = is_spare || opens || std::holds_alternative<SwapVersion>(step) ||
                             std::holds_alternative<Run>(step);
        if ((takes || changes) && !is_edge_alarmed(facts_, asked)) {
            return "done on the word of one observer";
        }
        const bool is_rollback = std::holds_alternative<Rollback>(asked.remedy);
        if (takes && target->runtime.is_answering && !is_rollback) {
            return "took what still answers";
        }
        return std::nullopt;
    }

    /// A budget bounds what is taken.
    [[nodiscard]] static bool gives_back(const Step& step) {
        const auto* circuit = std::get_if<SetCircuit>(&step);
        const auto* route = std::get_if<SetRoute>(&step);
        return std::holds_alternative<Undrain>(step) || (circuit != nullptr && !circuit->is_open) ||
               (route != nullptr && !route->is_to_source);
    }

    /// What runs afterwards is current, and was returned to because it has proven itself.
    [[nodiscard]] std::optional<std::string> objection_to_version(const Case& asked,
                                                                  const Step& step) const {
        if (const auto* swap = std::get_if<SwapVersion>(&step)) {
            const VersionFacts& versions = facts_.versions[swap->artifact];
            const bool is_proven =
                std::ranges::find(versions.good, swap->to) != versions.good.end();
            if (swap->from != versions.current || (!is_proven && !asked.is_undo)) {
                return "swapped from what is not current, or to what has not proven itself";
            }
        }
        const auto* replace = std::get_if<Replace>(&step);
        if (replace != nullptr && (replace->version != facts_.versions.deploy.current ||
                                   replace->config != facts_.versions.config.current)) {
            return "started what is not current";
        }
        return std::nullopt;
    }

    /// The permit is given: does what follows harm anybody?
    [[nodiscard]] std::optional<std::string> judge(const Case& asked,
                                                   const Step& step,
                                                   const EffectId& effect) {
        permits_count_ += 1;
        if (auto wrong = objection_to(asked, &step)) {
            return describe(step) + ": " + *wrong;
        }
        const Instant since = at_ - limits_.effects_window;
        spent_.push_back(at_);
        const auto spent = std::ranges::count_if(spent_, [&](Instant at) { return at > since; });
        if (static_cast<std::uint64_t>(spent) > limits_.effects_max && !gives_back(step)) {
            return describe(step) + ": beyond the budget";
        }
        if (auto wrong = objection_to_version(asked, step)) {
            return describe(step) + ": " + *wrong;
        }
        if (auto wrong = objection_to_lie(asked, step)) {
            return describe(step) + ": " + *wrong;
        }
        if (auto wrong = circuit_objection_to(asked, step)) {
            return describe(step) + ": " + *wrong;
        }
        if (auto wrong = cache_objection_to(asked, step)) {
            return describe(step) + ": " + *wrong;
        }
        if (auto wrong = task_objection_to(asked, step)) {
            return describe(step) + ": " + *wrong;
        }
        const std::uint32_t before = surely_serving(facts_);
        perform(step);
        const std::uint32_t after = surely_serving(facts_);
        if (after < before && after < limits_.min_healthy) {
            return describe(step) + ": below the floor";
        }
        learn(asked, step, effect);
        return std::nullopt;
    }

    /// A fallback is to be in force for a neighbour that cannot answer, and for no other; once an
    /// opening is announced it is carried through.
    [[nodiscard]] std::optional<std::string> circuit_objection_to(const Case& asked,
                                                                  const Step& step) const {
        const auto* set = std::get_if<SetCircuit>(&step);
        if (set == nullptr) {
            return std::nullopt;
        }
        if (set->neighbour != ServiceId("fraud")) {
            return "a circuit that nobody declared";
        }
        const IncidentMemory* memory = history_.find(asked.incident);
        const bool is_announced = memory != nullptr && memory->remedy_in_hand == asked.remedy;
        const bool answers_well = facts_.circuits.front().answering_count > 0;
        return set->is_open && answers_well && !is_announced
                   ? std::optional<std::string>("opened although the neighbour answers")
                   : std::nullopt;
    }

    /// Keys are dropped because they are seen to be stale; readers are sent to a source that is
    /// well.
    [[nodiscard]] std::optional<std::string> cache_objection_to(const Case& asked,
                                                                const Step& step) const {
        const CacheFacts& cache = facts_.caches.front();
        const bool is_stale = cache.is_source_answering && cache.stale_count > 0;
        if (const auto* invalidate = std::get_if<Invalidate>(&step)) {
            return invalidate->cache == quotes && is_stale
                       ? std::nullopt
                       : std::optional<std::string>("dropped what is not stale");
        }
        const auto* set = std::get_if<SetRoute>(&step);
        if (set == nullptr || (set->cache == quotes && !set->is_to_source)) {
            return std::nullopt;
        }
        const IncidentMemory* memory = history_.find(asked.incident);
        const bool is_announced = memory != nullptr && memory->remedy_in_hand == asked.remedy;
        const bool is_right = set->cache == quotes && (is_stale || is_announced) &&
                              facts_.routes.front().answering_count > 0;
        return is_right ? std::nullopt
                        : std::optional<std::string>("rerouted without need, or to an ill source");
    }

    /// A task is run as it is declared and was tried, once, and nothing that destroys: nobody is
    /// there to be asked.
    [[nodiscard]] std::optional<std::string> task_objection_to(const Case& asked,
                                                               const Step& step) const {
        const auto* run = std::get_if<Run>(&step);
        if (run == nullptr) {
            return std::nullopt;
        }
        const TaskFacts* task = find_task(facts_, run->task);
        if (task == nullptr || task->of.declaration != run->declaration) {
            return "ran what nobody declared";
        }
        const IncidentMemory* memory = history_.find(asked.incident);
        const bool is_announced = memory != nullptr && memory->remedy_in_hand == asked.remedy &&
                                  memory->is_undo_in_hand == asked.is_undo;
        if (is_announced && !task->of.is_repeatable) {
            return "ran twice what may not be";
        }
        const bool is_right = !task->of.is_destructive && task->is_proven && !task->is_well;
        return is_right || run->is_inverse
                   ? std::nullopt
                   : std::optional<std::string>("destroyed, or ran for nothing or untried");
    }

    void perform(const Step& step) {
        if (const auto* run = std::get_if<Run>(&step)) {
            for (TaskFacts& task : facts_.tasks) {
                task.is_well = task.of.task == run->task ? !run->is_inverse : task.is_well;
            }
            return;
        }
        if (const auto* swap = std::get_if<SwapVersion>(&step)) {
            facts_.versions[swap->artifact].current = swap->to;
            return;
        }
        if (const auto* set = std::get_if<SetCircuit>(&step)) {
            facts_.circuits.front().is_open = set->is_open;
            return;
        }
        if (const auto* set = std::get_if<SetRoute>(&step)) {
            facts_.routes.front().is_to_source = set->is_to_source;
            return;
        }
        if (std::holds_alternative<SetPaused>(step)) {
            return;  // Nobody rolls anything out here.
        }
        if (std::holds_alternative<Invalidate>(step)) {
            facts_.caches.front().stale_count = 0;
            return;
        }
        if (std::holds_alternative<Stop>(step)) {
            std::erase_if(facts_.instances, [&](const InstanceFacts& instance) {
                return instance.runtime.instance == *instance_of(step);
            });
            facts_.spares = {spare_instance(payments_3)};
            return;
        }
        if (find_spare(facts_, *instance_of(step)) != nullptr) {
            start_spare(facts_);  // Only a replace gets so far.
        }
        for (InstanceFacts& instance : facts_.instances) {
            if (instance.runtime.instance != *instance_of(step)) {
                continue;
            }
            if (std::holds_alternative<Replace>(step)) {
                const Rotation rotation = instance.rotation;
                const bool is_spare = instance.runtime.is_spare;
                instance = serving_instance(instance.runtime.instance, next_pid());
                instance.runtime.version = facts_.versions.deploy.current;
                instance.runtime.config = facts_.versions.config.current;
                instance.runtime.is_spare = is_spare;
                instance.runtime.is_answering = false;  // Not yet.
                instance.runtime.started_at = at_;
                instance.rotation = rotation;
            } else {
                const bool is_drain = std::holds_alternative<Drain>(step);
                instance.rotation = is_drain ? Rotation::draining : Rotation::in;
            }
        }
    }

    void learn(const Case& asked, const Step& step, const EffectId& effect) {
        IntentBody intent;
        intent.effect = effect;
        intent.remedy = asked.remedy;
        intent.step = step;
        intent.is_reflex = asked.is_reflex;
        intent.is_undo = asked.is_undo;
        history_.learn(entry_of(EntryKind::intent, asked.incident, intent), at_);
        const bool is_unknown = draw_(8) == 7;
        if (is_unknown) {
            history_.learn(outcome_entry(asked.incident, effect.text(), OutcomeKind::unknown), at_);
        }
        if (is_unknown && draw_(2) == 1) {
            open_.push_back({asked.incident, step, asked.is_reflex});
        } else {
            history_.learn(outcome_entry(asked.incident, effect.text(), OutcomeKind::done), at_);
        }
        if (draw_(4) == 3 && traits_of(kind_of(asked.remedy)).is_temporary) {
            history_.learn(held_entry(asked.incident, asked.remedy), at_);
        }
        if (draw_(4) == 3) {
            history_.learn(closed_entry(asked.incident), at_);
            std::erase_if(open_,
                          [&](const OpenEffect& open) { return open.incident == asked.incident; });
        }
    }

    Draw& draw_;
    Facts facts_;
    Limits limits_;
    History history_;
    Instant at_{now};
    std::vector<Instant> spent_;
    std::int32_t pid_next_{100};
    std::uint32_t effects_count_{1};
    std::uint32_t permits_count_{0};
    std::vector<OpenEffect> open_;
};

}  // namespace homeostat::guard::for_test
