// The commands that read a ledger, with or without its agent running.

#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/ledger_history.hpp"
#include "homeostat/app/ledger_place.hpp"
#include "homeostat/app/mesh_story.hpp"
#include "homeostat/app/replay_report.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

/// What a ledger does not keep any longer; empty: it has all it ever had.
std::string dropped_note(const std::vector<EntryGroup>& groups) {
    if (groups.empty() || groups.front().index == 0) {
        return {};
    }
    return "; what is older than " + to_timestamp(groups.front().wall_at) +
           " was dropped by age (record.keep)";
}

Result<std::vector<EntryGroup>> read_groups(const LedgerOptions& options) {
    const Result<LedgerPlace> place = place_of(options);
    if (!place) {
        return std::unexpected(place.error());
    }
    std::vector<EntryGroup> groups;
    const Result<ledger::Verification> read = ledger::read_ledger(
        place->files(), [&](const EntryGroup& group) { groups.push_back(group); });
    if (!read) {
        return std::unexpected(read.error());
    }
    return groups;
}

ExitStatus status_of(const Error& error) {
    return error.fault == Fault::corrupt ? ExitStatus::unexpected : ExitStatus::usage;
}

}  // namespace

namespace {

Result<HistoryQuestion> question_of(const IncidentsOptions& options) {
    const Result<std::optional<WallTime>> since = when_of(options.since);
    const Result<std::optional<WallTime>> until = when_of(options.until);
    if (!since || !until) {
        return fail(since ? "--until" : "--since", since ? until.error() : since.error());
    }
    return HistoryQuestion{.filter = {.since = *since,
                                      .until = *until,
                                      .service = options.service,
                                      .symptom = options.kind,
                                      .state = options.state},
                           .has_statistics = options.has_statistics};
}

std::string to_lines(const adapters::ledger_index::Statistics& statistics) {
    std::string text =
        fmt::format("{:<24} {:>9} {:>7} {:>7} {:>10} {:>5}  {}\n", "SYMPTOM", "INCIDENTS", "HEALED",
                    "PASSED", "ESCALATED", "OPEN", "MEDIAN TO CLOSED");
    for (const auto& each : statistics.symptoms) {
        constexpr double ms_per_second = 1000;
        const std::string median =
            each.closed_after_ms_median
                ? fmt::format("{:.1f} s",
                              static_cast<double>(*each.closed_after_ms_median) / ms_per_second)
                : std::string("—");
        text += fmt::format("{:<24} {:>9} {:>7} {:>7} {:>10} {:>5}  {}\n", plain(each.symptom),
                            each.incidents_count, each.healed_count, each.passed_count,
                            each.escalated_count, each.open_count, median);
    }
    text += fmt::format("\n{:<24} {:>9} {:>7} {:>7} {:>10}\n", "REMEDY", "INCIDENTS", "EFFECTS",
                        "HELPED", "NOT HELPED");
    for (const auto& each : statistics.remedies) {
        text += fmt::format("{:<24} {:>9} {:>7} {:>7} {:>10}\n", plain(each.remedy),
                            each.incidents_count, each.effects_count, each.helped_count,
                            each.not_helped_count);
    }
    text += "\nOBJECTIONS  RULE\n";
    for (const auto& each : statistics.rules) {
        text += fmt::format("{:>10}  {}\n", each.objections_count, plain(each.rule));
    }
    return text;
}

void print(const History& history, bool is_json) {
    if (!is_json) {
        fmt::print(
            "{}", history.statistics ? to_lines(*history.statistics) : to_table(history.incidents));
        return;
    }
    json::object document;
    document["incidents"] = to_json(history.incidents);
    if (history.statistics) {
        document["statistics"] = to_json(*history.statistics);
    }
    fmt::print("{}", to_pretty_text(document));
}

}  // namespace

namespace {

ExitStatus tell_mesh(const IncidentsOptions& options) {
    std::vector<LedgerOptions> ledgers{options.ledger};
    for (const std::filesystem::path& neighbour : options.neighbours) {
        ledgers.push_back({.common = {}, .ledger = neighbour});
    }
    std::vector<MeshMoment> moments;
    for (const LedgerOptions& one : ledgers) {
        const Result<std::vector<EntryGroup>> groups = read_groups(one);
        if (!groups) {
            complain(groups.error().text);
            return status_of(groups.error());
        }
        std::ranges::move(moments_of(*groups), std::back_inserter(moments));
    }
    const std::vector<MeshMoment> story = story_of(std::move(moments), *options.mesh);
    if (story.empty() && !options.mesh->empty()) {
        complain("there is no agreement " + plain(*options.mesh));
        return ExitStatus::usage;
    }
    if (!options.ledger.common.is_json) {
        fmt::print("{}", to_lines(story));
        return ExitStatus::ok;
    }
    json::object document;
    document["moments"] = to_json(story);
    fmt::print("{}", to_pretty_text(document));
    return ExitStatus::ok;
}

}  // namespace

ExitStatus list_incidents(const IncidentsOptions& options) {
    if (options.mesh) {
        return tell_mesh(options);
    }
    const Result<LedgerPlace> place = place_of(options.ledger);
    const Result<HistoryQuestion> question = question_of(options);
    if (!place || !question) {
        complain(place ? question.error().text : place.error().text);
        return ExitStatus::usage;
    }
    const HistoryPlace where{place->files(), options.index.empty() ? place->index : options.index};
    const Result<History> history =
        ask_history(where, *question, [](std::string_view news) { complain(news); });
    if (!history) {
        complain(history.error().text);
        return status_of(history.error());
    }
    print(*history, options.ledger.common.is_json);
    return ExitStatus::ok;
}

ExitStatus explain_incident(const LedgerOptions& options, const std::string& id) {
    const Result<std::vector<EntryGroup>> groups = read_groups(options);
    if (!groups) {
        complain(groups.error().text);
        return status_of(groups.error());
    }
    const IncidentId incident(id);
    Result<std::string> story = explain(*groups, incident);
    if (story && options.common.is_json) {
        const Result<json::value> document = explain_json(*groups, incident);
        if (document) {
            story = to_pretty_text(*document);
        }
    }
    if (!story) {
        complain(story.error().text + dropped_note(*groups));
        return ExitStatus::usage;
    }
    fmt::print("{}", *story);
    return ExitStatus::ok;
}

ExitStatus replay_incident(const LedgerOptions& options, const std::string& id) {
    const Result<std::vector<EntryGroup>> groups = read_groups(options);
    if (!groups) {
        complain(groups.error().text);
        return ExitStatus::usage;
    }
    const IncidentId incident(id);
    const Result<heal::IncidentReplay> replay = heal::replay(*groups, incident);
    if (!replay) {
        complain(replay.error().text + "; `homeostat incidents` lists those that there are" +
                 dropped_note(*groups));
        return ExitStatus::usage;
    }
    fmt::print("{}", options.common.is_json ? to_pretty_text(to_document(incident, *replay))
                                            : to_lines(incident, *replay));
    return status_of(result_of(*replay));
}

}  // namespace homeostat::app
