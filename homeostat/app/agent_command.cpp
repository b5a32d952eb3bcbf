// agent: guards one service until SIGTERM.

#include "homeostat/app/agent_process.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/config_load.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>

namespace homeostat::app {

ExitStatus run_agent(const AgentOptions& options) {
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
        const bool is_usage = guarded.error().fault == Fault::invalid ||
                              guarded.error().fault == Fault::busy ||
                              guarded.error().fault == Fault::absent;
        return is_usage ? ExitStatus::usage : ExitStatus::unexpected;
    }
    return ExitStatus::ok;
}

}  // namespace homeostat::app
