#include "homeostat/app/signature_document.hpp"

#include "homeostat/app/recorded_leave.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/plain.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/heal/person_order.hpp"

#include <fmt/format.h>

#include <set>
#include <string>

namespace homeostat::app {

namespace {

/// One deeper than a form, which is a member of it.
constexpr JsonLimits limits{.bytes_max = signature_document_bytes_max, .depth_max = 9};

Error no_document(std::string_view because) {
    return {Fault::invalid,
            fmt::format("signature: {}; `homeostat sign FORM --key FILE` writes one", because)};
}

Result<void> check_signatures(const SignedLeave& leave) {
    if (leave.signatures.empty() || leave.signatures.size() > heal::approvers_max) {
        return std::unexpected(
            no_document(fmt::format("it has {} signatures, and 1 to {} are taken",
                                    leave.signatures.size(), heal::approvers_max)));
    }
    std::set<std::string> names;
    for (const ApprovalSignature& one : leave.signatures) {
        if (!heal::is_approver_name(one.approver)) {
            return std::unexpected(
                no_document("an approver's name has letters, digits, '.', '_' and '-'"));
        }
        if (!names.insert(one.approver).second) {
            return std::unexpected(no_document(one.approver + " has signed it twice"));
        }
        if (!holds(leave.form, one)) {
            return fail(Fault::refused, "signature: what " + one.approver +
                                            " signed is not the form in it, or was changed on the "
                                            "way; sign the form again");
        }
    }
    return {};
}

}  // namespace

std::string document_of(const SignedLeave& leave) {
    return to_text(to_json(leave));
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

Result<SignedLeave> parse_signature_document(std::string_view text) {
    const std::string_view line = trimmed(text);
    if (line.empty()) {
        return std::unexpected(no_document("it is empty"));
    }
    if (heal::parse_form(line)) {
        return std::unexpected(no_document("this is the form itself, which nobody has signed yet"));
    }
    const Result<json::value> document = parse_json(line, limits);
    if (!document) {
        return std::unexpected(no_document(plain(document.error().text)));
    }
    Result<SignedLeave> leave = from_json<SignedLeave>(*document);
    if (!leave) {
        return std::unexpected(no_document(plain(leave.error().text)));
    }
    // A form of another version, or one that is larger than any, fails here.
    if (const Result<ApprovalForm> form = heal::parse_form(heal::text_of(leave->form)); !form) {
        return std::unexpected(no_document(form.error().text));
    }
    if (document_of(*leave) != line) {
        return std::unexpected(no_document("not in its one byte form"));
    }
    if (const Result<void> checked = check_signatures(*leave); !checked) {
        return std::unexpected(checked.error());
    }
    return leave;
}

Result<void> check_is_for(const ApprovalForm& form, const SignedFor& wanted) {
    const auto refuse = [](std::string_view other) {
        return fail(Fault::refused,
                    fmt::format("signature: what was signed is of {}; nothing was taken", other));
    };
    if (form.service != wanted.service) {
        return refuse("the service " + plain(form.service.text()));
    }
    if (form.incident != wanted.incident) {
        return refuse("the incident " + plain(form.incident.text()));
    }
    const bool is_of_undo = form.question == heal::undo_question;
    if (is_of_undo != (wanted.question == heal::undo_question)) {
        return refuse(is_of_undo ? "an undo: `homeostat undo` takes it"
                                 : "a question and not of an undo: `homeostat approve` takes it");
    }
    if (!wanted.question.empty() && form.question != wanted.question) {
        return refuse("another question, " + plain(form.question));
    }
    return {};
}

}  // namespace homeostat::app
