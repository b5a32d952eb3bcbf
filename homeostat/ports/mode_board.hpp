#pragma once

// ModeBoard: where the guarded service reads in which reduced mode each of its routes is.
//
// A hint to a service that could do with less than its edge takes off it: a mode is in force at the
// edge whether or not anybody reads the board.

#include "homeostat/base/time.hpp"

#include <cstdint>
#include <string>

namespace homeostat::ports {

struct ModeNotice {
    std::string route;
    std::string mode;           ///< Empty: as usual, or on the way back to it.
    std::uint32_t permille{0};  ///< Of the calls, answered by the edge.
    std::uint32_t rps_max{0};   ///< Promised to the callee. 0: nothing is. UNITS: requests/s.
    Instant until{};            ///< Then all is as usual again, whatever stands here.

    friend bool operator==(const ModeNotice&, const ModeNotice&) = default;
};

class ModeBoard {
  public:
    virtual ~ModeBoard() = default;

    /// Shows the notice in place of the last one of its route. Does not block; what cannot be shown
    /// is left out.
    virtual void show(const ModeNotice& notice) = 0;
};

}  // namespace homeostat::ports
