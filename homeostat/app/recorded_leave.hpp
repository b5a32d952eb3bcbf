#pragma once

// RecordedLeave: whether a signed answer of the ledger holds, by what it says itself. It proves
// that whoever has the key signed just this; whose the key is says the list of approvers.
//
// Pure.

#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/entry_bodies_people.hpp"

namespace homeostat::app {

[[nodiscard]] bool holds(const ApprovalForm& form, const ApprovalSignature& signature);

/// Whether what was signed is what the answer says. REQUIRES: a signed one.
[[nodiscard]] bool is_of(const AnsweredBody& answer);
/// The same of what a person takes back.
[[nodiscard]] bool is_of(const UndoBody& undo);

}  // namespace homeostat::app
