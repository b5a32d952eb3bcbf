// The commands with which a person answers: approve, deny, close.

#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/control_client.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/heal/executor_settings.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

ExitStatus complain_of(const Error& error) {
    complain(error.text);
    const bool is_silent = error.fault == Fault::unreachable || error.fault == Fault::late;
    return is_silent ? ExitStatus::unreachable : ExitStatus::unexpected;
}

/// What the incident asks now. ERRORS: those of `ask_agent`; refused: it asks nothing.
Result<heal::QuestionView> question_now(const std::filesystem::path& socket,
                                        const std::string& incident) {
    const Result<json::value> status = ask_agent(socket, "GET", "/v1/status", "");
    if (!status) {
        return std::unexpected(status.error());
    }
    const json::value* list =
        status->is_object() ? status->get_object().if_contains("incidents") : nullptr;
    if (list != nullptr && list->is_array()) {
        for (const json::value& value : list->get_array()) {
            const Result<heal::IncidentView> view = from_json<heal::IncidentView>(value);
            if (view && view->incident.text() == incident) {
                return view->question ? Result<heal::QuestionView>(*view->question)
                                      : fail(Fault::refused, incident + " asks nothing now (at " +
                                                                 view->node + ")");
            }
        }
    }
    return fail(Fault::refused, "there is no open incident " + plain(incident) +
                                    " (`homeostat status` lists them)");
}

void print_answer(const json::value& answer, const std::string& says, bool is_json) {
    if (is_json) {
        fmt::print("{}", to_pretty_text(answer));
    } else {
        fmt::print("{}\n", says);
    }
}

ExitStatus answer_question(const PersonOptions& options, bool is_yes) {
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    const std::filesystem::path& socket = report.config->control_socket;
    std::string question = options.question;
    std::string text = options.incident;
    if (question.empty()) {
        Result<heal::QuestionView> asked = question_now(socket, options.incident);
        if (!asked) {
            return complain_of(asked.error());
        }
        if (is_yes) {
            complain(plain(asked->text) + "\nTo say yes to just this: homeostat approve " +
                     plain(options.incident) + " --question " + plain(asked->id));
            return ExitStatus::usage;
        }
        question = std::move(asked->id);
        text = plain(asked->text);
    }
    json::object body;
    body["incident"] = json::value(options.incident);
    body["question"] = json::value(question);
    body["because"] = json::value(options.because);
    const Result<json::value> answer =
        ask_agent(socket, "POST", is_yes ? "/v1/approve" : "/v1/deny", to_text(json::value(body)));
    if (!answer) {
        return complain_of(answer.error());
    }
    print_answer(*answer,
                 is_yes ? "approved: " + text +
                              "\nguard looks again before anything is done; "
                              "`homeostat status` shows what comes of it"
                        : "denied: " + text,
                 options.common.is_json);
    return ExitStatus::ok;
}

}  // namespace

ExitStatus approve(const PersonOptions& options) {
    return answer_question(options, true);
}

ExitStatus deny(const PersonOptions& options) {
    return answer_question(options, false);
}

ExitStatus close_incident(const PersonOptions& options) {
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    json::object body;
    body["incident"] = json::value(options.incident);
    body["because"] = json::value(options.because);
    const Result<json::value> answer =
        ask_agent(report.config->control_socket, "POST", "/v1/close", to_text(json::value(body)));
    if (!answer) {
        return complain_of(answer.error());
    }
    print_answer(*answer, "closed: " + options.incident, options.common.is_json);
    return ExitStatus::ok;
}

}  // namespace homeostat::app
