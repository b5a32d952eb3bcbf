#pragma once

// An agent that watches a simulated world: scripted sources, a scripted oracle, and a door that
// only writes down what comes through it.

#include "homeostat/domain/evidence.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/simulated_clock_for_test.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::heal {

using namespace std::chrono_literals;

/// What an edge in front of the simulated world counts: 200 requests a second.
class EdgeSource final : public ports::Telemetry {
  public:
    EdgeSource(SimulatedWorld& world, SimulatedClock& clock) : world_(world), clock_(clock) {}
    Instant answers_at{};  ///< Whatever its deadline; Instant::max(): never.
    Instant answered_last_at{};
    bool is_down{false};
    Duration every{250ms};
    Duration patience_last{};  ///< What was left of it when it was read last.

    [[nodiscard]] std::string_view name() const override { return "edge"; }
    [[nodiscard]] Duration interval() const override { return every; }
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    SimulatedWorld& world_;
    SimulatedClock& clock_;
    EdgeCounters counters_;
};

/// The process table, and a deploy when there was one.
class ProcessSource final : public ports::Telemetry {
  public:
    explicit ProcessSource(SimulatedWorld& world) : world_(world) {}
    std::optional<Change> change_next;
    std::optional<bool> check_next;  ///< Of the first task.
    bool is_first_silent{false};     ///< payments-0 runs and leaves its probes unanswered.
    bool is_down{false};

    [[nodiscard]] std::string_view name() const override { return "processes"; }
    [[nodiscard]] Duration interval() const override { return 200ms; }
    Task<Result<std::vector<Reading>>> read(Instant) override;

  private:
    SimulatedWorld& world_;
};

enum class OracleMood : std::uint8_t { answers, is_late, is_too_slow, is_wrong, is_down, hangs };

class ScriptedOracle final : public ports::Oracle {
  public:
    explicit ScriptedOracle(SimulatedClock& clock) : clock_(clock) {}
    OracleMood mood{OracleMood::answers};
    std::optional<OracleMood> mood_without_notes;  ///< None: the same as with them.
    int asked_count{0};
    std::vector<Evidence> questions;
    std::vector<Instant> deadlines;

    Task<Result<Ranking>> rank(Evidence evidence,
                               std::vector<RemedyKind> kinds,
                               Instant deadline) override;
    [[nodiscard]] std::string state() const override { return "scripted"; }

  private:
    SimulatedClock& clock_;
};

/// The executor's side of the door.
class Door final : public ports::Executor {
  public:
    std::vector<Proposal> proposals;
    std::vector<Symptom> cleared;
    std::vector<Change> changes;
    std::optional<Error> refusal;      ///< Of proposals and changes.
    std::vector<RemedyKind> rejudges;  ///< Not empty: these did not help, judge again.
    bool is_busy{false};               ///< A remedy of another incident is in hand.
    std::optional<std::vector<std::string>> unseen;  ///< As in Standing, until one is proposed.

    [[nodiscard]] std::optional<Standing> standing(const Symptom& symptom) const override;
    Task<Result<Standing>> submit(Proposal proposal) override;
    Task<void> clear(Symptom symptom) override;
    [[nodiscard]] std::vector<Symptom> open_symptoms() const override;
    Task<Result<Change>> note(Change change) override;
};

AgentSettings settings_of(const SimulatedWorld& world, std::vector<std::string>& log_lines);

/// One agent in a world that is well, with a deploy that was noted twenty seconds ago.
class WatchedWorld {
  public:
    explicit WatchedWorld(bool has_oracle = true,
                          OracleMode mode = OracleMode::both,
                          const std::vector<std::string>& notes = {},
                          double lambda_notes = 0,
                          const std::string& calibrated_for = "toy");
    ~WatchedWorld();
    WatchedWorld(const WatchedWorld&) = delete;
    WatchedWorld& operator=(const WatchedWorld&) = delete;

    [[nodiscard]] Change deploy() const;

    /// The check of the only task answers once more.
    void check(bool is_well);

    /// The first proposal about such a symptom, if it comes within `span`.
    std::optional<Proposal> proposal_about(SymptomKind kind, Duration span = 10s);

    SimulatedWorld world;

  private:
    std::optional<boost::asio::io_context> context_{std::in_place};

  public:
    SimulatedClock clock{world, *context_};
    EdgeSource edge{world, clock};
    ProcessSource processes{world};
    ScriptedOracle oracle{clock};
    Door door;
    std::vector<std::string> log_lines;
    std::optional<AgentRole> agent;
};

}  // namespace homeostat::heal
