#include "homeostat/heal/executor_process_for_test.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/heal/entry_line_for_test.hpp"
#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <exception>

namespace homeostat::heal {

ExecutorSettings settings_for_test(const SimulatedWorld& world) {
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

SimulatedMachine::SimulatedMachine() = default;
SimulatedMachine::~SimulatedMachine() = default;
SimulatedMachine::SimulatedMachine(const SimulatedMachine&) = default;
SimulatedMachine::SimulatedMachine(SimulatedMachine&&) noexcept = default;
SimulatedMachine& SimulatedMachine::operator=(const SimulatedMachine&) = default;
SimulatedMachine& SimulatedMachine::operator=(SimulatedMachine&&) noexcept = default;

void SimulatedMachine::prove(const std::string& version) {
    EntryGroup group;
    group.at = world.now;
    group.boot_id = disk.boot_id;
    group.entries.push_back(record::good({VersionId(version), std::chrono::hours{1}}));
    disk.groups.push_back(std::move(group));
}

std::vector<std::string> SimulatedMachine::story() const {
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

bool SimulatedMachine::has_line(const std::string& line) const {
    const std::vector<std::string> lines = story();
    return std::ranges::find(lines, line) != lines.end();
}

SimulatedProcess::SimulatedProcess(SimulatedMachine& machine) : machine_(machine) {
    ExecutorSettings settings = machine_.settings;
    settings.notify = [this](const std::string& text) { machine_.notices.push_back(text); };
    ExecutorPorts ports{
        clock, ledger, kill_switch, {&runtime, &edge, &caches, &tasks}, {&journeys}};
    ports.confirmations = &confirmations;
    ports.fleet = &fleet;
    executor.emplace(context_->get_executor(), std::move(ports), std::move(settings));
}

// Ends what waits while all that it names is there.
SimulatedProcess::~SimulatedProcess() {
    context_.reset();
}

Result<void> SimulatedProcess::start() {
    Result<void> recovered = executor->recover();
    if (recovered) {
        boost::asio::co_spawn(*context_, executor->run(), boost::asio::detached);
    }
    return recovered;
}

void SimulatedProcess::await(Task<void> task) {
    bool is_done = false;
    boost::asio::co_spawn(*context_, std::move(task), [&](std::exception_ptr) { is_done = true; });
    const bool has_ended = clock.run_until([&] { return is_done; }, std::chrono::minutes{5});
    ensure(has_ended, "a task in a test ends");
}

Result<Standing> SimulatedProcess::submit(Proposal proposal) {
    return await(executor->submit(std::move(proposal)));
}

bool SimulatedProcess::settle(Duration span) {
    return clock.run_until([&] { return executor->incidents().empty(); }, span);
}

bool SimulatedProcess::settle_at(const std::string& node, Duration span) {
    return clock.run_until(
        [&] {
            const std::vector<IncidentView> open = executor->incidents();
            return open.size() == 1 && open.front().node == node;
        },
        span);
}

}  // namespace homeostat::heal
