// agent: guards one service until SIGTERM.

#include "homeostat/app/agent_process.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_load.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>

namespace homeostat::app {

namespace {

/// What would end us is an error of the write instead, and is dealt with where it is written:
/// whoever read our log is gone, or a limit on file sizes is reached. Children start with defaults.
void outlive_failed_writes() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace

ExitStatus run_agent(const AgentOptions& options) {
    outlive_failed_writes();
    const ConfigReport report = load_config(options.config);
    if (!report.config) {
        fmt::print(stderr, "{}", describe(report));
        return ExitStatus::usage;
    }
    spdlog::info("guarding {} as {} says", report.config->service.text(), report.file.string());
    const Result<void> guarded =
        guard_service(*report.config, [](const std::string& line) { spdlog::info("{}", line); });
    if (!guarded) {
        spdlog::error("{}", guarded.error().text);
        const bool is_usage =
            guarded.error().fault == Fault::invalid || guarded.error().fault == Fault::busy ||
            guarded.error().fault == Fault::absent || guarded.error().fault == Fault::refused;
        return is_usage ? ExitStatus::usage : ExitStatus::unexpected;
    }
    return ExitStatus::ok;
}

}  // namespace homeostat::app
