// The command about lists of sources.

#include "homeostat/app/agent_question.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/sources_page.hpp"

#include <fmt/format.h>

#include <expected>
#include <string>

namespace homeostat::app {

ExitStatus show_sources(const CommonOptions& options) {
    const std::expected<json::value, ExitStatus> answer = ask_for(options, "/v1/sources");
    if (!answer) {
        return answer.error();
    }
    if (options.is_json) {
        fmt::print("{}", to_pretty_text(*answer));
        return ExitStatus::ok;
    }
    const Result<std::string> page = sources_page(*answer);
    if (!page) {
        complain("the agent's answer is of another version: " + page.error().text);
        return ExitStatus::unexpected;
    }
    fmt::print("{}", *page);
    return ExitStatus::ok;
}

}  // namespace homeostat::app
