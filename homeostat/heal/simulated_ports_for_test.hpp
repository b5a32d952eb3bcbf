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

    Task<Result<ports::Position>> append(EntryGroup group, ports::Durability durability) override;

    Result<void> replay(const std::function<void(const EntryGroup&)>& visit) override;

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

    [[nodiscard]] bool performs(const Step& step) const override;

    [[nodiscard]] bool is_about(const Subject& subject) const override;

    Task<Outcome> perform(Request request, Instant deadline) override;

    Task<Result<FactsPart>> read(Instant) override;

    /// No check is run for it.
    Task<Result<FactsPart>> glance(Instant deadline) override;

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

    Task<Result<std::vector<Reading>>> read(Instant) override;

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
    Result<void> flip(bool engaged);
    SimulatedWorld& world_;
};

}  // namespace homeostat::heal
