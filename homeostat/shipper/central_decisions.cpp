#include "homeostat/shipper/central_decisions.hpp"

#include "homeostat/app/complaint.hpp"
#include "homeostat/app/decisions.hpp"
#include "homeostat/app/ledger_place.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/shipper/sink_making.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::shipper {

namespace {

using adapters::postgres::DecisionFilter;
using app::ExitStatus;

Result<DecisionFilter> filter_of(const app::DecisionsOptions& options) {
    const Result<std::optional<WallTime>> since = app::when_of(options.since);
    const Result<std::optional<WallTime>> until = app::when_of(options.until);
    if (!since || !until) {
        return fail(since ? "--until" : "--since", since ? until.error() : since.error());
    }
    DecisionFilter filter{.service = options.service, .remedy = options.remedy};
    filter.since = *since ? to_timestamp(**since) : "";
    filter.until = *until ? to_timestamp(**until) : "";
    return filter;
}

Result<std::vector<app::Decision>> ask(const app::PostgresSinkConfig& config,
                                       const DecisionFilter& filter) {
    Result<adapters::postgres::PostgresOptions> options = postgres_options(config);
    if (!options) {
        return std::unexpected(options.error());
    }
    std::vector<app::Decision> decisions;
    std::optional<Error> unreadable;
    adapters::postgres::PostgresSink sink(*std::move(options));
    const Result<void> done = sink.decisions(filter, [&](const std::string& row) {
        const Result<json::value> value = parse_json(row);
        Result<app::Decision> decision =
            value ? from_json<app::Decision>(*value) : std::unexpected<Error>(value.error());
        if (decision) {
            decision->target = app::target_of(decision->target);
            decisions.push_back(*std::move(decision));
        } else {
            unreadable = decision.error();
        }
    });
    if (!done || unreadable) {
        return fail("the database", done ? *unreadable : done.error());
    }
    return decisions;
}

}  // namespace

ExitStatus tell_central_decisions(const app::Config& config, const app::DecisionsOptions& options) {
    const auto sink = std::ranges::find_if(
        config.sinks, [](const app::SinkConfig& each) { return each.postgres.has_value(); });
    if (sink == config.sinks.end()) {
        app::complain("no PostgreSQL is among record.sinks; without --central the ledger tells");
        return ExitStatus::usage;
    }
    const Result<DecisionFilter> filter = filter_of(options);
    if (!filter) {
        app::complain(filter.error().text);
        return ExitStatus::usage;
    }
    const Result<std::vector<app::Decision>> decisions = ask(*sink->postgres, *filter);
    if (!decisions) {
        app::complain(decisions.error().text);
        return ExitStatus::usage;
    }
    const auto format = options.is_csv                  ? app::DecisionFormat::csv
                        : options.ledger.common.is_json ? app::DecisionFormat::json
                                                        : app::DecisionFormat::table;
    fmt::print("{}", app::to_text(*decisions, format));
    return ExitStatus::ok;
}

}  // namespace homeostat::shipper
