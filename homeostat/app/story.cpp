#include "homeostat/app/story.hpp"

#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/app/change_view.hpp"
#include "homeostat/app/evidence_pack.hpp"
#include "homeostat/app/retelling.hpp"
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

std::string clock_of(WallTime at) {
    const auto ms = at.time_since_epoch().count() % 1000;
    return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:03} UTC",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(at)), ms);
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
    } else if (summary.state == "asking") {
        text += "  you       are asked: `homeostat status` shows how to answer; silence is no\n";
    } else if (summary.state == "escalated" && !summary.closed_at) {
        text += "  you       are needed: see the end of this\n";
    }
    return text;
}

/// Of a proposal: SHA-256 of the evidence lines that stand in it.
std::optional<std::string> evidence_digest(const Entry& entry) {
    if (entry.kind != EntryKind::opened && entry.kind != EntryKind::proposed) {
        return std::nullopt;
    }
    const Result<Proposal> proposal = from_json<Proposal>(entry.body);
    return proposal ? std::optional(adapters::llm::digest_of(proposal->diagnosis.evidence))
                    : std::nullopt;
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
            document["group"] = group.index;
            document["wall_ms"] = group.wall_at.time_since_epoch().count();
            document["entry"] = json::value(std::string(to_text(entry.kind)));
            document["body"] = entry.body;
            if (const std::optional<std::string> digest = evidence_digest(entry)) {
                document["evidence_digest"] = json::value(*digest);
            }
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
