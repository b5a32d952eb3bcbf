#pragma once

// How far what people look at where the group runs is what was recorded.
//
// Pure. Values only.

#include <cstddef>
#include <cstdint>

namespace homeostat::app {

struct ShownFigures {
    std::size_t unwritten{0};   ///< Objects that are not as they should be.
    std::uint64_t failures{0};  ///< Requests to write them that failed, since the start.
};

}  // namespace homeostat::app
