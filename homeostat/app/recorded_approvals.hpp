#pragma once

// RecordedApprovals: whether each yes of a ledger that says it was signed was.
//
// A record proves itself: the signature has to hold by the key beside it, for just what the record
// says was agreed to. Whose that key is only a list can say, and a list tells of today: a person
// may have left it, or have another key now. So whom the configuration's list does not have is told
// and is no trouble; who names the approvers of these records by hand wants nobody else in them.
// A yes without a signature is counted and is no trouble either: before approvers were listed none
// was asked for, and no record says when that was.
//
// Pure.

#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/heal/approvers.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

/// Whose signatures they ought to be.
struct KnownApprovers {
    std::vector<heal::Approver> listed{};  ///< A name may have several keys, one after the other.
    bool has_all{false};                   ///< Nobody else can have signed.
};

struct SignerSeen {
    std::string approver;
    std::string key;
    std::uint64_t records_count{0};   ///< That they have signed.
    std::optional<bool> is_listed{};  ///< With this key; absent: there is no list.

    static void fields(auto& self, auto&& field) {
        field("approver", self.approver);
        field("key", self.key);
        field("records_count", self.records_count);
        field("is_listed", self.is_listed);
    }
};

struct ApprovalsSeen {
    std::uint64_t signed_count{0};    ///< Records, each signature of which holds.
    std::uint64_t unsigned_count{0};  ///< A person's yes, and nobody has signed it.
    std::vector<SignerSeen> signers;  ///< By name and key.

    static void fields(auto& self, auto&& field) {
        field("signed_count", self.signed_count);
        field("unsigned_count", self.unsigned_count);
        field("signers", self.signers);
    }
};

class RecordedApprovals {
  public:
    explicit RecordedApprovals(KnownApprovers known) : known_(std::move(known)) {}

    /// ERRORS: corrupt: a signature does not hold, or is of something else than the record says; or
    /// of nobody whom the list has, where it has all.
    [[nodiscard]] Result<void> take(const adapters::segment_log::ChainedGroup& group);
    [[nodiscard]] Result<void> take(const Entry& entry);

    [[nodiscard]] ApprovalsSeen seen() const;

  private:
    template <class Body>
    [[nodiscard]] Result<void> take_yes(const Entry& entry);
    [[nodiscard]] Result<void> take_signatures(const SignedLeave& leave, const Entry& entry);
    [[nodiscard]] std::optional<bool> is_listed(const ApprovalSignature& signature) const;

    KnownApprovers known_;
    std::uint64_t signed_count_{0};
    std::uint64_t unsigned_count_{0};
    std::map<std::pair<std::string, std::string>, SignerSeen> signers_;  ///< By name and key.
};

/// "anna=64 digits", as --approver has it. ERRORS: invalid.
[[nodiscard]] Result<heal::Approver> parse_approver(const std::string& text);

/// A line for a terminal; nothing of a ledger in which nobody has agreed to anything. Escaped.
[[nodiscard]] std::string to_line(const ApprovalsSeen& seen);

}  // namespace homeostat::app
