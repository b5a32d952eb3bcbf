#include "homeostat/sim/run/lab_process.hpp"

#include "homeostat/base/ensure.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>

namespace homeostat::sim {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Far more than a superstep of all incidents at once. More is a loop that waits for nothing.
constexpr std::uint64_t steps_per_instant_max = 200'000;

heal::ExecutorSettings executor_settings(Machine& machine) {
    heal::ExecutorSettings settings;
    settings.inventory = machine.declared().inventory;
    settings.guard = machine.options().limits;
    settings.started.version = "lab";
    settings.started.service = settings.inventory.service;
    settings.boot_id = machine.boot_id();
    settings.proof_time = 10s;  // Faults begin after 20 s.
    settings.drain_for_max = 10s;
    settings.refusal_for_max = 60s;
    settings.plan_for_max = 180s;
    settings.rejudge_for_max = 15s;
    settings.question_for_max = 60s;
    settings.hold_for_max = 60s;
    settings.perform_for_max = 5s;
    settings.read_for_max = 1s;
    settings.notify = [&machine](const std::string& text) { machine.notify(text); };
    return settings;
}

template <class T>
const T& pick(Rng& rng, const std::vector<T>& all) {
    return all.at(static_cast<std::size_t>(rng.between(0, std::ssize(all) - 1)));
}

Remedy forged_remedy(Rng& rng, const Inventory& there) {
    std::vector<InstanceId> instances = there.instances;
    instances.emplace_back("nobody-9");
    std::vector<ServiceId> neighbours = there.neighbours;
    neighbours.push_back(there.service);
    std::vector<CacheId> caches = there.caches;
    caches.emplace_back("*");
    switch (rng.between(0, 8)) {
        case 0:
            return Restart{pick(rng, instances)};
        case 1:
            return RollingRestart{there.service};
        case 2:
            return Eject{pick(rng, instances)};
        case 3:
            return Readmit{pick(rng, instances)};
        case 4:
            return OpenCircuit{pick(rng, neighbours)};
        case 5:
            return InvalidateCache{pick(rng, caches)};
        case 6:
            return Reroute{pick(rng, caches)};
        case 7:
            return Scale{there.service, 3, static_cast<std::uint32_t>(rng.between(0, 40))};
        default:
            return Rollback{there.service, VersionId("v2"), VersionId("v1"),
                            rng.between(0, 1) == 0 ? Artifact::deploy : Artifact::config};
    }
}

Symptom forged_symptom(Rng& rng, const Inventory& there, Instant now) {
    Symptom symptom;
    symptom.kind = static_cast<SymptomKind>(rng.between(0, 4));
    const bool is_of_one = rng.between(0, 1) == 0;
    symptom.subject = is_of_one ? Subject{SubjectKind::instance, pick(rng, there.instances).text()}
                                : Subject{SubjectKind::service, there.service.text()};
    symptom.observer = static_cast<Observer>(rng.between(0, 4));
    symptom.value = 1;
    symptom.began_at = now - 3s;
    symptom.noticed_at = now;
    return symptom;
}

/// What makes sense to whoever believes the probes alone: one instance is silent, so restart it.
void forge_on_silence(Rng& rng, const Inventory& there, Proposal& proposal) {
    const InstanceId silent = pick(rng, there.instances);
    proposal.symptom.kind = SymptomKind::instance_not_answering;
    proposal.symptom.subject = {SubjectKind::instance, silent.text()};
    if (rng.between(0, 1) == 0) {
        proposal.choice.remedy = Restart{silent};
    } else {
        proposal.choice.remedy = Eject{silent};
    }
}

}  // namespace

LabProcess::LabProcess(Machine& machine)
    : machine_(machine),
      context_(std::make_unique<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE)),
      clock_(machine, *context_),
      ledger_(machine, clock_),
      kill_switch_(machine),
      runtime_(machine, clock_, Part::runtime),
      edge_(machine, clock_, Part::edge),
      caches_(machine, clock_, Part::caches),
      oracle_(machine, clock_) {}

LabProcess::~LabProcess() {
    clock_.forget_all();
    context_.reset();  // Ends what waits while all that it names is there.
}

void LabProcess::add_source(std::vector<ports::Telemetry*>& sources,
                            Way way,
                            std::string name,
                            Duration interval,
                            LabSource::Look look) {
    owned_.push_back(std::make_unique<LabSource>(
        machine_, clock_, LabSource::Kind{way, std::move(name), interval}, std::move(look)));
    sources.push_back(owned_.back().get());
}

LabSource::Look LabProcess::versions_look(Artifact artifact) {
    return [this, artifact, known = executor_->version_last_seen(artifact)] mutable {
        std::vector<Reading> readings;
        World& world = machine_.world();
        const ServiceIndex service = machine_.declared().service;
        const VersionId current = world.service(service).current[artifact];
        const VersionId before = std::exchange(known, current);
        if (before.empty() || before == current) {
            return readings;
        }
        Change change;
        change.kind = artifact == Artifact::config ? ChangeKind::config : ChangeKind::deploy;
        change.service = machine_.declared().inventory.service;
        change.from = before;
        change.to = current;
        change.is_first_hand = true;
        change.at = machine_.told_now();
        for (const VersionChange& swap : world.version_changes()) {
            if (swap.service == service && swap.artifact == artifact && swap.to == current) {
                change.reference = swap.effect.text();
                change.at = machine_.told(world.instant_of(swap.at));
            }
        }
        readings.emplace_back(ChangeReading{std::move(change)});
        return readings;
    };
}

void LabProcess::make_sources() {
    add_source(sources_, Way::processes, "processes", 250ms,
               [this] { return read_processes(machine_); });
    for (const Artifact artifact : artifacts_started) {
        add_source(sources_, Way::runtime, artifact == Artifact::config ? "configs" : "versions",
                   250ms, versions_look(artifact));
    }
    for (ReplicaIndex replica = machine_.declared().first; replica < machine_.declared().end;
         ++replica) {
        add_source(sources_, Way::probes,
                   "probe " + machine_.world().topology().instance_of(replica).text(), 500ms,
                   [this, replica] { return read_probe(machine_, replica); });
    }
    add_source(sources_, Way::counters, "edge", 250ms, [this] { return read_counters(machine_); });
    if (!machine_.declared().caches.empty()) {
        add_source(sources_, Way::caches, "caches", 500ms,
                   [this] { return read_copies(machine_, Observer::cache); });
    }
}

void LabProcess::make_verifiers() {
    add_source(verifiers_, Way::processes, "processes", 250ms,
               [this] { return read_processes(machine_); });
    add_source(verifiers_, Way::probes, "probes", 500ms, [this] {
        std::vector<Reading> all;
        for (ReplicaIndex replica = machine_.declared().first; replica < machine_.declared().end;
             ++replica) {
            std::ranges::move(read_probe(machine_, replica), std::back_inserter(all));
        }
        return all;
    });
    add_source(verifiers_, Way::counters, "edge", 250ms,
               [this] { return read_counters(machine_); });
    add_source(verifiers_, Way::edge, "journey", 100ms, [this] { return read_journey(machine_); });
    if (!machine_.declared().caches.empty()) {
        add_source(verifiers_, Way::caches, "copies for readers", 100ms,
                   [this] { return read_copies(machine_, Observer::journey); });
        add_source(verifiers_, Way::caches, "copies", 500ms,
                   [this] { return read_copies(machine_, Observer::cache); });
    }
}

void LabProcess::make_executor() {
    std::vector<ports::Actuator*> actuators{&runtime_, &edge_};
    if (!machine_.declared().caches.empty()) {
        actuators.push_back(&caches_);
    }
    heal::ExecutorPorts ports{clock_, ledger_, kill_switch_, std::move(actuators), verifiers_};
    executor_ = std::make_unique<heal::ExecutorRole>(context_->get_executor(), std::move(ports),
                                                     executor_settings(machine_));
}

void LabProcess::make_agent() {
    const Options& options = machine_.options();
    heal::AgentSettings settings;
    settings.judge.inventory = machine_.declared().inventory;
    settings.judge.changes = executor_->changes_before();
    settings.judge.detect.slow.goal_ms = options.topology.traffic.front().slow_ms;
    settings.decide.mode = options.model == ModelKind::none ? OracleMode::rules : OracleMode::both;
    settings.decide.calibration =
        decide::Calibration{lab_model_name(), lab_prompt_digest(), decide::lambda_max};
    settings.model_for_max = 1500ms;
    settings.settle_for = 5s;
    settings.log = [this](const std::string& text) { machine_.say("log: " + text); };
    const bool has_model = options.model != ModelKind::none;
    heal::AgentPorts ports{clock_, *executor_, has_model ? &oracle_ : nullptr, sources_};
    agent_ = std::make_unique<heal::AgentRole>(context_->get_executor(), std::move(ports),
                                               std::move(settings));
}

Result<void> LabProcess::start() {
    make_verifiers();
    make_executor();
    if (Result<void> recovered = executor_->recover(); !recovered) {
        return recovered;
    }
    make_sources();
    make_agent();
    asio::co_spawn(*context_, executor_->run(), asio::detached);
    asio::co_spawn(*context_, agent_->run(), asio::detached);
    if (machine_.options().person != PersonKind::absent) {
        asio::co_spawn(*context_, answer_questions(), asio::detached);
    }
    if (machine_.options().model == ModelKind::demon && !machine_.options().is_quiet) {
        asio::co_spawn(*context_, forge(), asio::detached);
    }
    return {};
}

Task<void> LabProcess::forge() {
    Rng& rng = machine_.ports_rng();
    const Inventory& there = machine_.declared().inventory;
    while (true) {
        const Duration in = machine_.draw_duration(1s, 9s);
        co_await clock_.sleep_until(clock_.now() + in);
        if (!machine_.is_chaos()) {
            co_return;
        }
        Proposal proposal;
        proposal.service = there.service;
        proposal.symptom = forged_symptom(rng, there, clock_.now());
        proposal.choice.remedy = forged_remedy(rng, there);
        if (rng.between(0, 2) == 0) {
            forge_on_silence(rng, there, proposal);
        }
        proposal.choice.confidence = 1;
        proposal.menu.items.push_back({proposal.choice.remedy, 1, "so says the demon"});
        proposal.diagnosis.causes.emplace_back();
        proposal.judged_at = clock_.now();
        machine_.say("demon proposes " + describe(proposal.choice.remedy));
        const Result<Standing> taken = co_await executor_->submit(std::move(proposal));
        machine_.trace().reached(taken ? "forged proposal taken" : "forged proposal refused");
    }
}

Task<void> LabProcess::answer_questions() {
    constexpr Duration look_every = 1s;
    std::set<std::string> seen;
    while (true) {
        co_await clock_.sleep_until(clock_.now() + look_every);
        for (const heal::IncidentView& view : executor_->incidents()) {
            if (view.question && seen.insert(view.question->id).second) {
                asio::co_spawn(*context_, answer_one(view.incident, view.question->id),
                               asio::detached);
            }
        }
    }
}

Task<void> LabProcess::answer_one(IncidentId incident, std::string question) {
    const PersonKind person = machine_.options().person;
    const bool is_slow = person == PersonKind::slow;  // Some come after their time is up.
    const Duration in = is_slow ? machine_.draw_duration(20s, 80s) : machine_.draw_duration(1s, 8s);
    co_await clock_.sleep_until(clock_.now() + in);
    const bool is_yes =
        person != PersonKind::wrong || machine_.draw_duration(Duration{0}, Duration{1}) == 0ns;
    const heal::AnswerKind kind = is_yes ? heal::AnswerKind::approved : heal::AnswerKind::denied;
    machine_.say("person " + std::string(to_text(kind)) + " what " + incident.text() + " asks");
    machine_.referee().see_answer(incident, is_yes);
    const heal::Answer answer{kind, question, "person", ""};
    const Result<void> heard = co_await executor_->answer(incident, answer);
    machine_.trace().reached(heard ? is_yes ? "person approved" : "person denied"
                                   : "an answer was refused");
    const Result<void> again = co_await executor_->answer(incident, answer);
    if (heard && again) {
        machine_.referee().see_second_answer(incident);
    }
}

bool LabProcess::take_step(std::optional<std::uint64_t>& steps_left) {
    if (machine_.is_paused() || context_->poll_one() == 0) {
        return false;
    }
    steps_count_ += 1;
    if (steps_left) {
        *steps_left -= 1;
    }
    if (const std::optional<std::uint64_t> death = machine_.take_death(); death) {
        steps_left = steps_left ? std::min(*steps_left, *death) : *death;
    }
    return true;
}

bool LabProcess::pass_towards(Instant at) {
    if (machine_.is_paused() && machine_.now() < at) {
        machine_.trace().reached("paused");
        machine_.pass_until(std::min(at, machine_.now() + tick_length));
        return true;
    }
    const Instant next = clock_.next().value_or(Instant::max());
    if (next > at) {
        machine_.pass_until(at);
        return false;
    }
    machine_.pass_until(std::max(next, machine_.now()));
    clock_.wake_first();
    return true;
}

bool LabProcess::live_until(Instant at, std::optional<std::uint64_t> steps_left) {
    std::uint64_t steps_at_once = 0;
    while (steps_left != 0U) {
        context_->restart();
        if (take_step(steps_left)) {
            steps_at_once += 1;
            ensure(steps_at_once < steps_per_instant_max, "work ends without time passing");
        } else if (pass_towards(at)) {
            steps_at_once = 0;
        } else {
            return true;
        }
    }
    return false;
}

}  // namespace homeostat::sim
