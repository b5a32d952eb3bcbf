#pragma once

// Metrics: what an instance counts about itself, printed as Prometheus text by `/metrics`.

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace payment_gateway {

/// What is read at the moment of printing, because somebody else keeps it.
struct Gauges {
    std::uint32_t workers{};
    std::uint32_t workers_busy{};
    std::size_t queue_length{};
    std::size_t in_flight{};
    std::uint64_t log_lines_dropped{};
};

class Metrics {
  public:
    Metrics(std::string service, std::string instance, std::string version);

    /// Counts one answered request of the service's own business; probes do not count.
    void count_request(unsigned status, std::chrono::nanoseconds latency);
    void count_dependency_failure(const std::string& dependency);

    [[nodiscard]] std::string prometheus_text(const Gauges& gauges) const;

  private:
    static constexpr std::array bucket_ms_max{5, 10, 25, 50, 100, 250, 500, 1'000};

    std::string service_;
    std::string instance_;
    std::string version_;
    std::map<unsigned, std::uint64_t> requests_by_code_;
    std::map<std::string, std::uint64_t> failures_by_dependency_;
    std::array<std::uint64_t, bucket_ms_max.size()> bucket_counts_{};
    std::uint64_t latency_count_{};
    double latency_seconds_sum_{};
};

}  // namespace payment_gateway
