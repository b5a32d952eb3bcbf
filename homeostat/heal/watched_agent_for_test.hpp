#pragma once

// An agent that watches a simulated world: scripted sources, a scripted oracle, and a door that
// only writes down what comes through it.

#include "homeostat/domain/evidence.hpp"
#include "homeostat/heal/agent_role.hpp"
#include "homeostat/heal/simulated_clock_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
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
    Task<Result<std::vector<Reading>>> read(Instant deadline) override {
        patience_last = deadline - clock_.now();
        if (answers_at > clock_.now()) {
            co_await clock_.sleep_until(answers_at);
        }
        answered_last_at = clock_.now();
        if (is_down) {
            co_return fail(Fault::unreachable, "nobody answers");
        }
        counters_.requests_total += 50;
        counters_.errors_total += world_.is_failing() ? 15 : 0;
        EdgeReading reading;
        reading.subject = {SubjectKind::service, "payments"};
        reading.counters = counters_;
        reading.at = world_.now;
        co_return std::vector<Reading>{reading};
    }

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

    [[nodiscard]] std::string_view name() const override { return "processes"; }
    [[nodiscard]] Duration interval() const override { return 200ms; }
    Task<Result<std::vector<Reading>>> read(Instant) override {
        std::vector<Reading> readings;
        for (const SimulatedInstance& one : world_.instances) {
            ProcessReading reading;
            reading.instance = one.runtime.instance;
            reading.is_alive = one.runtime.is_alive;
            reading.identity = one.runtime.identity;
            reading.version = one.runtime.version;
            reading.started_at = one.runtime.started_at;
            if (!reading.is_alive) {
                reading.exit_status = 9;  // Killed; the shim saw it.
            }
            reading.at = world_.now;
            readings.emplace_back(std::move(reading));
        }
        if (is_first_silent) {
            readings.emplace_back(
                ProbeReading{.subject = {SubjectKind::instance, "payments-0"}, .at = world_.now});
        }
        if (check_next) {
            const TaskId& task = world_.tasks.front().of.task;
            readings.emplace_back(CheckReading{task, *check_next, world_.now});
            check_next.reset();
        }
        if (change_next) {
            readings.emplace_back(ChangeReading{*change_next});
            change_next.reset();
        }
        co_return readings;
    }

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
                               Instant deadline) override {
        asked_count += 1;
        questions.push_back(evidence);
        deadlines.push_back(deadline);
        const bool is_noted = evidence.lines.front().starts_with(note_mark);
        const OracleMood now = is_noted ? mood : mood_without_notes.value_or(mood);
        if (now == OracleMood::hangs) {
            co_await clock_.sleep_until(Instant::max());
        }
        if (now == OracleMood::is_too_slow) {
            const Duration takes = 2 * (deadline - clock_.now());
            co_await clock_.sleep_until(clock_.now() + takes);
        }
        if (now == OracleMood::is_late) {
            co_await clock_.sleep_until(deadline);
            co_return fail(Fault::late, "no answer by the deadline");
        }
        if (now == OracleMood::is_down) {
            co_return fail(Fault::unreachable, "no server");
        }
        if (now == OracleMood::is_wrong) {
            co_return fail(Fault::broken, "a label that was not offered");
        }
        Ranking ranking{.kinds = {}, .model = "toy", .prompt_digest = "00", .took = 40ms};
        for (const RemedyKind kind : kinds) {
            const auto count = static_cast<double>(kinds.size());
            // Without a note it would do anything rather than wait, and a note turns that round.
            const double wait = is_noted ? 0.99 : 0.01;
            const double told = kind == RemedyKind::observe ? wait : (1 - wait) / (count - 1);
            ranking.kinds.push_back({kind, std::log(told), -std::log(count)});
        }
        co_return ranking;
    }
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

    [[nodiscard]] std::optional<Standing> standing(const Symptom& symptom) const override {
        const bool is_open = std::ranges::any_of(proposals, [&](const Proposal& proposal) {
            return proposal.symptom.kind == symptom.kind &&
                   proposal.symptom.subject == symptom.subject;
        });
        return is_open || is_busy
                   ? std::optional(Standing{IncidentId("i-1"), !rejudges.empty(), rejudges})
                   : std::nullopt;
    }
    Task<Result<Standing>> submit(Proposal proposal) override {
        if (refusal) {
            co_return std::unexpected(*refusal);
        }
        proposals.push_back(std::move(proposal));
        rejudges.clear();
        co_return Standing{IncidentId("i-1"), false, {}};
    }
    Task<void> clear(Symptom symptom) override {
        cleared.push_back(std::move(symptom));
        co_return;
    }
    [[nodiscard]] std::vector<Symptom> open_symptoms() const override {
        std::vector<Symptom> open;
        for (const Proposal& proposal : proposals) {
            open.push_back(proposal.symptom);
        }
        return open;
    }
    Task<Result<Change>> note(Change change) override {
        if (refusal) {
            co_return std::unexpected(*refusal);
        }
        change.id = ChangeId("change-1");
        changes.push_back(change);
        co_return change;
    }
};

inline AgentSettings settings_of(const SimulatedWorld& world, std::vector<std::string>& log_lines) {
    AgentSettings settings;
    settings.judge.inventory = world.inventory();
    settings.model_for_max = 100ms;
    settings.settle_for = 5s;
    settings.log = [&log_lines](const std::string& line) { log_lines.push_back(line); };
    return settings;
}

/// One agent in a world that is well, with a deploy that was noted twenty seconds ago.
class WatchedWorld {
  public:
    explicit WatchedWorld(bool has_oracle = true,
                          OracleMode mode = OracleMode::both,
                          const std::vector<std::string>& notes = {},
                          double lambda_notes = 0,
                          const std::string& calibrated_for = "toy") {
        world.tasks = {{.of = {.task = TaskId("purge"), .declaration = "aaaa"}}};
        AgentSettings settings = settings_of(world, log_lines);
        settings.decide.mode = mode;
        settings.judge.notes = notes;
        settings.decide.calibration = decide::Calibration{calibrated_for, "00", 0};
        settings.decide.holds_back = true;
        settings.decide.calibration->lambda_notes = lambda_notes;
        AgentPorts ports{clock, door, has_oracle ? &oracle : nullptr, {&edge, &processes}};
        agent.emplace(context_->get_executor(), std::move(ports), std::move(settings));
        processes.change_next = deploy();
        boost::asio::co_spawn(*context_, agent->run(), boost::asio::detached);
        clock.run_for(20s);
    }
    ~WatchedWorld() { context_.reset(); }
    WatchedWorld(const WatchedWorld&) = delete;
    WatchedWorld& operator=(const WatchedWorld&) = delete;

    [[nodiscard]] Change deploy() const {
        Change change;
        change.service = ServiceId("payments");
        change.from = VersionId("v1");
        change.to = VersionId("v2");
        change.is_first_hand = true;
        change.at = world.now;
        return change;
    }

    /// The check of the only task answers once more.
    void check(bool is_well) {
        processes.check_next = is_well;
        clock.run_for(1s);
    }

    /// The first proposal about such a symptom, if it comes within `span`.
    std::optional<Proposal> proposal_about(SymptomKind kind, Duration span = 10s) {
        const auto is_it = [&](const Proposal& proposal) { return proposal.symptom.kind == kind; };
        clock.run_until([&] { return std::ranges::any_of(door.proposals, is_it); }, span);
        const auto found = std::ranges::find_if(door.proposals, is_it);
        return found == door.proposals.end() ? std::nullopt : std::optional(*found);
    }

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
