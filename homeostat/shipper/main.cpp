// homeostat-shipper: brings the ledger's decisions to the sinks outside, and asks them.

#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/exit_status.hpp"
#include "homeostat/app/stderr_log.hpp"
#include "homeostat/app/version.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/os/own_memory.hpp"
#include "homeostat/shipper/central_decisions.hpp"
#include "homeostat/shipper/checking.hpp"
#include "homeostat/shipper/shipping.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

namespace homeostat::shipper {

namespace {

using app::ExitStatus;

constexpr const char* description =
    "Brings the decisions of a ledger to sinks outside: PostgreSQL, NATS JetStream, a webhook.";

constexpr const char* footer =
    R"(Without a command it goes on until SIGTERM: it finishes the batch in hand and ends with 0.
The ledger is only read; what a sink lacks waits there. The agent starts it by itself where
record.sinks is not empty; without an agent, start it by hand or by systemd.

Exit status:
  0  as asked
  1  --once: a sink has not got everything; check: something is missing
  2  arguments or configuration that cannot be used; another shipper runs

Examples:
  homeostat-shipper --config payments.yaml           follow the ledger until SIGTERM
  homeostat-shipper --config payments.yaml --once    send what is there, then end
  homeostat-shipper check --config payments.yaml     can every sink be reached, and written?
  homeostat-shipper decisions --since 7d             what was decided, as the database has it)";

struct Arguments {
    std::filesystem::path config{"homeostat.yaml"};
    bool is_once{false};
    bool allows_core_dumps{false};
    std::string log_level{"info"};
    bool is_json{false};
    app::DecisionsOptions decisions;
};

ExitStatus run(const app::Config& config, bool is_once) {
    if (config.sinks.empty() && !config.fleet) {
        app::complain(
            "the configuration names no sinks and no fleet: add record: { sinks: [ … ] }");
        return ExitStatus::usage;
    }
    const Result<void> done = is_once ? ship_once(config) : ship(config);
    if (!done) {
        app::complain(done.error().text);
        return done.error().fault == Fault::unreachable ? ExitStatus::unexpected
                                                        : ExitStatus::usage;
    }
    return ExitStatus::ok;
}

ExitStatus dispatch(const CLI::App& app, const Arguments& arguments) {
    const bool asks = app.got_subcommand("decisions");
    const app::ConfigReport report =
        app::load_config(asks ? arguments.decisions.ledger.common.config : arguments.config);
    if (!report.config) {
        app::complain(app::describe(report));
        return ExitStatus::usage;
    }
    if (asks) {
        return tell_central_decisions(*report.config, arguments.decisions);
    }
    if (app.got_subcommand("check")) {
        return check_sinks(*report.config, arguments.is_json);
    }
    return run(*report.config, arguments.is_once);
}

void add_commands(CLI::App& app, Arguments& arguments) {
    app.add_option("-c,--config", arguments.config, "The service's configuration")
        ->capture_default_str();
    app.add_flag("--once", arguments.is_once, "Send what is there, then end");
    app.add_flag("--core-dumps", arguments.allows_core_dumps,
                 "To find a fault of ours: allow core dumps, and debuggers of the same user; every "
                 "secret of the configuration is in them");
    app.add_option("--log-level", arguments.log_level, "What to write to stderr")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
        ->capture_default_str();
    CLI::App* check = app.add_subcommand("check", "Whether every sink can be reached and written");
    check->add_option("-c,--config", arguments.config, "The service's configuration")
        ->capture_default_str();
    check->add_flag("--json", arguments.is_json, "Print one JSON document");
    check->footer("Nothing is changed and nothing is sent.");
    CLI::App* decisions =
        app.add_subcommand("decisions", "What was decided and why, from PostgreSQL");
    app::add_decisions_options(*decisions, arguments.decisions);
}

}  // namespace

}  // namespace homeostat::shipper

int main(int argc, char** argv) {
    using namespace homeostat::shipper;
    using homeostat::app::ExitStatus;
    try {
        CLI::App app(description, "homeostat-shipper");
        app.set_version_flag("--version", std::string(homeostat::app::program_version));
        app.footer(footer);
        Arguments arguments;
        add_commands(app, arguments);
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            const int status = app.exit(error);
            return status == 0 ? 0 : to_int(ExitStatus::usage);
        }
        homeostat::app::log_to_stderr(arguments.log_level);
        if (!arguments.allows_core_dumps) {
            homeostat::os::keep_memory_to_ourselves();
        }
        return to_int(dispatch(app, arguments));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "homeostat-shipper: %s\n", error.what());
        return to_int(homeostat::app::ExitStatus::unexpected);
    }
}
