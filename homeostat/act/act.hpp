#pragma once

// act: Plan, Facts → next step; Permit → Request. The front door of the stage.
//
// Level-triggered: a remedy is a goal ("every instance started after T"), and each step is computed
// from facts just read. A step whose goal is reached is no step, so a crash between any two of them
// costs nothing but a read. What only time can tell (since when we drain) and what bounds the whole
// (how many steps) stands in the Plan, which is checkpointed with the intent.
//
// Pure.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/step.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace homeostat::act {

/// A `replace` that we announced: its effect's id, found in a process record, says whose it is.
struct Replacement {
    InstanceId instance;
    EffectId effect;

    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("effect", self.effect);
    }
    friend bool operator==(const Replacement&, const Replacement&) = default;
};

struct Plan {
    Remedy remedy;
    Instant began_at{};  ///< A process that started later is a new one.
    bool drains{true};   ///< Take a serving instance out of rotation before its process ends.
    Duration drain_for_max{std::chrono::seconds{10}};  ///< 0 = do not wait for its sessions.
    /// In a rollback: pods are asked to go early, where a restart may be done unasked.
    bool hastens{false};

    // Written by `advanced` and `learned` only; its instants after a reboot, too.
    std::uint32_t steps_count{0};
    std::optional<Instant> step_last_at;  ///< Of a run, when it was known what became of it.
    std::optional<Step> step_last;
    std::uint32_t step_last_count{0};       ///< Of just that step, in a row.
    std::optional<Instant> drain_began_at;  ///< Of the latest drain.
    std::vector<Replacement> replacements;  ///< In order.
    std::uint32_t invalidations_count{0};
    std::uint32_t runs_count{0};             ///< Of its task.
    std::optional<OutcomeKind> run_ended{};  ///< What became of the last. Written by `learned`.
    /// Told of: drained by somebody else, and left so. Written by whoever told it.
    std::vector<InstanceId> left_drained{};
    /// When the wait for the first step was looked at last. Written by whoever looks.
    std::optional<Instant> looked_at{};

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("began_at", self.began_at);
        field("drains", self.drains);
        field("drain_for_max", self.drain_for_max);
        field("hastens", self.hastens, may_be_absent);
        field("steps_count", self.steps_count);
        field("step_last_at", self.step_last_at);
        field("step_last", self.step_last);
        field("step_last_count", self.step_last_count, may_be_absent);
        field("drain_began_at", self.drain_began_at);
        field("replacements", self.replacements);
        field("invalidations_count", self.invalidations_count, may_be_absent);
        field("runs_count", self.runs_count, may_be_absent);
        field("run_ended", self.run_ended);
        field("left_drained", self.left_drained, may_be_absent);
        field("looked_at", self.looked_at);
    }
    friend bool operator==(const Plan&, const Plan&) = default;
};

struct Wait {
    Instant until;  ///< Then read the facts again.
    std::string because;
};
struct Complete {};
struct Stuck {
    std::string because;  ///< For people: what did not happen, and for how long.
};
using Next = std::variant<Step, Wait, Complete, Stuck>;

constexpr std::uint32_t steps_max = 64;  ///< Three per instance of the largest group, and a swap.
/// One that is needed again has come to nothing: refused, lost, or done by word only. A proxy that
/// is reloaded refuses for a moment; whoever refuses for longer must not cost the budget of all.
constexpr std::uint32_t step_tries_max = 3;
constexpr Duration try_again_after = std::chrono::seconds{1};
constexpr std::uint32_t replaces_per_instance_max = 3;  ///< A fourth start would end like these.
/// A crash may swallow one before its effect; whoever fills the cache wrongly for ever outlasts
/// all.
constexpr std::uint32_t invalidations_max = 3;
constexpr Duration come_back_for_max = std::chrono::seconds{30};  ///< From the last step.
/// The same where somebody else starts what is missing: it has to find room for it, fetch its image
/// and wait until it says that it is ready.
constexpr Duration rollout_for_max = std::chrono::seconds{150};
/// Instances that a rollback asks to go before their orchestrator does, for each plan.
constexpr std::size_t hastened_max = 16;
constexpr Duration wait_for = std::chrono::milliseconds{100};  ///< Between two looks.

/// What to do now so that the remedy's goal comes nearer. Reads nothing but its arguments.
/// `drained_by_others`: who of the instances is drained, and not by us. These are replaced like any
/// other, and stay out of rotation: there they have arrived.
[[nodiscard]] Next next_step(const Plan& plan,
                             const Facts& facts,
                             Instant now,
                             std::span<const InstanceId> drained_by_others = {});

/// Whether the goal is reached without the step as well, only later. Where guard does not permit
/// it, or nobody may do it, it is left out.
[[nodiscard]] bool is_optional(const Plan& plan, const Facts& facts, const Step& step);

/// Whether the plan ends with this instance in rotation, unless somebody else keeps it out.
[[nodiscard]] bool puts_back(const Plan& plan, const InstanceId& instance);

/// The plan once `step` is announced. Goes into the checkpoint of the group that holds the intent,
/// so that a crash during the effect finds the step counted.
[[nodiscard]] Plan advanced(Plan plan, const Step& step, const EffectId& effect, Instant now);

/// The plan once it is known what became of its last step. A run may have taken minutes: what is
/// waited for after it is waited for from then on.
[[nodiscard]] Plan learned(Plan plan, OutcomeKind outcome, Instant now);

/// A temporary remedy that has helped and stays in force for now.
struct Held {
    Remedy remedy;
    Instant since{};
    Instant until{};                    ///< Given back then at the latest.
    std::uint32_t well_looks_count{0};  ///< In a row; of what users are kept from.
    /// Nobody wanted it held: a remedy that was given up has left it so. Given back at once.
    bool is_residue{false};

    // Written by `kept` only.
    std::uint32_t failures_count{0};    ///< Of giving it back.
    std::optional<Instant> again_at{};  ///< No earlier, after such a failure.
    bool is_left{false};           ///< A person was called: it ends once it is well, or by hand.
    bool is_ordered{false};        ///< A person has it given back, whatever the clock says.
    std::uint64_t errors_seen{0};  ///< Of the edge, when its latest error was seen; so the next.
    std::uint64_t requests_seen{0};

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("since", self.since);
        field("until", self.until);
        field("well_looks_count", self.well_looks_count);
        field("is_residue", self.is_residue, may_be_absent);
        field("failures_count", self.failures_count, may_be_absent);
        field("again_at", self.again_at);
        field("is_left", self.is_left, may_be_absent);
        field("is_ordered", self.is_ordered, may_be_absent);
        field("errors_seen", self.errors_seen, may_be_absent);
        field("requests_seen", self.requests_seen, may_be_absent);
    }
    friend bool operator==(const Held&, const Held&) = default;
};

struct GiveBack {
    std::string because;
};
struct Leave {
    std::string because;  ///< Why it stays, and a person is called: the clock would do harm.
};
using HoldAdvice = std::variant<Wait, GiveBack, Leave>;

/// What is held after one more look at the world. Goes into the checkpoint. `is_cleared`: the agent
/// sees the symptom no longer.
[[nodiscard]] Held looked(Held held, const Facts& facts, bool is_cleared = false);

/// What could not be given back just now. It is tried again for as long as it is held, each time
/// after a longer wait: whatever refuses it must not cost the budget of all.
[[nodiscard]] Held kept(Held held, Instant now);

constexpr Duration give_back_again_first = std::chrono::seconds{30};
constexpr Duration give_back_again_max = std::chrono::minutes{5};

/// Whether a held remedy may be given back now, or when to look again.
[[nodiscard]] HoldAdvice advise(const Held& held, const Facts& facts, Instant now);

[[nodiscard]] Request request_for(Permit permit);

/// What the world says of an effect whose reply we do not have. Done or refused where that can be
/// seen; unknown, with what is seen, where only half of it happened. REQUIRES: facts read after the
/// effect could last have been under way. Record it as read back and go on with `next_step`.
[[nodiscard]] Outcome resolve(const Step& step, const EffectId& effect, const Facts& facts);

}  // namespace homeostat::act
