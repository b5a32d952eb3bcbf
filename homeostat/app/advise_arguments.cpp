#include "homeostat/app/advise_arguments.hpp"

#include "homeostat/advise/before_after.hpp"

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
    command->add_flag("--simulate", options.is_simulated,
                      "Try each advice in simulated worlds, without it and with it; takes seconds");
    command->add_option("--worlds", options.worlds, "With --simulate: so many pairs of worlds")
        ->check(CLI::Range(advise::worlds_min, advise::worlds_max))
        ->capture_default_str();
    command->footer(
        "By fixed rules, from closed incidents and the configuration as it stands: limit, timeout, "
        "retry_budget,\nbreaker, probe, disruption_budget, ttl or replica_floor, with the "
        "incidents that speak for it. What\nis a key of the configuration comes as a patch of it, "
        "the rest as lines for the file they belong in.\nNothing is ever applied. Where nothing is "
        "advised it says why.\n\n"
        "--simulate has homeostat-lab, which has to lie beside homeostat, run made-up worlds with "
        "the same\nfaults, without the change and with it, and says what users got in each. They "
        "have your numbers of\ninstances, spares and neighbours, and are not your estate.\n\n"
        "Exit status:\n  0  looked at, also when there is nothing to advise\n"
        "  1  the ledger is not intact, or the simulator ended ill\n"
        "  2  no such ledger or time, a configuration that cannot be used, or no homeostat-lab\n\n"
        "Examples:\n  homeostat advise\n"
        "  homeostat advise --config payments.yaml --since 90d --times 3\n"
        "  homeostat advise --simulate\n"
        "  homeostat advise --json | jq -r '.advice[0].patch' > advice.diff");
}

}  // namespace homeostat::app
