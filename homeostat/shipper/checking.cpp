#include "homeostat/shipper/checking.hpp"

#include "homeostat/adapters/postgres/postgres_fleet.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/shipper/sink_making.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace homeostat::shipper {

namespace {

app::Check check_postgres(const std::string& name, const app::PostgresSinkConfig& config) {
    const Result<adapters::postgres::PostgresOptions> options = postgres_options(config);
    const Result<adapters::postgres::DatabaseView> view =
        options ? adapters::postgres::PostgresSink(*options).look()
                : std::unexpected<Error>(options.error());
    if (!view) {
        return app::ill(name, view.error().text, "see docs/sinks.md; the ledger keeps everything");
    }
    if (view->schema_version > view->program_version) {
        return app::ill(name,
                        fmt::format("its tables are of version {}, this program knows {}",
                                    view->schema_version, view->program_version),
                        "install the homeostat-shipper that made them");
    }
    if (!view->may_write) {
        return app::ill(name,
                        fmt::format("PostgreSQL {} answers, and schema {} cannot be written",
                                    view->server, config.schema),
                        "GRANT CREATE ON DATABASE … TO …, or give its schema to that role");
    }
    return app::well(name, view->schema_version == 0
                               ? fmt::format("PostgreSQL {}, schema {} will be made", view->server,
                                             config.schema)
                               : fmt::format("PostgreSQL {}, schema {} of version {}", view->server,
                                             config.schema, view->schema_version));
}

app::Check check_nats(const std::string& name,
                      const app::NatsSinkConfig& config,
                      std::filesystem::path cursor_file) {
    const Result<adapters::nats::NatsOptions> options =
        nats_options(config, std::move(cursor_file));
    const Result<adapters::nats::StreamView> view = options
                                                        ? adapters::nats::NatsSink(*options).look()
                                                        : std::unexpected<Error>(options.error());
    if (!view) {
        return app::ill(name, view.error().text, "see docs/sinks.md; the ledger keeps everything");
    }
    return app::well(name, view->is_there ? fmt::format("JetStream's stream {} has {} messages",
                                                        config.stream, view->messages_count)
                                          : fmt::format("JetStream answers; stream {} will be made",
                                                        config.stream));
}

app::Check check_webhook(const std::string& name, const app::WebhookSinkConfig& config) {
    const auto options = webhook_options(config, {});
    return options ? app::well(name, "can be asked; it was not, for each request is an event")
                   : app::ill(name, options.error().text, "correct it");
}

/// How much of its budget is in use.
app::Check check_fleet(const app::FleetConfig& fleet) {
    const std::string name = "fleet " + fleet.limits.name;
    const auto options = postgres_options(fleet.postgres);
    const Result<adapters::postgres::FleetView> view =
        options ? adapters::postgres::PostgresFleet(*options).look(fleet.limits)
                : std::unexpected<Error>(options.error());
    if (!view) {
        return app::ill(name, view.error().text,
                        "see docs/fleet.md; until then nothing judged begins here");
    }
    return app::well(
        name, fmt::format("{} of {} in hand{}{}, {} of {} begun within {}", view->in_hand_count,
                          fleet.limits.at_once_max, view->holders.empty() ? "" : " by ",
                          view->holders, view->begun_count, fleet.limits.remedies_max,
                          app::to_text(fleet.limits.window)));
}

}  // namespace

std::vector<app::Check> checks_of_sinks(const app::Config& config) {
    std::vector<app::Check> checks;
    for (const app::SinkConfig& sink : config.sinks) {
        const std::string name = "sink " + sink.name;
        checks.push_back(sink.postgres ? check_postgres(name, *sink.postgres)
                         : sink.nats   ? check_nats(name, *sink.nats, cursor_file_of(sink, config))
                                       : check_webhook(name, *sink.webhook));
    }
    if (config.fleet) {
        checks.push_back(check_fleet(*config.fleet));
    }
    return checks;
}

app::ExitStatus check_sinks(const app::Config& config, bool is_json) {
    const std::vector<app::Check> checks = checks_of_sinks(config);
    const bool is_well =
        std::ranges::find(checks, app::Health::ill, &app::Check::health) == checks.end();
    if (is_json) {
        json::object document;
        document["is_well"] = is_well;
        document["checks"] = to_json(checks);
        fmt::print("{}", to_pretty_text(document));
    } else {
        for (const app::Check& check : checks) {
            fmt::print("{:<5} {:<16} {}{}\n", to_text(check.health), plain(check.name),
                       plain(check.says), check.mend.empty() ? "" : " — " + plain(check.mend));
        }
    }
    return is_well ? app::ExitStatus::ok : app::ExitStatus::unexpected;
}

}  // namespace homeostat::shipper
