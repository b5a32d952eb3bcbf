#pragma once

// The executor's ports over a simulated world and a simulated clock.
//
// Lives on one strand, like the roles.

#include "homeostat/heal/simulated_clock_for_test.hpp"
#include "homeostat/heal/simulated_world_for_test.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/kill_switch.hpp"
#include "homeostat/ports/ledger.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

/// What outlives a process: the groups. What belongs to it: the way in.
struct SimulatedDisk {
    std::vector<EntryGroup> groups;
    std::optional<std::size_t> full_at;  ///< No room for this group and those after it.
    Duration append_takes{std::chrono::milliseconds{2}};  ///< 0: ends without giving way.
    std::string boot_id;                                  ///< Stamped on every group.
    std::set<std::uint64_t> synced;  ///< Indexes of the groups that were to be durable at once.
    std::size_t synced_count{0};     ///< Of the groups: no loss of power takes these.

    void lose_power() { groups.resize(std::min(groups.size(), synced_count)); }
};

class SimulatedLedger final : public ports::Ledger {
  public:
    SimulatedLedger(SimulatedDisk& disk, SimulatedClock& clock) : disk_(disk), clock_(clock) {}

    Task<Result<ports::Position>> append(EntryGroup group, ports::Durability durability) override {
        if (disk_.full_at && disk_.groups.size() + waiting_count_ >= *disk_.full_at) {
            co_return fail(Fault::full, "no space left on the disk");
        }
        // In the order of the calls, like the real one.
        const Instant ready_at = std::max(clock_.now(), busy_until_) + disk_.append_takes;
        if (disk_.append_takes > Duration{}) {
            busy_until_ = ready_at;
            waiting_count_ += 1;
            co_await clock_.sleep_until(ready_at);
            waiting_count_ -= 1;
        }
        group.index = disk_.groups.size();
        group.boot_id = disk_.boot_id;
        if (durability == ports::Durability::synced) {
            disk_.synced.insert(group.index);
        }
        disk_.groups.push_back(std::move(group));
        disk_.synced_count =
            durability == ports::Durability::synced ? disk_.groups.size() : disk_.synced_count;
        co_return ports::Position{disk_.groups.back().index, {}};
    }

    Result<void> replay(const std::function<void(const EntryGroup&)>& visit) override {
        for (const EntryGroup& group : disk_.groups) {
            visit(group);
        }
        return {};
    }

  private:
    SimulatedDisk& disk_;
    SimulatedClock& clock_;
    Instant busy_until_{};
    std::size_t waiting_count_{0};
};

/// How an actuator answers.
enum class SimulatedReply : std::uint8_t {
    prompt,
    unknown_done,    ///< The effect happens, the reply is lost.
    unknown_undone,  ///< The order is lost.
    late,            ///< The effect happens and the reply comes, both after the deadline.
    never,           ///< Neither effect nor reply.
};

class SimulatedActuator final : public ports::Actuator {
  public:
    enum class Part : std::uint8_t { runtime, edge, caches, tasks };

    SimulatedActuator(SimulatedWorld& world, SimulatedClock& clock, Part part)
        : world_(world), clock_(clock), part_(part) {}

    std::deque<SimulatedReply> replies_next;  ///< Empty: prompt.
    Duration perform_takes{std::chrono::milliseconds{30}};
    Instant reads_answer_at{};        ///< Whatever their deadlines; Instant::max(): never.
    std::vector<EffectId> performed;  ///< Orders that came in.
    std::uint32_t reads_count{0};     ///< Of tasks: checks that were run.

    [[nodiscard]] bool performs(const Step& step) const override {
        const bool is_of_edge = std::holds_alternative<Drain>(step) ||
                                std::holds_alternative<Undrain>(step) ||
                                std::holds_alternative<SetRoute>(step);
        const bool is_of_caches = std::holds_alternative<Invalidate>(step);
        const bool is_of_tasks = std::holds_alternative<Run>(step);
        const Part rest = is_of_tasks ? Part::tasks : Part::runtime;
        const Part whose = is_of_edge ? Part::edge : is_of_caches ? Part::caches : rest;
        return whose == part_;
    }

    [[nodiscard]] bool is_about(const Subject& subject) const override {
        return part_ != Part::tasks || subject.kind == SubjectKind::task;
    }

    Task<Outcome> perform(Request request, Instant deadline) override {
        performed.push_back(request.effect());
        SimulatedReply reply = SimulatedReply::prompt;
        if (!replies_next.empty()) {
            reply = replies_next.front();
            replies_next.pop_front();
        }
        if (reply == SimulatedReply::never) {
            co_await clock_.sleep_until(Instant::max());
        }
        if (reply == SimulatedReply::late) {
            const Instant too_late = deadline + std::chrono::seconds(1);
            co_await clock_.sleep_until(too_late);
        }
        Outcome outcome{OutcomeKind::unknown, "no reply"};
        if (reply != SimulatedReply::unknown_undone) {
            Outcome seen = world_.apply(request.effect(), request.step());
            const bool is_lost = reply == SimulatedReply::unknown_done;
            outcome = is_lost ? outcome : std::move(seen);
        }
        // The world has changed and we do not know it yet: the best moment to die.
        co_await clock_.sleep_until(clock_.now() + perform_takes);
        co_return outcome;
    }

    Task<Result<FactsPart>> read(Instant) override {
        if (reads_answer_at > clock_.now()) {
            co_await clock_.sleep_until(reads_answer_at);
        }
        switch (part_) {
            case Part::edge:
                co_return world_.read_edge();
            case Part::caches:
                co_return world_.read_caches();
            case Part::tasks:
                reads_count += 1;
                co_return world_.read_tasks();
            case Part::runtime:
                break;
        }
        co_return world_.read_runtime();
    }

    /// No check is run for it.
    Task<Result<FactsPart>> glance(Instant deadline) override {
        if (part_ == Part::tasks) {
            co_return world_.read_tasks();
        }
        Result<FactsPart> part = co_await read(deadline);
        co_return part;
    }

  private:
    SimulatedWorld& world_;
    SimulatedClock& clock_;
    Part part_;
};

/// Requests of our own through the edge; `is_failing` in the world is what they meet.
class SimulatedJourneys final : public ports::Telemetry {
  public:
    SimulatedJourneys(SimulatedWorld& world, SimulatedClock& clock)
        : world_(world), clock_(clock) {}

    Instant answers_at{};  ///< Whatever the deadline; Instant::max(): never.

    [[nodiscard]] std::string_view name() const override { return "journeys"; }
    [[nodiscard]] Duration interval() const override { return std::chrono::milliseconds{50}; }

    Task<Result<std::vector<Reading>>> read(Instant) override {
        if (answers_at > clock_.now()) {
            co_await clock_.sleep_until(answers_at);
        }
        const bool is_good = !world_.is_failing() && world_.serving_count() > 0;
        ProbeReading journey;
        journey.observer = Observer::journey;
        journey.subject = {SubjectKind::service, "payments"};
        journey.has_answered = true;
        journey.status = is_good ? 200 : 503;
        journey.latency = std::chrono::milliseconds{12};
        journey.at = world_.now;
        CacheReading copies;
        copies.cache = CacheId("quotes");
        copies.observer = Observer::journey;
        copies.keys_count = 5;
        copies.stale_count = world_.is_misleading() ? 5 : 0;
        copies.at = world_.now;
        std::vector<Reading> readings{journey, copies};
        for (const SimulatedInstance& one : world_.instances) {
            ProcessReading process;
            process.instance = one.runtime.instance;
            process.is_alive = one.runtime.is_alive;
            process.identity = one.runtime.identity;
            process.started_at = one.runtime.started_at;
            process.at = world_.now;
            readings.emplace_back(std::move(process));
        }
        const std::vector<TaskFacts> heard =
            world_.are_checks_answering ? world_.tasks : std::vector<TaskFacts>{};
        for (const TaskFacts& task : heard) {
            readings.emplace_back(CheckReading{task.of.task, task.is_well, world_.now});
        }
        co_return readings;
    }

  private:
    SimulatedWorld& world_;
    SimulatedClock& clock_;
};

/// The switch of the world: it outlives the process.
class SimulatedSwitch final : public ports::KillSwitch {
  public:
    explicit SimulatedSwitch(SimulatedWorld& world) : world_(world) {}
    [[nodiscard]] bool is_engaged() const override { return world_.is_suspended; }
    Result<void> engage() override { return flip(true); }
    Result<void> release() override { return flip(false); }

  private:
    Result<void> flip(bool engaged) {
        world_.is_suspended = engaged;
        return {};
    }
    SimulatedWorld& world_;
};

}  // namespace homeostat::heal
