#include "homeostat/app/graph_arguments.hpp"

#include <CLI/CLI.hpp>

namespace homeostat::app {

void add_graph(CLI::App& app, GraphOptions& options) {
    CLI::App* command = app.add_subcommand(
        "graph", "The graph that every incident runs on, as this program has it");
    CLI::Option* mermaid =
        command->add_flag("--mermaid", options.is_mermaid,
                          "Print it as a Mermaid flowchart, as is done without it, too");
    command
        ->add_flag("--json", options.is_json, "Print nodes, kinds and edges as one JSON document")
        ->excludes(mermaid);
    command->footer(
        "Hexagons cause effects, slanted boxes ask a person, round ones end. Dotted arrows are "
        "chosen between.\n\n"
        "Example:\n  homeostat graph --mermaid > healing.mmd");
}

}  // namespace homeostat::app
