// homeostat: the command line. Each command is a function of commands.hpp.

#include "homeostat/app/commands.hpp"
#include "homeostat/app/demo/demo.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/app/stderr_log.hpp"
#include "homeostat/app/version.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <limits>
#include <string>

namespace homeostat::app {

namespace {

constexpr const char* description =
    "Self-healing for services: watches, judges, acts within limits, proves, records.";

constexpr const char* footer = R"(Exit status:
  0  as asked
  1  something that should hold does not (a demo, a ledger, a check of doctor)
  2  arguments or configuration that cannot be used
  3  no agent answers
  130  interrupted

Examples:
  homeostat demo                              break and heal real services on this machine
  homeostat validate --config payments.yaml   say what is wrong with a configuration
  homeostat agent --config payments.yaml      guard one service
  homeostat incidents                         what happened, a line each
  homeostat explain i-3                       the whole story of one incident
  homeostat replay i-3                        would it be decided the same again?
  homeostat suspend --because "maintenance"   no effect begins from now on
  homeostat simulate --seeds 1..200           a loop of ours in 200 worlds that never were)";

void add_common(CLI::App& command, CommonOptions& options) {
    command.add_option("-c,--config", options.config, "The service's configuration")
        ->capture_default_str();
    command.add_flag("--json", options.is_json, "Print one JSON document");
}

void add_ledger(CLI::App& command, LedgerOptions& options) {
    add_common(command, options.common);
    command.add_option("--ledger", options.ledger,
                       "A ledger's directory, instead of the configuration's");
}

/// Everything that the arguments can say, and which command was meant.
struct Arguments {
    demo::DemoOptions demo;
    AgentOptions agent;
    ValidateOptions validate;
    CommonOptions status;
    CommonOptions doctor;
    LedgerOptions incidents;
    LedgerOptions explain;
    std::string incident;
    LedgerOptions replay;
    SwitchOptions suspend;
    SwitchOptions resume;
    VerifyLedgerOptions verify;
    BenchDecideOptions bench;
};

void add_demo(CLI::App& app, demo::DemoOptions& options) {
    CLI::App* command =
        app.add_subcommand("demo", "Break and heal real services on this machine, and measure it");
    options.model = bundled_model();
    command->add_flag("--json", options.is_json,
                      "Print one JSON document; progress goes to stderr");
    command->add_option("--seed", options.seed, "Order and sizes of the faults")
        ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()))
        ->capture_default_str();
    command->add_option("--only", options.only, "One scenario by its name");
    command->add_flag("--list", options.lists, "Print the names of the scenarios instead");
    command->add_flag("--baseline", options.has_baseline,
                      "Run each scenario under what people use today, too: minutes each");
    command->add_option("--oracle", options.oracle, "Who ranks the remedies")
        ->check(CLI::IsMember({"rules", "model", "both"}))
        ->capture_default_str();
    command->add_option("--keep", options.keep,
                        "Leave the run's directory here: logs, configurations, ledgers");
    command->add_option("--model", options.model, "A GGUF file instead of the bundled model")
        ->check(CLI::ExistingFile);
    command->footer(
        "t0 is the first answer a user would call bad (error, slower than 500 ms, wrong).\n"
        "Healing ends at the start of the first 2 s in which at least 99 % of the answers are "
        "good.\nExit status 0 only if every scenario went as expected.\n\n"
        "With --baseline, the same faults, seeds and load once more without Homeostat, under\n"
        "  kubernetes        a restart after 3 failed probes of 10 s, with the kubelet's back-off\n"
        "  kubernetes-tuned  the same with probes of 1 s\n"
        "  haproxy           its checks (1 s x 3) and observe layer7; nothing is restarted\n"
        "  nothing\n"
        "each until users are well for 6 s, or its window is over: 40, 25, 15 and 15 s from t0.\n"
        "What it does to users changes no exit status.\n\n"
        "Examples:\n  homeostat demo --only bad_deploy --keep /tmp/run\n"
        "  homeostat demo --only leak --baseline\n"
        "  homeostat demo --json --seed 7 --oracle rules > result.json");
}

void add_doctor(CLI::App& app, CommonOptions& options) {
    CLI::App* command =
        app.add_subcommand("doctor", "Check what this machine and configuration need");
    add_common(*command, options);
    command->footer(
        "One line for each thing: ok, note (worth knowing) or ILL (missing, with its mend). Looked "
        "at are\nthis machine (kernel, program, versions, ports, room), HAProxy (level, backends, "
        "servers, and the\nstick tables and maxconn that declared remedies use), each cache with "
        "its source and readers,\nthe journey, the health probes and the model. Each is tried "
        "once, as the agent would, within\ntwo seconds; nothing is changed, no agent has to run.\n"
        "\nExit status:\n  0  nothing is missing; there may be notes\n"
        "  1  something is missing\n  2  the configuration cannot be used");
}

void add_reading_commands(CLI::App& app, Arguments& arguments) {
    CLI::App* validate =
        app.add_subcommand("validate", "Check a configuration and explain each problem");
    add_common(*validate, arguments.validate.common);
    validate->add_flag("--schema", arguments.validate.prints_schema,
                       "Print the JSON Schema for editors instead");
    add_common(*app.add_subcommand("status", "What the agent sees and does now"), arguments.status);
    add_ledger(*app.add_subcommand("incidents", "Every incident of the ledger, a line each"),
               arguments.incidents);
    CLI::App* explain =
        app.add_subcommand("explain", "The whole story of one incident, from the ledger");
    add_ledger(*explain, arguments.explain);
    explain->add_option("ID", arguments.incident, "The incident, as in i-3")->required();
    CLI::App* replay =
        app.add_subcommand("replay", "Decide an incident again from the ledger alone, and compare");
    add_ledger(*replay, arguments.replay);
    replay->add_option("ID", arguments.incident, "The incident, as in i-3")->required();
    replay->footer(
        "Every choice and every verdict of guard is made again by this program, from the facts, "
        "limits\nand history of its time. No agent has to run, nothing is changed.\n\n"
        "Exit status:\n  0  every decision comes out as it was recorded\n"
        "  1  one comes out differently; the rule is printed\n"
        "  2  it cannot be said: no such incident or ledger, or records of an older version");
    CLI::App* verify =
        app.add_subcommand("verify-ledger", "Check every byte, the chain and the witness");
    add_ledger(*verify, arguments.verify.ledger);
    verify->add_option("--sink", arguments.verify.sink,
                       "The witness file, instead of the configuration's");
    verify->add_option("--head", arguments.verify.head, "A head hash that was written down before");
    add_doctor(app, arguments.doctor);
}

void add_switch(CLI::App& app, const char* name, const char* says, SwitchOptions& options) {
    CLI::App* command = app.add_subcommand(name, says);
    add_common(*command, options.common);
    command->add_option("--because", options.because, "Your reason, for the ledger");
}

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
                     "What the model's word is worth in `both`; without it, nothing")
        ->check(CLI::ExistingFile);
    command->add_option("--cases", options.cases, "Other cases than the demo's own")
        ->check(CLI::ExistingFile);
    command
        ->add_option("--repeats", options.repeats,
                     "Questions per case, read anew and at once again each")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
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

void add_commands(CLI::App& app, Arguments& arguments) {
    add_demo(app, arguments.demo);
    CLI::App* agent = app.add_subcommand("agent", "Guard one service until SIGTERM");
    agent->add_option("-c,--config", arguments.agent.config, "The service's configuration")
        ->required();
    agent->add_option("--log-level", arguments.agent.log_level, "What to write to stderr")
        ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
        ->capture_default_str();
    add_reading_commands(app, arguments);
    add_switch(app, "suspend", "Kill switch: no effect begins from now on", arguments.suspend);
    add_switch(app, "resume", "Release the kill switch", arguments.resume);
    // Its options, --help too, are homeostat-lab's.
    app.add_subcommand("simulate", "The whole loop in simulated worlds, before a referee")
        ->prefix_command()
        ->set_help_flag();
    CLI::App* bench = app.add_subcommand("bench", "Measure");
    bench->require_subcommand(1);
    add_bench_decide(*bench, arguments.bench);
}

int play_demo(demo::DemoOptions options) {
    if (options.lists) {
        return demo::list_scenarios();
    }
    options.model_missing = options.oracle == "rules" ? "" : model_missing(options.model);
    if (!options.model_missing.empty()) {
        options.model.clear();
    }
    options.programs = own_directory();
    return demo::run_demo(options);
}

int dispatch(const CLI::App& app, const Arguments& arguments) {
    const auto is_meant = [&app](const char* name) { return app.got_subcommand(name); };
    log_to_stderr(is_meant("agent") ? arguments.agent.log_level : "warn");
    if (is_meant("demo")) {
        return play_demo(arguments.demo);
    }
    if (is_meant("agent")) {
        return to_int(run_agent(arguments.agent));
    }
    if (is_meant("validate")) {
        return to_int(validate(arguments.validate));
    }
    if (is_meant("status")) {
        return to_int(show_status(arguments.status));
    }
    if (is_meant("incidents")) {
        return to_int(list_incidents(arguments.incidents));
    }
    if (is_meant("explain")) {
        return to_int(explain_incident(arguments.explain, arguments.incident));
    }
    if (is_meant("replay")) {
        return to_int(replay_incident(arguments.replay, arguments.incident));
    }
    if (is_meant("suspend")) {
        return to_int(suspend(arguments.suspend));
    }
    if (is_meant("resume")) {
        return to_int(resume(arguments.resume));
    }
    if (is_meant("verify-ledger")) {
        return to_int(verify_ledger_of(arguments.verify));
    }
    if (is_meant("simulate")) {
        return to_int(simulate(app.get_subcommand("simulate")->remaining()));
    }
    if (is_meant("doctor")) {
        return to_int(doctor(arguments.doctor));
    }
    return to_int(bench_decide(arguments.bench));
}

}  // namespace

}  // namespace homeostat::app

int main(int argc, char** argv) {
    using namespace homeostat::app;
    try {
        CLI::App app(description, "homeostat");
        app.require_subcommand(1);
        app.set_version_flag("--version", std::string(program_version));
        app.footer(footer);
        Arguments arguments;
        add_commands(app, arguments);
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            const int status = app.exit(error);
            return status == 0 ? 0 : to_int(ExitStatus::usage);
        }
        return dispatch(app, arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "homeostat: %s\n", error.what());
        return to_int(ExitStatus::unexpected);
    }
}
