#pragma once

// Runtime: the instances of one service on this machine, as child processes that outlive us.
//
// Nothing about them is kept in memory: every step and every reading begins with the records, /proc
// and the link, so a new Runtime after a crash knows what the old one knew. Two processes for one
// instance never exist: the start is under a lock that the instance itself holds for its life, and
// bound to the record that was seen (start.hpp, shim/shim.hpp).
//
// A spare is an instance that is started by a `replace` and made a spare again by a `stop`, which
// removes its record. It ought to run for as long as it has one.
//
// What `replace` answers:
//   refused  no signal was sent and no program has begun: the process is another one than expected,
//            the program or the version is missing, somebody else holds the lock, deadline passed;
//   done     the new process carries the effect's id, runs and has answered;
//   unknown  everything else, also where we know quite well that the new process ended at once: the
//            old one is gone, so only reading the world tells what is true. The text says which.
// A crash at any point leaves the old process, none, or the new one with the effect's id in its
// record; read() tells which.
//
// Small files, /proc and fork are done inline (well under a millisecond each); whatever takes time
// is awaited. Lives on one strand. The choice not taken: being the parent of the instances, which
// ties their lives, their reaping and their exit status to ours.

#include "homeostat/adapters/process/instance_state.hpp"
#include "homeostat/adapters/process/options.hpp"
#include "homeostat/adapters/process/run_directory.hpp"
#include "homeostat/adapters/process/start.hpp"
#include "homeostat/adapters/process/versions.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/clock.hpp"

#include <memory>
#include <string>
#include <vector>

namespace homeostat::adapters::process {

/// A first start that came to nothing.
struct EndedStart {
    InstanceId instance;
    std::string because;  ///< How it ended, and its last words.
};

/// What a guard found and did when it came.
struct Arrival {
    std::vector<InstanceId> adopted;        ///< Ran already.
    std::vector<InstanceId> started;        ///< Had never run in this boot.
    std::vector<InstanceId> left_down;      ///< Has ended: that is a symptom, its cure a remedy.
    std::vector<EndedStart> ended;          ///< Of those started: ran, and has ended again.
    std::vector<InstanceId> not_answering;  ///< Of the first two, in the end.
};

class Runtime final : public ports::Actuator {
  public:
    /// Makes the run directory. REQUIRES: `clock` outlives it.
    /// ERRORS: invalid: an option that cannot be; full: no run directory can be made.
    [[nodiscard]] static Result<std::unique_ptr<Runtime>> make(Options options,
                                                               ports::Clock& clock);

    /// Adopts what runs and starts, in order, what has never run in this boot. An instance whose
    /// record says that it has ended is left alone: starting it is a remedy, with an intent of its
    /// own. Then waits until all that it started answer, or the deadline; one that was adopted and
    /// hangs is for the guard to see to, and must not keep it from coming. ERRORS: the first start
    /// that failed.
    Task<Result<Arrival>> adopt_or_start(Instant deadline);

    [[nodiscard]] bool performs(const Step& step) const override;
    Task<Outcome> perform(Request request, Instant deadline) override;
    /// ERRORS: corrupt: a record; absent, invalid: the link `current`.
    Task<Result<FactsPart>> read(Instant deadline) override;

  private:
    Runtime(Options options, std::string boot_id, ports::Clock& clock);

    Task<Result<Launch>> start_first(InstanceId instance,
                                     PerArtifact<VersionId> versions,
                                     Instant deadline);
    Task<Result<std::vector<InstanceId>>> settle(std::vector<InstanceId> started, Instant deadline);
    Task<std::vector<EndedStart>> ends_of(std::vector<Launch> launches, Instant deadline);
    Task<Outcome> replace(Replace step, EffectId effect, Instant deadline);
    Task<Outcome> stop(Stop step, Instant deadline);
    Task<bool> end_process(InstanceId instance, const InstanceState& state, Instant deadline);
    Task<Outcome> start_in_place(Launch launch, bool was_alive, Instant deadline);
    Task<Outcome> confirm(Launch launch, Instant deadline);
    Task<Outcome> explain_end(Launch launch, InstanceRecord record, Instant deadline);
    Task<bool> is_answering(InstanceId instance, Instant started_at, Instant deadline);
    Task<void> ask_from(std::size_t index,
                        std::vector<RuntimeInstance>& instances,
                        Instant deadline);

    [[nodiscard]] Result<InstanceState> look(const InstanceId& instance) const;
    [[nodiscard]] Result<RuntimeInstance> describe(const DeclaredInstance& declared) const;
    [[nodiscard]] Result<Launch> prepare(const Replace& step,
                                         const EffectId& effect,
                                         const InstanceState& state) const;
    [[nodiscard]] Result<PerArtifact<VersionFacts>> read_versions() const;
    [[nodiscard]] Outcome swap(const SwapVersion& step, const EffectId& effect) const;
    void reach(Phase phase) const;

    Options options_;
    RunDirectory run_;
    PerArtifact<Versions> versions_;
    std::string boot_id_;
    ports::Clock& clock_;
};

}  // namespace homeostat::adapters::process
