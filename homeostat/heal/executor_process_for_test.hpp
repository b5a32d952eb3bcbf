#pragma once

// A machine with a world, a ledger and one process of ours, which can be ended and started again.
//
// Pure but for the io_context that the roles live on.

#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/proposal_for_test.hpp"
#include "homeostat/heal/simulated_executor_for_test.hpp"
#include "homeostat/heal/simulated_outside_for_test.hpp"
#include "homeostat/heal/simulated_ports_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

[[nodiscard]] inline ExecutorSettings settings_for_test(const SimulatedWorld& world) {
    using std::chrono::seconds;
    const Around around = around_for_test();
    ExecutorSettings settings;
    settings.inventory = world.inventory();
    settings.guard = around.guard;
    settings.proof_time = seconds{30};
    settings.drain_for_max = around.drain_for_max;
    settings.refusal_for_max = around.refusal_for_max;
    settings.plan_for_max = around.plan_for_max;
    settings.rejudge_for_max = around.rejudge_for_max;
    settings.question_for_max = question_for_max_for_test;
    settings.hold_for_max = around.hold_for_max;
    settings.perform_for_max = seconds{2};
    settings.read_for_max = std::chrono::milliseconds{500};
    return settings;
}

/// What outlives every process of ours.
struct SimulatedMachine {
    SimulatedWorld world;
    SimulatedDisk disk;
    ExecutorSettings settings{settings_for_test(world)};
    std::vector<std::string> notices;
    SimulatedFleetStore fleet;

    /// The ledger says of old that `version` is good.
    void prove(const std::string& version) {
        EntryGroup group;
        group.at = world.now;
        group.boot_id = disk.boot_id;
        group.entries.push_back(record::good({VersionId(version), std::chrono::hours{1}}));
        disk.groups.push_back(std::move(group));
    }

    /// What was written, without starts, proven versions and checkpoints.
    [[nodiscard]] std::vector<std::string> story() const {
        std::vector<std::string> lines;
        for (const EntryGroup& group : disk.groups) {
            for (const Entry& entry : group.entries) {
                const bool is_told = entry.kind != EntryKind::started &&
                                     entry.kind != EntryKind::good &&
                                     entry.kind != EntryKind::checkpoint;
                if (is_told) {
                    lines.push_back(line_for_test(entry));
                }
            }
        }
        return lines;
    }

    [[nodiscard]] bool has_line(const std::string& line) const {
        const std::vector<std::string> lines = story();
        return std::ranges::find(lines, line) != lines.end();
    }
};

/// One process of ours, from its start to kill -9, which is its destructor.
class SimulatedProcess {
  public:
    explicit SimulatedProcess(SimulatedMachine& machine) : machine_(machine) {
        ExecutorSettings settings = machine_.settings;
        settings.notify = [this](const std::string& text) { machine_.notices.push_back(text); };
        ExecutorPorts ports{
            clock, ledger, kill_switch, {&runtime, &edge, &caches, &tasks}, {&journeys}};
        ports.confirmations = &confirmations;
        ports.fleet = &fleet;
        executor.emplace(context_->get_executor(), std::move(ports), std::move(settings));
    }
    ~SimulatedProcess() { context_.reset(); }  // Ends what waits while all that it names is there.
    SimulatedProcess(const SimulatedProcess&) = delete;
    SimulatedProcess& operator=(const SimulatedProcess&) = delete;

    [[nodiscard]] Result<void> start() {
        Result<void> recovered = executor->recover();
        if (recovered) {
            boost::asio::co_spawn(*context_, executor->run(), boost::asio::detached);
        }
        return recovered;
    }

    template <class T>
    T await(Task<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(*context_, std::move(task), [&](std::exception_ptr, T value) {
            result.emplace(std::move(value));
        });
        const bool has_ended =
            clock.run_until([&] { return result.has_value(); }, std::chrono::minutes{5});
        ensure(has_ended, "a task in a test ends");
        return *std::move(result);
    }
    void await(Task<void> task) {
        bool is_done = false;
        boost::asio::co_spawn(*context_, std::move(task),
                              [&](std::exception_ptr) { is_done = true; });
        const bool has_ended = clock.run_until([&] { return is_done; }, std::chrono::minutes{5});
        ensure(has_ended, "a task in a test ends");
    }

    Result<Standing> submit(Proposal proposal) {
        return await(executor->submit(std::move(proposal)));
    }

    /// Lets time pass until no incident is open.
    bool settle(Duration span = std::chrono::minutes{2}) {
        return clock.run_until([&] { return executor->incidents().empty(); }, span);
    }

    /// Lets time pass until the one open incident is at `node`.
    bool settle_at(const std::string& node, Duration span = std::chrono::minutes{2}) {
        return clock.run_until(
            [&] {
                const std::vector<IncidentView> open = executor->incidents();
                return open.size() == 1 && open.front().node == node;
            },
            span);
    }

    [[nodiscard]] boost::asio::io_context& context() { return *context_; }

  private:
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
