// What the executor asks of the world: facts, effects, fresh samples, neighbours' words, and what
// it watches by itself; what it does about parked incidents.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/heal/facts_merge.hpp"
#include "homeostat/heal/healing_drains.hpp"
#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <utility>

namespace homeostat::heal {

namespace {

namespace asio = boost::asio;

constexpr Duration edge_watch_every = std::chrono::seconds{1};
/// Looks 5 s back: further than detection takes.
constexpr std::size_t edge_watch_samples_max = 5;
constexpr Duration verify_every = std::chrono::milliseconds{50};
constexpr Duration own_delay = std::chrono::milliseconds{100};
/// Whoever stood still for longer between a permit and its effect has slept through what the permit
/// was given by. A disk that is slow to take an intent needs less.
constexpr Duration permit_for_max = std::chrono::seconds{10};

void note_counters(std::list<EdgeCounters>& samples, const EdgeCounters& counters) {
    const bool has_restarted =
        !samples.empty() && (counters.errors_total < samples.back().errors_total ||
                             counters.requests_total < samples.back().requests_total);
    if (has_restarted) {
        samples.clear();  // The proxy was started again and counts from zero.
    }
    samples.push_back(counters);
    if (samples.size() > edge_watch_samples_max) {
        samples.pop_front();
    }
}

/// What an earlier look found that something else has overtaken, a proposal for instance: it would
/// tell of a world in which the latest effect has not happened yet.
template <class Incoming>
void drop_looks(std::deque<Incoming>& inbox) {
    std::erase_if(inbox, [](const auto& incoming) {
        const auto* told = std::get_if<graph::Tell<Incident>>(&incoming.input);
        return told != nullptr && std::holds_alternative<FactsRead>(told->message);
    });
}

/// Longer than a remedy, its undo and the looks at both take: a place that ends while its remedy is
/// in hand lets one more begin. An agent that died holds its place for as long.
Duration place_for(const ExecutorSettings& settings) {
    return 2 * settings.plan_for_max + std::chrono::minutes{4};
}

/// That nothing runs there is the actuator's own precondition: no old fact lets it take any away.
bool starts_dead(const Step& step) {
    const auto* replace = std::get_if<Replace>(&step);
    return replace != nullptr && replace->expected.is_none();
}

/// Its remedy takes instances out that serve, or may.
bool takes_capacity(const IncidentState& state) {
    const Remedy& remedy = state.plan ? state.plan->remedy : state.proposal.choice.remedy;
    const bool starts_dead = !state.is_undo && is_reflex(state.proposal.symptom, remedy) &&
                             std::holds_alternative<Restart>(remedy);
    return removes_capacity(remedy) && !starts_dead;
}

}  // namespace

Task<void> ExecutorRole::carry_out(Slot& slot, HealingCommand asked, Instant decided_at) {
    graph::Tell<Incident> reply{Notified{}, asked.task, asked.attempt};
    if (auto* perform_command = std::get_if<Perform>(&asked.command)) {
        const EffectId effect = perform_command->request.effect();
        Outcome outcome = co_await perform(std::move(perform_command->request), decided_at);
        reply.message = Performed{effect, std::move(outcome)};
    } else if (const auto* verify_command = std::get_if<Verify>(&asked.command)) {
        Proof proof = co_await verify(verify_command->symptom);
        reply.message = Verified{std::move(proof)};
    } else if (const auto* notify = std::get_if<Notify>(&asked.command)) {
        settings_.notify(notify->text);
    } else {
        ReadFacts wanted = std::get<ReadFacts>(std::move(asked.command));
        Facts facts = co_await read_facts(slot, std::move(wanted));
        drop_looks(slot.inbox);
        reply.message = FactsRead{std::move(facts)};
    }
    slot.inbox.push_back({std::move(reply)});
}

void ExecutorRole::consult(ports::Neighbours& neighbours) {
    ports_.neighbours = &neighbours;
    around_.asks_neighbours = true;
}

/// Others' words first: what they take to answer must not make the facts old.
Task<Facts> ExecutorRole::read_facts(Slot& slot, ReadFacts asked) {
    std::optional<std::vector<NeighbourWord>> words;
    if (asked.asks_neighbours && ports_.neighbours != nullptr) {
        IncidentId of(slot.thread.id);
        words = co_await ports_.neighbours->ask(std::move(of));
    }
    std::optional<Confirmations> confirmations;
    if (!asked.confirmed_by.empty()) {
        slot.decided_in = slot.decided_in ? slot.decided_in : outside_.ledger_end();
        confirmations = co_await outside_.await(slot.decided_in, std::move(asked.confirmed_by));
    }
    std::optional<FleetWord> fleet;
    if (!asked.place.empty() && settings_.guard.fleet) {
        FleetAsk ask{std::move(asked.place), *settings_.guard.fleet, place_for(settings_)};
        fleet = co_await outside_.take(std::move(ask));
        slot.place = fleet->says == FleetSays::granted ? fleet : slot.place;
    }
    const Proposal& proposal = incident_of(slot.thread).proposal;
    std::vector<Subject> about = subjects_of(proposal.symptom, proposal.choice.remedy);
    Facts facts = co_await gather(false, std::move(about));
    facts.neighbours = std::move(words);
    facts.confirmations = std::move(confirmations);
    facts.fleet = std::move(fleet);
    co_return facts;
}

/// What was agreed with others outside is for the remedy that is about to begin or in hand. One
/// that has begun counts for the fleet's window.
void ExecutorRole::leave_outside(Slot& slot) {
    const std::string node = node_of(slot.thread);
    if (node != "act") {
        slot.decided_in.reset();  // What is decided next stands in a later group.
    }
    const bool is_in_use = node == "act" || node == "verify" || node == "undo";
    if (is_in_use || !slot.place) {
        return;
    }
    const bool was_used = history_.is_effect_known(slot.place->place);
    asio::co_spawn(strand_, outside_.give_back(*std::move(slot.place), was_used), asio::detached);
    slot.place.reset();
}

void ExecutorRole::tell_neighbours() const {
    if (ports_.neighbours == nullptr) {
        return;
    }
    CapacityWork work = CapacityWork::none;
    for (const auto& [id, slot] : slots_) {
        const std::string node = node_of(slot->thread);
        const bool is_at_work = node == "act" || node == "verify";
        if (is_at_work && takes_capacity(incident_of(slot->thread))) {
            const bool is_taking = node == "act" || work == CapacityWork::taking;
            work = is_taking ? CapacityWork::taking : CapacityWork::proving;
        }
    }
    ports_.neighbours->note(work);
}

Task<Facts> ExecutorRole::read_facts() {
    return gather(false, {});
}

Task<Facts> ExecutorRole::glance() {
    return gather(true, {});
}

/// What counts where a symptom of those subjects is dealt with; none: all that there is.
Task<Facts> ExecutorRole::gather(bool is_glance, std::vector<Subject> about) {
    std::vector<Result<FactsPart>> parts;
    // As old as the oldest of what follows: guard lets nobody act on a view of long ago.
    const Instant began_at = ports_.clock.now();
    for (ports::Actuator* actuator : ports_.actuators) {
        const auto is_of_it = [&](const Subject& subject) { return actuator->is_about(subject); };
        if (!about.empty() && std::ranges::none_of(about, is_of_it)) {
            continue;
        }
        const Instant deadline = ports_.clock.now() + settings_.read_for_max;
        Task<Result<FactsPart>> asked =
            is_glance ? calls_.glance(*actuator, deadline) : calls_.read(*actuator, deadline);
        Result<FactsPart> part = co_await std::move(asked);
        parts.push_back(std::move(part));
    }
    Facts facts = merge_facts(settings_.inventory, parts, began_at);
    facts.is_suspended = ports_.kill_switch.is_engaged();
    if (facts.is_suspended && settings_.suspended_because) {
        facts.suspended_because = record::words_of_person(settings_.suspended_because());
    }
    for (const Artifact artifact : artifacts_all) {
        VersionFacts& versions = facts.versions[artifact];
        std::ranges::copy_if(versions_good_[artifact], std::back_inserter(versions.good),
                             [&](const VersionId& version) {
                                 return std::ranges::find(versions.present, version) !=
                                        versions.present.end();
                             });
    }
    co_return facts;
}

Task<Outcome> ExecutorRole::perform(Request request, Instant decided_at) {
    // The facts are older than the turn of this thread and the write of its intent: whoever has
    // suspended us since was told that no effect begins (tests/models/kill_switch.pml).
    if (ports_.kill_switch.is_engaged()) {
        co_return Outcome{OutcomeKind::refused, "Homeostat is suspended"};
    }
    const bool is_stale = ports_.clock.now() - decided_at > permit_for_max;
    if (is_stale && !starts_dead(request.step())) {
        co_return Outcome{OutcomeKind::refused, "it was permitted too long ago"};
    }
    for (ports::Actuator* actuator : ports_.actuators) {
        if (actuator->performs(request.step())) {
            const Duration takes_max =
                actuator->performs_for_max(request.step()).value_or(settings_.perform_for_max);
            const Instant deadline = ports_.clock.now() + takes_max;
            Outcome outcome = co_await calls_.perform(*actuator, std::move(request), deadline);
            co_return outcome;
        }
    }
    co_return Outcome{OutcomeKind::refused, "no actuator performs this step"};
}

Task<Proof> ExecutorRole::verify(Symptom symptom) {
    sense::State sense_state;
    verify::State verify_state;
    verify_state.ended_at = ports_.clock.now();
    std::vector<Instant> due(ports_.verifiers.size(), ports_.clock.now());
    Proof proof;
    while (proof.kind == ProofKind::undecided && !is_stopping_) {
        std::vector<Signal> signals;
        for (std::size_t index = 0; index < ports_.verifiers.size(); ++index) {
            ports::Telemetry& source = *ports_.verifiers[index];
            const Instant now = ports_.clock.now();
            if (now < due[index] || !source.is_about(symptom.subject)) {
                continue;
            }
            due[index] = now + source.interval();
            // As patient as the source is, which is asked a moment later (agent_role.cpp).
            const Instant until =
                now + std::max(settings_.read_for_max, source.interval() + own_delay);
            const Result<std::vector<Reading>> readings = co_await calls_.read(source, until);
            if (readings) {
                const Instant read_at = ports_.clock.now();
                std::vector<Signal> fresh = sense::signals_of(sense_state, *readings, read_at);
                std::ranges::move(fresh, std::back_inserter(signals));
            }
        }
        const Instant judged_at = ports_.clock.now();
        proof = verify::judge(verify_state, symptom, signals, settings_.verify, judged_at);
        if (proof.kind == ProofKind::undecided) {
            co_await ports_.clock.sleep_until(judged_at + verify_every);
        }
    }
    co_return proof;
}

// The executor's own count of requests, from before an incident: what guard compares with when a
// proposal says that requests fail, or probes say that much is dead.
EdgeCounters ExecutorRole::edge_counters_before() const {
    return edge_counters_.empty() ? EdgeCounters{} : edge_counters_.front();
}

Task<void> ExecutorRole::watch_edge() {
    // Those that have answered with something else are not asked again.
    std::vector<ports::Actuator*> edges = ports_.actuators;
    while (!is_stopping_) {
        std::vector<ports::Actuator*> others;
        for (ports::Actuator* actuator : edges) {
            const Instant now = ports_.clock.now();
            const Result<FactsPart> part =
                co_await calls_.glance(*actuator, now + settings_.read_for_max);
            const EdgeFacts* edge = part ? std::get_if<EdgeFacts>(&*part) : nullptr;
            if (edge != nullptr) {
                note_counters(edge_counters_, edge->counters);
            } else if (part) {
                others.push_back(actuator);
            }
        }
        std::erase_if(edges, [&](const ports::Actuator* one) {
            return std::ranges::find(others, one) != others.end();
        });
        co_await ports_.clock.sleep_until(ports_.clock.now() + edge_watch_every);
    }
}

/// Records that the artifact's current version is good once it has served for long enough.
Task<void> ExecutorRole::prove(Artifact artifact, const Facts& facts, Instant now) {
    VersionProving& proving = provings_[artifact];
    const VersionId& current = facts.versions[artifact].current;
    // A link that has moved ahead of the processes says nothing of how the version serves.
    const bool is_everywhere =
        !is_started_with(artifact) ||
        std::ranges::all_of(facts.instances, [&](const InstanceFacts& instance) {
            return instance.runtime.version_of(artifact) == current;
        });
    const bool is_disturbed = !slots_.empty() || current != proving.version || !is_everywhere ||
                              serving_count(facts) < facts.instances.size();
    if (is_disturbed) {
        proving = {current, now};
    }
    const Duration served_for = now - proving.since;
    if (current.empty() || served_for < settings_.proof_time ||
        versions_good_[artifact].contains(current)) {
        co_return;
    }
    std::vector<Entry> entries{record::good(GoodBody{current, served_for, artifact})};
    (void)co_await append(std::move(entries), ports::Durability::synced);
}

bool ExecutorRole::has_parked_effects() const {
    return std::ranges::any_of(slots_, [this](const auto& entry) {
        const guard::IncidentMemory* memory = history_.find(IncidentId(entry.first));
        return memory != nullptr && !memory->effects_open.empty() &&
               node_of(entry.second->thread) == "parked";
    });
}

/// Writes what became of the latest effects of parked incidents: for as long as that is not known,
/// guard lets nothing else be done beside them. A look, and no effect.
Task<void> ExecutorRole::read_back_parked(Facts facts) {
    std::vector<Entry> entries;
    for (const auto& [id, slot] : slots_) {
        const guard::IncidentMemory* memory = history_.find(IncidentId(id));
        // What was read before its latest step may be older than the effect.
        const bool tells = facts.is_complete && facts.read_at > slot->written_at;
        if (memory == nullptr || !tells || slot->is_pumping || node_of(slot->thread) != "parked") {
            continue;
        }
        const std::optional<PendingEffect>& pending = incident_of(slot->thread).pending;
        for (const EffectId& effect : memory->effects_open) {
            const bool is_known = pending && pending->effect == effect;
            Outcome outcome = is_known ? node::outcome_of(*pending, facts, history_)
                                       : Outcome{OutcomeKind::unknown, "what it was is not known"};
            entries.push_back(
                record::outcome(IncidentId(id), OutcomeBody{effect, std::move(outcome), true}));
        }
    }
    if (!entries.empty()) {
        (void)co_await append(std::move(entries), ports::Durability::synced);
    }
}

Task<Instant> ExecutorRole::prove_versions_once() {
    Task<Facts> looked = has_parked_effects() ? read_facts() : glance();
    const Facts facts = co_await std::move(looked);
    co_await read_back_parked(facts);
    const Instant now = ports_.clock.now();
    for (const Artifact artifact : artifacts_all) {
        co_await prove(artifact, facts, now);
    }
    co_return now;
}

/// What was read is let go before it sleeps, as it does nearly always.
Task<void> ExecutorRole::prove_versions() {
    while (!is_stopping_) {
        const Instant looked_at = co_await prove_versions_once();
        co_await ports_.clock.sleep_until(looked_at + settings_.look_every);
    }
}

}  // namespace homeostat::heal
