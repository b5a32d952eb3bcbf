#include "homeostat/app/approval_signing.hpp"

#include "homeostat/app/control_client.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/heal/person_order.hpp"
#include "homeostat/heal/signature_desk.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <span>

namespace homeostat::app {

namespace {

std::string to_hex(std::span<const unsigned char> bytes) {
    std::string text;
    for (const unsigned char byte : bytes) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::string world_of(const Preconditions& told) {
    std::string text = fmt::format("{} alive", told.alive_count);
    text += told.version.empty() ? "" : ", version " + plain(told.version.text());
    text += told.config.empty() ? "" : ", configuration " + plain(told.config.text());
    for (const ProcessIdentity& process : told.processes) {
        text += ", " + plain(describe(process));
    }
    return text;
}

}  // namespace

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

std::string sha256_of(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    ensure(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
           "OpenSSL computes SHA-256");
    return to_hex(std::span(digest).first(size));
}

Result<ApprovalForm> form_in(const heal::QuestionView& asked,
                             const std::string& service,
                             const std::string& incident) {
    if (!asked.to_sign) {
        return fail(Fault::refused,
                    "nobody has to sign here: approvals.approvers lists nobody; leave out --key "
                    "and --form");
    }
    Result<ApprovalForm> form = heal::parse_form(asked.to_sign->text);
    if (!form) {
        return fail("what the agent wants signed", form.error());
    }
    if (form->service.text() != service || form->incident.text() != incident ||
        form->question != asked.id || form->says != PersonSays::approved) {
        return fail(Fault::refused,
                    "what the agent wants signed is of another service, incident or question; "
                    "nothing was signed");
    }
    return form;
}

std::string told(const ApprovalForm& form) {
    const std::string text = heal::text_of(form);
    const bool is_undo = form.question == heal::undo_question;
    return fmt::format(
        "{} incident {}\n"
        "  service   {}\n"
        "  remedy    {}\n"
        "  in        {}\n"
        "  question  {}\n"
        "  ledger    {} when it was asked\n"
        "  expires   {}\n"
        "The bytes that are signed:\n{}\n"
        "SHA-256 of them: {}\n",
        is_undo ? "To take back, by the remedy below, what was done last by"
                : "Yes, once and in this world only, to what is asked by",
        plain(form.incident.text()), plain(form.service.text()), plain(describe(form.remedy)),
        world_of(form.preconditions), plain(form.question), plain(form.ledger_head),
        to_timestamp(form.expires_at), plain(text, text.size()), sha256_of(text));
}

std::string told(const heal::QuestionView& asked, const ApprovalForm& form) {
    const heal::ToSignView needed = asked.to_sign.value_or(heal::ToSignView{});
    std::string agreed;
    for (const std::string& name : needed.agreed) {
        agreed += (agreed.empty() ? "" : ", ") + plain(name);
    }
    return fmt::format("{}\n{}It needs {} of the approvers; so far: {}\n", plain(asked.text),
                       told(form), needed.quorum, agreed.empty() ? "nobody" : agreed);
}

ApprovalSignature signed_by(const mesh::SigningSeed& seed,
                            const std::string& name,
                            const ApprovalForm& form) {
    const std::string bytes = heal::bytes_to_sign(name, heal::text_of(form));
    return {name, to_hex(mesh::public_key_of(seed)), to_hex(mesh::sign(seed, bytes))};
}

}  // namespace homeostat::app
