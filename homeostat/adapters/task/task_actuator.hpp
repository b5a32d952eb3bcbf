#pragma once

// TaskActuator: runs one declared task, takes it back, and says what its check says.
//
// Class: one-shot; a Job is read back. A command that was ended by its timeout, or an answer that
// never came, is an outcome that nobody knows; it is never repeated from here.
//
// What it tells of the task is of after its last run, or nothing: not while a run is, or may be,
// under way, and not before a check that began later has answered. While one goes on of which
// nobody has heard the end (a predecessor's, or what our timeout has not reached) a read fails: so
// its effect stays open, and nothing else is done beside it.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/task/checker.hpp"
#include "homeostat/adapters/task/declaration.hpp"
#include "homeostat/adapters/task/jobs.hpp"
#include "homeostat/ports/actuator.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace homeostat::adapters::task {

struct ActuatorOptions {
    std::filesystem::path directory;  ///< Of proofs and locks.
    std::string service;              ///< Stands before the effect's id in what a target is told.
    bool destructive_allowed{false};  ///< By the configuration.
    Jobs jobs{};                      ///< Empty: the task makes none.
};

/// A read waits so long for a check; what takes longer has answered when it is asked again.
constexpr Duration look_within = std::chrono::milliseconds{800};

class TaskActuator final : public ports::Actuator {
  public:
    /// REQUIRES: `checker` outlives it.
    TaskActuator(Checker& checker, Declaration declaration, ActuatorOptions options);

    [[nodiscard]] bool performs(const Step& step) const override;
    [[nodiscard]] std::optional<Duration> performs_for_max(const Step& step) const override;
    [[nodiscard]] bool is_about(const Subject& subject) const override;

    /// Refused as well: another declaration than the loaded one, one that is not proven, a
    /// destructive one without the configuration's leave. Guard has asked all that; this is the
    /// last to know.
    Task<Outcome> perform(Request request, Instant deadline) override;

    /// TasksFacts of a check that began now or is under way, or of the latest. ERRORS: busy: an
    /// action of it goes on, and what becomes of it is not known.
    Task<Result<FactsPart>> read(Instant deadline) override;

    /// Of the latest check; starts nothing, and is never an error.
    Task<Result<FactsPart>> glance(Instant deadline) override;

  private:
    [[nodiscard]] std::string objection_to(const Run& step) const;
    [[nodiscard]] TasksFacts facts();
    [[nodiscard]] bool is_held();
    Task<Result<void>> look_for_job(Instant deadline);

    Checker& checker_;
    Declaration declaration_;
    DeclaredTask declared_;
    ActuatorOptions options_;
    Instant ran_until_{};  ///< When an action of it was last seen to be under way.
    /// The last has said how it ended; who still holds its lock then was left behind on purpose. At
    /// first nothing is known: there may have been a predecessor.
    bool has_last_ended_{false};
    std::uint64_t begun_count_{0};  ///< Actions of it that were begun by us.
};

}  // namespace homeostat::adapters::task
