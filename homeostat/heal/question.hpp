#pragma once

// Question: what an incident asks a person, and the answers to it.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/remedy.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::heal {

/// May this be done, to what is there now?
struct Question {
    Remedy remedy;
    Preconditions preconditions;

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("preconditions", self.preconditions);
    }
    friend bool operator==(const Question&, const Question&) = default;
};

enum class AnswerKind : std::uint8_t {
    silence,   ///< Nobody said anything: no.
    cleared,   ///< The symptom is gone, so there is nothing to be asked any more.
    approved,  ///< A person agrees.
    denied,    ///< A person does not.
};

constexpr auto names_of(std::type_identity<AnswerKind>) {
    return std::to_array<std::string_view>({"silence", "cleared", "approved", "denied"});
}

struct Answer {
    AnswerKind kind{AnswerKind::silence};
    std::string question{};  ///< Of a person: the id of what they were asked.
    std::string by{};        ///< And who they are.
    std::string because{};   ///< And their words; never decided on.
    /// Of a person, with a yes: what their channel has. The executor checks them.
    std::vector<ApprovalSignature> signatures{};
    std::optional<SignedLeave> leave{};  ///< The executor's own: what was signed, by all needed.

    static void fields(auto& self, auto&& field) {
        field("kind", self.kind);
        field("question", self.question);
        field("by", self.by);
        field("because", self.because);
        field("signatures", self.signatures, may_be_absent);
        field("leave", self.leave);
    }
    friend bool operator==(const Answer&, const Answer&) = default;
};

}  // namespace homeostat::heal
