#pragma once

// A machine with a world, a ledger and one process of ours, which can be ended and started again.
//
// Pure but for the io_context that the roles live on.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/heal/simulated_outside_for_test.hpp"
#include "homeostat/heal/simulated_ports_for_test.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

[[nodiscard]] ExecutorSettings settings_for_test(const SimulatedWorld& world);

/// What outlives every process of ours.
struct SimulatedMachine {
    SimulatedMachine();
    ~SimulatedMachine();
    SimulatedMachine(const SimulatedMachine&);
    SimulatedMachine(SimulatedMachine&&) noexcept;
    SimulatedMachine& operator=(const SimulatedMachine&);
    SimulatedMachine& operator=(SimulatedMachine&&) noexcept;

    SimulatedWorld world;
    SimulatedDisk disk;
    ExecutorSettings settings{settings_for_test(world)};
    std::vector<std::string> notices;
    SimulatedFleetStore fleet;

    /// The ledger says of old that `version` is good.
    void prove(const std::string& version);

    /// What was written, without starts, proven versions and checkpoints.
    [[nodiscard]] std::vector<std::string> story() const;

    [[nodiscard]] bool has_line(const std::string& line) const;
};

/// One process of ours, from its start to kill -9, which is its destructor.
class SimulatedProcess {
  public:
    explicit SimulatedProcess(SimulatedMachine& machine);
    ~SimulatedProcess();
    SimulatedProcess(const SimulatedProcess&) = delete;
    SimulatedProcess& operator=(const SimulatedProcess&) = delete;

    [[nodiscard]] Result<void> start();

    template <class T>
    T await(Task<T> task) {
        std::optional<T> result;
        await(keep(std::move(task), result));
        ensure(result.has_value(), "a task in a test has a result");
        return *std::move(result);
    }
    void await(Task<void> task);

    Result<Standing> submit(Proposal proposal);

    /// Lets time pass until no incident is open.
    bool settle(Duration span = std::chrono::minutes{2});

    /// Lets time pass until the one open incident is at `node`.
    bool settle_at(const std::string& node, Duration span = std::chrono::minutes{2});

    [[nodiscard]] boost::asio::io_context& context() { return *context_; }

  private:
    template <class T>
    static Task<void> keep(Task<T> task, std::optional<T>& result) {
        T value = co_await std::move(task);
        result.emplace(std::move(value));
    }

    SimulatedMachine& machine_;
    std::optional<boost::asio::io_context> context_{std::in_place};

  public:
    SimulatedClock clock{machine_.world, *context_};
    SimulatedLedger ledger{machine_.disk, clock};
    SimulatedSwitch kill_switch{machine_.world};
    SimulatedActuator runtime{machine_.world, clock, SimulatedActuator::Part::runtime};
    SimulatedActuator edge{machine_.world, clock, SimulatedActuator::Part::edge};
    SimulatedActuator caches{machine_.world, clock, SimulatedActuator::Part::caches};
    SimulatedActuator tasks{machine_.world, clock, SimulatedActuator::Part::tasks};
    SimulatedJourneys journeys{machine_.world, clock};
    SimulatedConfirmations confirmations;
    SimulatedFleet fleet{machine_.fleet, clock};
    std::optional<ExecutorRole> executor;
};

}  // namespace homeostat::heal
