// status --role agent: what an agent that is a process of its own sees, and whether its executor
// answers.

#include "homeostat/app/agent_arguments.hpp"
#include "homeostat/app/change_view.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/control_client.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

const json::value* member_of(const json::value& value, std::string_view name) {
    return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

std::string text_in(const json::value& value, std::string_view name) {
    const json::value* member = member_of(value, name);
    return member != nullptr && member->is_string() ? plain(member->get_string()) : std::string();
}

json::array list_in(const json::value& value, std::string_view name) {
    const json::value* member = member_of(value, name);
    return member != nullptr && member->is_array() ? member->get_array() : json::array();
}

void print_executor(const json::value& status) {
    const json::value* executor = member_of(status, "executor");
    const json::value* answers =
        executor == nullptr ? nullptr : member_of(*executor, "is_answering");
    const bool is_answering = answers != nullptr && answers->is_bool() && answers->get_bool();
    fmt::print("executor: {}\n",
               is_answering ? "answers"
                            : "does not answer, so nothing is proposed: " +
                                  (executor == nullptr ? "" : text_in(*executor, "trouble")));
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one line of the page after another.
void print_agent(const json::value& status) {
    fmt::print("{}: watched, by an agent that cannot act\n", text_in(status, "service"));
    if (const std::string scope = text_in(status, "scope"); scope != "the whole") {
        fmt::print("it sees and speaks of: {}\n", scope);
    }
    print_executor(status);
    fmt::print("oracle: {}\n", text_in(status, "oracle"));
    for (const json::value& symptom : list_in(status, "symptoms")) {
        const json::value* subject = member_of(symptom, "subject");
        fmt::print("symptom: {} on {}\n", text_in(symptom, "symptom"),
                   subject == nullptr ? "?" : text_in(*subject, "name"));
    }
    for (const json::value& value : list_in(status, "changes")) {
        const Result<ChangeView> change = from_json<ChangeView>(value);
        fmt::print("change: {}\n",
                   change ? sentence_of(*change, "ago") : "one that this version cannot read");
    }
    for (const json::value& trouble : list_in(status, "standstills")) {
        fmt::print("{}\n", trouble.is_string() ? plain(trouble.get_string()) : "");
    }
    if (const json::value* troubles = member_of(status, "source_troubles");
        troubles != nullptr && troubles->is_object()) {
        for (const auto& member : troubles->get_object()) {
            fmt::print("source {} does not answer: {}\n", plain(member.key()),
                       member.value().is_string() ? plain(member.value().get_string()) : "");
        }
    }
}

}  // namespace

ExitStatus show_agent_status(const CommonOptions& options) {
    const ConfigReport report = load_config(options.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    if (!report.config->roles) {
        complain("both roles are one process here: leave --role out, or see docs/roles.md");
        return ExitStatus::usage;
    }
    const Result<json::value> status =
        ask_agent(report.config->roles->agent_socket, "GET", "/v1/status", "");
    if (!status) {
        complain(status.error().text);
        const Fault fault = status.error().fault;
        const bool is_silent = fault == Fault::unreachable || fault == Fault::late;
        return is_silent ? ExitStatus::unreachable : ExitStatus::unexpected;
    }
    if (options.is_json) {
        fmt::print("{}", to_pretty_text(*status));
    } else {
        print_agent(*status);
    }
    return ExitStatus::ok;
}

ExitStatus show_status_of(const StatusOptions& options) {
    ExitStatus status = ExitStatus::usage;
    for (const std::filesystem::path& config : options.configs) {
        const CommonOptions one{config, options.is_json};
        status = options.role == ProcessRole::agent ? show_agent_status(one) : show_status(one);
        if (status == ExitStatus::ok) {
            break;
        }
    }
    return status;
}

}  // namespace homeostat::app
