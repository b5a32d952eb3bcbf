// The commands with which a person answers: approve, deny, close; and the key that they sign with.

#include "homeostat/app/approval_signing.hpp"
#include "homeostat/app/approver_key.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/control_client.hpp"
#include "homeostat/app/input_text.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/app/person_arguments.hpp"
#include "homeostat/app/signature_document.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/heal/executor_settings.hpp"
#include "homeostat/heal/person_order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

ExitStatus complain_of(const Error& error) {
    complain(error.text);
    const bool is_silent = error.fault == Fault::unreachable || error.fault == Fault::late;
    return is_silent ? ExitStatus::unreachable : ExitStatus::unexpected;
}

void print_answer(const json::value& answer, const std::string& says, bool is_json) {
    if (is_json) {
        fmt::print("{}", to_pretty_text(answer));
    } else {
        fmt::print("{}\n", says);
    }
}

/// What is answered, and with what.
struct Said {
    std::string question;
    std::string text;  ///< What was asked, as far as it is known.
    std::vector<ApprovalSignature> signatures{};
};

ExitStatus send(const PersonOptions& options,
                const std::filesystem::path& socket,
                const Said& said,
                bool is_yes) {
    json::object body;
    body["incident"] = json::value(options.incident);
    body["question"] = json::value(said.question);
    body["because"] = json::value(options.because);
    if (!said.signatures.empty()) {
        body["signatures"] = to_json(said.signatures);
    }
    const Result<json::value> answer =
        ask_agent(socket, "POST", is_yes ? "/v1/approve" : "/v1/deny", to_text(json::value(body)));
    if (!answer) {
        return complain_of(answer.error());
    }
    const bool is_part = answer->is_object() && answer->get_object().contains("quorum");
    const std::string comes =
        is_part ? "\nit is recorded, and not enough yet: `homeostat incidents --waiting` shows who "
                  "else has to sign"
                : "\nguard looks again before anything is done; `homeostat status` shows what "
                  "comes of it";
    print_answer(*answer, is_yes ? "approved: " + said.text + comes : "denied: " + said.text,
                 options.common.is_json);
    return ExitStatus::ok;
}

/// Who the key belongs to, as the configuration lists them; empty: nobody.
std::string name_of(const mesh::SigningSeed& seed, const Config& config) {
    const std::string key = to_hex(mesh::public_key_of(seed));
    const std::vector<ApproverConfig> listed =
        config.approvals ? config.approvals->approvers : std::vector<ApproverConfig>{};
    const auto found = std::ranges::find(listed, key, &ApproverConfig::key);
    return found == listed.end() ? "" : found->name;
}

/// Asked on the terminal, so that it works beside `--json`.
bool agrees(const std::string& shown, const std::string& name) {
    fmt::print(stderr, "{}Sign this as {}? Only \"yes\" signs it: ", shown, name);
    std::string line;
    return std::getline(std::cin, line) && line == "yes";
}

ExitStatus refuse_usage(const std::string& text) {
    complain(text);
    return ExitStatus::usage;
}

struct Signer {
    mesh::SigningSeed seed{};
    std::string name;
};

/// ERRORS: of the file, or nobody's.
Result<Signer> signer_of(const PersonOptions& options, const Config& config) {
    const Result<mesh::SigningSeed> seed = read_approver_key(options.key);
    if (!seed) {
        return std::unexpected(seed.error());
    }
    std::string name = options.name.empty() ? name_of(*seed, config) : options.name;
    if (!heal::is_approver_name(name)) {
        return fail(Fault::invalid,
                    options.key.string() +
                        ": its key is not among approvals.approvers; --name NAME says whose it is "
                        "where this configuration is not the agent's");
    }
    return Signer{*seed, std::move(name)};
}

/// What is asked, and the form of it that is to be signed.
struct Asked {
    heal::QuestionView question;
    ApprovalForm form;
};

/// Else what the command ends with.
std::expected<Asked, ExitStatus> asked_now(const PersonOptions& options, const Config& config) {
    const Result<heal::QuestionView> asked = question_now(config.control_socket, options.incident);
    if (!asked) {
        return std::unexpected(complain_of(asked.error()));
    }
    if (!options.question.empty() && asked->id != options.question) {
        complain(options.incident + " asks something else now (`homeostat status`)");
        return std::unexpected(ExitStatus::unexpected);
    }
    const Result<ApprovalForm> form = form_in(*asked, config.service.text(), options.incident);
    if (!form) {
        complain(form.error().text);
        return std::unexpected(ExitStatus::unexpected);
    }
    return Asked{*asked, *form};
}

/// Byte for byte, as `homeostat sign` and other tools take it.
ExitStatus print_form(const std::expected<Asked, ExitStatus>& asked) {
    if (!asked) {
        return asked.error();
    }
    fmt::print("{}\n", heal::text_of(asked->form));
    return ExitStatus::ok;
}

/// What approvers signed elsewhere, if it is of just this. The agent trusts none of it and looks
/// again; here it is said what was mixed up. Else what the command ends with.
std::expected<SignedLeave, ExitStatus> signed_elsewhere(const PersonOptions& options,
                                                        const Config& config,
                                                        bool is_undo) {
    const Result<std::string> text = read_input(options.signature, signature_document_bytes_max);
    if (!text) {
        return std::unexpected(refuse_usage(text.error().text));
    }
    Result<SignedLeave> leave = parse_signature_document(*text);
    if (!leave) {
        return std::unexpected(refuse_usage(leave.error().text));
    }
    const SignedFor wanted{config.service, IncidentId(options.incident),
                           is_undo ? std::string(heal::undo_question) : options.question};
    if (const Result<void> is_it = check_is_for(leave->form, wanted); !is_it) {
        return std::unexpected(refuse_usage(is_it.error().text));
    }
    return *std::move(leave);
}

/// A yes that is signed with the person's key, after they have seen what it is for.
ExitStatus approve_signed(const PersonOptions& options, const Config& config) {
    if (options.is_sure && options.question.empty()) {
        return refuse_usage("--yes signs without asking, so --question has to say what");
    }
    const Result<Signer> signer = signer_of(options, config);
    if (!signer) {
        return refuse_usage(signer.error().text);
    }
    const std::expected<Asked, ExitStatus> asked = asked_now(options, config);
    if (!asked) {
        return asked.error();
    }
    if (!options.is_sure && !agrees(told(asked->question, asked->form), signer->name)) {
        complain("nothing was signed");
        return ExitStatus::unexpected;
    }
    return send(options, config.control_socket,
                {asked->question.id,
                 plain(asked->question.text),
                 {signed_by(signer->seed, signer->name, asked->form)}},
                true);
}

/// A yes that was signed where the key is.
ExitStatus approve_elsewhere(const PersonOptions& options, const Config& config) {
    const std::expected<SignedLeave, ExitStatus> leave = signed_elsewhere(options, config, false);
    if (!leave) {
        return leave.error();
    }
    const ApprovalForm& form = leave->form;
    return send(options, config.control_socket,
                {form.question, plain(describe(form.remedy)), leave->signatures}, true);
}

/// Where an approver has to sign, here or elsewhere; nothing: it goes without.
std::optional<ExitStatus> approve_as_approver(const PersonOptions& options, const Config& config) {
    if (options.prints_form) {
        return print_form(asked_now(options, config));
    }
    if (!options.signature.empty()) {
        return approve_elsewhere(options, config);
    }
    if (!options.key.empty()) {
        return approve_signed(options, config);
    }
    return std::nullopt;
}

ExitStatus answer_question(const PersonOptions& options, bool is_yes) {
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    const std::optional<ExitStatus> done =
        is_yes ? approve_as_approver(options, *report.config) : std::nullopt;
    if (done) {
        return *done;
    }
    const std::filesystem::path& socket = report.config->control_socket;
    Said said{options.question, options.incident};
    if (said.question.empty()) {
        Result<heal::QuestionView> asked = question_now(socket, options.incident);
        if (!asked) {
            return complain_of(asked.error());
        }
        if (is_yes) {
            complain(plain(asked->text) + "\nTo say yes to just this: homeostat approve " +
                     plain(options.incident) + " --question " + plain(asked->id) +
                     (asked->to_sign ? " --key FILE" : ""));
            return ExitStatus::usage;
        }
        said.question = std::move(asked->id);
        said.text = plain(asked->text);
    }
    return send(options, socket, said, is_yes);
}

}  // namespace

ExitStatus approve(const PersonOptions& options) {
    return answer_question(options, true);
}

ExitStatus deny(const PersonOptions& options) {
    return answer_question(options, false);
}

ExitStatus make_key_of_approver(const ApproverKeyOptions& options) {
    if (!heal::is_approver_name(options.name)) {
        return refuse_usage("--name: letters, digits, '.', '_' and '-'");
    }
    const Result<mesh::SigningSeed> seed = make_approver_key(options.file);
    if (!seed) {
        return refuse_usage(seed.error().text);
    }
    const std::string key = to_hex(mesh::public_key_of(*seed));
    if (options.is_json) {
        const json::object document{
            {"file", options.file.string()}, {"name", options.name}, {"key", key}};
        fmt::print("{}", to_pretty_text(document));
        return ExitStatus::ok;
    }
    fmt::print(
        "{} signs for {} and stays with them alone. The agent's configuration gets this line:\n"
        "approvals:\n  approvers:\n    - {{ name: {}, key: {} }}\n",
        plain(options.file.string()), options.name, options.name, key);
    return ExitStatus::ok;
}

namespace {

std::string undo_path(const PersonOptions& options) {
    return "/v1/incidents/" + options.incident + "/undo";
}

/// Else what the command ends with.
std::expected<Asked, ExitStatus> undo_asked_now(const PersonOptions& options,
                                                const Config& config) {
    const Result<json::value> answer =
        ask_agent(config.control_socket, "GET", undo_path(options), "");
    const Result<heal::QuestionView> asked =
        answer ? from_json<heal::QuestionView>(*answer) : std::unexpected(answer.error());
    if (!asked) {
        return std::unexpected(complain_of(asked.error()));
    }
    const Result<ApprovalForm> form = form_in(*asked, config.service.text(), options.incident);
    if (!form || form->question != heal::undo_question) {
        complain(form ? "what the agent wants signed is no undo; nothing was signed"
                      : form.error().text);
        return std::unexpected(ExitStatus::unexpected);
    }
    return Asked{*asked, *form};
}

/// What the person has signed after they have seen it.
std::expected<std::vector<ApprovalSignature>, ExitStatus> sign_undo(const PersonOptions& options,
                                                                    const Config& config) {
    const Result<Signer> signer = signer_of(options, config);
    if (!signer) {
        return std::unexpected(refuse_usage(signer.error().text));
    }
    const std::expected<Asked, ExitStatus> asked = undo_asked_now(options, config);
    if (!asked) {
        return std::unexpected(asked.error());
    }
    if (!agrees(told(asked->question, asked->form), signer->name)) {
        complain("nothing was signed");
        return std::unexpected(ExitStatus::unexpected);
    }
    return std::vector{signed_by(signer->seed, signer->name, asked->form)};
}

/// Signed here or elsewhere; none where it goes without.
std::expected<std::vector<ApprovalSignature>, ExitStatus> signatures_of_undo(
    const PersonOptions& options, const Config& config) {
    if (!options.signature.empty()) {
        std::expected<SignedLeave, ExitStatus> leave = signed_elsewhere(options, config, true);
        if (!leave) {
            return std::unexpected(leave.error());
        }
        return std::move(leave->signatures);
    }
    return options.key.empty() ? std::vector<ApprovalSignature>{} : sign_undo(options, config);
}

}  // namespace

ExitStatus undo_incident(const PersonOptions& options) {
    const ConfigReport report = load_config(options.common.config);
    if (!report.config) {
        complain(describe(report));
        return ExitStatus::usage;
    }
    if (!is_plain_name(options.incident)) {
        return refuse_usage("an incident is named as in i-3");
    }
    json::object body;
    body["because"] = json::value(options.because);
    if (options.prints_form) {
        return print_form(undo_asked_now(options, *report.config));
    }
    const auto signatures = signatures_of_undo(options, *report.config);
    if (!signatures) {
        return signatures.error();
    }
    if (!signatures->empty()) {
        body["signatures"] = to_json(*signatures);
    }
    const Result<json::value> answer = ask_agent(report.config->control_socket, "POST",
                                                 undo_path(options), to_text(json::value(body)));
    if (!answer) {
        return complain_of(answer.error());
    }
    const json::value* undone_by =
        answer->is_object() ? answer->get_object().if_contains("undone_by") : nullptr;
    const std::string by = undone_by != nullptr && undone_by->is_string()
                               ? plain(undone_by->get_string())
                               : std::string(options.incident);
    print_answer(*answer,
                 "recorded: " + options.incident + " is taken back" +
                     (by == options.incident ? "" : ", by " + by) +
                     "\nguard looks again before each step; `homeostat explain " + by +
                     "` shows what comes of it",
                 options.common.is_json);
    return ExitStatus::ok;
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
