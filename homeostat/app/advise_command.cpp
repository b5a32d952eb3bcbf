// `homeostat advise`: what could be changed for good because a cause came again.

#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/advise/advise.hpp"
#include "homeostat/app/advice_report.hpp"
#include "homeostat/app/advise_trials.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/ledger_place.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/app/strict_yaml.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

Result<advise::Past> read_past(const AdviseOptions& options, std::optional<WallTime> since) {
    const Result<LedgerPlace> place = place_of(options.ledger);
    if (!place) {
        return std::unexpected(place.error());
    }
    advise::Past past;
    const Result<ledger::Verification> read = ledger::read_ledger(
        place->files(), [&](const EntryGroup& group) { advise::note(past, group, since); });
    return read ? Result<advise::Past>(std::move(past)) : std::unexpected(read.error());
}

/// Whether all could be tried.
/// ERRORS: absent: homeostat-lab is not there.
Result<bool> try_all(const AdviseOptions& options, AdviceReport& report) {
    bool is_whole = true;
    const advise::Settings settings = advise_settings(report.config);
    for (const advise::Advice& advice : report.findings.advice) {
        advise::TrialOrder order = advise::trial_of(advice, settings);
        order.worlds_count = options.worlds;
        Result<advise::BeforeAfter> tried = try_advice(own_directory() / "homeostat-lab", order);
        if (!tried && tried.error().fault == Fault::absent) {
            return std::unexpected<Error>(std::move(tried.error()));
        }
        if (!tried) {  // The advice, and what was tried before, are worth telling all the same.
            complain(tried.error().text);
            is_whole = false;
            report.tried.push_back({.cause = order.cause,
                                    .advice = order.advice,
                                    .not_simulated = "homeostat-lab gave no report"});
            continue;
        }
        report.tried.push_back(std::move(*tried));
    }
    return is_whole;
}

ExitStatus give_up(const Error& error) {
    complain(error.text);
    return error.fault == Fault::corrupt ? ExitStatus::unexpected : ExitStatus::usage;
}

}  // namespace

ExitStatus advise_structure(const AdviseOptions& options) {
    const std::filesystem::path& file = options.ledger.common.config;
    const ConfigReport report = load_config(file);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    const Result<std::string> text = os::read_file(file.string(), yaml_bytes_max);
    if (!text) {
        return give_up(text.error());
    }
    const Result<std::optional<WallTime>> since = when_of(options.since);
    if (!since) {
        complain("--since: " + since.error().text);
        return ExitStatus::usage;
    }
    const Result<advise::Past> past = read_past(options, *since);
    if (!past) {
        return give_up(past.error());
    }
    AdviceReport advice{
        advise::advise(past->closed, advise_settings(*report.config), options.times),
        *report.config, *text, *since, options.times};
    bool is_whole = true;
    if (options.is_simulated) {
        const Result<bool> tried = try_all(options, advice);
        if (!tried) {
            complain(tried.error().text);
            return ExitStatus::usage;
        }
        is_whole = *tried;
    }
    fmt::print("{}", options.ledger.common.is_json ? to_pretty_text(to_document(advice))
                                                   : to_lines(advice));
    return is_whole ? ExitStatus::ok : ExitStatus::unexpected;
}

}  // namespace homeostat::app
