// The watching and judging role in a scripted world.

#include "homeostat/heal/agent_role.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/heal/watched_agent_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

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

TEST_CASE(
    "a check that has failed often enough is proposed, and no model is asked about its task") {
    WatchedWorld watched;
    watched.check(false);
    CHECK(watched.door.proposals.empty());
    watched.check(false);
    const std::optional<Proposal> proposal = watched.proposal_about(SymptomKind::check_failing);
    REQUIRE(proposal);
    CHECK(proposal->choice.remedy == Remedy{RunTask{watched.world.tasks.front().of}});
    CHECK(proposal->choice.model_answer == ModelAnswer::not_asked);
    CHECK(watched.oracle.asked_count == 0);
    watched.check(true);
    CHECK_FALSE(watched.door.cleared.empty());
}

TEST_CASE(
    "a check that failed before its task was done is proposed again only once it fails anew") {
    WatchedWorld watched;
    watched.door.is_busy = true;
    watched.check(false);
    watched.check(false);
    REQUIRE_FALSE(watched.agent->symptoms_now().empty());
    watched.door.is_busy = false;
    watched.clock.run_for(10s);
    CHECK(watched.door.proposals.empty());
    watched.check(false);
    CHECK(watched.proposal_about(SymptomKind::check_failing));
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

TEST_CASE("a source is waited for as long as it may be patient, so that a silence is heard out") {
    // Two seconds: a probe's timeout may be as long as its interval, and one that is cut short of
    // it says nothing of whom it asked.
    for (const auto& [every, patience_min] :
         {std::pair<Duration, Duration>{250ms, 500ms}, std::pair<Duration, Duration>{2s, 2050ms}}) {
        WatchedWorld watched;
        watched.edge.every = every;
        watched.clock.run_for(5s);
        CHECK(watched.edge.patience_last >= patience_min);
    }
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
