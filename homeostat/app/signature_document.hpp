#pragma once

// SignatureDocument: what an approver has signed, on its way from their own machine to the agent.
//
// It is the `leave` of a ledger entry: the form, and the signatures over it, as JSON on one line.
// So it says by itself what was agreed to, and whoever carries it can read it and change nothing.
// Here it is looked at for the carrier's sake: the desk of the executor (heal/signature_desk.hpp)
// trusts none of it, and takes from it the signatures alone.
//
// Pure.

#include "homeostat/base/result.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace homeostat::app {

/// The largest form and the signatures of all approvers that there can be, some 300 bytes each.
constexpr std::size_t signature_document_bytes_max = (std::size_t{1} << 16U) + 16'384;

/// One line, without a line feed.
[[nodiscard]] std::string document_of(const SignedLeave& leave);

/// The text as it was sent, but for blanks and line ends around it, which mail and shells add.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// ERRORS: invalid: no such document, not in its one byte form, more signatures than there can be,
/// or one person's twice; refused: a signature does not hold for the form that is in it.
[[nodiscard]] Result<SignedLeave> parse_signature_document(std::string_view text);

/// What somebody hands a signature in for.
struct SignedFor {
    ServiceId service;
    IncidentId incident;
    std::string question;  ///< Its id; empty: whatever is asked; heal::undo_question: an undo.
};

/// ERRORS: refused: the form is of something else; says of what.
[[nodiscard]] Result<void> check_is_for(const ApprovalForm& form, const SignedFor& wanted);

}  // namespace homeostat::app
