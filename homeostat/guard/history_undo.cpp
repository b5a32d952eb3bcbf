// What History knows of what may be taken back: what is held, what was given back, what a person
// had undone. And of how remedies stand: what was proven to help, and what may not act alone.

#include "homeostat/base/fields.hpp"
#include "homeostat/guard/history.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::guard {

void History::learn_symptom(const Entry& entry) {
    const auto found = incidents_.find(entry.incident);
    const json::value* symptom =
        entry.body.is_object() ? entry.body.get_object().if_contains("symptom") : nullptr;
    if (found == incidents_.end() || symptom == nullptr) {
        return;
    }
    Result<Symptom> read = from_json<Symptom>(*symptom);
    found->second.symptom = read ? std::optional(std::move(*read)) : std::nullopt;
}

/// What a person has undone passes to the incident that undoes it: guard lets an incident revert
/// what it did last.
void History::learn_undo(const Entry& entry, Instant at) {
    let_go(entry.incident);
    const Result<UndoBody> body = from_json<UndoBody>(entry.body);
    const auto done = body && body->undoes ? incidents_.find(*body->undoes) : incidents_.end();
    if (done == incidents_.end() || done->second.remedy_last != body->remedy) {
        return;
    }
    IncidentMemory& undoing = remember(entry.incident, at);
    undoing.remedy_last = body->remedy;
    undoing.undoes = body->undoes;
}

/// Only now is it gone from the one that did it, and nobody reverts it twice: an order that was
/// refused, or came too late, has taken nothing back and may be given again.
void History::learn_undone(const IncidentMemory& undoing, const IncidentId& by) {
    const auto done = undoing.undoes ? incidents_.find(*undoing.undoes) : incidents_.end();
    if (done == incidents_.end() || done->second.undone_by) {
        return;
    }
    done->second.remedy_last.reset();
    done->second.effects_last.clear();
    done->second.undone_by = by;
}

void History::learn_held(const Entry& entry) {
    const auto found = incidents_.find(entry.incident);
    const Result<HeldBody> body = from_json<HeldBody>(entry.body);
    // What it did not begin is not its to give back.
    if (found != incidents_.end() && body && found->second.remedy_last == body->remedy) {
        found->second.remedy_held = body->remedy;
    }
}

/// Whoever has ended it, the clock of an edge, a person or we: once the give-back of what was held
/// is proven nothing is left of it to take back.
void History::learn_proof(const Entry& entry, Instant at) {
    const Result<ProofBody> body = from_json<ProofBody>(entry.body);
    if (body && body->proof.kind != ProofKind::undecided) {
        let_go(entry.incident);
    }
    const auto found = incidents_.find(entry.incident);
    if (body && body->proof.kind == ProofKind::helped) {
        if (std::optional<Success> success = success_by(entry.incident, body->remedy, at)) {
            successes_.learn(*std::move(success));
        }
    }
    if (!body || found == incidents_.end() || !found->second.remedy_held ||
        inverse_of(*found->second.remedy_held) != body->remedy) {
        return;
    }
    IncidentMemory& memory = found->second;
    if (memory.remedy_last == memory.remedy_held) {
        memory.effects_last.clear();
    }
    memory.remedy_held.reset();
}

std::optional<Success> History::success_by(const IncidentId& incident,
                                           const Remedy& remedy,
                                           Instant proven_at) const {
    const IncidentMemory* memory = find(incident);
    // What is put back, and what came to nothing, has helped nobody.
    const bool has_done = memory != nullptr && memory->remedy_last == remedy &&
                          !memory->effects_last.empty() && memory->symptom;
    if (!has_done) {
        return std::nullopt;
    }
    Success success{.incident = incident,
                    .remedy = kind_of(remedy),
                    .of = {target_of(remedy), memory->symptom->kind},
                    .opened_at = memory->opened_at,
                    .proven_at = proven_at};
    if (const DeclaredTask* task = task_of(remedy)) {
        success.task = task->task;
    }
    return success;
}

void History::learn_standing(const Entry& entry) {
    demotions_.learn(entry);
    if (entry.kind == EntryKind::promoted) {
        if (const Result<PromotedBody> body = from_json<PromotedBody>(entry.body)) {
            successes_.learn(*body);
        }
    }
}

void History::learn_give_back(const Entry& entry, Instant at) {
    const Result<GivenBackBody> body = from_json<GivenBackBody>(entry.body);
    if (body && body->grounds) {
        see(body->grounds->facts, at);
    }
    let_go(entry.incident);
}

std::optional<IncidentId> History::holder_of(RemedyKind kind,
                                             const std::string& target,
                                             const IncidentId& except) const {
    const auto found = std::ranges::find_if(incidents_, [&](const auto& item) {
        const auto& [incident, memory] = item;
        return incident != except && !memory.is_closed && memory.remedy_held &&
               kind_of(*memory.remedy_held) == kind && target_of(*memory.remedy_held) == target;
    });
    return found == incidents_.end() ? std::nullopt : std::optional(found->first);
}

std::vector<IncidentId> History::undoable_since(Instant since) const {
    std::vector<IncidentId> found;
    for (const auto& [incident, memory] : incidents_) {
        const bool has_inverse = memory.remedy_last && inverse_of(*memory.remedy_last).has_value();
        const bool is_there = has_inverse && !memory.effects_last.empty();
        if (memory.is_closed && memory.closed_at > since && is_there) {
            found.push_back(incident);
        }
    }
    return found;
}

}  // namespace homeostat::guard
