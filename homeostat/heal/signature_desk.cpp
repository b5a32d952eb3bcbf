#include "homeostat/heal/signature_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::heal {

namespace {

bool has(const std::vector<ApprovalSignature>& signatures, const std::string& approver) {
    return std::ranges::find(signatures, approver, &ApprovalSignature::approver) !=
           signatures.end();
}

void add(std::vector<ApprovalSignature>& signatures, const ApprovalSignature& one) {
    if (!has(signatures, one.approver)) {
        signatures.push_back(one);
    }
}

}  // namespace

SignatureDesk::SignatureDesk(Approvers approvers, std::uint64_t chance)
    : approvers_(std::move(approvers)), chance_(Rng(chance).fork("nonces of approvals")) {}

void SignatureDesk::ask(const IncidentId& incident,
                        const std::string& question_id,
                        const Question& question,
                        WallTime expires_at) {
    const SignedLeave* open = find(incident);
    if (!is_open() || (open != nullptr && open->form.question == question_id)) {
        return;
    }
    ApprovalForm form;
    form.service = approvers_.service;
    form.incident = incident;
    form.question = question_id;
    form.remedy = question.remedy;
    form.preconditions = question.preconditions;
    form.ledger_head = ledger_head_;
    form.nonce = fmt::format("{:016x}", chance_.next());
    form.nonce += fmt::format("{:016x}", chance_.next());
    form.expires_at = expires_at;
    forms_[incident] = {std::move(form), {}};
}

void SignatureDesk::close(const IncidentId& incident) {
    forms_.erase(incident);
}

const SignedLeave* SignatureDesk::find(const IncidentId& incident) const {
    const auto found = forms_.find(incident);
    return found == forms_.end() ? nullptr : &found->second;
}

Result<std::vector<ApprovalSignature>> SignatureDesk::check(
    const IncidentId& incident,
    const std::vector<ApprovalSignature>& signatures,
    WallTime now) const {
    const SignedLeave* open = find(incident);
    if (open == nullptr) {
        return fail(Fault::busy, "what is to be signed is not ready yet; fetch the question again");
    }
    if (signatures.empty()) {
        return fail(Fault::refused,
                    fmt::format("approvers are listed: a yes has to be signed (`homeostat approve "
                                "{} --question {} --key FILE`); a no need not be",
                                incident.text(), open->form.question));
    }
    if (signatures.size() > approvers_max) {
        return fail(Fault::refused, fmt::format("signatures: at most {} are taken", approvers_max));
    }
    if (now > open->form.expires_at) {
        return fail(Fault::refused, "what was asked has expired; silence was no");
    }
    std::vector<ApprovalSignature> held;
    for (const ApprovalSignature& one : signatures) {
        const Result<ApprovalSignature> checked_one = checked(approvers_, open->form, one);
        if (!checked_one) {
            return std::unexpected(checked_one.error());
        }
        add(held, *checked_one);
    }
    const bool is_news = std::ranges::any_of(held, [open](const ApprovalSignature& one) {
        return !has(open->signatures, one.approver);
    });
    // Enough that were not recorded, as the ledger was full, are recorded when it is said again.
    if (!is_news && !is_enough(incident, {})) {
        return fail(Fault::refused,
                    fmt::format("{} has signed this already; {} of {} have, and another approver "
                                "has to",
                                names_of_signers(held), open->signatures.size(),
                                approvers_.quorum_for(kind_of(open->form.remedy))));
    }
    return held;
}

Result<void> SignatureDesk::take(const IncidentId& incident,
                                 std::string_view nonce,
                                 const std::vector<ApprovalSignature>& checked) {
    const auto found = forms_.find(incident);
    if (found == forms_.end() || found->second.form.nonce != nonce) {
        return fail(Fault::refused, incident.text() + " does not ask this any more");
    }
    for (const ApprovalSignature& one : checked) {
        add(found->second.signatures, one);
    }
    return {};
}

bool SignatureDesk::is_enough(const IncidentId& incident,
                              const std::vector<ApprovalSignature>& further) const {
    const SignedLeave* open = find(incident);
    if (open == nullptr) {
        return false;
    }
    std::vector<ApprovalSignature> all = open->signatures;
    for (const ApprovalSignature& one : further) {
        add(all, one);
    }
    return all.size() >= approvers_.quorum_for(kind_of(open->form.remedy));
}

std::string names_of_signers(const std::vector<ApprovalSignature>& signatures) {
    std::string names;
    for (const ApprovalSignature& one : signatures) {
        names += (names.empty() ? "" : ", ") + one.approver;
    }
    return names;
}

}  // namespace homeostat::heal
