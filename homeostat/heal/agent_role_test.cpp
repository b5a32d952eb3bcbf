// The watching and judging role, with scripted sources, a scripted oracle, and a door that only
// writes down what comes through it.

#include "homeostat/heal/agent_role.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/heal/simulated_clock_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

using namespace std::chrono_literals;

/// What an edge in front of the simulated world counts: 200 requests a second.
class EdgeSource final : public ports::Telemetry {
  public:
    EdgeSource(SimulatedWorld& world, SimulatedClock& clock) : world_(world), clock_(clock) {}
    Instant answers_at{};  ///< Whatever its deadline; Instant::max(): never.
    Instant answered_last_at{};
    bool is_down{false};

    [[nodiscard]] std::string_view name() const override { return "edge"; }
    [[nodiscard]] Duration interval() const override { return 250ms; }
    Task<Result<std::vector<Reading>>> read(Instant) override {
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
    bool is_first_silent{false};  ///< payments-0 runs and leaves its probes unanswered.

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
    int asked_count{0};

    Task<Result<Ranking>> rank(Evidence, std::vector<RemedyKind> kinds, Instant deadline) override {
        asked_count += 1;
        if (mood == OracleMood::hangs) {
            co_await clock_.sleep_until(Instant::max());
        }
        if (mood == OracleMood::is_too_slow) {
            const Duration takes = 2 * (deadline - clock_.now());
            co_await clock_.sleep_until(clock_.now() + takes);
        }
        if (mood == OracleMood::is_late) {
            co_await clock_.sleep_until(deadline);
            co_return fail(Fault::late, "no answer by the deadline");
        }
        if (mood == OracleMood::is_down) {
            co_return fail(Fault::unreachable, "no server");
        }
        if (mood == OracleMood::is_wrong) {
            co_return fail(Fault::broken, "a label that was not offered");
        }
        Ranking ranking{.kinds = {}, .model = "toy", .prompt_digest = "00", .took = 40ms};
        for (const RemedyKind kind : kinds) {
            const double even = -std::log(static_cast<double>(kinds.size()));
            ranking.kinds.push_back({kind, even, even});
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

AgentSettings settings_of(const SimulatedWorld& world, std::vector<std::string>& log_lines) {
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
    explicit WatchedWorld(bool has_oracle = true, OracleMode mode = OracleMode::both) {
        AgentSettings settings = settings_of(world, log_lines);
        settings.decide.mode = mode;
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

}  // namespace

TEST_CASE("a healthy service is watched without a proposal and without a question to the model") {
    WatchedWorld watched;
    watched.clock.run_for(5min);
    CHECK(watched.door.proposals.empty());
    CHECK(watched.oracle.asked_count == 0);
    CHECK(watched.log_lines.empty());
}

TEST_CASE(
    "errors after a deploy are proposed once, though the clock on the wall is set meanwhile") {
    for (const Duration set_by : {Duration(0h), Duration(1h), Duration(-1h)}) {
        WatchedWorld watched;
        watched.world.versions_bad = {VersionId("v2")};
        watched.clock.run_for(1s);
        watched.clock.wall_ahead = set_by;
        const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::errors, 4s);
        REQUIRE(proposal);
        CHECK(proposal->service == ServiceId("payments"));
        CHECK(proposal->menu.items.size() > 1);
        CHECK((proposal->choice.model_answer == ModelAnswer::recorded && proposal->choice.ranking));
        CHECK(kind_of(proposal->choice.remedy) == RemedyKind::rollback);
        watched.clock.run_for(30s);
        CHECK((watched.door.proposals.size() == 1 && watched.oracle.asked_count == 1));
    }
}

TEST_CASE("whatever becomes of the model, the rules propose, and the proposal says what became") {
    struct Case {
        OracleMood mood;
        ModelAnswer answer;
    };
    for (const Case& one : {Case{OracleMood::is_late, ModelAnswer::late},
                            Case{OracleMood::is_too_slow, ModelAnswer::late},
                            Case{OracleMood::hangs, ModelAnswer::late},
                            Case{OracleMood::is_wrong, ModelAnswer::refused},
                            Case{OracleMood::is_down, ModelAnswer::absent}}) {
        CAPTURE(to_text(one.answer));
        WatchedWorld watched;
        watched.oracle.mood = one.mood;
        watched.world.versions_bad = {VersionId("v2")};
        const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::errors, 4s);
        REQUIRE(proposal);
        CHECK(proposal->choice.model_answer == one.answer);
        CHECK_FALSE(proposal->choice.model_trouble.empty());
        CHECK(proposal->judging_took <= 100ms + answer_grace);
        CHECK_FALSE(proposal->choice.ranking);
        CHECK(kind_of(proposal->choice.remedy) == RemedyKind::rollback);
    }
}

TEST_CASE("errors from before another incident's cure are proposed only if they go on after it") {
    for (const bool goes_on : {false, true}) {
        CAPTURE(goes_on);
        WatchedWorld watched;
        watched.door.is_busy = true;
        watched.world.versions_bad = {VersionId("v2")};
        watched.clock.run_for(5s);
        if (!goes_on) {
            watched.world.versions_bad.clear();
            watched.clock.run_for(500ms);
        }
        REQUIRE_FALSE(watched.agent->symptoms_now().empty());
        watched.door.is_busy = false;
        CHECK(watched.proposal_about(SymptomKind::errors, 2500ms).has_value() == goes_on);
    }
}

TEST_CASE("without a model, or with rules alone, nobody is asked") {
    WatchedWorld without(false);
    without.world.versions_bad = {VersionId("v2")};
    const std::optional<Proposal> absent = without.proposal_about(SymptomKind::errors);
    REQUIRE(absent);
    CHECK(absent->choice.model_answer == ModelAnswer::absent);

    WatchedWorld rules(true, OracleMode::rules);
    rules.world.versions_bad = {VersionId("v2")};
    const std::optional<Proposal> not_asked = rules.proposal_about(SymptomKind::errors);
    REQUIRE(not_asked);
    CHECK(not_asked->choice.model_answer == ModelAnswer::not_asked);
    CHECK(rules.oracle.asked_count == 0);
}

TEST_CASE("a crash is proposed at once although the model would hang for ever") {
    WatchedWorld watched;
    watched.oracle.mood = OracleMood::hangs;
    watched.world.end_process(InstanceId("payments-1"));
    const Instant crashed_at = watched.world.now;
    const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::instance_down);
    REQUIRE(proposal);
    CHECK(proposal->judged_at - crashed_at < 500ms);
    CHECK(proposal->choice.remedy == Remedy{Restart{InstanceId("payments-1")}});
    CHECK(proposal->choice.model_answer == ModelAnswer::not_asked);
    CHECK(watched.oracle.asked_count == 0);
}

TEST_CASE("a crash is proposed at once while the model is thinking about something else") {
    WatchedWorld watched;
    watched.oracle.mood = OracleMood::hangs;
    watched.world.versions_bad = {VersionId("v2")};
    watched.clock.run_until([&] { return watched.oracle.asked_count > 0; }, 10s);
    REQUIRE(watched.oracle.asked_count == 1);
    watched.world.end_process(InstanceId("payments-1"));
    const Instant crashed_at = watched.world.now;
    const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::instance_down);
    REQUIRE(proposal);
    CHECK(proposal->judged_at - crashed_at < 500ms);
}

TEST_CASE("a symptom that is taken care of keeps no other waiting") {
    WatchedWorld watched;
    watched.world.versions_bad = {VersionId("v2")};
    REQUIRE(watched.proposal_about(SymptomKind::errors));
    watched.processes.is_first_silent = true;
    CHECK(watched.proposal_about(SymptomKind::instance_not_answering));
}

TEST_CASE("a second opinion leaves out what did not help and is asked for once") {
    WatchedWorld watched;
    watched.world.versions_bad = {VersionId("v2")};
    REQUIRE(watched.proposal_about(SymptomKind::errors));
    watched.door.rejudges = {RemedyKind::rollback};
    watched.clock.run_for(10s);
    REQUIRE(watched.door.proposals.size() == 2);
    for (const MenuItem& item : watched.door.proposals.back().menu.items) {
        CHECK(kind_of(item.remedy) != RemedyKind::rollback);
    }
}

TEST_CASE("a symptom that has gone is said to be gone, one that is there is not") {
    WatchedWorld watched;
    watched.world.versions_bad = {VersionId("v2")};
    REQUIRE(watched.proposal_about(SymptomKind::errors));
    watched.clock.run_for(5s);
    CHECK(watched.door.cleared.empty());
    watched.world.versions_bad.clear();
    watched.clock.run_for(30s);
    REQUIRE_FALSE(watched.door.cleared.empty());
    CHECK(watched.door.cleared.front().kind == SymptomKind::errors);
}

TEST_CASE("an agent that has just started takes its own ignorance for nothing") {
    SimulatedWorld world;
    boost::asio::io_context context;
    SimulatedClock clock(world, context);
    EdgeSource edge(world, clock);
    Door door;
    Proposal open;  // Of an incident from before the restart.
    open.symptom.subject = {SubjectKind::service, "payments"};
    door.proposals.push_back(open);
    std::vector<std::string> log_lines;
    AgentRole agent(context.get_executor(), {clock, door, nullptr, {&edge}},
                    settings_of(world, log_lines));
    boost::asio::co_spawn(context, agent.run(), boost::asio::detached);
    clock.run_for(4s);
    CHECK(door.cleared.empty());
    clock.run_for(4s);
    CHECK_FALSE(door.cleared.empty());
    agent.stop();
    clock.run_for(1s);  // Every task of the agent ends before what it names does.
}

TEST_CASE("a source that hangs delays only itself") {
    WatchedWorld watched;
    watched.edge.answers_at = Instant::max();
    watched.clock.run_for(5s);
    watched.world.end_process(InstanceId("payments-2"));
    const Instant crashed_at = watched.world.now;
    const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::instance_down);
    REQUIRE(proposal);
    CHECK(proposal->judged_at - crashed_at < 500ms);
    CHECK(watched.agent->source_troubles().contains("edge"));
}

TEST_CASE("a source that hangs or fails is looked at all the same: nothing stands still") {
    WatchedWorld watched;
    watched.edge.answers_at = Instant::max();
    watched.clock.run_for(1min);
    REQUIRE(watched.agent->source_troubles().contains("edge"));
    CHECK(watched.agent->standstills(watched.world.now).empty());
}

TEST_CASE("an agent whose tasks do not run any more names each that stands still") {
    WatchedWorld watched;
    watched.clock.run_for(1s);
    const Instant later = watched.world.now + standstill_after + 1s;
    CHECK(watched.agent->standstills(later) ==
          std::vector<std::string>{"the agent does not judge any more",
                                   "nobody looks at edge any more",
                                   "nobody looks at processes any more"});
    const AgentRole idle({}, {watched.clock, watched.door, nullptr, {}}, {});
    CHECK(idle.standstills(watched.world.now).size() == 1);
}

TEST_CASE("an agent may end while a source still hangs, and the source answer after that") {
    WatchedWorld watched;
    watched.edge.answers_at = watched.world.now + 5s;
    watched.clock.run_for(3s);
    REQUIRE(watched.agent->source_troubles().contains("edge"));
    watched.agent->stop();
    watched.clock.run_for(1s);
    watched.agent.reset();
    watched.clock.run_for(2s);
    CHECK(watched.edge.answered_last_at >= watched.edge.answers_at);
}

TEST_CASE("a source that fails is told of once, and once more when it answers again") {
    WatchedWorld watched;
    watched.edge.is_down = true;
    watched.clock.run_for(10s);
    CHECK(watched.log_lines == std::vector<std::string>{"edge does not answer: nobody answers"});
    CHECK(watched.agent->source_troubles().contains("edge"));
    watched.edge.is_down = false;
    watched.clock.run_for(10s);
    CHECK(watched.log_lines.size() == 2);
    CHECK(watched.log_lines.back() == "edge answers again");
    CHECK(watched.agent->source_troubles().empty());
    CHECK(watched.door.proposals.empty());  // Silence is no illness.
}

TEST_CASE("a change explains what is seen even if it could not be recorded") {
    WatchedWorld watched;
    CHECK(watched.door.changes.size() == 1);
    watched.door.refusal = Error{Fault::full, "no ledger"};
    watched.world.version_current = VersionId("v3");
    Change change = watched.deploy();
    change.from = VersionId("v2");
    change.to = VersionId("v3");
    watched.processes.change_next = change;
    watched.clock.run_for(2s);
    watched.door.refusal.reset();
    watched.world.is_dependency_failing = true;
    const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::errors);
    REQUIRE(proposal);
    CHECK(proposal->choice.remedy ==
          Remedy{Rollback{ServiceId("payments"), VersionId("v3"), VersionId("v2")}});
}

TEST_CASE("a proposal that is not taken is told of once, unless the incident is only busy") {
    WatchedWorld watched;
    watched.door.refusal = Error{Fault::busy, "i-1 is in hand"};
    watched.world.versions_bad = {VersionId("v2")};
    watched.clock.run_for(5s);
    CHECK(watched.log_lines.empty());
    watched.door.refusal = Error{Fault::full, "no ledger, no action"};
    watched.clock.run_for(5s);
    CHECK(watched.log_lines ==
          std::vector<std::string>{"a proposal was not taken: no ledger, no action"});
    watched.door.refusal = Error{Fault::full, "another trouble"};
    watched.clock.run_for(5s);
    REQUIRE(watched.log_lines.size() == 2);
    CHECK(watched.log_lines.back() == "a proposal was not taken: another trouble");
}

}  // namespace homeostat::heal
