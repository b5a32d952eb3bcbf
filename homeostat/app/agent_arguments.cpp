#include "homeostat/app/agent_arguments.hpp"

#include "homeostat/base/named_enum.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace homeostat::app {

namespace {

void add_role(CLI::App& command, ProcessRole& role, const char* says) {
    command
        .add_option_function<std::string>(
            "--role",
            [&role](const std::string& word) {
                role = parse_enum<ProcessRole>(word).value_or(ProcessRole::both);
            },
            says)
        ->check(CLI::IsMember({"both", "agent", "executor"}))
        ->default_str("both");
}

void add_scope(CLI::App& command, AgentOptions& options) {
    CLI::Option* pod =
        command
            .add_option("--pod", options.pod,
                        "The agent's role sees and speaks of this pod alone, beside which it "
                        "stands: metadata.name by the downward API")
            ->envname("HOMEOSTAT_POD");
    CLI::Option* node =
        command
            .add_option("--node", options.node, "The same of the pods of this node: spec.nodeName")
            ->envname("HOMEOSTAT_NODE");
    CLI::Option* instance = command.add_option(
        "--instance", options.instance, "The same of one process of this machine, payments-0");
    pod->excludes(node)->excludes(instance);
    node->excludes(instance);
}

}  // namespace

void add_agent(CLI::App& app, AgentOptions& options) {
    CLI::App* agent = app.add_subcommand("agent", "Guard services until SIGTERM");
    agent
        ->add_option("-c,--config", options.configs,
                     "The service's configuration; more than once, or a directory of *.yaml files: "
                     "several services by one process, each as if it were alone")
        ->allow_extra_args(false)
        ->capture_default_str();
    add_role(*agent, options.role,
             "agent: watch, judge and propose, without any means to act; executor: guard, act and "
             "record what such an agent proposes; both: the whole loop in this process");
    agent->add_option("--executor", options.executor,
                      "Where the agent's role finds its executor, instead of roles.url: a cluster "
                      "says it in an environment variable");
    add_scope(*agent, options);
    agent->add_flag("--show-key", options.shows_key,
                    "Print the agent's public key for roles.agents and end; makes one if missing");
    agent->add_flag("--core-dumps", options.allows_core_dumps,
                    "To find a fault of ours: allow core dumps, and debuggers of the same user; "
                    "every secret of the configuration is in them");
    agent->add_option("--log-level", options.log_level, "What to write to stderr")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
        ->capture_default_str();
    agent->footer(
        "Where both roles are two processes (docs/roles.md) the executor runs as the user that may "
        "act, and the\nagent as one that may not. People ask the executor; `homeostat status "
        "--role agent` asks the agent what\nit sees.\n\n"
        "Exit status:\n  0  ended by SIGTERM\n  1  something failed; of several services also "
        "where "
        "one was not guarded to the end\n"
        "  2  a configuration cannot be used, and then nothing is guarded; or another agent guards "
        "these instances\n\n"
        "Examples:\n  homeostat agent\n  homeostat agent -c payments.yaml\n"
        "  homeostat agent -c payments.yaml -c cart.yaml\n"
        "  homeostat agent -c /etc/homeostat/services --role executor\n"
        "  homeostat agent -c payments.yaml --role agent --show-key\n"
        "  homeostat agent -c payments.yaml --role executor\n"
        "  homeostat agent -c payments.yaml --role agent\n"
        "  homeostat agent -c payments.yaml --role agent --pod \"$POD_NAME\" --executor "
        "http://10.0.0.5:7091");
}

void add_status(CLI::App& app, StatusOptions& options) {
    CLI::App* status = app.add_subcommand("status", "What the agent sees and does now");
    status
        ->add_option("-c,--config", options.configs,
                     "The service's configuration; more than once: of the services that one "
                     "process guards the first that answers")
        ->allow_extra_args(false)
        ->capture_default_str();
    status->add_flag("--json", options.is_json, "Print one JSON document");
    add_role(*status, options.role,
             "Whom to ask: agent is the one of a process of its own; else whoever acts");
    status->footer(
        "Exit status:\n  0  it answers; of several one does\n  3  nobody answers\n\n"
        "Examples:\n  homeostat status\n  homeostat status --role agent --config payments.yaml\n"
        "  homeostat status -c payments.yaml -c cart.yaml");
}

}  // namespace homeostat::app
