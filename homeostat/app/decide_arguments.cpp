#include "homeostat/app/decide_arguments.hpp"

#include "homeostat/app/model_place.hpp"
#include "homeostat/base/named_enum.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace homeostat::app {

void add_bench_decide(CLI::App& bench, BenchDecideOptions& options) {
    CLI::App* command = bench.add_subcommand(
        "decide", "Rules, model and both over the cases of the demo, honestly");
    options.model = bundled_model();
    command->add_flag("--json", options.is_json,
                      "Print one JSON document; progress goes to stderr");
    command
        ->add_option_function<std::string>(
            "--oracle", [&options](const std::string& word) { options.asks_model = word == "all"; },
            "Who is measured: the rules alone, or rules, model and both")
        ->check(CLI::IsMember({"rules", "all"}))
        ->default_str("all");
    command->add_option("--model", options.model, "A GGUF file instead of the bundled model")
        ->check(CLI::ExistingFile);
    command
        ->add_option("--calibration", options.calibration,
                     "What the model's word is worth in `both`, measured beside the rules; without "
                     "it, nothing")
        ->check(CLI::ExistingFile);
    command->add_option("--cases", options.cases, "Other cases than the demo's own")
        ->check(CLI::ExistingFile);
    command
        ->add_option("--repeats", options.repeats,
                     "Questions per case, read anew and at once again each")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
    command
        ->add_option("--threads", options.threads,
                     "Of the model's server; the agent gives it one, which disturbs least")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command
        ->add_option("--prompts", options.prompts,
                     "Measure nothing; print what the model would read of the `evidence` in each "
                     "line of this file, and before that the labels it answers with, as JSON")
        ->check(CLI::ExistingFile);
    command->footer(
        "A case is a menu with its evidence as the demo's agent saw them. Right is what its "
        "scenario\nexpects, harmful what it forbids. Menus with one entry, and those that lack the "
        "right\nremedy, are counted in the first table: nobody who ranks can mend them.\n"
        "What is tuned is tuned on other seeds and measured on these.\n\n"
        "Exit status:\n  0    measured what was asked for\n"
        "  1    the model was not there or never answered; the rules' figures are printed\n"
        "  2    arguments, cases or a calibration that cannot be used\n  130  interrupted\n\n"
        "Examples:\n  homeostat bench decide\n"
        "  homeostat bench decide --oracle rules --json\n"
        "  homeostat bench decide --model other.gguf --repeats 20 > figures.txt");
}

void add_decide(CLI::App& app, DecideOptions& options) {
    CLI::App* command = app.add_subcommand(
        "decide", "Judge cases given from outside: raw telemetry in, ranked remedies out");
    command->add_option("--cases", options.cases, "A file with a case in JSON on each line")
        ->required();
    CLI::Option* json = command->add_flag("--json", options.is_json,
                                          "A line of JSON for each case; the scores go to stderr");
    command->add_flag("--each", options.tells_each, "A line for each case, before the scores");
    command
        ->add_flag("--features", options.has_features,
                   "With --json: every candidate and the numbers it was weighed by; their names "
                   "stand with the scores")
        ->needs(json);
    command
        ->add_option_function<std::string>(
            "--ranker",
            [&options](const std::string& word) { options.ranker = *parse_enum<CaseRanker>(word); },
            "Who ranks: the tree that was learnt from simulated cases, the rules alone, the local "
            "model on the tree's menu, or tree and model by their calibration")
        ->check(CLI::IsMember({"tree", "rules", "both", "model"}))
        ->default_str("tree");
    options.model = bundled_model();
    command->add_option("--model", options.model, "A GGUF file instead of the bundled model")
        ->check(CLI::ExistingFile);
    command
        ->add_option("--calibration", options.calibration,
                     "What the model's word is worth in `both`; without it, nothing")
        ->check(CLI::ExistingFile);
    command
        ->add_option_function<std::string>(
            "--beside",
            [&options](const std::string& word) {
                options.beside = *parse_enum<decide::Beside>(word);
            },
            "Who ranks before the model is heard; the calibration has to be measured beside the "
            "same")
        ->check(CLI::IsMember({"tree", "rules"}))
        ->default_str("tree");
    command
        ->add_flag("--evidence", options.has_evidence,
                   "With --json: the case in a few lines, as a small model reads it")
        ->needs(json);
    command->footer(
        "docs/cases.md describes a case: services, series, logs, changes, alerts, what is "
        "possible. Where it\nsays what is acceptable, answers are scored by it; nothing that "
        "decides ever sees that part.\nA line that cannot be read is named with its field, and "
        "the others are judged.\n\n"
        "With `both` and `model` a language model weighs the kinds of each menu, by the evidence "
        "alone; targets,\nand whether a person is called, are the tree's (--beside). A question "
        "without an answer leaves its order.\n\n"
        "Exit status:\n  0  every case was judged\n  1  a model was to be asked, and there is "
        "none\n"
        "  2  a line, a file or a calibration could not be read\n"
        "  130  interrupted: what was printed is whole lines\n\n"
        "Examples:\n  homeostat simulate --cases 200 --split held-out --out cases.jsonl\n"
        "  homeostat decide --cases cases.jsonl\n"
        "  homeostat decide --cases cases.jsonl --ranker rules\n"
        "  homeostat decide --cases cases.jsonl --ranker both --calibration calibration.json\n"
        "  homeostat decide --cases cases.jsonl --json > answers.jsonl");
}

}  // namespace homeostat::app
