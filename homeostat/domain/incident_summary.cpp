#include "homeostat/domain/incident_summary.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/entry_bodies_people.hpp"
#include "homeostat/domain/proposal.hpp"

#include <algorithm>
#include <variant>

namespace homeostat {

namespace {

void add_kind(IncidentSummary& summary, RemedyKind remedy) {
    const std::string kind(to_text(remedy));
    if (std::ranges::find(summary.remedies, kind) == summary.remedies.end()) {
        summary.remedies.push_back(kind);
    }
}

void open_summary(IncidentSummary& summary, const EntryGroup& group, const Entry& entry) {
    const Result<Proposal> proposal = from_json<Proposal>(entry.body);
    summary.state = "open";
    summary.opened_at = group.wall_at;
    summary.opened_instant = group.at;
    if (!proposal) {
        return;
    }
    summary.service = proposal->service;
    summary.symptom =
        std::string(to_text(proposal->symptom.kind)) + " on " + proposal->symptom.subject.name;
    summary.noticed_at = proposal->symptom.noticed_at;
    summary.judging_took = proposal->judging_took;
    summary.model_answer = std::string(to_text(proposal->choice.model_answer));
    if (proposal->choice.ranking) {
        summary.model_took = proposal->choice.ranking->took;
    }
}

void add_remedies(IncidentSummary& summary, const Entry& entry) {
    const Result<IntentBody> body = from_json<IntentBody>(entry.body);
    if (!body) {
        return;
    }
    add_kind(summary, kind_of(body->remedy));
    // One plan with two remedies in it: the second is named once it comes to it.
    if (std::holds_alternative<Invalidate>(body->step)) {
        add_kind(summary, RemedyKind::invalidate_cache);
    }
}

bool asks(const Entry& entry) {
    const auto body = from_json<VerdictBody>(entry.body);
    return body && body->verdict.kind == VerdictKind::question;
}

/// A part of a yes waits for further approvers.
bool ends_the_question(const Entry& entry) {
    const auto body = from_json<AnsweredBody>(entry.body);
    return !body || body->says != PersonSays::agreed_in_part;
}

}  // namespace

void add_entry(IncidentSummary& summary, const EntryGroup& group, const Entry& entry) {
    summary.incident = entry.incident;
    switch (entry.kind) {
        case EntryKind::opened:
            open_summary(summary, group, entry);
            break;
        case EntryKind::verdict:
            if (asks(entry)) {
                summary.state = "asking";
            }
            break;
        case EntryKind::answered:
            if (ends_the_question(entry)) {
                summary.state = "open";
            }
            break;
        case EntryKind::intent:
            // Whoever acts asks nobody just then: a stopgap may have come before the question.
            summary.state = summary.state == "asking" ? "open" : summary.state;
            summary.first_intent_at = summary.first_intent_at.value_or(group.at);
            add_remedies(summary, entry);
            break;
        case EntryKind::outcome:
            summary.last_outcome_at = group.at;
            break;
        case EntryKind::escalated:
            summary.state = "escalated";
            break;
        case EntryKind::closed:
            summary.closed_at = group.at;
            if (const Result<ClosedBody> body = from_json<ClosedBody>(entry.body)) {
                const bool was_escalated = summary.state == "escalated";
                const bool is_by_person = body->how == CloseKind::by_person;
                summary.state =
                    was_escalated && !is_by_person ? "escalated" : std::string(to_text(body->how));
            }
            break;
        default:
            break;
    }
}

}  // namespace homeostat
