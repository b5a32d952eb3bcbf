#pragma once

// `homeostat notify --test`: one message to each channel that says that it is a test.

#include "homeostat/app/commands.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library calls itself so.
class App;
}

namespace homeostat::app {

struct NotifyOptions {
    CommonOptions common;
    bool is_test{false};  ///< Said aloud: somebody may be woken.
};

void add_notify(CLI::App& app, NotifyOptions& options);

/// No agent has to run: the message goes from here, as the agent's would.
[[nodiscard]] ExitStatus notify_people(const NotifyOptions& options);

}  // namespace homeostat::app
