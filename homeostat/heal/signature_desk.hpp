#pragma once

// SignatureDesk: the forms that approvers are to sign now, and the signatures that are in.
//
// One form per incident that asks; it is made when the question is, and goes with it. Nothing of it
// is kept over a restart: the successor asks with new forms, and old signatures fit none of them,
// which does less and never more. A signature counts once per approver and once per form.
//
// Pure. Not thread-safe; lives on the heal strand.

#include "homeostat/base/result.hpp"
#include "homeostat/base/rng.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/heal/approvers.hpp"
#include "homeostat/heal/question.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::heal {

class SignatureDesk {
  public:
    SignatureDesk(Approvers approvers, std::uint64_t chance);

    [[nodiscard]] const Approvers& approvers() const { return approvers_; }
    /// Whether a yes has to be signed at all.
    [[nodiscard]] bool is_open() const { return !approvers_.listed.empty(); }

    /// Of the latest group: what is asked from now on is asked on top of it.
    void note_head(std::string hash) { ledger_head_ = std::move(hash); }

    /// The incident asks this. A form of the same question stays, with its signatures.
    void ask(const IncidentId& incident,
             const std::string& question_id,
             const Question& question,
             WallTime expires_at);

    /// It asks nothing any more, or has been answered.
    void close(const IncidentId& incident);

    /// Null: there is no form for it.
    [[nodiscard]] const SignedLeave* find(const IncidentId& incident) const;

    /// Each as it is to be recorded; changes nothing. ERRORS: refused: there is no signature, more
    /// than could be needed, one that does not hold for the form, or the form has expired.
    [[nodiscard]] Result<std::vector<ApprovalSignature>> check(
        const IncidentId& incident,
        const std::vector<ApprovalSignature>& signatures,
        WallTime now) const;

    /// Takes checked ones in, unless the form has changed since. ERRORS: refused: it has.
    [[nodiscard]] Result<void> take(const IncidentId& incident,
                                    std::string_view nonce,
                                    const std::vector<ApprovalSignature>& checked);

    /// Whether these and those that are in are enough.
    [[nodiscard]] bool is_enough(const IncidentId& incident,
                                 const std::vector<ApprovalSignature>& further) const;

  private:
    Approvers approvers_;
    Rng chance_;
    std::string ledger_head_;
    std::map<IncidentId, SignedLeave> forms_;
};

/// "anna, bert": who has signed.
[[nodiscard]] std::string names_of_signers(const std::vector<ApprovalSignature>& signatures);

}  // namespace homeostat::heal
