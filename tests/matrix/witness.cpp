#include "witness.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/domain/ending_bodies.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace homeostat::matrix {

namespace {

/// "i-1.e1" of what a patch marks the Deployment with.
std::string effect_in(const kubernetes::ApiWrite& write) {
    const Result<json::value> patch = parse_json(write.body);
    if (!patch || !patch->is_array()) {
        return {};
    }
    for (const json::value& operation : patch->get_array()) {
        const std::string_view path(operation.at("path").as_string());
        if (path.ends_with("homeostat.dev~1effect")) {
            const std::string mark(operation.at("value").as_string());
            return mark.substr(0, mark.find(' '));
        }
    }
    return {};
}

}  // namespace

void Witness::see_group(const EntryGroup& group, ports::Durability durability) {
    groups_.push_back(group);
    for (const Entry& entry : group.entries) {
        const std::string incident = entry.incident.text();
        if (entry.kind == EntryKind::opened) {
            incidents_.insert(incident);
        } else if (entry.kind == EntryKind::closed) {
            closed_.insert(incident);
        } else if (entry.kind == EntryKind::verdict) {
            const auto body = from_json<VerdictBody>(entry.body);
            if (body && body->verdict.kind == VerdictKind::permit && !body->step) {
                permitted_[incident] = {.decided_in = groups_.size(), .first = {}};
            }
        } else if (entry.kind == EntryKind::intent) {
            see_intent(entry, durability);
        } else if (entry.kind == EntryKind::escalated) {
            see_call(entry);
        }
    }
}

void Witness::see_call(const Entry& entry) {
    const auto body = from_json<EscalatedBody>(entry.body);
    if (!body) {
        accuse("P19: an escalation that cannot be read");
        return;
    }
    std::string& before = calls_before_[body->rule + " " + body->about];
    if (!body->is_told_already) {
        before = entry.incident.text() + ": " + body->because;
    }
    calls_[entry.incident.text()] = before;
}

void Witness::see_intent(const Entry& entry, ports::Durability durability) {
    const auto body = from_json<IntentBody>(entry.body);
    if (durability != ports::Durability::synced) {
        accuse("P1: an intent of " + entry.incident.text() + " is not on the disk");
    }
    if (!body || intents_.contains(body->effect.text())) {
        accuse("P2: an intent that cannot be read, or two of one effect");
        return;
    }
    const std::string incident = entry.incident.text();
    Remedy& remedy = permitted_[incident];
    if (!body->is_undo && remedy.first.empty()) {
        remedy.first = body->effect.text();
        remedies_[incident] += 1;
    }
    intents_[body->effect.text()] = {incident, body->is_undo, remedy};
}

void Witness::check_leave(const std::string& effect, const Intent& intent) {
    if (yes_count_[intent.incident] < remedies_[intent.incident]) {
        accuse(fmt::format("P11: {} without a person's yes", effect));
    }
    if (!budget_.is_in_hand(EffectId(intent.of.first))) {
        accuse(fmt::format("P6: {} without a place in the budget of the fleet", effect));
    }
    if (sink_.held_count() < intent.of.decided_in) {
        accuse(fmt::format("P15: {} though its decision is in no sink", effect));
    }
    if (remedies_[intent.incident] > remedies_tries_max) {
        accuse(fmt::format("P6: {} is one remedy too many", effect));
    }
}

void Witness::see_effect(const kubernetes::ApiWrite& write) {
    const std::string effect = effect_in(write);
    const auto intent = intents_.find(effect);
    if (++effects_[effect] > 1) {
        accuse(fmt::format("P2: {} happens twice", effect));
    }
    if (intent == intents_.end()) {
        accuse(fmt::format("P1: '{}' happens without a durable intent", effect));
        return;
    }
    if (!intent->second.is_undo) {
        check_leave(effect, intent->second);
    }
    if (!lease_.is_ours_to_act()) {
        accuse(fmt::format("P2: {} by a Lease that has run out or is another's", effect));
    }
}

void Witness::see_end() {
    if (budget_.in_hand_max() > at_once_max) {
        accuse("P6: more in hand at once than the fleet may");
    }
}

}  // namespace homeostat::matrix
