#pragma once

// Approvers: whose signed yes is leave, and how many of them are needed.
//
// Where some are listed a yes without their signature is none, whatever channel it came through. A
// signature is over one form (ApprovalForm), which names the remedy, the world it is for, and a
// nonce: it cannot be moved to another question. It is checked when it comes in, and again with
// each look of guard at the leave that it made: the list, the clock or the form may have changed.
// A no needs no signature, and one is enough.
//
// Pure.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy_kind.hpp"
#include "homeostat/mesh/ed25519.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::heal {

struct Approver {
    std::string name;
    mesh::PublicKey key{};
};

struct Approvers {
    ServiceId service{};             ///< Which a form has to be for.
    std::vector<Approver> listed{};  ///< Empty: nobody has to sign, as on a socket of one person.
    std::uint32_t quorum{1};         ///< So many of them, for a kind that is not below.
    std::map<RemedyKind, std::uint32_t> quorum_of{};
    std::vector<mesh::PublicKey> own_keys{};  ///< The agent's: who proposes does not approve.

    /// A reroute drops what is cached as well: of two quorums the larger counts, as of two
    /// permissions the lower.
    [[nodiscard]] std::uint32_t quorum_for(RemedyKind kind) const {
        const auto of = [this](RemedyKind one) {
            const auto found = quorum_of.find(one);
            return found == quorum_of.end() ? quorum : found->second;
        };
        return kind == RemedyKind::reroute ? std::max(of(kind), of(RemedyKind::invalidate_cache))
                                           : of(kind);
    }
};

constexpr std::size_t approvers_max = 32;
constexpr std::size_t approver_name_bytes_max = 40;

/// Letters, digits, '.', '_' and '-': nothing that could pass for what is signed beside it.
[[nodiscard]] bool is_approver_name(std::string_view name);

/// ERRORS: invalid: a name or a key is there twice, or is none; a key is the agent's own; a quorum
/// is 0 or larger than the list.
[[nodiscard]] Result<void> check(const Approvers& approvers);

/// The form, byte for byte, as it is shown and signed.
[[nodiscard]] std::string text_of(const ApprovalForm& form);

/// ERRORS: invalid: no form of this version, or not in its one byte form.
[[nodiscard]] Result<ApprovalForm> parse_form(std::string_view text);

/// What Ed25519 is over: "homeostat approval 1", the approver's name and the form, a line each.
[[nodiscard]] std::string bytes_to_sign(std::string_view approver, std::string_view form_text);

/// The signature as it is recorded, with the key that it holds for.
/// ERRORS: refused: nobody on the list, another key than theirs, the agent's own, or forged.
[[nodiscard]] Result<ApprovalSignature> checked(const Approvers& approvers,
                                                const ApprovalForm& form,
                                                const ApprovalSignature& signature);

/// Why what guard remembers is not signed as it has to be at `wall_now`; absent: it is, or nobody
/// has to sign. REQUIRES: of this incident.
[[nodiscard]] std::optional<std::string> trouble_with(const Approvers& approvers,
                                                      const IncidentId& incident,
                                                      const Approval& approval,
                                                      WallTime wall_now);

}  // namespace homeostat::heal
