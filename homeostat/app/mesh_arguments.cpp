#include "homeostat/app/mesh_arguments.hpp"

#include <CLI/CLI.hpp>

namespace homeostat::app {

void add_mesh(CLI::App& app, CommonOptions& pledges_options, MeshOptions& options) {
    CLI::App* pledges = app.add_subcommand(
        "pledges", "What was agreed on with neighbours, and how the calls to them are");
    pledges->add_option("-c,--config", pledges_options.config, "The service's configuration")
        ->capture_default_str();
    pledges->add_flag("--json", pledges_options.is_json, "Print one JSON document");
    pledges->footer(
        "A line for each route: who calls whom, where their agreement stands, the reduced mode and "
        "for how\nlong it still lasts. It ends by itself then, whoever is dead "
        "(docs/pledges.md).\n\n"
        "Exit status:\n  0  shown\n  1  the agent is of another version\n  2  the configuration "
        "cannot be used\n  3  no agent "
        "answers\n\nExample:\n  homeostat pledges -c payments.yaml");
    CLI::App* mesh =
        app.add_subcommand("mesh", "Who calls whom, and on which reduced modes they can agree");
    mesh->add_option("-c,--config", options.config, "The service's configuration")
        ->capture_default_str();
    CLI::Option* mermaid = mesh->add_flag("--mermaid", options.is_mermaid,
                                          "Print it as a Mermaid flowchart, as without it, too");
    mesh->add_flag("--key", options.prints_key,
                   "Print this agent's public key instead, which its neighbours' configurations "
                   "name; made if there is none")
        ->excludes(mermaid);
    mesh->add_flag("--json", options.is_json, "Print one JSON document");
    mesh->footer(
        "Of the configuration alone; no agent has to run. A dotted arrow is a neighbour with whom "
        "nothing can\nbe agreed on.\n\nExamples:\n  homeostat mesh --mermaid > mesh.mmd\n"
        "  homeostat mesh --key -c fraud.yaml");
}

}  // namespace homeostat::app
