#pragma once

// Who has to agree to what an incident asks, and how often people are asked at all
// (docs/approvals.md).
//
// Pure. Values only.

#include "homeostat/domain/remedy_kind.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace homeostat::app {

struct ApproverConfig {
    std::string name;
    std::string key;  ///< Public, 64 hex digits.
};

struct ApprovalsConfig {
    std::vector<ApproverConfig> approvers;  ///< Empty: whoever may use the socket answers.
    std::uint32_t quorum{1};                ///< So many of them.
    std::map<RemedyKind, std::uint32_t> quorum_of;
    /// Six questions an hour are one in ten minutes, as long as a question waits by default: more
    /// would be open at once than one person reads with care. 0 = nobody is asked.
    std::uint32_t questions_per_hour_max{6};
};

}  // namespace homeostat::app
