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
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <variant>

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

namespace {

struct Precondition {
    std::string operator()(const SwapVersion& step) const {
        return fmt::format("{} is current", step.from.text());
    }
    std::string operator()(const Drain& /*step*/) const { return "none; it is read back"; }
    std::string operator()(const Undrain& /*step*/) const { return "none; it is read back"; }
    std::string operator()(const Replace& step) const { return process(step.expected); }
    std::string operator()(const Stop& step) const { return process(step.expected); }
    std::string operator()(const SetCircuit& step) const {
        return step.is_open ? "the circuit is closed" : "the circuit is open";
    }
    std::string operator()(const SetRoute& step) const {
        return step.is_to_source ? "reads go through the cache" : "reads go to the source";
    }
    std::string operator()(const Invalidate& /*step*/) const {
        return "some declared keys differ from the source";
    }
    std::string operator()(const SetMemory& step) const {
        return fmt::format("pod {} is there, and {} of memory are wanted for it",
                           plain(step.pod.substr(0, 8)), memory_text(step.from_bytes));
    }
    std::string operator()(const SetPaused& step) const {
        return step.is_paused
                   ? fmt::format("{} is rolled out, and nobody has paused it", step.version.text())
                   : fmt::format("{} is rolled out, and paused by us", step.version.text());
    }
    std::string operator()(const Run& step) const {
        constexpr std::size_t digits_shown = 12;
        return "it is declared as " + step.declaration.substr(0, digits_shown);
    }

  private:
    static std::string process(const ProcessIdentity& expected) {
        return expected.is_none()     ? std::string("no process runs there")
               : expected.pod.empty() ? fmt::format("pid {} is the process there", expected.pid)
                                      : plain(describe(expected)) + " is there";
    }
};

}  // namespace

std::string precondition_of(const Step& step) {
    return std::visit(Precondition{}, step);
}

}  // namespace homeostat::app
