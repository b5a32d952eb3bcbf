#pragma once

// How often the source of rates was asked, by the log of the service that is the source.
//
// Every answer is a line there, so nothing between it and whoever asks can leave one out.
//
// Pure.

#include "homeostat/base/time.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace homeostat::app::demo {

/// When each was answered. A line that is no answer, or was cut off, is passed over.
[[nodiscard]] std::vector<WallTime> reads_in(std::string_view log);

/// The most in any second that lies between the two. REQUIRES: `reads` is in order.
[[nodiscard]] std::uint64_t peak_per_second(const std::vector<Instant>& reads,
                                            Instant from,
                                            Instant until);

/// What the source was asked in a second, at most, in three spans of a scenario. UNITS: reads/s.
struct SourceReads {
    std::uint64_t before{0};
    std::uint64_t rerouted{0};  ///< While readers of the cache were sent to it.
    std::uint64_t after{0};     ///< From the second in which they went back.
};

}  // namespace homeostat::app::demo
