#include "homeostat/heal/news.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <chrono>
#include <variant>

namespace homeostat::heal {

namespace {

std::string news_of_demotion(const Entry& entry) {
    const Result<Demotion> body = from_json<Demotion>(entry.body);
    if (!body) {
        return {};
    }
    const std::string kind = describe(*body);
    const std::string whose =
        std::string(to_text(body->remedy)) + (body->task ? " --task " + body->task->text() : "");
    const std::string why = !body->by.empty() ? " was taken back by " + body->by
                            : body->relapse   ? " cures nothing for long: " + body->because
                                              : " did not help";
    return body->incident.text() + ": " + kind + why + ", and asks a person from now on; " +
           "homeostat autonomy promote " + whose + " --because WHY lifts that";
}

/// What was in force for a time and is over has nothing left; what lasts can be taken back.
std::string news_of_close(const Entry& entry,
                          const guard::History& history,
                          const UndoTerms& undo,
                          WallTime wall_now) {
    const Result<ClosedBody> body = from_json<ClosedBody>(entry.body);
    const guard::IncidentMemory* memory = history.find(entry.incident);
    const bool is_undoable = body && body->how == CloseKind::healed && memory != nullptr &&
                             memory->remedy_last && !memory->effects_last.empty() &&
                             inverse_of(*memory->remedy_last);
    if (!is_undoable || undo.undo_for <= Duration{}) {
        return {};
    }
    const WallTime until = wall_now + std::chrono::floor<std::chrono::milliseconds>(undo.undo_for);
    const std::string id = entry.incident.text();
    return id + ": " + describe(*memory->remedy_last) + " helped; until " + to_timestamp(until) +
           " it is taken back by: homeostat undo " + id + (undo.must_sign ? " --key FILE" : "");
}

std::string news_of_hold(const Entry& entry) {
    const Result<HeldBody> body = from_json<HeldBody>(entry.body);
    if (!body || body->is_residue) {
        return {};
    }
    const std::string id = entry.incident.text();
    const bool heals = !std::holds_alternative<PauseRollout>(body->remedy);
    return id + ": " + describe(body->remedy) +
           (heals ? " helped, and is in force for now" : " is in force, and heals nothing itself") +
           "; it is given back at once by: homeostat undo " + id;
}

}  // namespace

std::vector<std::string> news_of(const std::vector<Entry>& entries,
                                 const guard::History& history,
                                 const UndoTerms& undo,
                                 WallTime wall_now) {
    std::vector<std::string> news;
    bool is_ended_by_person = false;
    for (const Entry& entry : entries) {
        std::string text;
        if (entry.kind == EntryKind::demoted) {
            text = news_of_demotion(entry);
        } else if (entry.kind == EntryKind::closed) {
            text = news_of_close(entry, history, undo, wall_now);
        } else if (entry.kind == EntryKind::held && undo.undo_for > Duration{} &&
                   !is_ended_by_person) {
            text = news_of_hold(entry);
        }
        // A hold that a person ends is written once more, with its new end.
        is_ended_by_person = is_ended_by_person || entry.kind == EntryKind::undo;
        if (!text.empty()) {
            news.push_back(std::move(text));
        }
    }
    return news;
}

}  // namespace homeostat::heal
