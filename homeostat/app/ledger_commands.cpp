// The commands that read a ledger, with or without its agent running.

#include "homeostat/adapters/segment_log/signed_head.hpp"
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

namespace {

std::string names_of(const std::vector<std::filesystem::path>& files) {
    std::string names;
    for (const std::filesystem::path& file : files) {
        names += (names.empty() ? "" : ", ") + file.string();
    }
    return names;
}

std::string agreed(const ledger::Verification& verified, const ledger::Witness& witness) {
    std::string said;
    if (!witness.sink.empty()) {
        said =
            fmt::format("{} groups agree with {}", verified.witnessed_count, witness.sink.string());
    }
    if (!witness.heads.empty()) {
        said += fmt::format("{}{} signed heads of {} agree", said.empty() ? "" : ", ",
                            verified.heads_count, names_of(witness.heads));
    }
    return said.empty() ? "none; keep the head above to have one" : said;
}

void print_intact(const ledger::Verification& verified, const ledger::Witness& witness) {
    fmt::print("intact: {} records in {} groups and {} segments\nhead:   {}\nwitness: {}\n",
               verified.entries_count, verified.groups_count, verified.segments_count,
               verified.head_hash, agreed(verified, witness));
    if (verified.dropped_at && verified.first_wall_at) {
        fmt::print(
            "begins: with group {} of {}; older ones were dropped on {} by retention "
            "(record.keep)\n",
            verified.first_index, to_timestamp(*verified.first_wall_at),
            to_timestamp(*verified.dropped_at));
    }
    if (verified.torn_tail_bytes > 0) {
        fmt::print(
            "note:   {} bytes of an unfinished group at the end, from a crash or from "
            "a writer at work\n",
            verified.torn_tail_bytes);
    }
}

/// The chain is whole, and whether its end was cut off cannot be told: no place is bad.
void object_without_witness(ledger::LedgerCheck& checked,
                            const std::string& what,
                            std::string_view mend) {
    if (checked.trouble || checked.seen.groups_count == 0) {
        return;
    }
    checked.trouble =
        Error{Fault::corrupt, fmt::format("{}, and cannot confirm the end of the ledger's {} "
                                          "groups; {}",
                                          what, checked.seen.groups_count, mend)};
}

json::object to_document(const ledger::LedgerCheck& checked) {
    json::object document;
    document["records"] = checked.seen.entries_count;
    document["intact"] = !checked.trouble;
    document["first_bad"] = to_json(checked.first_bad);
    document["trouble"] = json::value(checked.trouble ? checked.trouble->text : std::string());
    if (!checked.trouble) {
        document["verification"] = to_json(checked.seen);
    }
    return document;
}

/// The witnesses of signed heads that are configured and not named anew, which are (not) there.
std::vector<std::filesystem::path> configured_heads(const VerifyLedgerOptions& options,
                                                    const LedgerPlace& place,
                                                    bool is_there) {
    std::vector<std::filesystem::path> files;
    for (const std::filesystem::path& heads : place.witnesses) {
        std::error_code ignored;
        if (options.heads.empty() && std::filesystem::exists(heads, ignored) == is_there) {
            files.push_back(heads);
        }
    }
    return files;
}

/// What the ledger is checked against: the command line's, else what the configuration names and
/// is there.
ledger::Witness witness_of(const VerifyLedgerOptions& options, const LedgerPlace& place) {
    std::error_code ignored;
    ledger::Witness witness{options.head, options.sink, {}, options.public_key};
    if (witness.sink.empty() && std::filesystem::exists(place.sink, ignored)) {
        witness.sink = place.sink;
    }
    if (witness.public_key.empty()) {
        witness.public_key = place.public_key;
    }
    witness.heads = configured_heads(options, place, true);
    if (!options.heads.empty()) {
        witness.heads.push_back(options.heads);
    }
    return witness;
}

ledger::LedgerCheck check(const VerifyLedgerOptions& options,
                          const LedgerPlace& place,
                          const ledger::Witness& witness) {
    ledger::LedgerCheck checked = ledger::check_ledger(place.files(), witness);
    if (witness.sink.empty() && !place.sink.empty()) {
        object_without_witness(
            checked, "configured " + place.sink.string() + " is not there",
            "bring it back. A running agent writes it anew with its next record");
    }
    std::vector<std::filesystem::path> without = configured_heads(options, place, false);
    without.insert(without.end(), checked.without_head.begin(), checked.without_head.end());
    if (!without.empty()) {
        object_without_witness(checked, "no signed head is there in " + names_of(without),
                               "bring it back from a copy. A running agent writes one with its "
                               "next head");
    }
    return checked;
}

}  // namespace

ExitStatus verify_ledger_of(const VerifyLedgerOptions& options) {
    const Result<LedgerPlace> place = place_of(options.ledger);
    if (!place) {
        complain(place.error().text);
        return ExitStatus::usage;
    }
    const ledger::Witness witness = witness_of(options, *place);
    if (!witness.heads.empty() && witness.public_key.empty()) {
        complain("--witness needs the key that its heads are checked with: --public-key FILE");
        return ExitStatus::usage;
    }
    const ledger::LedgerCheck checked = check(options, *place, witness);
    const bool is_intact = !checked.trouble;
    if (!is_intact && checked.trouble->fault != Fault::corrupt) {
        complain(checked.trouble->text);
        return ExitStatus::usage;
    }
    if (options.ledger.common.is_json) {
        fmt::print("{}\n", to_text(to_document(checked)));
    } else if (is_intact) {
        print_intact(checked.seen, witness);
    } else {
        fmt::print("NOT INTACT: {}\n", checked.trouble->text);
    }
    return is_intact ? ExitStatus::ok : ExitStatus::unexpected;
}

}  // namespace homeostat::app
