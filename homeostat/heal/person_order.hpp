#pragma once

// PersonOrder: what a person has us do without being asked: to take back what an incident that is
// closed did last. It runs as an incident of its own, so that it is announced, guarded, performed,
// proven and recovered like everything else.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/approval.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/remedy.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::heal {

struct PersonOrder {
    IncidentId undoes;    ///< Closed; what it did last is taken back.
    Remedy remedy;        ///< That.
    std::string by;       ///< User name of the caller, from the socket's peer credentials.
    std::string because;  ///< Their words; never decided on.
    WallTime until{};     ///< Nothing of it begins later, whoever was dead meanwhile.
    std::optional<SignedLeave> leave{};  ///< Where approvers sign; looked at again as it begins.

    static void fields(auto& self, auto&& field) {
        field("undoes", self.undoes);
        field("remedy", self.remedy);
        field("by", self.by);
        field("because", self.because);
        field("until", self.until);
        field("leave", self.leave);
    }
};

/// What a form of an order says that it is about: no question of ours has such an id.
inline constexpr std::string_view undo_question = "undo";

/// A person wants back now what is held. Sent to its thread.
struct TakenBack {
    std::string by;
    std::string because;
};

/// What a person may take back at present, for `status`.
struct UndoableView {
    IncidentId incident;
    Remedy remedy;        ///< What would be taken back.
    bool is_held{false};  ///< It is in force for a time; else its incident is closed.
    Instant until{};      ///< No later; of what is held, when it is given back in any case.

    static void fields(auto& self, auto&& field) {
        field("incident", self.incident);
        field("remedy", self.remedy);
        field("is_held", self.is_held);
        field("until", self.until);
    }
};

}  // namespace homeostat::heal
