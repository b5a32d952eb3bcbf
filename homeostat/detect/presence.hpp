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
#include <optional>

namespace homeostat::detect {

struct Presence {
    bool is_present{false};
    Observer observer{Observer::edge};  ///< Who brought it up.
    double value{0};                    ///< As last measured.
    double limit{0};
    Instant began_at{};
    Instant noticed_at{};
    Duration good_for{};               ///< Seen without a sign of it, in a row.
    std::optional<Instant> judged_at;  ///< The last sample that counted here.
};

struct Streak {
    std::uint32_t count{0};
    Instant first_at{};
    Instant last_at{};
};

/// Counts one sample: a bad one lengthens the streak, a good one ends it.
void count_sample(Streak& streak, bool is_bad, Instant at);

/// Says whether the streak holds `count_min` samples and lasts `for_min` from first to last.
[[nodiscard]] bool is_lasting(const Streak& streak, std::uint32_t count_min, Duration for_min);

/// The symptom is there. Begins it, or goes on with it.
void begin(Presence& presence, Observer observer, Instant began_at, Instant now);

/// One sample of what the symptom is about: `is_good` shows no sign of it. Ends the symptom after
/// `clear_after` of good samples in a row.
void judge_sample(Presence& presence, bool is_good, Instant at, Duration clear_after);

}  // namespace homeostat::detect
