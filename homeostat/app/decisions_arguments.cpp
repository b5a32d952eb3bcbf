#include "homeostat/app/decisions_arguments.hpp"

#include <CLI/CLI.hpp>

namespace homeostat::app {

void add_decisions_options(CLI::App& command, DecisionsOptions& options) {
    command.add_option("-c,--config", options.ledger.common.config, "The service's configuration")
        ->capture_default_str();
    CLI::Option* json =
        command.add_flag("--json", options.ledger.common.is_json, "Print one JSON document");
    command.add_flag("--csv", options.is_csv, "Print a table for spreadsheets")->excludes(json);
    command.add_option("--since", options.since, "From then on: 2h, 7d, 2026-11-27 or …T06:00Z");
    command.add_option("--until", options.until, "Before then, in the same forms");
    command.add_option("--service", options.service, "Of this service only");
    command.add_option("--remedy", options.remedy, "About this kind of remedy only");
}

void add_decisions(CLI::App& app, DecisionsOptions& options) {
    CLI::App* command = app.add_subcommand("decisions", "What was decided, by which rule, and why");
    add_decisions_options(*command, options);
    CLI::Option* ledger = command->add_option(
        "--ledger", options.ledger.ledger, "A ledger's directory, instead of the configuration's");
    command
        ->add_flag("--central", options.is_central,
                   "Ask the first PostgreSQL of record.sinks, which has all services")
        ->excludes(ledger);
    command->footer(
        "A line for every remedy that an incident came to: when it was first weighed, guard's last "
        "verdict\nabout it with the rule, what became of it and what the proof was; and one for an "
        "incident that was\nhanded to a person before any. Without --central the ledger is read; "
        "no agent has to run.\n\n"
        "Exit status:\n  0  told, also where there is nothing\n"
        "  1  the ledger is not whole\n"
        "  2  arguments or configuration that cannot be used; no ledger, no database\n\n"
        "Examples:\n  homeostat decisions --since 7d\n"
        "  homeostat decisions --since 7d --remedy rollback --json\n"
        "  homeostat decisions --central --since 2026-11-01 --csv > november.csv");
}

}  // namespace homeostat::app
