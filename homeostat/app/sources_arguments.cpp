#include "homeostat/app/sources_arguments.hpp"

#include <CLI/CLI.hpp>

namespace homeostat::app {

void add_sources(CLI::App& app, CommonOptions& options) {
    CLI::App* command = app.add_subcommand(
        "sources", "Which lists of suspicious sources are read, and what is marked by them");
    command->add_option("-c,--config", options.config, "The service's configuration")
        ->capture_default_str();
    command->add_flag("--json", options.is_json, "Print one JSON document");
    command->footer(
        "How many sources have each mark, and how many requests came from them: watched, on "
        "trial, denied.\nThen a line for each list: whether it answers, what it lists, and what "
        "was not taken in, and why\n(docs/block_sources.md).\n\n"
        "Exit status:\n  0  shown\n  1  the agent is of another version\n  2  the configuration "
        "cannot be used\n  3  no agent answers\n\nExample:\n  homeostat sources -c shop.yaml");
}

}  // namespace homeostat::app
