#include "homeostat/app/story.hpp"

#include "homeostat/app/change_view.hpp"
#include "homeostat/app/evidence_pack.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace homeostat::app {

namespace {

std::string describe(const Symptom& symptom) {
    return fmt::format("{} on {}", to_text(symptom.kind), plain(symptom.subject.name));
}

std::string clock_of(WallTime at) {
    const auto ms = at.time_since_epoch().count() % 1000;
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} UTC",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(at)), ms);
}

std::string percent(double ratio) {
    return fmt::format("{:.1f} %", ratio * 100);
}

std::string measure(const Symptom& symptom) {
    switch (symptom.kind) {
        case SymptomKind::errors:
            return fmt::format("{} of requests failed (limit {})", percent(symptom.value),
                               percent(symptom.limit));
        case SymptomKind::latency:
            return fmt::format("answers took {:.0f} ms (limit {:.0f} ms)", symptom.value,
                               symptom.limit);
        case SymptomKind::instance_down:
            return "its process has ended";
        case SymptomKind::instance_not_answering:
            return "it runs, but does not answer its health probe";
        case SymptomKind::stale_cache:
            return fmt::format("{:.0f} of its copies differ from the source, and stay so",
                               symptom.value);
    }
    return {};
}

std::string model_sentence(const Choice& choice) {
    if (!choice.ranking) {
        const std::string trouble =
            choice.model_trouble.empty() ? std::string() : " (" + plain(choice.model_trouble) + ")";
        return fmt::format("model: {}{}", to_text(choice.model_answer), trouble);
    }
    const auto best =
        std::ranges::max_element(choice.ranking->kinds, {}, &RankedKind::log_probability);
    const std::string favourite =
        best == choice.ranking->kinds.end() ? "nothing" : std::string(to_text(best->kind));
    return fmt::format("model {} in {:.0f} ms: would take {}, weight {}",
                       to_text(choice.model_answer), to_ms(choice.ranking->took), favourite,
                       choice.lambda);
}

using Lines = std::vector<std::string>;

Lines lines_of(const Proposal& proposal) {
    Lines lines;
    const Symptom& symptom = proposal.symptom;
    lines.push_back(fmt::format("symptom   {}: {}, seen by {}, {:.1f} s old when noticed",
                                describe(symptom), measure(symptom), to_text(symptom.observer),
                                to_seconds(symptom.noticed_at - symptom.began_at)));
    for (const Cause& cause : proposal.diagnosis.causes) {
        lines.push_back(fmt::format("cause     {:.2f} {}: {}", cause.weight, to_text(cause.kind),
                                    plain(cause.because)));
    }
    for (const std::string& line : proposal.diagnosis.evidence.lines) {
        lines.push_back("evidence  " + plain(line));
    }
    for (const MenuItem& item : proposal.menu.items) {
        lines.push_back(fmt::format("menu      {:.2f} {}: {}", item.prior,
                                    plain(homeostat::describe(item.remedy)), plain(item.because)));
    }
    const Choice& choice = proposal.choice;
    lines.push_back(
        fmt::format("choice    {} (confidence {:.2f}, oracle {}), {:.0f} ms after "
                    "noticing",
                    plain(homeostat::describe(choice.remedy)), choice.confidence,
                    to_text(choice.mode), to_ms(proposal.judging_took)));
    lines.push_back("          " + model_sentence(choice));
    return lines;
}

Lines lines_of(const VerdictBody& body) {
    const std::string what =
        body.step ? homeostat::describe(*body.step) : homeostat::describe(body.remedy);
    return {fmt::format("verdict   {} for {}: {}{}", to_text(body.verdict.kind), plain(what),
                        plain(body.verdict.rule),
                        body.verdict.because.empty() ? "" : " — " + plain(body.verdict.because))};
}

Lines lines_of(const IntentBody& body) {
    return {fmt::format("intent    {} {}{} ({} serving)", plain(body.effect.text()),
                        body.is_undo ? "undo: " : "", plain(homeostat::describe(body.step)),
                        body.serving_count)};
}

Lines lines_of(const OutcomeBody& body) {
    return {
        fmt::format("outcome   {} {}{}{}", plain(body.effect.text()), to_text(body.outcome.kind),
                    body.is_read_back ? ", as the world was found after a restart or no reply" : "",
                    body.outcome.because.empty() ? "" : ": " + plain(body.outcome.because))};
}

Lines lines_of(const ProofBody& body) {
    std::string observers;
    for (const Observer observer : body.proof.observers) {
        observers += (observers.empty() ? "" : ", ") + std::string(to_text(observer));
    }
    return {fmt::format("proof     {} ({}): {} of {} samples good, by {}{}",
                        to_text(body.proof.kind), to_text(body.proof.strength),
                        percent(body.proof.good_ratio), body.proof.samples_count,
                        observers.empty() ? "nobody" : observers,
                        body.proof.because.empty() ? "" : " — " + plain(body.proof.because))};
}

Lines lines_of(const UndoBody& body) {
    return {fmt::format("undo      {} did not help: {}", plain(homeostat::describe(body.remedy)),
                        plain(homeostat::describe(body.inverse)))};
}

Lines lines_of(const HeldBody& body) {
    return {fmt::format("held      {} stays in force for now",
                        plain(homeostat::describe(body.remedy)))};
}

Lines lines_of(const GivenBackBody& body) {
    return {fmt::format("give back {}: {}", plain(homeostat::describe(body.inverse)),
                        plain(body.because))};
}

Lines lines_of(const EscalatedBody& body) {
    return {"escalated a person is needed: " + plain(body.because)};
}

Lines lines_of(const ClosedBody& body) {
    return {fmt::format("closed    {}", to_text(body.how))};
}

template <class Body>
Lines retell_as(const Entry& entry) {
    const Result<Body> body = from_json<Body>(entry.body);
    return body ? lines_of(*body)
                : Lines{"(an entry that this version cannot read: " + plain(body.error().text) +
                        ")"};
}

Lines retell(const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::opened:
        case EntryKind::proposed:
            return retell_as<Proposal>(entry);
        case EntryKind::verdict:
            return retell_as<VerdictBody>(entry);
        case EntryKind::intent:
            return retell_as<IntentBody>(entry);
        case EntryKind::outcome:
            return retell_as<OutcomeBody>(entry);
        case EntryKind::proof:
            return retell_as<ProofBody>(entry);
        case EntryKind::undo:
            return retell_as<UndoBody>(entry);
        case EntryKind::held:
            return retell_as<HeldBody>(entry);
        case EntryKind::given_back:
            return retell_as<GivenBackBody>(entry);
        case EntryKind::escalated:
            return retell_as<EscalatedBody>(entry);
        case EntryKind::closed:
            return retell_as<ClosedBody>(entry);
        default:
            return {};
    }
}

void add_kind(IncidentSummary& summary, RemedyKind remedy) {
    const std::string kind(to_text(remedy));
    if (std::ranges::find(summary.remedies, kind) == summary.remedies.end()) {
        summary.remedies.push_back(kind);
    }
}

void open_summary(IncidentSummary& summary, const EntryGroup& group, const Entry& entry) {
    const Result<Proposal> proposal = from_json<Proposal>(entry.body);
    summary.incident = entry.incident;
    summary.state = "open";
    summary.opened_at = group.wall_at;
    summary.opened_instant = group.at;
    if (!proposal) {
        return;
    }
    summary.service = proposal->service;
    summary.symptom = describe(proposal->symptom);
    summary.noticed_at = proposal->symptom.noticed_at;
    summary.judging_took = proposal->judging_took;
    summary.model_answer = std::string(to_text(proposal->choice.model_answer));
    if (proposal->choice.ranking) {
        summary.model_took = proposal->choice.ranking->took;
    }
}

void add_entry(IncidentSummary& summary, const EntryGroup& group, const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::opened:
            open_summary(summary, group, entry);
            break;
        case EntryKind::intent:
            summary.first_intent_at = summary.first_intent_at.value_or(group.at);
            if (const Result<IntentBody> body = from_json<IntentBody>(entry.body)) {
                add_kind(summary, kind_of(body->remedy));
                // One plan with two remedies in it: the second is named once it comes to it.
                if (std::holds_alternative<Invalidate>(body->step)) {
                    add_kind(summary, RemedyKind::invalidate_cache);
                }
            }
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
                summary.state = was_escalated ? "escalated" : std::string(to_text(body->how));
            }
            break;
        default:
            break;
    }
}

std::string joined(const std::vector<std::string>& words, std::string_view otherwise) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text.empty() ? std::string(otherwise) : text;
}

std::string headline(const IncidentSummary& summary) {
    std::string text = fmt::format("Incident {} of {}: {}\n", plain(summary.incident.text()),
                                   plain(summary.service.text()), plain(summary.symptom));
    text += fmt::format("  began     {}\n", clock_of(summary.opened_at));
    text += fmt::format("  state     {}", summary.state);
    if (summary.closed_at) {
        text += fmt::format(", closed {:.1f} s after it was opened",
                            to_seconds(*summary.closed_at - summary.opened_instant));
    }
    text += "\n  done      " + joined(summary.remedies, "nothing was changed") + "\n";
    if (summary.state == "open") {
        text += "  you       need do nothing yet; `homeostat status` shows where it stands\n";
    } else if (summary.state == "escalated" && !summary.closed_at) {
        text += "  you       are needed: see the end of this\n";
    }
    return text;
}

std::string changes_line(const std::vector<ChangeView>& changes) {
    std::string text;
    for (const ChangeView& change : changes) {
        text += fmt::format("  {:<9} {}\n", text.empty() ? "changes" : "",
                            sentence_of(change, "before it began"));
    }
    return text;
}

/// How many bytes a character of UTF-8 has by its first; 0 if none begins so.
std::size_t length_by(unsigned lead) {
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    return lead < 0xE0 ? 2 : 3U + (lead >= 0xF0 ? 1 : 0);
}

/// Ends a line, or is a command to a terminal; or turns the direction of what stands around it
/// (UAX #9).
bool is_command(std::uint32_t character) {
    const bool is_control = character < ' ' || (character >= 0x7F && character < 0xA0) ||
                            character == 0x2028 || character == 0x2029;
    const bool turns = character == 0x061C || character == 0x200E || character == 0x200F ||
                       (character >= 0x202A && character <= 0x202E) ||
                       (character >= 0x2066 && character <= 0x2069);
    return is_control || turns;
}

/// How many bytes to show as they are: the first character of `text`, or 0 if its first byte is to
/// be made visible.
std::size_t shown_length(std::string_view text) {
    const std::size_t length = length_by(static_cast<unsigned char>(text.front()));
    if (length == 0 || text.size() < length) {
        return 0;
    }
    constexpr std::array<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    std::uint32_t character = static_cast<unsigned char>(text.front());
    character &= length == 1 ? 0x7FU : 0xFFU >> (length + 1);
    for (const char c : text.substr(1, length - 1)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80) {
            return 0;
        }
        character = character << 6U | (byte & 0x3FU);
    }
    const bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
    const bool is_one = character >= smallest.at(length) && character <= 0x10FFFF && !is_surrogate;
    return is_one && !is_command(character) ? length : 0;
}

}  // namespace

std::vector<IncidentSummary> summaries(const std::vector<EntryGroup>& groups) {
    std::vector<IncidentSummary> list;
    std::map<IncidentId, std::size_t> index;
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            if (entry.incident.empty()) {
                continue;
            }
            const auto [known, is_new] = index.try_emplace(entry.incident, list.size());
            if (is_new) {
                list.emplace_back();
            }
            add_entry(list[known->second], group, entry);
        }
    }
    return list;
}

std::string to_table(const std::vector<IncidentSummary>& incidents) {
    if (incidents.empty()) {
        return "no incidents\n";
    }
    std::string text = fmt::format("{:<8} {:<27} {:<34} {:<10} {}\n", "ID", "OPENED", "SYMPTOM",
                                   "STATE", "REMEDIES");
    for (const IncidentSummary& incident : incidents) {
        text += fmt::format("{:<8} {:<27} {:<34} {:<10} {}\n", plain(incident.incident.text()),
                            clock_of(incident.opened_at), plain(incident.symptom), incident.state,
                            joined(incident.remedies, "—"));
    }
    return text;
}

Result<std::string> explain(const std::vector<EntryGroup>& groups, const IncidentId& incident) {
    const std::vector<IncidentSummary> all = summaries(groups);
    const auto found = std::ranges::find(all, incident, &IncidentSummary::incident);
    if (found == all.end()) {
        std::vector<std::string> ids;
        for (const IncidentSummary& summary : all) {
            ids.push_back(summary.incident.text());
        }
        return fail(Fault::absent, "there is no incident " + plain(incident.text()) +
                                       "; the ledger has: " + plain(joined(ids, "none")));
    }
    std::string text = headline(*found);
    text += changes_line(changes_before(groups, incident)) + "\n";
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            if (entry.incident != incident) {
                continue;
            }
            const double offset = to_seconds(group.at - found->opened_instant);
            std::string stamp = fmt::format("{:+9.3f} s  ", offset);
            for (const std::string& line : retell(entry)) {
                text += stamp + line + "\n";
                stamp = std::string(13, ' ');
            }
        }
    }
    const std::optional<EvidencePack> pack = evidence_pack(groups, incident);
    return pack ? text + "\n" + to_lines(*pack) : text;
}

Result<json::value> explain_json(const std::vector<EntryGroup>& groups,
                                 const IncidentId& incident) {
    json::array entries;
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            if (entry.incident != incident || entry.kind == EntryKind::checkpoint) {
                continue;
            }
            json::object document;
            document["at_ns"] = to_ns(group.at);
            document["wall_ms"] = group.wall_at.time_since_epoch().count();
            document["entry"] = json::value(std::string(to_text(entry.kind)));
            document["body"] = entry.body;
            entries.push_back(std::move(document));
        }
    }
    if (entries.empty()) {
        return fail(Fault::absent, "there is no incident " + plain(incident.text()));
    }
    json::object document;
    document["incident"] = json::value(incident.text());
    document["changes"] = to_json(changes_before(groups, incident));
    document["entries"] = std::move(entries);
    if (const std::optional<EvidencePack> pack = evidence_pack(groups, incident)) {
        document["evidence_pack"] = to_json(*pack);
    }
    return document;
}

std::string sentence_of(const Symptom& symptom) {
    return describe(symptom) + ": " + measure(symptom);
}

std::string plain(std::string_view text, std::size_t bytes_max) {
    std::string out;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t length = shown_length(rest);
        if (text.size() - rest.size() + std::max<std::size_t>(length, 1) > bytes_max) {
            return out + "…";
        }
        out += length == 0 ? fmt::format("\\x{:02x}", static_cast<unsigned char>(rest.front()))
                           : std::string(rest.substr(0, length));
        rest.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

}  // namespace homeostat::app
