// `homeostat advise`: what could be changed for good because a cause came again.

#include "homeostat/adapters/segment_log/verify_ledger.hpp"
#include "homeostat/advise/advise.hpp"
#include "homeostat/app/advice_report.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/ledger_place.hpp"
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
    const AdviceReport advice{
        advise::advise(past->closed, advise_settings(*report.config), options.times),
        *report.config, *text, *since, options.times};
    fmt::print("{}", options.ledger.common.is_json ? to_pretty_text(to_document(advice))
                                                   : to_lines(advice));
    return ExitStatus::ok;
}

}  // namespace homeostat::app
