#pragma once

// `homeostat sign`: an approver signs a form where their key is, away from the agent.
//
// It asks no agent, opens no socket and reads no configuration: a file goes in and a line comes
// out, so that the key need lie on no machine but its owner's. What it shows is made of the form
// alone, and nothing of that is not signed.

#include "homeostat/app/exit_status.hpp"

#include <filesystem>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

struct SignOptions {
    std::string form;  ///< A file, or "-": standard input; the person is asked on the terminal.
    std::filesystem::path key;
    std::string name;     ///< Whose key it is; empty: as its file is named.
    bool is_sure{false};  ///< Signs without showing and asking.
};

void add_sign_command(CLI::App& app, SignOptions& options);

/// Prints the signature document.
[[nodiscard]] ExitStatus sign_form(const SignOptions& options);

}  // namespace homeostat::app
