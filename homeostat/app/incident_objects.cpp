#include "homeostat/app/incident_objects.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace {

using adapters::kubernetes::IncidentCondition;
using adapters::kubernetes::IncidentObject;

constexpr std::size_t ledger_digits = 12;

/// The time is that of the change, so that of the same said again is the first one's.
void set(IncidentCondition& condition,
         bool holds,
         WallTime at,
         std::string reason,
         std::string message) {
    if (condition.holds != holds) {
        condition.since = at;
    }
    condition.holds = holds;
    condition.reason = std::move(reason);
    condition.message = std::move(message);
}

/// Of a new incident, or of one that begins anew in a ledger that is read again.
void begin(IncidentCondition& condition, WallTime at, std::string_view reason) {
    condition.holds = false;
    condition.since = at;
    condition.reason = std::string(reason);
    condition.message.clear();
}

bool asks(const Entry& entry) {
    const Result<VerdictBody> body = from_json<VerdictBody>(entry.body);
    return body && body->verdict.kind == VerdictKind::question;
}

std::string remedy_asked_in(const Entry& entry) {
    const Result<VerdictBody> body = from_json<VerdictBody>(entry.body);
    return body ? "asked: " + describe(body->remedy) : std::string();
}

/// By which an incident ends, as conditions give a reason.
std::string_view reason_of(CloseKind how) {
    switch (how) {
        case CloseKind::healed:
            return "RemedyHelped";
        case CloseKind::passed:
            return "PassedByItself";
        case CloseKind::by_person:
            return "ClosedByPerson";
    }
    return "Closed";
}

}  // namespace

bool IncidentObjects::learn(const EntryGroup& group) {
    bool is_news = false;
    for (const Entry& entry : group.entries) {
        is_news = learn(group, entry) || is_news;
    }
    return is_news;
}

bool IncidentObjects::learn(const EntryGroup& group, const Entry& entry) {
    if (entry.incident.empty() || entry.kind == EntryKind::checkpoint) {
        return false;
    }
    if (entry.kind == EntryKind::opened) {
        Case& one = cases_[entry.incident];
        one = Case();
        one.number = next_number_++;
        begin(one.closed, group.wall_at, "Open");
        begin(one.healed, group.wall_at, "Open");
        begin(one.waiting, group.wall_at, "NotAsked");
    }
    // Of one that retention has cut the beginning of nothing can be told.
    const auto found = cases_.find(entry.incident);
    if (found == cases_.end()) {
        return false;
    }
    add(found->second, group, entry);
    drop_oldest();
    return true;
}

void IncidentObjects::add(Case& one, const EntryGroup& group, const Entry& entry) {
    add_entry(one.summary, group, entry);
    const WallTime at = group.wall_at;
    switch (entry.kind) {
        case EntryKind::opened:
        case EntryKind::proposed:
            if (const Result<Proposal> body = from_json<Proposal>(entry.body)) {
                one.measured = sentence_of(body->symptom);
                one.remedy = std::string(to_text(kind_of(body->choice.remedy)));
                one.described = describe(body->choice.remedy);
            }
            set(one.waiting, false, at, "NotAsked", "");
            break;
        case EntryKind::verdict:
            if (asks(entry)) {
                set(one.waiting, true, at, "Asked", remedy_asked_in(entry));
            }
            break;
        case EntryKind::answered:
            if (one.summary.state != "asking") {
                set(one.waiting, false, at, "Answered", "");
            }
            break;
        case EntryKind::intent:
            if (const Result<IntentBody> body = from_json<IntentBody>(entry.body)) {
                one.remedy = std::string(to_text(kind_of(body->remedy)));
                one.described = describe(body->remedy);
            }
            break;
        case EntryKind::escalated:
            if (const Result<EscalatedBody> body = from_json<EscalatedBody>(entry.body)) {
                set(one.waiting, true, at, "Escalated", body->because);
            }
            break;
        case EntryKind::closed:
            close(one, group, entry);
            break;
        default:
            break;
    }
}

void IncidentObjects::close(Case& one, const EntryGroup& group, const Entry& entry) {
    const Result<ClosedBody> body = from_json<ClosedBody>(entry.body);
    if (!body) {
        return;
    }
    const std::string reason(reason_of(body->how));
    one.closed_at = group.wall_at;
    set(one.closed, true, group.wall_at, reason, "");
    set(one.healed, body->how == CloseKind::healed, group.wall_at, reason, "");
    set(one.waiting, false, group.wall_at, "Closed", "");
}

void IncidentObjects::drop_oldest() {
    while (cases_.size() > kept_max_) {
        cases_.erase(std::ranges::min_element(cases_, {}, [](const auto& one) {
            return std::pair(!one.second.closed.holds, one.second.number);
        }));
    }
}

std::vector<IncidentObject> IncidentObjects::all(const std::string& ledger) const {
    std::vector<IncidentObject> objects;
    for (const auto& [id, one] : cases_) {
        objects.push_back({.ledger = ledger.substr(0, ledger_digits),
                           .incident = id.text(),
                           .state = one.summary.state,
                           .symptom = one.summary.symptom,
                           .measured = one.measured,
                           .remedy = one.remedy,
                           .described = one.described,
                           .opened_at = one.summary.opened_at,
                           .closed_at = one.closed_at,
                           .conditions = {one.closed, one.healed, one.waiting}});
    }
    return objects;
}

}  // namespace homeostat::app
