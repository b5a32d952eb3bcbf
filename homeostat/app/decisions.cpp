#include "homeostat/app/decisions.hpp"

#include "homeostat/app/export_format.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <utility>

namespace homeostat::app {

namespace {

const json::value* member(const json::value& body, std::initializer_list<std::string_view> path) {
    const json::value* at = &body;
    for (const std::string_view name : path) {
        at = at != nullptr && at->is_object() ? at->get_object().if_contains(name) : nullptr;
    }
    return at;
}

std::string text_at(const json::value& body, std::initializer_list<std::string_view> path) {
    const json::value* const found = member(body, path);
    return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                  : std::string();
}

/// Names are plain, so a line feed parts them.
std::string key_of(const IncidentId& incident, std::string_view what) {
    return incident.text() + "\n" + std::string(what);
}

std::string remedy_key(const Entry& entry) {
    const json::value* const remedy = member(entry.body, {"remedy"});
    return key_of(entry.incident, remedy == nullptr ? "" : homeostat::to_text(*remedy));
}

}  // namespace

json::value target_of(const json::value& remedy) {
    std::map<std::string, json::value> parts;
    for (const auto& part : remedy.is_object() ? remedy.get_object() : json::object()) {
        if (part.key() != "kind") {
            parts.emplace(part.key(), part.value());
        }
    }
    json::object target;
    for (const auto& [name, value] : parts) {
        target[name] = value;
    }
    return target;
}

void Decisions::take(const EntryGroup& group) {
    for (const Entry& entry : group.entries) {
        if (!entry.incident.empty()) {
            take_entry(group, entry);
        }
    }
}

Decisions::Known* Decisions::about(const Entry& entry) {
    const auto found = by_remedy_.find(remedy_key(entry));
    return found == by_remedy_.end() ? nullptr : &all_[found->second];
}

void Decisions::take_verdict(const EntryGroup& group, const Entry& entry) {
    const auto [place, is_new] = by_remedy_.try_emplace(remedy_key(entry), all_.size());
    if (is_new) {
        const json::value* const remedy = member(entry.body, {"remedy"});
        Known known{.decision = {}, .at = group.wall_at, .has_verdict = true};
        known.decision.at = to_timestamp(group.wall_at);
        known.decision.service = service_;
        known.decision.incident = entry.incident.text();
        known.decision.symptom = symptoms_[entry.incident.text()];
        known.decision.remedy = text_at(entry.body, {"remedy", "kind"});
        known.decision.target = target_of(remedy == nullptr ? json::value() : *remedy);
        all_.push_back(std::move(known));
    }
    verdicts_count_[entry.incident.text()] += 1;
    Decision& decision = all_[place->second].decision;
    decision.verdict = text_at(entry.body, {"verdict", "verdict"});
    decision.rule = text_at(entry.body, {"verdict", "rule"});
    decision.because = text_at(entry.body, {"verdict", "because"});
}

void Decisions::take_escalation(const EntryGroup& group, const Entry& entry) {
    const auto [place, is_new] = handed_over_.try_emplace(entry.incident.text(), all_.size());
    if (!is_new) {
        return;
    }
    Known known{.decision = {}, .at = group.wall_at, .has_verdict = false};
    known.decision.at = to_timestamp(group.wall_at);
    known.decision.service = service_;
    known.decision.incident = entry.incident.text();
    known.decision.symptom = symptoms_[entry.incident.text()];
    known.decision.target = json::object();
    known.decision.verdict = "escalation";
    known.decision.rule = text_at(entry.body, {"rule"});
    known.decision.because = text_at(entry.body, {"because"});
    all_.push_back(std::move(known));
}

void Decisions::take_entry(const EntryGroup& group, const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::opened:
            symptoms_.try_emplace(entry.incident.text(),
                                  text_at(entry.body, {"symptom", "symptom"}) + " on " +
                                      text_at(entry.body, {"symptom", "subject", "name"}));
            return;
        case EntryKind::verdict:
            take_verdict(group, entry);
            return;
        case EntryKind::escalated:
            take_escalation(group, entry);
            return;
        case EntryKind::intent:
            effect_remedy_[key_of(entry.incident, text_at(entry.body, {"effect"}))] =
                remedy_key(entry);
            if (Known* const known = about(entry)) {
                const std::string by = text_at(entry.body, {"approved_by"});
                known->decision.approver = by.empty() ? known->decision.approver : by;
            }
            return;
        case EntryKind::outcome: {
            const auto effect =
                effect_remedy_.find(key_of(entry.incident, text_at(entry.body, {"effect"})));
            const auto place =
                effect == effect_remedy_.end() ? by_remedy_.end() : by_remedy_.find(effect->second);
            if (place != by_remedy_.end()) {
                all_[place->second].decision.outcome = text_at(entry.body, {"outcome", "outcome"});
            }
            return;
        }
        case EntryKind::proof:
            if (Known* const known = about(entry)) {
                known->decision.proof = text_at(entry.body, {"proof", "proof"});
            }
            return;
        case EntryKind::answered:
            if (Known* const known = about(entry)) {
                known->answered_by = text_at(entry.body, {"by"});
            }
            return;
        default:
            return;
    }
}

std::vector<Decision> Decisions::selected(const DecisionSelection& selection) const {
    std::vector<Decision> found;
    for (const Known& known : all_) {
        const Decision& decision = known.decision;
        const bool is_in_time = (!selection.since || known.at >= *selection.since) &&
                                (!selection.until || known.at < *selection.until);
        const bool is_meant =
            (selection.service.empty() || decision.service == selection.service) &&
            (selection.remedy.empty() || decision.remedy == selection.remedy);
        // Of an incident with verdicts these tell; that a person was called as well is its story.
        const bool is_told = known.has_verdict || !verdicts_count_.contains(decision.incident);
        if (is_in_time && is_meant && is_told) {
            found.push_back(decision);
            found.back().approver =
                decision.approver.empty() ? known.answered_by : decision.approver;
        }
    }
    return found;
}

namespace {

std::string to_csv(const std::vector<Decision>& decisions) {
    std::string text =
        "at,service,incident,symptom,remedy,target,verdict,rule,because,outcome,proof,approver\r\n";
    for (const Decision& each : decisions) {
        const std::array columns{each.at,      each.service, each.incident,
                                 each.symptom, each.remedy,  homeostat::to_text(each.target),
                                 each.verdict, each.rule,    each.because,
                                 each.outcome, each.proof,   each.approver};
        for (std::size_t column = 0; column < columns.size(); ++column) {
            text += (column == 0 ? "" : ",") + csv_field(for_people(columns.at(column)));
        }
        text += "\r\n";
    }
    return text;
}

std::string to_table(const std::vector<Decision>& decisions) {
    std::string text = fmt::format("{:<24} {:<8} {:<34} {:<16} {:<10} {:<8} {:<10} {:<10} {}\n",
                                   "WHEN", "INCIDENT", "SYMPTOM", "REMEDY", "VERDICT", "OUTCOME",
                                   "PROOF", "APPROVER", "RULE");
    const auto shown = [](const std::string& part) { return part.empty() ? "—" : plain(part); };
    for (const Decision& each : decisions) {
        text += fmt::format(
            "{:<24} {:<8} {:<34} {:<16} {:<10} {:<8} {:<10} {:<10} {}\n", each.at,
            shown(each.incident), shown(each.symptom), shown(each.remedy), shown(each.verdict),
            shown(each.outcome), shown(each.proof), shown(each.approver),
            shown(each.because.empty() ? each.rule : each.rule + " (" + each.because + ")"));
    }
    return text;
}

}  // namespace

std::string to_text(const std::vector<Decision>& decisions, DecisionFormat format) {
    if (format == DecisionFormat::csv) {
        return to_csv(decisions);
    }
    if (format == DecisionFormat::table) {
        return to_table(decisions);
    }
    json::object document;
    document["decisions"] = to_json(decisions);
    return to_pretty_text(document);
}

}  // namespace homeostat::app
