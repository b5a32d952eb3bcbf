#include "homeostat/app/person_arguments.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <utility>

namespace homeostat::app {

namespace {

constexpr const char* exits_of_switches =
    "Exit status:\n  0  done\n  1  refused, or it cannot be written; it is said why\n"
    "  2  arguments or configuration that cannot be used\n\n";

CLI::App* add_person_command(CLI::App& app,
                             const char* name,
                             const char* says,
                             PersonOptions& options) {
    CLI::App* command = app.add_subcommand(name, says);
    command->add_option("ID", options.incident, "The incident, as in i-3")->required();
    command->add_option("-c,--config", options.common.config, "The service's configuration")
        ->capture_default_str();
    command->add_flag("--json", options.common.is_json, "Print one JSON document");
    command->add_option("--because", options.because, "Your reason, for the ledger");
    return command;
}

/// The two ways of a key that is not where the agent is.
void add_signed_elsewhere(CLI::App& command, CLI::Option& key, PersonOptions& options) {
    CLI::Option* signature =
        command.add_option("--signature", options.signature,
                           "What `homeostat sign` printed where the key is; - is standard input");
    CLI::Option* form =
        command.add_flag("--form", options.prints_form,
                         "Only print what is to be signed, for `homeostat sign`; answers nothing");
    signature->excludes(&key);
    form->excludes(&key)->excludes(signature);
}

void add_approver_key(CLI::App& app, ApproverKeyOptions& options) {
    CLI::App* command =
        app.add_subcommand("approver-key", "Make a key with which an approver signs");
    command->add_option("FILE", options.file, "Where it is to lie; never replaced")->required();
    command->add_option("--name", options.name, "The approver's name")->capture_default_str();
    command->add_flag("--json", options.is_json, "Print one JSON document");
    command->footer(
        "The file is its owner's alone (mode 0600) and stays with the person, on their own machine "
        "where that\ncan be. What is printed goes into the agent's configuration "
        "(docs/approvals.md).\n\n"
        "Exit status:\n  0  made\n  2  there is a file already, or it cannot be written\n\n"
        "Example:\n  homeostat approver-key ~/anna.key --name anna");
}

void add_undo(CLI::App& app, PersonOptions& options, const char* exits) {
    CLI::App* undo =
        add_person_command(app, "undo", "Take back what an incident did last", options);
    CLI::Option* undo_key =
        undo->add_option("--key", options.key, "Sign it with this key, where approvers are listed");
    add_signed_elsewhere(*undo, *undo_key, options);
    undo->add_option("--name", options.name,
                     "Whose key it is; as the configuration lists it without this");
    undo->footer(std::string("What it holds for a time is given back now. What one that is closed "
                             "did, as a rollback, is undone\nwithin guard.undo_for after that, if "
                             "the world is still as it left it: by an incident of its own,\nand "
                             "guard has the last word on each step. What was done alone and you "
                             "take back asks you from\nthen on (`homeostat autonomy`). `homeostat "
                             "status` lists what may be taken back, and until when.\nWhere "
                             "approvals.approvers lists people what is closed is undone once they "
                             "have signed: --key shows\nwhat is signed, and asks; where several "
                             "have to, each says the same. Where the key is elsewhere: --form, "
                             "`homeostat sign`, --signature\n(docs/approvals.md).\n") +
                 exits +
                 "Examples:\n  homeostat undo i-7 --because \"v2 is wanted, the probe was "
                 "wrong\"\n  homeostat undo i-7 --key ~/anna.key\n"
                 "  homeostat undo i-7 --signature i-7.signature");
}

CLI::App& add_switch(CLI::App& app, const char* name, const char* says, SwitchOptions& options) {
    CLI::App* command = app.add_subcommand(name, says);
    command->add_option("-c,--config", options.common.config, "The service's configuration")
        ->capture_default_str();
    command->add_flag("--json", options.common.is_json, "Print one JSON document");
    command->add_option("--because", options.because, "Your reason, for the ledger");
    return *command;
}

}  // namespace

void add_person_commands(CLI::App& app, PersonArguments& arguments) {
    constexpr const char* exits =
        "\nExit status:\n  0  recorded\n  1  the agent refused: it asks nothing or something "
        "else, is in hand, or nothing can be recorded\n"
        "  2  arguments or configuration that cannot be used\n"
        "  3  no agent answers, or whether it is recorded is not known\n\n";
    CLI::App* approve =
        add_person_command(app, "approve", "Yes to what an incident asks", arguments.approve);
    CLI::App* deny = add_person_command(app, "deny", "No to what an incident asks", arguments.deny);
    for (auto& [command, options] :
         {std::pair{approve, &arguments.approve}, std::pair{deny, &arguments.deny}}) {
        command->add_option(
            "--question", options->question,
            "The question's id, as the log and `status` have it, so that no other is "
            "answered by mistake; `approve` without it prints the question");
    }
    CLI::Option* key = approve->add_option(
        "--key", arguments.approve.key, "Sign the yes with this key, where approvers are listed");
    add_signed_elsewhere(*approve, *key, arguments.approve);
    approve->add_option("--name", arguments.approve.name,
                        "Whose key it is; as the configuration lists it without this");
    approve->add_flag("--yes", arguments.approve.is_sure,
                      "Sign without being shown and asked, for programs; needs --question");
    approve->footer(
        std::string("Leave is for the one remedy that was asked for, once, within five minutes, "
                    "and only while the\nversions and the process are those that the question was "
                    "about. Guard looks at everything again\nbefore anything is done. Silence is "
                    "no. Who said so stands in the ledger.\n"
                    "Where approvals.approvers lists people, only what they sign is leave: --key "
                    "shows what is signed,\nand asks. The key need not be here: --form prints what "
                    "is to be signed, `homeostat sign` signs it on the\nperson's own machine, and "
                    "--signature hands that in (docs/approvals.md).\n") +
        exits +
        "Examples:\n  homeostat approve i-3\n"
        "  homeostat approve i-3 --question 5f0c2b9e1d3a4477 --because \"seen in staging\"\n"
        "  homeostat approve i-3 --key ~/anna.key\n"
        "  homeostat approve i-3 --form > i-3.form\n"
        "  homeostat approve i-3 --signature i-3.signature");
    add_approver_key(app, arguments.approver_key);
    add_sign_command(app, arguments.sign);
    deny->footer(
        std::string("It is not done, and the incident is a person's from then on: it stands "
                    "by until its symptom is\ngone or somebody closes it. No other incident "
                    "asks for just the same within an hour.\n") +
        exits + "Example:\n  homeostat deny i-3 --because \"the release is mine\"");
    add_person_command(app, "close", "Say that an incident is over that a person was needed for",
                       arguments.close)
        ->footer(std::string("Of an incident that is parked, stands by, or holds what is left of a "
                             "remedy that was given up.\nWhatever it left in force or half done is "
                             "yours from then on: nothing of it is taken back.\nA symptom that is "
                             "still there opens another one.\n") +
                 exits + "Example:\n  homeostat close i-3 --because \"put right by hand\"");
    add_undo(app, arguments.undo, exits);
}

void add_switches(CLI::App& app, SwitchOptions& suspend, SwitchOptions& resume) {
    add_switch(app, "suspend", "Kill switch: no effect begins from now on", suspend)
        .footer(std::string(
                    "An effect that is under way is not cut off. It holds within a second, through "
                    "restarts, and also when no agent runs; what is seen is still "
                    "recorded.\n\n") +
                exits_of_switches +
                "Example:\n  homeostat suspend --because \"we look at it ourselves\"");
    add_switch(app, "resume", "Release the kill switch", resume)
        .footer(std::string(exits_of_switches) + "Example:\n  homeostat resume");
}

}  // namespace homeostat::app
