// agent: guards one service until SIGTERM.

#include "homeostat/app/agent_process.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/lock_file.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace homeostat::app {

namespace {

/// What would end us is an error of the write instead, and is dealt with where it is written:
/// whoever read our log is gone, or a limit on file sizes is reached. Children start with defaults.
void outlive_failed_writes() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

std::string run_key(const Config& config) {
    return config.kubernetes ? "runtime.kubernetes.run" : "runtime.process.run";
}

/// Instances have one agent. The ledger's lock does not keep away one with a ledger of its own.
Result<void> guard_alone(const Config& config) {
    const std::string directory = config.run_directory.string();
    if (const Result<void> made = os::make_directories(directory); !made) {
        return fail(run_key(config), made.error());
    }
    const Result<os::LockFile> lock =
        os::LockFile::take(directory + "/agent.lock",
                           "`homeostat status` asks it; end it before another takes over, and for "
                           "other instances give "
                           "this configuration a directory of its own");
    if (!lock) {
        const bool is_guarded = lock.error().fault == Fault::busy;
        return fail(is_guarded ? run_key(config) + ": another agent guards these instances"
                               : run_key(config),
                    lock.error());
    }
    return guard_service(config, [](const std::string& line) { spdlog::info("{}", line); });
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
    const Result<void> guarded = guard_alone(*report.config);
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
