#pragma once

// Approval: a person's leave for one remedy, for once, for a short time, in the world that they
// were told of.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/process_identity.hpp"
#include "homeostat/domain/remedy.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

/// What of the world a person's leave hangs on. If it has changed, they said yes to something else.
struct Preconditions {
    /// Of the instance that the remedy names, or of all if it restarts them all: the process that
    /// runs there, or the last one that did. Empty for what is about no process.
    std::vector<ProcessIdentity> processes{};
    std::uint32_t alive_count{0};  ///< Of these.
    VersionId version;             ///< Current.
    VersionId config;              ///< Likewise.

    static void fields(auto& self, auto&& field) {
        field("processes", self.processes);
        field("alive_count", self.alive_count);
        field("version", self.version);
        field("config", self.config);
    }
    friend bool operator==(const Preconditions&, const Preconditions&) = default;
};

[[nodiscard]] Preconditions preconditions_of(const Remedy& remedy, const Facts& facts);

enum class PersonSays : std::uint8_t {
    approved,
    denied,
    agreed_in_part,  ///< A valid yes of one of several that are needed: no leave yet.
};

constexpr auto names_of(std::type_identity<PersonSays>) {
    return std::to_array<std::string_view>({"approved", "denied", "agreed_in_part"});
}

/// What an approver signs: one remedy, once, in the world that was asked about. Its one byte form
/// is its JSON (base/json.hpp) with the members in this order; docs/approvals.md tells it to other
/// tools, so that a member more or less is another `form`.
struct ApprovalForm {
    std::string form{"homeostat approval 1"};
    ServiceId service;
    IncidentId incident;
    std::string question;  ///< The id of what was asked.
    PersonSays says{PersonSays::approved};
    Remedy remedy;
    Preconditions preconditions;
    std::string ledger_head;  ///< Hash of the ledger's chain when it was asked, hex.
    std::string nonce;        ///< 32 hex digits, new with each form: a signature is of one asking.
    WallTime expires_at{};    ///< In ms since 1970, UTC.

    static void fields(auto& self, auto&& field) {
        field("form", self.form);
        field("service", self.service);
        field("incident", self.incident);
        field("question", self.question);
        field("says", self.says);
        field("remedy", self.remedy);
        field("preconditions", self.preconditions);
        field("ledger_head", self.ledger_head);
        field("nonce", self.nonce);
        field("expires_at", self.expires_at);
    }
    friend bool operator==(const ApprovalForm&, const ApprovalForm&) = default;
};

/// Ed25519 over a prefix, the approver's name and the form (heal/approvers.hpp).
struct ApprovalSignature {
    std::string approver;  ///< As the settings list them.
    std::string key;       ///< Their public key, 64 hex digits: a record needs no list to check it.
    std::string signature;  ///< 128 hex digits.

    static void fields(auto& self, auto&& field) {
        field("approver", self.approver);
        field("key", self.key);
        field("signature", self.signature);
    }
    friend bool operator==(const ApprovalSignature&, const ApprovalSignature&) = default;
};

struct SignedLeave {
    ApprovalForm form;
    std::vector<ApprovalSignature> signatures;  ///< Of one approver each.

    static void fields(auto& self, auto&& field) {
        field("form", self.form);
        field("signatures", self.signatures);
    }
    friend bool operator==(const SignedLeave&, const SignedLeave&) = default;
};

/// As guard remembers it.
struct Approval {
    std::string question;  ///< The id of what was asked.
    Remedy remedy;
    Preconditions preconditions;
    std::string by;
    Instant at{};
    std::optional<SignedLeave> leave{};  ///< Absent: nobody signed it.
    bool is_used{false};                 ///< The remedy has begun: no other may begin by it.

    friend bool operator==(const Approval&, const Approval&) = default;
};

}  // namespace homeostat
