#pragma once

// Recording: what was measured of a world, second by second, and which alerts it raised.
//
// Honest: what was so. What of it is missing, late or wrong in a case is `Troubles`' doing.
//
// Pure. Values only.

#include "homeostat/sim/world/world.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::sim::cases {

struct ServicePoint {
    double rate{0};    ///< Per second, retries and all.
    double errors{0};  ///< Of these: 5xx, late ones, refused connections.
    double p50_ms{0};
    double p99_ms{0};
    double waiting{0};       ///< In the queues of its replicas.
    double cpu{0};           ///< Cores, all replicas.
    double retry_share{0};   ///< Of the rate, such as were tried before.
    double denied_share{0};  ///< Of the rate, such as got no connection or were not known.
    double misled_share{0};  ///< Of the answers: good ones by their status, and wrong.
    double descriptors{0};   ///< Share in use, of the replica with the most.
    double disk{0};          ///< Likewise.
    double pool{0};          ///< Likewise: pooled connections in use.
    std::uint32_t answering{0};
};

struct ReplicaPoint {
    double rate{0};
    double errors{0};
    double p99_ms{0};
    double memory_mb{0};
    bool is_wanted{true};
    bool is_answering{false};
    std::uint32_t starts_count{0};
};

struct LinkPoint {
    double rate{0};
    double failing_share{0};
    double p99_ms{0};
};

struct CachePoint {
    double hit_ratio{0};
    double stale_share{0};  ///< Of the copies that were compared with the source.
    bool is_answering{true};
};

struct Second {
    std::vector<ServicePoint> services;
    std::vector<ReplicaPoint> replicas;
    std::vector<LinkPoint> links;
    std::vector<CachePoint> caches;
    Tally users;  ///< Of this second.
};

enum class AlertKind : std::uint8_t {
    users_failing,
    users_slow,
    users_misled,
    high_error_ratio,
    high_latency,
    high_traffic,
    instance_down,
    crash_looping,
    memory_high,
    stale_copies,
    cache_down,
};

constexpr auto names_of(std::type_identity<AlertKind>) {
    return std::to_array<std::string_view>({"users_failing", "users_slow", "users_misled",
                                            "high_error_ratio", "high_latency", "high_traffic",
                                            "instance_down", "crash_looping", "memory_high",
                                            "stale_copies", "cache_down"});
}

struct Alert {
    AlertKind kind{AlertKind::users_failing};
    std::uint32_t index{0};  ///< Service, or cache of the last two.
    std::uint32_t fires_at{0};
    std::optional<std::uint32_t> resolved_at;
};

/// Seconds of a world, from its first.
class Recorder {
  public:
    explicit Recorder(const World& world);

    /// Lets one second pass in the world and writes down what was measured.
    void pass_second(World& world);

    [[nodiscard]] const std::vector<Second>& seconds() const { return seconds_; }
    [[nodiscard]] const std::vector<Alert>& alerts() const { return alerts_; }
    /// Mean of the seconds in which all was well; what an alert compares with.
    [[nodiscard]] const Second& usual() const { return usual_; }

  private:
    void watch(const World& world);
    void judge(AlertKind kind, std::uint32_t index, bool is_so);
    void judge_service(ServiceIndex index, const ServicePoint& now);
    void judge_replicas(const World& world, ServiceIndex index);
    void note_replicas(const World& world, ServiceIndex index, Second& second);
    [[nodiscard]] bool is_down_for(ReplicaIndex replica, std::size_t seconds_count) const;
    [[nodiscard]] Second mean_of(std::size_t from, std::size_t to) const;

    std::vector<EdgeCounters> service_counters_;
    std::vector<EdgeCounters> replica_counters_;
    std::vector<double> cpu_s_;
    std::vector<Second> seconds_;
    std::vector<Alert> alerts_;
    Second usual_;
};

/// Everything before it belongs to the settling of a new world.
constexpr std::size_t usual_from_s = 85;
constexpr std::size_t usual_to_s = 145;

}  // namespace homeostat::sim::cases
