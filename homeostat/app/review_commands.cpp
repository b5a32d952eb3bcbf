// `homeostat autonomy` and `homeostat report`: what the ledger says of how far remedies may go, and
// of what they were worth.

#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/control_client.hpp"
#include "homeostat/app/ledger_place.hpp"
#include "homeostat/app/review_report.hpp"
#include "homeostat/app/task_view.hpp"
#include "homeostat/app/usage_file.hpp"
#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

/// What a ledger has for a review.
struct LedgerRead {
    review::Past past;
    std::vector<review::Asking> askings;  ///< In the order of their ends.
};

Result<LedgerRead> read_past(const LedgerOptions& options) {
    const Result<LedgerPlace> place = place_of(options);
    if (!place) {
        return std::unexpected(place.error());
    }
    LedgerRead found;
    review::Askings askings;
    const Result<ledger::Verification> read =
        ledger::read_ledger(place->files(), [&](const EntryGroup& group) {
            review::note(found.past, group);
            std::ranges::move(askings.note(group), std::back_inserter(found.askings));
        });
    return read ? Result<LedgerRead>(std::move(found)) : std::unexpected(read.error());
}

/// A file that cannot be read costs these numbers and not the report.
UsageSum usage_within(const LedgerOptions& options,
                      std::optional<WallTime> since,
                      std::optional<WallTime> until) {
    const Result<LedgerPlace> place = place_of(options);
    const Result<UsageRead> read =
        place ? read_usage(usage_file_of(place->directory)) : std::unexpected(place.error());
    if (!read) {
        complain("what the agent itself has spent is not known: " + read.error().text);
        return {};
    }
    if (read->unreadable_count > 0) {
        complain(
            fmt::format("what the agent itself has spent: {} lines cannot be read, and are "
                        "left out",
                        read->unreadable_count));
    }
    return usage_between(read->records, since, until);
}

ExitStatus give_up(const Error& error) {
    complain(error.text);
    return error.fault == Fault::corrupt ? ExitStatus::unexpected : ExitStatus::usage;
}

/// Of the agent's answer.
ExitStatus complain_of(const Error& error) {
    complain(error.text);
    const bool is_silent = error.fault == Fault::unreachable || error.fault == Fault::late;
    return is_silent ? ExitStatus::unreachable : ExitStatus::unexpected;
}

}  // namespace

ExitStatus show_autonomy(const AutonomyOptions& options) {
    const ConfigReport report = load_config(options.ledger.common.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    const Result<LedgerRead> read = read_past(options.ledger);
    if (!read) {
        return give_up(read.error());
    }
    const AutonomyReport autonomy = autonomy_report(*report.config, read->past);
    const std::vector<TaskView> tasks = task_views(*report.config, read->past.demotions);
    if (!options.ledger.common.is_json) {
        fmt::print("{}{}", to_lines(autonomy), to_lines(tasks));
        return ExitStatus::ok;
    }
    json::object document = to_document(autonomy);
    document["tasks"] = to_json(tasks);
    fmt::print("{}", to_pretty_text(document));
    return ExitStatus::ok;
}

namespace {

/// How far it may go by the configuration.
Autonomy level_of(const guard::Limits& limits, RemedyKind kind, const std::string& task) {
    const auto found = limits.tasks.find(TaskId(task));
    return found != limits.tasks.end() ? found->second : limits.autonomy_in_effect(kind);
}

}  // namespace

ExitStatus promote_remedy(const AutonomyOptions& options) {
    const std::optional<RemedyKind> kind = parse_enum<RemedyKind>(options.remedy);
    if (!kind) {
        complain("there is no remedy '" + options.remedy +
                 "'; `homeostat autonomy` lists those that there are");
        return ExitStatus::usage;
    }
    if (!options.task.empty() && (kind != RemedyKind::run_task || !is_plain_name(options.task))) {
        complain("--task names a declared task, and goes with run_task");
        return ExitStatus::usage;
    }
    const ConfigReport report = load_config(options.ledger.common.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    json::object body;
    body["remedy"] = json::value(options.remedy);
    if (!options.task.empty()) {
        body["task"] = json::value(options.task);
    }
    body["because"] = json::value(options.because);
    const Result<json::value> answer =
        ask_agent(report.config->control_socket, "POST", "/v1/promote", to_text(json::value(body)));
    if (!answer) {
        return complain_of(answer.error());
    }
    if (options.ledger.common.is_json) {
        fmt::print("{}", to_pretty_text(*answer));
    } else {
        const Autonomy level = level_of(report.config->guard, *kind, options.task);
        fmt::print("promoted: {}{} stands at {} again, as configured\n", to_text(*kind),
                   options.task.empty() ? "" : " " + options.task, to_text(level));
    }
    return ExitStatus::ok;
}

ExitStatus report_outages(const ReportOptions& options) {
    if (options.is_csv && options.ledger.common.is_json) {
        complain("--csv and --json are two forms of the same; want one of them");
        return ExitStatus::usage;
    }
    const Result<std::optional<WallTime>> since = when_of(options.since);
    const Result<std::optional<WallTime>> until = when_of(options.until);
    if (!since || !until) {
        complain(since ? "--until: " + until.error().text : "--since: " + since.error().text);
        return ExitStatus::usage;
    }
    Result<LedgerRead> read = read_past(options.ledger);
    if (!read) {
        return give_up(read.error());
    }
    std::erase_if(read->askings, [&](const review::Asking& one) {
        return (*since && one.at < **since) || (*until && one.at >= **until);
    });
    const OutageReport report{review::outages_of(read->past, *since, *until),
                              *since,
                              *until,
                              read->past.first_at,
                              read->past.is_shortened,
                              usage_within(options.ledger, *since, *until),
                              review::figures_of(read->askings)};
    fmt::print("{}", options.is_csv                  ? to_csv(report)
                     : options.ledger.common.is_json ? to_pretty_text(to_document(report))
                                                     : to_lines(report));
    return ExitStatus::ok;
}

}  // namespace homeostat::app
