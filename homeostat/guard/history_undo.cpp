// What History knows of what may be taken back: what is held, what was given back, what a person
// had undone.

#include "homeostat/base/fields.hpp"
#include "homeostat/guard/history.hpp"

#include <algorithm>

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

/// What a person has undone passes from the incident that did it to the one that undoes it: guard
/// lets an incident revert what it did last, and nobody reverts it twice.
void History::learn_undo(const Entry& entry, Instant at) {
    let_go(entry.incident);
    const Result<UndoBody> body = from_json<UndoBody>(entry.body);
    const auto done = body && body->undoes ? incidents_.find(*body->undoes) : incidents_.end();
    if (done == incidents_.end() || done->second.remedy_last != body->remedy) {
        return;
    }
    done->second.remedy_last.reset();
    done->second.undone_by = entry.incident;
    remember(entry.incident, at).remedy_last = body->remedy;
}

void History::learn_held(const Entry& entry) {
    const auto found = incidents_.find(entry.incident);
    const Result<HeldBody> body = from_json<HeldBody>(entry.body);
    // What it did not begin is not its to give back.
    if (found != incidents_.end() && body && found->second.remedy_last == body->remedy) {
        found->second.remedy_held = body->remedy;
    }
}

void History::learn_give_back(const Entry& entry, Instant at) {
    const Result<GivenBackBody> body = from_json<GivenBackBody>(entry.body);
    if (body && body->grounds) {
        see(body->grounds->facts, at);
    }
    let_go(entry.incident);
}

std::vector<IncidentId> History::undoable_since(Instant since) const {
    std::vector<IncidentId> found;
    for (const auto& [incident, memory] : incidents_) {
        const bool has_inverse = memory.remedy_last && inverse_of(*memory.remedy_last).has_value();
        if (memory.is_closed && memory.closed_at > since && has_inverse) {
            found.push_back(incident);
        }
    }
    return found;
}

}  // namespace homeostat::guard
