// homeostat: the command line. Each command is a function of commands.hpp.

#include "homeostat/app/advise_arguments.hpp"
#include "homeostat/app/agent_arguments.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/app/decide_arguments.hpp"
#include "homeostat/app/decisions_arguments.hpp"
#include "homeostat/app/demo/demo.hpp"
#include "homeostat/app/graph_arguments.hpp"
#include "homeostat/app/help.hpp"
#include "homeostat/app/init_command.hpp"
#include "homeostat/app/mesh_arguments.hpp"
#include "homeostat/app/model_place.hpp"
#include "homeostat/app/notify_command.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/app/person_arguments.hpp"
#include "homeostat/app/rbac_command.hpp"
#include "homeostat/app/remedy_command.hpp"
#include "homeostat/app/review_arguments.hpp"
#include "homeostat/app/sources_arguments.hpp"
#include "homeostat/app/stderr_log.hpp"
#include "homeostat/app/verify_arguments.hpp"
#include "homeostat/app/version.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/os/own_memory.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>

namespace homeostat::app {

namespace {

constexpr const char* description =
    "Self-healing for services: watches, judges, acts within limits, proves, records.";

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
    StatusOptions status;
    CommonOptions doctor;
    IncidentsOptions incidents;
    DecisionsOptions decisions;
    AdviseOptions advise;
    AutonomyOptions autonomy;
    ReportOptions report;
    ExportOptions exported;
    LedgerOptions explain;
    std::string incident;
    LedgerOptions replay;
    SwitchOptions suspend;
    SwitchOptions resume;
    PersonArguments people;
    VerifyLedgerOptions verify;
    BenchDecideOptions bench;
    GraphOptions graph;
    RbacOptions rbac;
    InitOptions init;
    NotifyOptions notify;
    CommonOptions pledges;
    MeshOptions mesh;
    CommonOptions sources;
    RemedyOptions remedy;
    std::filesystem::path envoy_directory;
    DecideOptions decide;
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
        "  kubernetes        a restart after 3 failed probes of 10 s, with back-off\n"
        "  kubernetes-tuned  the same with probes of 1 s\n"
        "  haproxy           its checks (1 s x 3) and observe layer7; no restarts\n"
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
        "servers, and the\nstick tables and maxconn that declared remedies use) or Envoy (files, "
        "clusters, routes, watchdog),\neach cache with its source and readers, the journey, the "
        "health probes, the model and who is told by notify. Each is tried\nonce, as the agent "
        "would, within two seconds; "
        "nothing is changed, no agent has to run.\n"
        "\nExit status:\n  0  nothing is missing; there may be notes\n"
        "  1  something is missing\n  2  the configuration cannot be used\n\n"
        "Example:\n  homeostat doctor -c payments.yaml");
}

void add_span(CLI::App& command, std::string& since, std::string& until) {
    command.add_option("--since", since, "From then on: 2h, 7d, 2026-11-27 or 2026-11-27T06:00Z");
    command.add_option("--until", until, "Before then, likewise");
}

void add_incidents(CLI::App& app, IncidentsOptions& options) {
    CLI::App* command =
        app.add_subcommand("incidents", "Every incident of the ledger, a line each");
    add_ledger(*command, options.ledger);
    add_span(*command, options.since, options.until);
    command->add_option("--service", options.service, "Only of this service");
    command->add_option("--kind", options.kind, "Only with this symptom, as in latency")
        ->check([](const std::string& kind) {
            return parse_enum<SymptomKind>(kind)
                       ? std::string()
                       : "no symptom is called " +
                             not_one_of(kind, EnumValue<SymptomKind>::names());
        });
    command->add_option("--state", options.state, "Only those that stand there")
        ->check(CLI::IsMember({"open", "asking", "healed", "passed", "by_person", "escalated"}));
    command->add_flag("--statistics", options.has_statistics,
                      "Counts by symptom, remedy and rule instead of lines");
    command->add_flag("--waiting", options.is_waiting,
                      "Instead: what the agent asks people now, and who has yet to sign");
    command->add_option("--index", options.index,
                        "The index to answer from, instead of the configuration's; NAME.index");
    command
        ->add_option("--mesh", options.mesh,
                     "Instead: what was agreed on with neighbours, of one agreement (p3.1, or "
                     "its trace), or of all")
        ->expected(0, 1)
        ->default_str("");
    command->add_option("--with", options.neighbours,
                        "Ledgers of neighbours, to tell --mesh from all sides");
    command->footer(
        "Answers come from an index beside the ledger, which is brought up to date first, or read "
        "from the\nledger itself where none can be kept. An index that is lost, spoiled or of "
        "another ledger is built\nanew. With --ledger none is kept unless --index names it.\n\n"
        "Exit status:\n  0  told, also where there is none\n  1  the ledger is not intact\n"
        "  2  no such ledger, time or symptom, or a configuration that cannot be used\n"
        "  3  with --waiting: no agent answers\n\n"
        "Examples:\n  homeostat incidents --since 7d --kind errors\n"
        "  homeostat incidents --waiting\n"
        "  homeostat incidents --mesh p3.1 --with ../fraud/var/fraud/ledger\n"
        "  homeostat incidents --statistics --json");
}

void add_export(CLI::App& app, ExportOptions& options) {
    CLI::App* command =
        app.add_subcommand("export", "The ledger's entries for other programs, with their place");
    add_common(*command, options.ledger.common);
    command->add_option("DIR,--ledger", options.ledger.ledger,
                        "A ledger's directory, instead of the configuration's");
    add_span(*command, options.since, options.until);
    command->add_option("--incident", options.incident, "Only of this incident, as in i-3");
    command
        ->add_option_function<std::string>(
            "--format", [&options](const std::string& word) { options.is_csv = word == "csv"; },
            "Events in the shape of CloudEvents, one a line, or a table")
        ->check(CLI::IsMember({"jsonl", "csv"}))
        ->default_str("jsonl");
    command->add_option("--out", options.out,
                        "A file, which appears or is replaced once it is whole");
    command->footer(
        "Each line names the group it stands in, its position there and the chain's hash after "
        "that group:\n`homeostat verify-ledger --head HASH` says whether the ledger has it. "
        "Checkpoints are left out.\nWhat the ledger keeps is kept: export reads and changes "
        "nothing.\n\n"
        "Exit status:\n  0    exported\n  1    the ledger is not intact, or there is no room\n"
        "  2    no such ledger, incident or time\n  130  interrupted; --out was not touched\n\n"
        "Examples:\n  homeostat export --since 24h > decisions.jsonl\n"
        "  homeostat export var/payments/ledger --format csv --out decisions.csv\n"
        "  homeostat export --incident i-3 --format jsonl");
}

void add_reading_commands(CLI::App& app, Arguments& arguments) {
    CLI::App* validate =
        app.add_subcommand("validate", "Check a configuration and explain each problem");
    add_common(*validate, arguments.validate.common);
    validate->add_flag("--schema", arguments.validate.prints_schema,
                       "Print the JSON Schema for editors instead");
    validate->footer(
        "Each problem has its line, its column and its mend. Nothing but the file, and "
        "those it names, is read; `homeostat doctor` looks at the world.\n\n"
        "Exit status:\n  0  it can be used\n  2  it cannot, or is not there\n\n"
        "Examples:\n  homeostat validate\n  homeostat validate -c payments.yaml\n"
        "  homeostat validate --schema > homeostat.schema.json");
    add_status(app, arguments.status);
    add_incidents(app, arguments.incidents);
    add_decisions(app, arguments.decisions);
    add_advise(app, arguments.advise);
    add_autonomy(app, arguments.autonomy);
    add_report(app, arguments.report);
    add_export(app, arguments.exported);
    CLI::App* explain =
        app.add_subcommand("explain", "The whole story of one incident, from the ledger");
    add_ledger(*explain, arguments.explain);
    explain->add_option("ID", arguments.incident, "The incident, as in i-3")->required();
    explain->footer(
        "Each decision with what it rests on: the evidence and its digest, the menu, what the "
        "model "
        "answered\nand the digests of weights, prompt and calibration; each rule of guard; "
        "preconditions, effect, proof;\nwho approved. --json has the whole digests and each entry "
        "with the number of its group.\n\n"
        "Exit status:\n  0  told\n  1  the ledger is not intact\n"
        "  2  no such incident or ledger, or a configuration that cannot be used\n\n"
        "Examples:\n  homeostat explain i-3\n"
        "  homeostat explain i-3 --ledger var/payments/ledger --json");
    CLI::App* replay =
        app.add_subcommand("replay", "Decide an incident again from the ledger alone, and compare");
    add_ledger(*replay, arguments.replay);
    replay->add_option("ID", arguments.incident, "The incident, as in i-3")->required();
    replay->footer(
        "Every choice and every verdict of guard is made again by this program, from the facts, "
        "limits\nand history of its time. No agent has to run, nothing is changed.\n\n"
        "Exit status:\n  0  every decision comes out as it was recorded\n"
        "  1  one comes out differently; the first difference is printed last\n"
        "  2  it cannot be said: no such incident or ledger, or records of an older version\n\n"
        "Example:\n  homeostat replay i-3");
    add_verify_ledger(app, arguments.verify);
    add_doctor(app, arguments.doctor);
}

void add_envoy_watchdog(CLI::App& app, std::filesystem::path& directory) {
    CLI::App* command = app.add_subcommand(
        "envoy-watchdog", "End circuits, reroutes and marks at Envoy in time, whoever is dead");
    command->add_option("-d,--directory", directory, "edge.envoy.directory of the configuration")
        ->required();
    command->footer(
        "Runs until it is ended. Looks four times a second into runtime.json and "
        "homeostat.sources.json and\ntakes away the overrides and marks of homeostat whose time is "
        "over, and nothing else; it asks nobody\nand starts nothing. Without it the agent opens no "
        "circuit, turns no route and marks no source at Envoy\n(docs/envoy.md).\n\n"
        "Exit status:\n  2  the directory cannot be used, or another one watches it\n\n"
        "Example:\n  homeostat envoy-watchdog --directory run/envoy");
}

void add_bench(CLI::App& app, BenchDecideOptions& options) {
    CLI::App* bench = app.add_subcommand("bench", "Measure who ranks remedies best: decide");
    bench->require_subcommand(1);
    add_bench_decide(*bench, options);
    bench->footer(
        "`homeostat bench decide --help` has exit codes.\n\nExample:\n"
        "  homeostat bench decide --oracle rules");
}

void add_commands(CLI::App& app, Arguments& arguments) {
    add_demo(app, arguments.demo);
    add_agent(app, arguments.agent);
    add_reading_commands(app, arguments);
    add_graph(app, arguments.graph);
    add_rbac(app, arguments.rbac);
    add_init(app, arguments.init);
    add_notify(app, arguments.notify);
    add_mesh(app, arguments.pledges, arguments.mesh);
    add_sources(app, arguments.sources);
    add_remedy(app, arguments.remedy);
    add_envoy_watchdog(app, arguments.envoy_directory);
    add_switches(app, arguments.suspend, arguments.resume);
    add_person_commands(app, arguments.people);
    // Its options, --help too, are homeostat-lab's.
    app.add_subcommand("simulate", "The whole loop in simulated worlds, before a referee")
        ->prefix_command()
        ->set_help_flag();
    add_decide(app, arguments.decide);
    add_bench(app, arguments.bench);
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

/// What the ledger has to tell; nothing if another command was meant.
std::optional<ExitStatus> tell_past(const CLI::App& app, const Arguments& arguments) {
    if (app.got_subcommand("incidents")) {
        return arguments.incidents.is_waiting ? show_waiting(arguments.incidents.ledger.common)
                                              : list_incidents(arguments.incidents);
    }
    if (app.got_subcommand("decisions")) {
        return tell_decisions(arguments.decisions);
    }
    if (app.got_subcommand("advise")) {
        return advise_structure(arguments.advise);
    }
    if (app.got_subcommand("autonomy")) {
        return arguments.autonomy.remedy.empty() ? show_autonomy(arguments.autonomy)
                                                 : promote_remedy(arguments.autonomy);
    }
    if (app.got_subcommand("report")) {
        return report_outages(arguments.report);
    }
    if (app.got_subcommand("export")) {
        return export_ledger(arguments.exported);
    }
    if (app.got_subcommand("explain")) {
        return explain_incident(arguments.explain, arguments.incident);
    }
    if (app.got_subcommand("replay")) {
        return replay_incident(arguments.replay, arguments.incident);
    }
    return std::nullopt;
}

/// Neighbours, lists of sources, channels to people; nothing if another command was meant.
std::optional<ExitStatus> show_others(const CLI::App& app, const Arguments& arguments) {
    if (app.got_subcommand("pledges")) {
        return show_pledges(arguments.pledges);
    }
    if (app.got_subcommand("mesh")) {
        return show_mesh(arguments.mesh);
    }
    if (app.got_subcommand("sources")) {
        return show_sources(arguments.sources);
    }
    if (app.got_subcommand("notify")) {
        return notify_people(arguments.notify);
    }
    return std::nullopt;
}

/// What a person has to say to the agent; nothing if another command was meant.
std::optional<ExitStatus> tell_agent(const CLI::App& app, const Arguments& arguments) {
    if (app.got_subcommand("approve")) {
        return approve(arguments.people.approve);
    }
    if (app.got_subcommand("deny")) {
        return deny(arguments.people.deny);
    }
    if (app.got_subcommand("close")) {
        return close_incident(arguments.people.close);
    }
    if (app.got_subcommand("undo")) {
        return undo_incident(arguments.people.undo);
    }
    if (app.got_subcommand("approver-key")) {
        return make_key_of_approver(arguments.people.approver_key);
    }
    if (app.got_subcommand("sign")) {
        return sign_form(arguments.people.sign);
    }
    if (app.got_subcommand("suspend")) {
        return suspend(arguments.suspend);
    }
    if (app.got_subcommand("resume")) {
        return resume(arguments.resume);
    }
    return std::nullopt;
}

/// What is asked before an agent runs; nothing if another command was meant.
std::optional<ExitStatus> prepare(const CLI::App& app, const Arguments& arguments) {
    if (app.got_subcommand("validate")) {
        return validate(arguments.validate);
    }
    if (app.got_subcommand("init")) {
        return init_service(arguments.init);
    }
    if (app.got_subcommand("rbac")) {
        return print_rbac(arguments.rbac);
    }
    if (app.got_subcommand("remedy")) {
        return arguments.remedy.task.empty() ? list_tasks(arguments.remedy)
                                             : test_task(arguments.remedy);
    }
    if (app.got_subcommand("doctor")) {
        return doctor(arguments.doctor);
    }
    return std::nullopt;
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
    if (!is_meant("simulate")) {  // Which becomes another program.
        os::keep_memory_to_ourselves();
    }
    if (const std::optional<ExitStatus> status = show_others(app, arguments)) {
        return to_int(*status);
    }
    if (const std::optional<ExitStatus> status = prepare(app, arguments)) {
        return to_int(*status);
    }
    if (is_meant("decide")) {
        return to_int(decide_cases(arguments.decide));
    }
    if (is_meant("status")) {
        return to_int(show_status_of(arguments.status));
    }
    if (const std::optional<ExitStatus> status = tell_past(app, arguments)) {
        return to_int(*status);
    }
    if (is_meant("envoy-watchdog")) {
        return to_int(watch_envoy(arguments.envoy_directory));
    }
    if (is_meant("graph")) {
        return to_int(show_graph(arguments.graph));
    }
    if (const std::optional<ExitStatus> status = tell_agent(app, arguments)) {
        return to_int(*status);
    }
    if (is_meant("verify-ledger")) {
        return to_int(verify_ledger_of(arguments.verify));
    }
    if (is_meant("simulate")) {
        return to_int(simulate(app.get_subcommand("simulate")->remaining()));
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
        app.formatter(std::make_shared<HelpFormatter>());  // Each command inherits it.
        Arguments arguments;
        add_commands(app, arguments);
        finish_help(app);
        try {
            app.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            if (error.get_exit_code() == 0) {
                return app.exit(error);
            }
            std::fputs(describe_misuse(app, error, argc, argv).c_str(), stderr);
            return to_int(ExitStatus::usage);
        }
        return dispatch(app, arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "homeostat: %s\n", error.what());
        return to_int(ExitStatus::unexpected);
    }
}
