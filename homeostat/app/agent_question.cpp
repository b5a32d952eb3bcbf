#include "homeostat/app/agent_question.hpp"

#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/control_client.hpp"

namespace homeostat::app {

std::expected<json::value, ExitStatus> ask_for(const CommonOptions& options,
                                               const std::string& path) {
    const ConfigReport report = load_config(options.config);
    if (!report.config) {
        complain(describe(report));
        return std::unexpected(ExitStatus::usage);
    }
    Result<json::value> answer = ask_agent(report.config->control_socket, "GET", path, "");
    if (!answer) {
        complain(answer.error().text);
        const Fault fault = answer.error().fault;
        const bool is_silent = fault == Fault::unreachable || fault == Fault::late;
        return std::unexpected(is_silent ? ExitStatus::unreachable : ExitStatus::unexpected);
    }
    return *std::move(answer);
}

}  // namespace homeostat::app
