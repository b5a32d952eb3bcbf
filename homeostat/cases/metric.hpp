#pragma once

// What a series measures, by its name and unit, whoever named it; and its points in units of ours.
//
// A name is read as words ("p99LatencyMs", "http_requests_5xx_total"): a word within a word means
// nothing, so that no "group" is up. What cannot be placed is `other`: it counts as nothing.
//
// Pure. Values only.

#include "homeostat/cases/shift.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::cases {

enum class Metric : std::uint8_t {
    requests,
    error_ratio,
    latency,  ///< In ms.
    queue,
    cpu,
    memory,
    up,
    hit_ratio,
    stale_ratio,
    users_requests,
    users_failed,
    users_slow,
    users_wrong,
    wrong,   ///< Answers that are not true.
    denied,  ///< Answers that turn the caller away: no rights, not yet, too many.
    retries,
    connections,
    descriptors,
    disk,  ///< Share that is full.
    io,    ///< Reads and writes of disks.
    network,
    other,
};

constexpr auto names_of(std::type_identity<Metric>) {
    return std::to_array<std::string_view>(
        {"requests",     "error_ratio", "latency",     "queue",       "cpu",
         "memory",       "up",          "hit_ratio",   "stale_ratio", "users_requests",
         "users_failed", "users_slow",  "users_wrong", "wrong",       "denied",
         "retries",      "connections", "descriptors", "disk",        "io",
         "network",      "other"});
}
constexpr std::size_t metrics_count = names_of(std::type_identity<Metric>{}).size();

struct Measure {
    Metric metric{Metric::other};
    double scale{1};             ///< Its values times this are in our unit.
    bool may_be_counter{false};  ///< Its name says that it only ever rises.
    bool is_count{
        false};  ///< Of what we keep as a share of the requests: so many, or so many a second.

    bool operator==(const Measure&) const = default;
};

[[nodiscard]] Measure measure_of(std::string_view name, std::string_view unit);

/// The points in our unit; of a counter, what it rose by in a second. One that starts anew rose by
/// what it has. A share whose values are above 1 is a count after all, and says so in `measure`.
[[nodiscard]] std::vector<SeriesPoint> in_our_unit(std::span<const SeriesPoint> points,
                                                   Measure& measure);

/// Counts as shares of `requests`, both in the same unit and ascending in time. Without requests:
/// of ten times what is usual of the counts, and of one at least.
[[nodiscard]] std::vector<SeriesPoint> shares_of(std::span<const SeriesPoint> counts,
                                                 std::span<const SeriesPoint> requests);

}  // namespace homeostat::cases
