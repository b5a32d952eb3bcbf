#pragma once

// GuardedGroup: the instances of the guarded service, wherever they run.
//
// What an agent needs of them: who acts on them, who tells of them, and when they are there. Lives
// on the strand of its agent, which owns it.

#include "homeostat/adapters/roles/reply.hpp"
#include "homeostat/adapters/roles/scope.hpp"
#include "homeostat/app/shown_figures.hpp"
#include "homeostat/app/switches.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

class GuardedGroup {
  public:
    virtual ~GuardedGroup() = default;

    /// In the order in which the executor reads them: the runtime first.
    [[nodiscard]] virtual std::vector<ports::Actuator*> actuators() = 0;

    /// What the agent watches. `known`: the versions that were current when a guard was last here.
    virtual void add_watchers(std::vector<ports::Telemetry*>& sources,
                              const PerArtifact<VersionId>& known) = 0;

    /// Fresh samples for proofs. They are sources of their own: counters are differences between
    /// two readings, and each reader needs its own first one.
    virtual void add_verifiers(std::vector<ports::Telemetry*>& sources) = 0;

    /// Finds what runs, or starts what has to; what it found is told to the log. ERRORS: what keeps
    /// the agent from guarding it.
    virtual Task<Result<void>> arrive(Instant deadline) = 0;

    /// Ends when a source of add_watchers has news that cannot wait for its turn. After `arrive`.
    virtual Task<ports::Telemetry*> wait_for_news() = 0;

    /// Lets go of what it does by itself. The instances go on.
    virtual void stop() = 0;

    /// What keeps us from acting where the group runs: a switch that people hold there, another
    /// agent that acts. They live as long as the group.
    [[nodiscard]] virtual std::vector<OtherSwitch> kill_switches() { return {}; }

    /// Which pod stands for which instance, for an agent that is a process of its own; empty:
    /// instances are processes, and say so themselves.
    [[nodiscard]] virtual std::vector<adapters::roles::Place> places() { return {}; }
    /// Which instances a scope stands for now; none for one that is not known here.
    [[nodiscard]] virtual std::vector<InstanceId> instances_at(
        const adapters::roles::Scope& scope) = 0;
    /// What an executor that is a process of its own says of that.
    virtual void follow(const std::vector<adapters::roles::Place>& /*places*/) {}

    /// Whether what watches here has seen the subject well when it looked last. Always, where that
    /// nothing ill is seen says so.
    [[nodiscard]] virtual bool has_seen_well(const Symptom& /*symptom*/) const { return true; }

    /// What was just recorded, for people who look where the group runs, in which ledger. Must not
    /// wait.
    virtual void tell(const EntryGroup& /*group*/, const std::string& /*ledger*/) {}
    /// What was recorded before this start, oldest first; `tell` comes after all of it.
    virtual void recall(const EntryGroup& /*group*/) {}

    /// Of what people look at there; absent: nothing is written for them.
    [[nodiscard]] virtual std::optional<ShownFigures> shown() const { return std::nullopt; }

    /// How often the executor looks at it while nothing is wrong.
    [[nodiscard]] virtual Duration look_every() const = 0;

    /// The longest that one effect on an instance may take.
    [[nodiscard]] virtual Duration perform_for_max() const = 0;
};

}  // namespace homeostat::app
