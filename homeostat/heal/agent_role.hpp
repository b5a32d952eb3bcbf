#pragma once

// AgentRole: watches and judges. Holds no means to act: what it concludes goes through the one door
// (ports/executor.hpp) as a proposal.
//
// Every source of readings is read in a task of its own, so that a slow one delays only itself;
// while none is due one task waits for all of them, since a process may guard a thousand services.
// The judging task looks for symptoms several times a second; `look` makes it look at once, when a
// process has just ended. A reflex is proposed without asking the model.
//
// Lives on one strand (a single-threaded io_context); not thread-safe.

#include "homeostat/decide/decide.hpp"
#include "homeostat/heal/judge.hpp"
#include "homeostat/heal/port_calls.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/executor.hpp"
#include "homeostat/ports/oracle.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

/// Beyond a source's own interval. Each wait of a look has a deadline far below this.
constexpr Duration standstill_after = std::chrono::seconds{10};

struct AgentSettings {
    JudgeSettings judge;
    decide::Settings decide;
    Duration model_for_max{};  ///< The model's deadline in one decision.
    Duration settle_for{};     ///< After a start: no silence counts as "the symptom is gone".
    std::function<void(const std::string&)> log;  ///< Sources that fail and recover. Not blocking.
};

struct AgentPorts {
    ports::Clock& clock;
    ports::Executor& executor;
    ports::Oracle* oracle{nullptr};  ///< Null: rules alone.
    std::vector<ports::Telemetry*> sources;
};

class AgentRole {
  public:
    AgentRole(boost::asio::any_io_executor strand, AgentPorts ports, AgentSettings settings);

    /// Watches and judges until `stop`.
    Task<void> run();
    void stop() { is_stopping_ = true; }

    /// Reads one source and judges, now: somebody knows that it has news.
    Task<void> look(ports::Telemetry& source);

    /// A source that has failed last, and how; empty when all answer.
    [[nodiscard]] const std::map<std::string, std::string>& source_troubles() const {
        return source_troubles_;
    }
    /// What stands still: sources that nobody looked at for long, and judging itself. Whether a
    /// source answered is not asked: one that fails is looked at all the same. Empty: all moves.
    [[nodiscard]] std::vector<std::string> standstills(Instant now) const;
    [[nodiscard]] const std::vector<Symptom>& symptoms_now() const { return symptoms_now_; }

    /// The changes that a diagnosis knows of, oldest first: noted by this agent, or first-hand.
    [[nodiscard]] std::span<const Change> changes() const { return judge_.changes(); }

    /// Takes a change from outside (POST /v1/changes): recorded, then known to the diagnosis.
    Task<Result<Change>> note(Change change);

  private:
    /// A source, and its turns.
    struct Watch {
        ports::Telemetry* source;
        Instant due{};        ///< When its next turn begins.
        bool is_read{false};  ///< It has a task of its own now.
    };

    Task<void> watch_all();
    Task<void> watch(Watch& watch);
    Task<void> take_from(ports::Telemetry& source);
    Task<void> judge_once();
    [[nodiscard]] bool is_waited_for(const Symptom& symptom);
    [[nodiscard]] bool is_seen(const std::string& source) const;
    [[nodiscard]] bool sees_more(const Standing& standing) const;
    [[nodiscard]] std::optional<std::vector<std::string>> unseen() const;
    Task<void> judge_alone(Symptom symptom);
    Task<void> deal_with(Symptom symptom);
    Task<decide::Opinion> ask_oracle(const diagnose::Finding& finding);
    Task<void> clear_gone();
    void report(ports::Telemetry& source, const std::string& trouble);

    boost::asio::any_io_executor strand_;
    AgentPorts ports_;
    AgentSettings settings_;
    PortCalls calls_;
    Judge judge_;
    std::vector<Symptom> symptoms_now_;
    /// When the executor last had something in hand that a present symptom had to wait for, and
    /// what the symptom measured then.
    std::map<std::pair<SymptomKind, Subject>, std::pair<Instant, double>> held_up_at_;
    std::map<std::string, std::string> source_troubles_;
    std::vector<Watch> watches_;  ///< Of all sources; as many as at the start.
    Instant wakes_at_{};          ///< When the one who waits for them looks at their turns next.
    std::map<const ports::Telemetry*, Instant> looked_at_;  ///< When a look at it last ended.
    std::optional<Instant> judged_at_;                      ///< When a judgement last began.
    Instant started_at_{};
    std::string refusal_;     ///< Of the last proposal; told once, not at every look.
    bool is_judging_{false};  ///< One judgement at a time; reflexes go past it.
    bool is_stopping_{false};
};

}  // namespace homeostat::heal
