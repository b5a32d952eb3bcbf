#pragma once

// The ports of one life of ours, over the machine. Each keeps its contract, and meets the troubles
// that the seed drew for its way.
//
// Lives on one strand. The machine and the clock outlive them.

#include "homeostat/adapters/segment_log/segment_writer.hpp"
#include "homeostat/ports/actuator.hpp"
#include "homeostat/ports/kill_switch.hpp"
#include "homeostat/ports/ledger.hpp"
#include "homeostat/ports/oracle.hpp"
#include "homeostat/ports/telemetry.hpp"
#include "homeostat/sim/run/lab_clock.hpp"
#include "homeostat/sim/run/machine.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::sim {

namespace segment_log = adapters::segment_log;

/// The process that "expects" what the model says to be worth something.
[[nodiscard]] std::string lab_model_name();
[[nodiscard]] std::string lab_prompt_digest();

class LabActuator final : public ports::Actuator {
  public:
    LabActuator(Machine& machine, LabClock& clock, Part part)
        : machine_(machine), clock_(clock), part_(part) {}

    [[nodiscard]] bool performs(const Step& step) const override { return part_of(step) == part_; }
    Task<Outcome> perform(Request request, Instant deadline) override;
    Task<Result<FactsPart>> read(Instant deadline) override;

  private:
    [[nodiscard]] Way way() const;
    [[nodiscard]] FactsPart look() const;
    /// The order has arrived and is taken.
    Task<Outcome> be_there(EffectId effect, Step step, Instant deadline);
    Task<Outcome> carry_out(EffectId effect, Step step);
    Task<Outcome> replace(EffectId effect, Replace step);
    /// What the target says instead of carrying it out; nothing: it carries it out.
    [[nodiscard]] std::optional<std::string> no_to(const Step& step);
    void be_overtaken(const InstanceId& instance);
    /// Whoever carries it out does not know what has become of us.
    void carry_out_at(Instant at, const EffectId& effect, const Step& step);
    /// Right before a call of ours. False: this life has ended there, and goes no further.
    [[nodiscard]] bool come_to(std::string_view call, const Step& step);

    Machine& machine_;
    LabClock& clock_;
    Part part_;
    std::optional<std::pair<Instant, FactsPart>> earlier_;
    Instant patient_until_{};  ///< Whatever is asked until then is turned away.
};

/// Any source: what it reads is a function of the machine.
class LabSource final : public ports::Telemetry {
  public:
    using Look = std::function<std::vector<Reading>()>;

    struct Kind {
        Way way;
        std::string name;
        Duration interval;
    };

    LabSource(Machine& machine, LabClock& clock, Kind kind, Look look)
        : machine_(machine), clock_(clock), kind_(std::move(kind)), look_(std::move(look)) {}

    [[nodiscard]] std::string_view name() const override { return kind_.name; }
    [[nodiscard]] Duration interval() const override { return kind_.interval; }
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    Machine& machine_;
    LabClock& clock_;
    Kind kind_;
    Look look_;
    std::vector<Reading> held_back_;  ///< Comes with the next ones: reordered.
    Instant listed_at_{};             ///< Until then it lists anew.
};

/// The segments of production, by the writer of production, on the lab's disk. What SegmentLog adds
/// is a thread and witnesses; here its steps come on the one strand, and time passes between them:
/// the write, the sync, the answer.
class LabLedger final : public ports::Ledger {
  public:
    LabLedger(Machine& machine, LabClock& clock) : machine_(machine), clock_(clock) {}

    Task<Result<ports::Position>> append(EntryGroup group, ports::Durability durability) override;
    Result<void> replay(const std::function<void(const EntryGroup&)>& visit) override;

  private:
    [[nodiscard]] Result<void> open();
    [[nodiscard]] Result<void> recover(std::vector<EntryGroup>& groups);
    void mark_what_was_found(std::size_t groups_count, const segment_log::LedgerEnd& end);
    [[nodiscard]] Result<ports::Position> write(EntryGroup group);
    [[nodiscard]] Result<void> sync();
    [[nodiscard]] Duration draw_time();
    void note_failure(const Error& error);

    Machine& machine_;
    LabClock& clock_;
    std::optional<segment_log::SegmentWriter> writer_;
    std::uint64_t next_index_{0};
    Instant busy_until_{};
    bool is_failure_told_{false};
    bool is_broken_told_{false};
};

class LabSwitch final : public ports::KillSwitch {
  public:
    explicit LabSwitch(Machine& machine) : machine_(machine) {}
    [[nodiscard]] bool is_engaged() const override { return machine_.is_suspended(); }
    Result<void> engage() override { return turn(true); }
    Result<void> release() override { return turn(false); }

  private:
    Result<void> turn(bool is_engaged) {
        machine_.turn_switch(is_engaged);
        return {};
    }
    Machine& machine_;
};

class LabOracle final : public ports::Oracle {
  public:
    LabOracle(Machine& machine, LabClock& clock) : machine_(machine), clock_(clock) {}
    Task<Result<Ranking>> rank(Evidence evidence,
                               std::vector<RemedyKind> kinds,
                               Instant deadline) override;
    [[nodiscard]] std::string state() const override { return "ready: lab"; }

  private:
    Machine& machine_;
    LabClock& clock_;
};

// What the sources look at.
[[nodiscard]] std::vector<Reading> read_processes(Machine& machine);
[[nodiscard]] std::vector<Reading> read_probe(Machine& machine, ReplicaIndex replica);
[[nodiscard]] std::vector<Reading> read_counters(Machine& machine);
[[nodiscard]] std::vector<Reading> read_journey(Machine& machine);
[[nodiscard]] std::vector<Reading> read_copies(Machine& machine, Observer observer);

}  // namespace homeostat::sim
