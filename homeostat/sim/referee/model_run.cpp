#include "homeostat/sim/referee/model_run.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <fmt/format.h>

#include <utility>
#include <variant>

namespace homeostat::sim {

void ModelRun::refuse(std::string what) {
    if (!is_reading_) {
        refused_.push_back(std::move(what));
    }
}

std::vector<std::string> ModelRun::take_refused() {
    return std::exchange(refused_, {});
}

void ModelRun::write(const Entry& entry) {
    Incident& incident = incidents_[entry.incident];
    switch (entry.kind) {
        case EntryKind::intent:
            return write_intent(entry);
        case EntryKind::outcome:
            return write_outcome(entry);
        case EntryKind::closed:
            if (!incident.pending.empty()) {
                refuse(fmt::format("{} is closed and nobody knows what became of {}",
                                   entry.incident.text(), incident.pending.text()));
            }
            incident.is_closed = true;
            return;
        default:
            return;
    }
}

void ModelRun::write_intent(const Entry& entry) {
    const Result<IntentBody> body = from_json<IntentBody>(entry.body);
    if (!body) {
        return refuse("an intent that cannot be read: " + body.error().text);
    }
    Incident& incident = incidents_[entry.incident];
    if (incident.is_closed) {
        refuse(fmt::format("{} is intended in an incident that is closed", body->effect.text()));
    }
    if (!incident.pending.empty()) {
        refuse(fmt::format("{} is intended and nobody knows what became of {}", body->effect.text(),
                           incident.pending.text()));
    }
    const bool is_new =
        effects_
            .try_emplace(body->effect,
                         Effect{entry.incident, std::holds_alternative<Replace>(body->step), false})
            .second;
    if (!is_new) {
        refuse(body->effect.text() + " is intended a second time");
    }
    incident.pending = body->effect;
}

void ModelRun::write_outcome(const Entry& entry) {
    const Result<OutcomeBody> body = from_json<OutcomeBody>(entry.body);
    if (!body) {
        return refuse("an outcome that cannot be read: " + body.error().text);
    }
    const auto found = effects_.find(body->effect);
    if (found == effects_.end() || found->second.has_outcome) {
        return refuse(fmt::format("an outcome of {}, which {}", body->effect.text(),
                                  found == effects_.end() ? "nobody intended" : "has one already"));
    }
    const bool has_happened = happened_.contains(body->effect);
    const bool is_false = (body->outcome.kind == OutcomeKind::done && !has_happened) ||
                          (body->outcome.kind == OutcomeKind::refused && has_happened &&
                           !(body->is_read_back && is_view_old_));
    if (found->second.replaces && is_false) {
        refuse(fmt::format("the outcome of {} is '{}', and it has {}", body->effect.text(),
                           to_text(body->outcome.kind),
                           has_happened ? "happened" : "not happened"));
    }
    found->second.has_outcome = true;
    incidents_[entry.incident].pending = {};
}

void ModelRun::ask(const EffectId& effect) {
    const auto found = effects_.find(effect);
    const bool is_over = found != effects_.end() && found->second.has_outcome;
    if (is_over || !asked_.insert(effect).second) {
        refuse(fmt::format("{} is ordered {}", effect.text(),
                           is_over ? "after its outcome" : "a second time"));
    }
}

void ModelRun::begin_with(std::span<const EntryGroup> groups) {
    effects_.clear();
    incidents_.clear();
    is_reading_ = true;
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            write(entry);
        }
    }
    is_reading_ = false;
}

}  // namespace homeostat::sim
