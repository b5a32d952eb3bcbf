#pragma once

// Presence: whether a symptom is present, since when, and when it may be called gone.
// Streak: how many bad samples came in a row, and over what time.
//
// A symptom begins by its own rule and ends after a time of good samples. That time is summed from
// what was seen, so that a source which falls silent ends nothing.
//
// Pure. Not thread-safe.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/signal.hpp"

#include <cstdint>

namespace homeostat::detect {

struct Presence {
    bool is_present{false};
    Observer observer{Observer::edge};  ///< Who brought it up.
    double value{0};                    ///< As last measured.
    double limit{0};
    Instant began_at{};
    Instant noticed_at{};
    Duration good_for{};  ///< Seen without a sign of it, in a row.
};

struct Streak {
    std::uint32_t count{0};
    Instant first_at{};
    Instant last_at{};
};

}  // namespace homeostat::detect
