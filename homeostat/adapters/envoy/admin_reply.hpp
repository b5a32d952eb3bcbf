#pragma once

// What Envoy's admin address answers, read strictly.
//
// Three requests are made, and no others: `/clusters?format=json`, `/stats?format=json` and
// `/runtime`, each with a filter. Members that we do not know are passed over, because a newer
// Envoy may add some; one that we know and that is of another kind, a number that is none and a
// name that stands twice are refused: half-understood counters are worse than none. Envoy leaves
// out what is zero or false, and counts 5xx, 502 and 504 only from the first one on.
//
// Pure. Values only.

#include "homeostat/adapters/envoy/trailing_mean.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

/// Whole replies: some 2,000 endpoints, or 200 clusters with all their times.
constexpr JsonLimits admin_reply_limits{.bytes_max = std::size_t{4} << 20U, .depth_max = 16};

/// The `health_status` of an endpoint's EDS entry.
enum class Order : std::uint8_t {
    serve,  ///< HEALTHY, UNKNOWN, or none at all.
    drain,  ///< DRAINING.
    other,  ///< UNHEALTHY, TIMEOUT, DEGRADED: nothing that we ever order.
};

/// ERRORS: broken: Envoy has no such word.
[[nodiscard]] Result<Order> order_of(std::string_view health_status);

struct HostReply {
    std::string hostname;  ///< May be empty.
    Order order{Order::serve};
    bool is_failing{false};  ///< Its checks fail or are pending, or it was ejected.
    std::uint64_t success_total{0};
    std::uint64_t error_total{0};
    std::uint64_t active_now{0};
    std::uint64_t pending_now{0};
};

struct ClusterHosts {
    std::string name;
    std::vector<HostReply> hosts;
};

/// The reply to `/clusters?format=json`, in the order of `names`.
/// ERRORS: absent (no such cluster), broken (anything else that is not such a document).
[[nodiscard]] Result<std::vector<ClusterHosts>> parse_clusters(
    std::string_view text, const std::vector<std::string>& names);

/// Totals since Envoy started. edge_view.hpp says what they mean.
struct ClusterStats {
    std::uint64_t completed_total{0};
    std::uint64_t answers_5xx_total{0};
    std::uint64_t answers_502_total{0};
    std::uint64_t answers_504_total{0};
    std::uint64_t timeouts_total{0};
    std::uint64_t protocol_errors_total{0};
    std::uint64_t retries_total{0};
    std::uint64_t pending_now{0};
    std::uint64_t active_now{0};
    std::uint64_t rejected_total{0};       ///< Updates of its endpoints that Envoy refused.
    std::optional<std::string> version{};  ///< Of its endpoints; empty: none came by EDS.
    AnswerTotals answers{};
};

struct StatsReply {
    std::vector<ClusterStats> clusters;
    std::uint64_t runtime_rejected_total{0};
    std::optional<std::string> runtime_version{};  ///< Empty: there is no RTDS layer.
};

/// The reply to `/stats?format=json&histogram_buckets=detailed`. ERRORS: as above.
[[nodiscard]] Result<StatsReply> parse_stats(std::string_view text,
                                             const std::vector<std::string>& names);

/// The reply to `/runtime`: of how many of a thousand requests each key changes the way; 0 for a
/// key that nobody has set. A fraction is told by the KEY.permille beside it.
/// ERRORS: broken, also for one of these keys that is neither a number nor told so.
[[nodiscard]] Result<std::vector<std::uint32_t>> parse_runtime(
    std::string_view text, const std::vector<std::string>& keys);

}  // namespace homeostat::adapters::envoy
