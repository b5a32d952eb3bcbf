#include "examples/payment_gateway/service/metrics.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <fstream>
#include <iterator>

namespace payment_gateway {

namespace {

/// Resident memory as the kernel counts it; 0 when it will not say.
std::uint64_t resident_bytes() {
    std::ifstream statm{"/proc/self/statm"};
    std::uint64_t total_pages = 0;
    std::uint64_t resident_pages = 0;
    statm >> total_pages >> resident_pages;
    return statm ? resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

Metrics::Metrics(std::string service, std::string instance, std::string version)
    : service_{std::move(service)}, instance_{std::move(instance)}, version_{std::move(version)} {}

void Metrics::count_request(unsigned status, std::chrono::nanoseconds latency) {
    ++requests_by_code_[status];
    ++latency_count_;
    latency_seconds_sum_ += std::chrono::duration<double>(latency).count();
    for (std::size_t index = 0; index < bucket_ms_max.size(); ++index) {
        if (latency <= std::chrono::milliseconds{bucket_ms_max[index]}) {
            ++bucket_counts_[index];  // Cumulative, as Prometheus wants them.
        }
    }
}

void Metrics::count_dependency_failure(const std::string& dependency) {
    ++failures_by_dependency_[dependency];
}

std::string Metrics::prometheus_text(const Gauges& gauges) const {
    std::string text;
    auto out = std::back_inserter(text);
    fmt::format_to(out, "# TYPE build_info gauge\n");
    fmt::format_to(out, "build_info{{service=\"{}\",instance=\"{}\",version=\"{}\"}} 1\n", service_,
                   instance_, version_);
    fmt::format_to(out, "# TYPE requests_total counter\n");
    for (const auto& [code, count] : requests_by_code_) {
        fmt::format_to(out, "requests_total{{code=\"{}\"}} {}\n", code, count);
    }
    fmt::format_to(out, "# TYPE dependency_failures_total counter\n");
    for (const auto& [dependency, count] : failures_by_dependency_) {
        fmt::format_to(out, "dependency_failures_total{{dependency=\"{}\"}} {}\n", dependency,
                       count);
    }
    fmt::format_to(out, "# TYPE in_flight gauge\nin_flight {}\n", gauges.in_flight);
    fmt::format_to(out, "# TYPE queue gauge\nqueue {}\n", gauges.queue_length);
    fmt::format_to(out, "# TYPE workers gauge\nworkers {}\n", gauges.workers);
    fmt::format_to(out, "# TYPE workers_busy gauge\nworkers_busy {}\n", gauges.workers_busy);
    fmt::format_to(out, "# TYPE request_seconds histogram\n");
    for (std::size_t index = 0; index < bucket_ms_max.size(); ++index) {
        fmt::format_to(out, "request_seconds_bucket{{le=\"{}\"}} {}\n", bucket_ms_max[index] / 1e3,
                       bucket_counts_[index]);
    }
    fmt::format_to(out, "request_seconds_bucket{{le=\"+Inf\"}} {}\n", latency_count_);
    fmt::format_to(out, "request_seconds_sum {:.6f}\nrequest_seconds_count {}\n",
                   latency_seconds_sum_, latency_count_);
    fmt::format_to(out, "# TYPE process_resident_memory_bytes gauge\n");
    fmt::format_to(out, "process_resident_memory_bytes {}\n", resident_bytes());
    fmt::format_to(out, "# TYPE log_lines_dropped_total counter\nlog_lines_dropped_total {}\n",
                   gauges.log_lines_dropped);
    return text;
}

}  // namespace payment_gateway
