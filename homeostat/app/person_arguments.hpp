#pragma once

// The arguments of the commands with which a person answers.

#include "homeostat/app/commands.hpp"
#include "homeostat/app/exit_status.hpp"
#include "homeostat/app/sign_command.hpp"

#include <filesystem>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

struct ApproverKeyOptions {
    std::filesystem::path file;
    std::string name{"me"};
    bool is_json{false};
};

/// Everything that these commands can be told.
struct PersonArguments {
    PersonOptions approve;
    PersonOptions deny;
    PersonOptions close;
    PersonOptions undo;
    ApproverKeyOptions approver_key;
    SignOptions sign;
};

void add_person_commands(CLI::App& app, PersonArguments& arguments);
void add_switches(CLI::App& app, SwitchOptions& suspend, SwitchOptions& resume);

[[nodiscard]] ExitStatus make_key_of_approver(const ApproverKeyOptions& options);

}  // namespace homeostat::app
