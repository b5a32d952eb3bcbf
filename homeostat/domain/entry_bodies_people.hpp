#pragma once

// The bodies of ledger entries about what a person said to us. Pure; values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/remedy.hpp"

#include <optional>
#include <string>

namespace homeostat {

/// What a person said to a question of ours.
struct AnsweredBody {
    std::string question;  ///< Its id, 16 hex digits: one question is answered once.
    Remedy remedy;
    Preconditions preconditions;
    PersonSays says{PersonSays::denied};
    std::string by;       ///< User name of the caller, from the socket's peer credentials; of a
                          ///< signed yes whoever signed.
    std::string because;  ///< Their words; at most 200 bytes, never decided on.
    std::optional<SignedLeave> leave{};  ///< Where approvers sign: enough to check it by itself.

    static void fields(auto& self, auto&& field) {
        field("question", self.question);
        field("remedy", self.remedy);
        field("preconditions", self.preconditions);
        field("says", self.says);
        field("by", self.by);
        field("because", self.because);
        field("leave", self.leave);
    }
};

/// Of `suspended` and `resumed`.
struct SwitchBody {
    std::string by;       ///< User name of the caller, from the socket's peer credentials.
    std::string because;  ///< Their words; at most 200 bytes, never decided on.

    static void fields(auto& self, auto&& field) {
        field("by", self.by);
        field("because", self.because);
    }
};

}  // namespace homeostat
