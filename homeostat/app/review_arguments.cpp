#include "homeostat/app/review_arguments.hpp"

#include <CLI/CLI.hpp>

namespace homeostat::app {

namespace {

void add_place(CLI::App& command, LedgerOptions& options) {
    command.add_option("-c,--config", options.common.config, "The service's configuration")
        ->capture_default_str();
    command.add_flag("--json", options.common.is_json, "Print one JSON document");
    command.add_option("--ledger", options.ledger,
                       "A ledger's directory, instead of the configuration's");
}

}  // namespace

void add_autonomy(CLI::App& app, AutonomyOptions& options) {
    CLI::App* command = app.add_subcommand(
        "autonomy", "How far each remedy may go, what speaks for more, and what is demoted");
    add_place(*command, options.ledger);
    CLI::App* promote = command->add_subcommand(
        "promote", "Say that a demoted remedy may do again what its configuration lets it do");
    promote->fallthrough();
    promote->add_option("REMEDY", options.remedy, "Its kind, as in rollback")->required();
    promote->add_option("--task", options.task, "Of run_task: that declared task alone");
    promote->add_option("--because", options.because, "Your reason, for the ledger")->required();
    promote->footer(
        "A remedy at `act` of which one did not help, or that helped again and again, asks a "
        "person from then on,\nuntil this is said. It lifts all that the kind stands under, at "
        "every target and against every symptom,\nand counts from there anew. It raises nothing "
        "above what the configuration has. Who said so, and why,\nstands in the ledger.\n\n"
        "Exit status:\n  0  recorded\n"
        "  1  the agent refused: it is not demoted, or nothing can be recorded\n"
        "  2  arguments or configuration that cannot be used\n"
        "  3  no agent answers, or whether it is recorded is not known\n\n"
        "Examples:\n  homeostat autonomy promote rollback --because \"the probe was wrong\"\n"
        "  homeostat autonomy promote run_task --task clean_spool --because \"its check was "
        "wrong\"");
    command->footer(
        "From the closed incidents of the ledger: what was only watched and went by a person's "
        "hand or alone, what\npeople answered, what was proven. No agent has to run. Nothing is "
        "ever raised by it: what has been earned\nis printed as the line to write into the "
        "configuration.\n\n"
        "Exit status:\n  0  told, also where nothing is earned\n"
        "  1  the ledger is not intact\n"
        "  2  no such ledger, or a configuration that cannot be used\n\n"
        "Examples:\n  homeostat autonomy\n"
        "  homeostat autonomy --json | jq '.remedies[] | select(.demotion)'\n"
        "  homeostat autonomy promote rollback --because \"the probe was wrong\"");
}

void add_report(CLI::App& app, ReportOptions& options) {
    CLI::App* command = app.add_subcommand(
        "report", "What healing was worth: outage with and without, pages, questions, failures");
    add_place(*command, options.ledger);
    command
        ->add_option("--since", options.since,
                     "Incidents from then on: 30d, 12h, 2026-11-27; \"\" for all of them")
        ->capture_default_str();
    command->add_option("--until", options.until, "And before then");
    command->add_flag("--csv", options.is_csv, "Print a line for each service and remedy");
    command->footer(
        "A row for each service and remedy. The outage is measured; what it would have been "
        "without us is the median\nof incidents with the same symptom that nothing of ours "
        "healed, with their number, and where there are\nfewer than three of those no number is "
        "given. Below stands what the agent itself and a\nmodel's server that it started have "
        "cost: CPU time, share of a core, resident memory. How each figure is\ncome by is printed "
        "with it.\n\n"
        "Exit status:\n  0  told, also where there is nothing to report\n"
        "  1  the ledger is not intact\n"
        "  2  no such ledger or time, or a configuration that cannot be used\n\n"
        "Examples:\n  homeostat report --since 30d\n"
        "  homeostat report --ledger var/payments/ledger --since \"\" --csv > report.csv\n"
        "  homeostat report --json | jq '.total, .own_usage'");
}

}  // namespace homeostat::app
