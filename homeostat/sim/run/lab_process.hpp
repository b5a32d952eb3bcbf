#pragma once

// LabProcess: one life of ours in the machine, from its start to kill -9, which is its destructor.
//
// The real roles, stages, guard and graph; only the ports are the lab's.
//
// Lives on one strand, which it drives itself.

#include "homeostat/base/result.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/sim/run/lab_clock.hpp"
#include "homeostat/sim/run/lab_ports.hpp"
#include "homeostat/sim/run/machine.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace homeostat::sim {

class LabProcess {
  public:
    explicit LabProcess(Machine& machine);
    ~LabProcess();
    LabProcess(const LabProcess&) = delete;
    LabProcess& operator=(const LabProcess&) = delete;

    /// ERRORS: those of ExecutorRole::recover.
    [[nodiscard]] Result<void> start();

    /// Lives until `at`, or dies after so many steps, or soon after a moment that is worth it. Says
    /// whether it lives. A step is what runs between two awaits.
    [[nodiscard]] bool live_until(Instant at, std::optional<std::uint64_t> steps_left);

    [[nodiscard]] const heal::ExecutorRole& executor() const { return *executor_; }
    [[nodiscard]] std::uint64_t steps_count() const { return steps_count_; }

  private:
    void add_source(std::vector<ports::Telemetry*>& sources,
                    Way way,
                    std::string name,
                    Duration interval,
                    LabSource::Look look);
    void make_sources();
    void make_verifiers();
    void make_executor();
    void make_agent();
    [[nodiscard]] LabSource::Look versions_look(Artifact artifact);
    /// The demon's other half: proposals that nobody concluded from anything.
    Task<void> forge();
    /// The person, as far as they live through this life of ours: looks for questions.
    Task<void> answer_questions();
    Task<void> answer_one(IncidentId incident, std::string question);
    /// What is ready, up to the next await. False: nothing is, or the machine stands still.
    [[nodiscard]] bool take_step(std::optional<std::uint64_t>& steps_left);
    /// Lets time pass, not beyond `at`. False: it is there.
    [[nodiscard]] bool pass_towards(Instant at);

    Machine& machine_;
    std::unique_ptr<boost::asio::io_context> context_;
    LabClock clock_;
    LabLedger ledger_;
    LabSwitch kill_switch_;
    LabActuator runtime_;
    LabActuator edge_;
    LabActuator caches_;
    LabOracle oracle_;
    std::vector<std::unique_ptr<LabSource>> owned_;
    std::vector<ports::Telemetry*> sources_;
    std::vector<ports::Telemetry*> verifiers_;
    std::unique_ptr<heal::ExecutorRole> executor_;
    std::unique_ptr<heal::AgentRole> agent_;
    std::uint64_t steps_count_{0};
};

}  // namespace homeostat::sim
