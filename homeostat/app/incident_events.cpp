#include "homeostat/app/incident_events.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

using adapters::kubernetes::ObjectEvent;

ObjectEvent warning(std::string reason, std::string action, std::string note) {
    return {.reason = std::move(reason),
            .action = std::move(action),
            .note = std::move(note),
            .is_warning = true};
}

ObjectEvent news(std::string reason, std::string action, std::string note) {
    return {.reason = std::move(reason), .action = std::move(action), .note = std::move(note)};
}

template <class Body, class Make>
std::optional<ObjectEvent> made_of(const Entry& entry, Make make) {
    const Result<Body> body = from_json<Body>(entry.body);
    return body ? std::optional<ObjectEvent>(make(*body)) : std::nullopt;
}

std::optional<ObjectEvent> intent(const Entry& entry) {
    return made_of<IntentBody>(entry, [&](const IntentBody& body) {
        const std::string leave =
            body.approved_by.empty() ? "" : ", with leave of " + body.approved_by;
        return news(body.is_undo ? "RemedyTakenBack" : "RemedyBegun", "Heal",
                    fmt::format("{}: {}: {}{}", body.effect.text(), describe(body.remedy),
                                describe(body.step), leave));
    });
}

/// What was done as it was meant is no news: the intent and the proof are.
std::optional<ObjectEvent> outcome(const Entry& entry) {
    const Result<OutcomeBody> body = from_json<OutcomeBody>(entry.body);
    if (!body || body->outcome.kind == OutcomeKind::done) {
        return std::nullopt;
    }
    return warning("EffectNotDone", "Heal",
                   fmt::format("{}: {}: {}", body->effect.text(), to_text(body->outcome.kind),
                               body->outcome.because));
}

std::optional<ObjectEvent> escalated(const Entry& entry) {
    const Result<EscalatedBody> body = from_json<EscalatedBody>(entry.body);
    if (!body || body->is_told_already) {
        return std::nullopt;
    }
    return warning("PersonNeeded", "Escalate",
                   fmt::format("{}: {}", entry.incident.text(), body->because));
}

std::optional<ObjectEvent> event_of(const Entry& entry) {
    const std::string& id = entry.incident.text();
    switch (entry.kind) {
        case EntryKind::opened:
            return made_of<Proposal>(entry, [&](const Proposal& body) {
                if (body.undoes) {
                    return news("UndoOrdered", "Undo",
                                fmt::format("{}: a person takes back what {} did", id,
                                            body.undoes->text()));
                }
                return warning(
                    "IncidentOpened", "Observe",
                    fmt::format("{}: {}; first choice: {}", id, sentence_of(body.symptom),
                                describe(body.choice.remedy)));
            });
        case EntryKind::answered:
            return made_of<AnsweredBody>(entry, [&](const AnsweredBody& body) {
                return news("QuestionAnswered", "Ask",
                            fmt::format("{}: {} by {}: {}", id, to_text(body.says), body.by,
                                        describe(body.remedy)));
            });
        case EntryKind::intent:
            return intent(entry);
        case EntryKind::outcome:
            return outcome(entry);
        case EntryKind::escalated:
            return escalated(entry);
        case EntryKind::closed:
            return made_of<ClosedBody>(entry, [&](const ClosedBody& body) {
                return news("IncidentClosed", "Observe",
                            fmt::format("{}: {}", id, to_text(body.how)));
            });
        case EntryKind::suspended:
            return made_of<SwitchBody>(entry, [](const SwitchBody& body) {
                return warning("Suspended", "Suspend",
                               fmt::format("by {}: no effect begins{}{}", body.by,
                                           body.because.empty() ? "" : ": ", body.because));
            });
        case EntryKind::resumed:
            return made_of<SwitchBody>(entry, [](const SwitchBody& body) {
                return news("Resumed", "Resume", "by " + body.by);
            });
        default:
            return std::nullopt;
    }
}

}  // namespace

std::vector<ObjectEvent> events_of(const EntryGroup& group) {
    std::vector<ObjectEvent> events;
    for (const Entry& entry : group.entries) {
        if (std::optional<ObjectEvent> event = event_of(entry)) {
            event->at = group.wall_at;
            events.push_back(*std::move(event));
        }
    }
    return events;
}

}  // namespace homeostat::app
