#include "homeostat/heal/watched_agent_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace homeostat::heal {

Task<Result<std::vector<Reading>>> EdgeSource::read(Instant deadline) {
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

Task<Result<std::vector<Reading>>> ProcessSource::read(Instant) {
    if (is_down) {
        co_return fail(Fault::unreachable, "nobody answers");
    }
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

Task<Result<Ranking>> ScriptedOracle::rank(Evidence evidence,
                                           std::vector<RemedyKind> kinds,
                                           Instant deadline) {
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

std::optional<Standing> Door::standing(const Symptom& symptom) const {
    const bool is_open = std::ranges::any_of(proposals, [&](const Proposal& proposal) {
        return proposal.symptom.kind == symptom.kind && proposal.symptom.subject == symptom.subject;
    });
    return is_open || is_busy
               ? std::optional(Standing{IncidentId("i-1"), !rejudges.empty(), rejudges, unseen})
               : std::nullopt;
}

Task<Result<Standing>> Door::submit(Proposal proposal) {
    if (refusal) {
        co_return std::unexpected(*refusal);
    }
    proposals.push_back(std::move(proposal));
    rejudges.clear();
    unseen.reset();
    co_return Standing{IncidentId("i-1"), false, {}};
}

Task<void> Door::clear(Symptom symptom) {
    cleared.push_back(std::move(symptom));
    co_return;
}

std::vector<Symptom> Door::open_symptoms() const {
    std::vector<Symptom> open;
    for (const Proposal& proposal : proposals) {
        open.push_back(proposal.symptom);
    }
    return open;
}

Task<Result<Change>> Door::note(Change change) {
    if (refusal) {
        co_return std::unexpected(*refusal);
    }
    change.id = ChangeId("change-1");
    changes.push_back(change);
    co_return change;
}

AgentSettings settings_of(const SimulatedWorld& world, std::vector<std::string>& log_lines) {
    AgentSettings settings;
    settings.judge.inventory = world.inventory();
    settings.model_for_max = 100ms;
    settings.settle_for = 5s;
    settings.log = [&log_lines](const std::string& line) { log_lines.push_back(line); };
    return settings;
}

WatchedWorld::WatchedWorld(bool has_oracle,
                           OracleMode mode,
                           const std::vector<std::string>& notes,
                           double lambda_notes,
                           const std::string& calibrated_for) {
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

WatchedWorld::~WatchedWorld() {
    context_.reset();
}

Change WatchedWorld::deploy() const {
    Change change;
    change.service = ServiceId("payments");
    change.from = VersionId("v1");
    change.to = VersionId("v2");
    change.is_first_hand = true;
    change.at = world.now;
    return change;
}

void WatchedWorld::check(bool is_well) {
    processes.check_next = is_well;
    clock.run_for(1s);
}

std::optional<Proposal> WatchedWorld::proposal_about(SymptomKind kind, Duration span) {
    const auto is_it = [&](const Proposal& proposal) { return proposal.symptom.kind == kind; };
    clock.run_until([&] { return std::ranges::any_of(door.proposals, is_it); }, span);
    const auto found = std::ranges::find_if(door.proposals, is_it);
    return found == door.proposals.end() ? std::nullopt : std::optional(*found);
}

}  // namespace homeostat::heal
