#pragma once

// HeadPace: how often a ledger's heads are signed, and how long one goes on acting without.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"

#include <chrono>
#include <cstdint>

namespace homeostat::adapters::segment_log {

/// When heads go out, and how long the agent acts without.
struct HeadPace {
    std::uint64_t groups{64};                    ///< A head after so many at the latest.
    Duration every{std::chrono::minutes{1}};     ///< And after so long, if there is a new group.
    std::uint64_t unwitnessed_groups_max{4096};  ///< Some days of a quiet service.
    Duration unwitnessed_for_max{std::chrono::hours{6}};  ///< A night watch can mend a disk in it.

    friend bool operator==(const HeadPace&, const HeadPace&) = default;
};

}  // namespace homeostat::adapters::segment_log
