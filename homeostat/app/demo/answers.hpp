#pragma once

// Answers: what users of the demo got, and what follows from it.
//
// Times are those at which a request was due, not those at which a slow system let it through, so a
// stall counts in full. SOURCE of the definitions: `homeostat demo --help`.
//
// Pure.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace homeostat::app::demo {

struct Answer {
    Instant due_at{};
    Duration latency{};
    int status{0};  ///< 0: no answer.
    bool is_good{false};
    bool is_wrong{false};  ///< In time and without an error, and not what is true.
};

/// One line of the load generator: due ns, latency µs, status, good|error|slow|wrong.
/// ERRORS: invalid, with the line.
[[nodiscard]] Result<Answer> parse_answer(std::string_view line);

/// What users saw of one fault.
struct Impact {
    std::optional<Instant> began_at;  ///< t0: the first bad answer.
    std::optional<Instant> healed_at;
    std::uint64_t requests_count{0};
    std::uint64_t failed_count{0};
    std::uint64_t wrong_count{0};  ///< Of these.
    Duration wrong_for{};          ///< From the first wrong one to the last.
};

constexpr Duration good_window = std::chrono::seconds{2};
constexpr double good_window_ratio_min = 0.99;
constexpr std::size_t good_window_answers_min = 50;  ///< Fewer say nothing about 99 %.

/// Looks at the answers due from `since` on. Healed: the start of the first window of two seconds
/// after t0 in which at least 99 % of the answers are good. The window has to be over by `until`.
[[nodiscard]] Impact impact_of(std::vector<Answer> answers, Instant since, Instant until);

/// As impact_of, for those whose work nobody proves: healed only where, from that window's start
/// until `until` and for `lasting` at least, 99 % of all answers are good.
[[nodiscard]] Impact lasting_impact_of(std::vector<Answer> answers,
                                       Instant since,
                                       Instant until,
                                       Duration lasting);

}  // namespace homeostat::app::demo
