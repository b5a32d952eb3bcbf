#include "homeostat/advise/past.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::advise {

namespace {

Cause believed(const Diagnosis& diagnosis) {
    const auto heaviest = std::ranges::max_element(diagnosis.causes, {}, &Cause::weight);
    const bool is_believed = heaviest != diagnosis.causes.end() && heaviest->weight >= belief_min;
    return is_believed ? *heaviest : Cause{};
}

void note_proposal(PastIncident& incident, const Entry& entry) {
    if (Result<Proposal> proposal = from_json<Proposal>(entry.body)) {
        incident.service = std::move(proposal->service);
        incident.symptom = std::move(proposal->symptom);
        incident.cause = believed(proposal->diagnosis);
    }
}

void note_proof(PastIncident& incident, const Entry& entry) {
    const Result<ProofBody> body = from_json<ProofBody>(entry.body);
    if (body && body->proof.kind == ProofKind::helped) {
        incident.helped.push_back(kind_of(body->remedy));
    }
}

void note_entry(Past& past, const Entry& entry, WallTime at) {
    const auto found = past.open.find(entry.incident);
    if (found == past.open.end()) {
        return;
    }
    if (entry.kind == EntryKind::opened || entry.kind == EntryKind::proposed) {
        note_proposal(found->second, entry);
    } else if (entry.kind == EntryKind::proof) {
        note_proof(found->second, entry);
    } else if (entry.kind == EntryKind::closed) {
        found->second.closed_at = at;
        past.closed.push_back(std::move(found->second));
        past.open.erase(found);
    }
}

/// A person had something taken back: no symptom opened it, and no cause came again.
bool is_order(const Entry& entry) {
    const Result<Proposal> proposal = from_json<Proposal>(entry.body);
    return proposal && proposal->undoes;
}

}  // namespace

void note(Past& past, const EntryGroup& group, std::optional<WallTime> since) {
    for (const Entry& entry : group.entries) {
        const bool is_counted = entry.kind == EntryKind::opened && !is_order(entry);
        if (is_counted && (!since || group.wall_at >= *since)) {
            past.open[entry.incident] =
                PastIncident{.incident = entry.incident, .opened_at = group.wall_at};
        }
        note_entry(past, entry, group.wall_at);
    }
}

}  // namespace homeostat::advise
