#include "homeostat/app/advise_arguments.hpp"

#include <CLI/CLI.hpp>

namespace homeostat::app {

void add_advise(CLI::App& app, AdviseOptions& options) {
    CLI::App* command = app.add_subcommand(
        "advise", "What to change for good, where the ledger has a cause more than once");
    command->add_option("-c,--config", options.ledger.common.config, "The service's configuration")
        ->capture_default_str();
    command->add_flag("--json", options.ledger.common.is_json, "Print one JSON document");
    command->add_option("--ledger", options.ledger.ledger,
                        "A ledger's directory, instead of the configuration's");
    command
        ->add_option("--since", options.since,
                     "Incidents from then on: 30d, 12h, 2026-11-27; \"\" for all of them")
        ->capture_default_str();
    command->add_option("--times", options.times, "A cause has to have come so often")
        ->check(CLI::Range(1U, 1'000U))
        ->capture_default_str();
    command->footer(
        "By fixed rules, from closed incidents and the configuration as it stands: limit, timeout, "
        "breaker,\nprobe, disruption_budget, ttl or replica_floor, with the incidents that speak "
        "for it. What is a key\nof the configuration comes as a patch of it, the rest as lines for "
        "the file they belong in. Nothing\nis ever applied, and what would come of it is not "
        "tried. Where nothing is advised it says why.\n\n"
        "Exit status:\n  0  looked at, also when there is nothing to advise\n"
        "  1  the ledger is not intact\n"
        "  2  no such ledger or time, or a configuration that cannot be used\n\n"
        "Examples:\n  homeostat advise\n"
        "  homeostat advise --config payments.yaml --since 90d --times 3\n"
        "  homeostat advise --json | jq -r '.advice[0].patch' > advice.diff");
}

}  // namespace homeostat::app
