#include "homeostat/heal/open_incidents.hpp"

#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/graph/stored_commit.hpp"
#include "homeostat/record/record.hpp"

#include <optional>
#include <utility>

namespace homeostat::heal {

namespace {

template <class Body>
std::optional<Body> body_of(const Entry& entry, EntryKind kind) {
    if (entry.kind != kind) {
        return std::nullopt;
    }
    Result<Body> body = from_json<Body>(entry.body);
    return body ? std::optional(std::move(*body)) : std::nullopt;
}

void learn_effect(IncidentState& state, IntentBody intent) {
    if (!intent.is_undo && (state.tried.empty() || state.tried.back() != intent.remedy)) {
        state.tried.push_back(intent.remedy);
    }
    state.pending = PendingEffect{std::move(intent.effect), std::move(intent.step)};
}

/// An incident whose thread nobody can read: what was begun, what may be in force.
void learn_of(IncidentState& state, const Entry& entry, Instant at) {
    if (auto opened = body_of<Proposal>(entry, EntryKind::opened)) {
        state.proposal = std::move(*opened);
        state.opened_at = state.node_since = at;
    } else if (auto proposed = body_of<Proposal>(entry, EntryKind::proposed)) {
        state.proposal = std::move(*proposed);
    } else if (auto intent = body_of<IntentBody>(entry, EntryKind::intent)) {
        learn_effect(state, std::move(*intent));
    } else if (const auto outcome = body_of<OutcomeBody>(entry, EntryKind::outcome)) {
        const bool is_known =
            outcome->outcome.kind != OutcomeKind::unknown || outcome->is_read_back;
        if (is_known && state.pending && state.pending->effect == outcome->effect) {
            state.pending.reset();
        }
    } else if (const auto held = body_of<HeldBody>(entry, EntryKind::held)) {
        state.held = act::Held{held->remedy, at, held->until};
    } else if (const auto proof = body_of<ProofBody>(entry, EntryKind::proof)) {
        if (state.held && inverse_of(state.held->remedy) == proof->remedy) {
            state.held.reset();
        }
    }
}

bool is_readable(const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::opened:
            return from_json<Proposal>(entry.body).has_value();
        case EntryKind::intent:
            return from_json<IntentBody>(entry.body).has_value();
        case EntryKind::held:
            return from_json<HeldBody>(entry.body).has_value();
        default:
            return true;  // The others begin nothing.
    }
}

/// As the entry has it that tells of it: without secrets, and no longer than an entry may be.
std::string as_escalated(const std::string& trouble) {
    const Entry entry = record::escalated(IncidentId{}, {"parked: " + trouble});
    const Result<EscalatedBody> body = from_json<EscalatedBody>(entry.body);
    return body ? body->because : std::string();
}

std::string trouble_of(const IncidentState& state, const std::string& because) {
    std::string text = "what it had come to cannot be read (" + because + "); " +
                       std::string(to_text(state.proposal.symptom.kind)) + " of " +
                       state.proposal.symptom.subject.name;
    for (const Remedy& remedy : state.tried) {
        text += "; begun: " + describe(remedy);
    }
    if (state.held) {
        text += "; in force as far as is known: " + describe(state.held->remedy);
    }
    if (state.pending) {
        text += "; of unknown fate: " + state.pending->effect.text() + ", " +
                describe(state.pending->step);
    }
    return text + ". Nothing of it is repeated or taken back";
}

}  // namespace

void OpenIncidents::learn(const Entry& entry, Instant at) {
    const std::string& id = entry.incident.text();
    if (id.empty() || closed_.contains(id)) {
        return;
    }
    if (entry.kind == EntryKind::closed) {
        closed_.insert(id);
        known_.erase(id);
        return;
    }
    Known& known = known_[id];
    known.state.id = entry.incident;
    learn_progress(known, entry);
    if (entry.kind == EntryKind::checkpoint) {
        learn_commit(known, entry);
    } else if (const auto escalated = body_of<EscalatedBody>(entry, EntryKind::escalated)) {
        known.escalated_last = escalated->because;
    } else {
        learn_of(known.state, entry, at);
    }
}

void OpenIncidents::learn_progress(Known& known, const Entry& entry) {
    known.is_unclear = known.is_unclear || !is_readable(entry);
    if (entry.kind == EntryKind::intent) {
        known.is_begun = true;
    } else if (entry.kind == EntryKind::proposed) {
        known.is_begun = false;  // None is taken before what was begun is over: an undo as well.
    } else if (const auto proof = body_of<ProofBody>(entry, EntryKind::proof)) {
        known.is_begun = known.is_begun && proof->proof.kind == ProofKind::undecided;
    }
}

void OpenIncidents::learn_commit(Known& known, const Entry& entry) {
    Result<graph::Commit> commit = graph::from_stored(entry.body);
    if (!commit) {
        known.trouble = commit.error().text;
        return;
    }
    if (commit->is_snapshot) {
        known.commits.clear();
        known.trouble.clear();
    }
    known.commits.push_back(std::move(*commit));
}

RecoveredThread OpenIncidents::thread_of(const std::string& id,
                                         const Known& known,
                                         const HealingGraph& graph) {
    Result<HealingThread> thread =
        known.trouble.empty() ? graph.load(known.commits) : fail(Fault::corrupt, known.trouble);
    const bool is_half_way = known.is_begun || known.is_unclear;
    if (thread) {
        return {std::move(*thread), true, true, false};  // Its own state says what is half-way.
    }
    RecoveredThread parked{{}, false, false, is_half_way};
    parked.thread.id = id;
    parked.thread.state.incident = known.state;
    parked.thread.progress.status = graph::ThreadStatus::parked;
    parked.thread.progress.trouble = trouble_of(known.state, thread.error().text);
    parked.is_told = known.escalated_last == as_escalated(parked.thread.progress.trouble);
    return parked;
}

std::map<std::string, RecoveredThread> OpenIncidents::threads(const HealingGraph& graph) const {
    std::map<std::string, RecoveredThread> threads;
    for (const auto& [id, known] : known_) {
        threads.emplace(id, thread_of(id, known, graph));
    }
    return threads;
}

}  // namespace homeostat::heal
