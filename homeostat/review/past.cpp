#include "homeostat/review/past.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/dropped.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::review {

namespace {

/// A remedy that somebody else takes back is no longer tried; guard's rule says so by this name.
constexpr std::string_view taken_back_rule = "nobody else takes it back";

/// More would be a clock that was set, or a record that is not ours.
constexpr Duration noticed_within_max = std::chrono::hours{1};

WallTime wall_of(Instant at, const EntryGroup& group) {
    const Duration before = std::clamp(group.at - at, Duration{}, noticed_within_max);
    return group.wall_at - std::chrono::duration_cast<std::chrono::milliseconds>(before);
}

void note_proposal(PastIncident& incident, const Entry& entry, const EntryGroup& group) {
    Result<Proposal> proposal = from_json<Proposal>(entry.body);
    if (!proposal) {
        return;
    }
    if (entry.kind == EntryKind::opened) {
        incident.began_at = wall_of(proposal->symptom.began_at, group);
        incident.service = std::move(proposal->service);
        incident.symptom = std::move(proposal->symptom);
    }
    incident.named = std::move(proposal->choice.remedy);
}

void note_verdict(PastIncident& incident, const Entry& entry, WallTime at) {
    Result<VerdictBody> body = from_json<VerdictBody>(entry.body);
    if (!body) {
        return;
    }
    const Verdict& verdict = body->verdict;
    if (verdict.kind == VerdictKind::question &&
        (incident.asked.empty() || incident.asked.back().says ||
         incident.asked.back().remedy != body->remedy)) {
        incident.asked.push_back({body->remedy, std::nullopt});
    }
    incident.taken_back_count += verdict.rule == taken_back_rule ? 1 : 0;
    if (verdict.kind == VerdictKind::refusal && verdict.rule == autonomy_rule &&
        incident.attempts.empty()) {
        std::optional<Facts> before =
            body->grounds ? std::optional(std::move(body->grounds->facts)) : std::nullopt;
        incident.shadow = Shadow{std::move(body->remedy), at, std::move(before), {}, {}};
    }
}

void note_answer(PastIncident& incident, const Entry& entry) {
    const Result<AnsweredBody> body = from_json<AnsweredBody>(entry.body);
    if (!body || body->says == PersonSays::agreed_in_part) {
        return;  // A part of a yes is no answer yet.
    }
    if (incident.asked.empty() || incident.asked.back().remedy != body->remedy) {
        incident.asked.push_back({body->remedy, body->says});
    } else {
        incident.asked.back().says = body->says;
    }
}

void note_intent(PastIncident& incident, const Entry& entry, WallTime at) {
    const Result<IntentBody> body = from_json<IntentBody>(entry.body);
    if (!body || body->is_undo) {
        return;
    }
    incident.shadow.reset();
    const bool goes_on = !incident.attempts.empty() &&
                         incident.attempts.back().remedy == body->remedy &&
                         !incident.attempts.back().proof;
    if (!goes_on) {
        incident.attempts.push_back(
            {body->remedy, body->is_reflex, !body->approved_by.empty(), {}, false, at});
    }
}

void note_proof(PastIncident& incident, const Entry& entry, WallTime at) {
    const Result<ProofBody> body = from_json<ProofBody>(entry.body);
    if (!body || body->proof.kind == ProofKind::undecided || incident.attempts.empty()) {
        return;
    }
    Attempt& last = incident.attempts.back();
    if (last.remedy != body->remedy || last.proof) {
        return;  // Of what takes back, or of what nothing was done for.
    }
    last.proof = body->proof.kind;
    if (body->proof.kind == ProofKind::helped) {
        incident.helped_at = at;
    }
}

void note_undone(PastIncident& incident, const Remedy& remedy) {
    for (Attempt& attempt : incident.attempts) {
        attempt.is_undone = attempt.is_undone || attempt.remedy == remedy;
    }
}

void note_undo(PastIncident& incident, const Entry& entry) {
    if (const Result<UndoBody> body = from_json<UndoBody>(entry.body)) {
        note_undone(incident, body->remedy);
    }
}

/// A person has what an incident did taken back, by one that is no incident of a symptom. Says
/// whether that one is such.
bool note_order(Past& past, const Entry& entry) {
    if (entry.kind == EntryKind::opened) {
        const Result<Proposal> proposal = from_json<Proposal>(entry.body);
        return proposal && proposal->undoes;
    }
    const Result<UndoBody> body = entry.kind == EntryKind::undo ? from_json<UndoBody>(entry.body)
                                                                : fail(Fault::absent, "none");
    if (!body || !body->undoes) {
        return false;
    }
    for (PastIncident& closed : past.closed) {
        if (closed.incident == *body->undoes) {
            note_undone(closed, body->remedy);
        }
    }
    return true;
}

void note_close(PastIncident& incident, const Entry& entry, WallTime at) {
    incident.closed_at = at;
    if (const Result<ClosedBody> body = from_json<ClosedBody>(entry.body)) {
        incident.how = body->how;
    }
}

void note_of_incident(PastIncident& incident, const Entry& entry, const EntryGroup& group) {
    switch (entry.kind) {
        case EntryKind::opened:
        case EntryKind::proposed:
            note_proposal(incident, entry, group);
            break;
        case EntryKind::verdict:
            note_verdict(incident, entry, group.wall_at);
            break;
        case EntryKind::answered:
            note_answer(incident, entry);
            break;
        case EntryKind::intent:
            note_intent(incident, entry, group.wall_at);
            break;
        case EntryKind::proof:
            note_proof(incident, entry, group.wall_at);
            break;
        case EntryKind::undo:
            note_undo(incident, entry);
            break;
        case EntryKind::escalated:
            incident.is_escalated = true;
            break;
        case EntryKind::aftermath:
            if (Result<AftermathBody> body = from_json<AftermathBody>(entry.body);
                body && incident.shadow) {
                incident.shadow->after = std::move(body->facts);
            }
            break;
        case EntryKind::closed:
            note_close(incident, entry, group.wall_at);
            break;
        default:
            break;
    }
}

void note_change(Past& past, const Entry& entry) {
    const Result<Change> change = from_json<Change>(entry.body);
    if (!change || !change->is_first_hand || change->is_ours) {
        return;
    }
    for (auto& [id, incident] : past.open) {
        if (incident.shadow) {
            incident.shadow->changes.push_back(*change);
        }
    }
}

void note_promotion(Past& past, const Entry& entry, WallTime at) {
    if (Result<PromotedBody> body = from_json<PromotedBody>(entry.body)) {
        std::erase_if(past.promotions,
                      [&](const Promotion& one) { return one.body.remedy == body->remedy; });
        past.promotions.push_back({std::move(*body), at});
    }
}

}  // namespace

void note(Past& past, const EntryGroup& group) {
    if (!past.first_at) {
        past.first_at = group.wall_at;
        past.is_shortened = group.index > 0;
    }
    for (const Entry& entry : group.entries) {
        past.demotions.learn(entry);
        if (entry.kind == EntryKind::change) {
            note_change(past, entry);
        } else if (entry.kind == EntryKind::promoted) {
            note_promotion(past, entry, group.wall_at);
        } else if (note_order(past, entry)) {
            continue;
        } else if (entry.kind == EntryKind::opened) {
            past.open[entry.incident] =
                PastIncident{.incident = entry.incident, .opened_at = group.wall_at};
        }
        const auto found = past.open.find(entry.incident);
        if (found == past.open.end()) {
            continue;
        }
        note_of_incident(found->second, entry, group);
        if (entry.kind == EntryKind::closed) {
            past.closed.push_back(std::move(found->second));
            past.open.erase(found);
        }
    }
}

Duration outage_of(const PastIncident& incident) {
    const WallTime end = incident.helped_at.value_or(incident.closed_at);
    return std::max(Duration{end - incident.began_at}, Duration{});
}

bool is_healed_by_us(const PastIncident& incident) {
    return incident.how == CloseKind::healed && incident.helped_at.has_value();
}

}  // namespace homeostat::review
