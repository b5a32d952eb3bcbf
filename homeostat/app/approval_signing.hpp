#pragma once

// ApprovalSigning: what an approver is shown before they sign, and what they sign.
//
// The form comes from the agent and is read here again: it has to be of the incident and question
// that the person named, in its one byte form, and they see it whole.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/heal/executor_settings.hpp"
#include "homeostat/mesh/ed25519.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace homeostat::app {

/// What the incident asks now. ERRORS: those of `ask_agent`; refused: it asks nothing.
[[nodiscard]] Result<heal::QuestionView> question_now(const std::filesystem::path& socket,
                                                      const std::string& incident);

/// 64 hex digits.
[[nodiscard]] std::string sha256_of(std::string_view bytes);

/// The form that is to be signed for this question. ERRORS: refused: no approvers are listed, or
/// the form is of something else; invalid: it is none.
[[nodiscard]] Result<ApprovalForm> form_in(const heal::QuestionView& asked,
                                           const std::string& service,
                                           const std::string& incident);

/// Several lines: each part of the form, its bytes, and their digest. Escaped. All of it is signed.
[[nodiscard]] std::string told(const ApprovalForm& form);

/// With what the agent says of the question besides.
[[nodiscard]] std::string told(const heal::QuestionView& asked, const ApprovalForm& form);

[[nodiscard]] ApprovalSignature signed_by(const mesh::SigningSeed& seed,
                                          const std::string& name,
                                          const ApprovalForm& form);

}  // namespace homeostat::app
