#pragma once

// OwnUsage: what the agent itself has cost: its CPU time and its resident memory, and those of the
// model's server if it started one, by the hour.
//
// Measured a few times a minute and added up in memory; an hour is one line of a file beside the
// ledger (usage_file.hpp). It is no record: nothing is decided by it, and what a crash or a power
// loss takes of it is lost.
//
// Pure. Values only, but for the meter.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace homeostat::app {

/// One process as the kernel counts it.
struct ProcessUsage {
    std::int32_t pid{0};
    std::uint64_t start_ticks{0};  ///< With the pid it names one process.
    Duration cpu{};                ///< Since it began.
    std::uint64_t resident_bytes{0};
};

struct UsageSample {
    Instant at{};
    WallTime wall_at{};
    ProcessUsage own;
    std::optional<ProcessUsage> model{};  ///< Absent: we have started none.
};

/// A line of the file: an hour, or what a process lived of one.
struct UsageRecord {
    WallTime from{};
    WallTime until{};
    Duration measured_for{};  ///< By the clock that nobody sets.
    Duration cpu{};           ///< Of ours, within that.
    std::uint64_t resident_bytes_median{0};
    std::uint64_t resident_bytes_most{0};
    std::optional<Duration> model_cpu{};
    std::optional<std::uint64_t> model_resident_bytes_most{};
    std::uint32_t services_count{1};  ///< Guarded by the one process that all of it is of.

    static void fields(auto& self, auto&& field) {
        field("from", self.from);
        field("until", self.until);
        field("measured_for_ns", self.measured_for);
        field("cpu_ns", self.cpu);
        field("resident_bytes_median", self.resident_bytes_median);
        field("resident_bytes_most", self.resident_bytes_most);
        field("model_cpu_ns", self.model_cpu);
        field("model_resident_bytes_most", self.model_resident_bytes_most);
        field("services_count", self.services_count);
    }
    friend bool operator==(const UsageRecord&, const UsageRecord&) = default;
};

class UsageMeter {
  public:
    explicit UsageMeter(std::uint32_t services_count) : services_count_(services_count) {}

    /// Of a process of ours the first sample counts from its start on.
    void note(const UsageSample& sample);

    /// Since the last time, once that is `span_min`; absent: nothing, or less. What it gives is no
    /// longer kept.
    [[nodiscard]] std::optional<UsageRecord> take(Duration span_min);

    static constexpr std::size_t samples_max = 1024;  ///< Of one record; later ones count as CPU.

  private:
    void note_model(const std::optional<ProcessUsage>& model);

    std::uint32_t services_count_;
    std::optional<UsageSample> first_;  ///< Since the last record.
    std::optional<UsageSample> last_;
    Duration cpu_before_{};  ///< Of ours, up to the last record.
    std::vector<std::uint64_t> resident_bytes_;
    std::uint64_t resident_bytes_most_{0};
    std::optional<ProcessUsage> model_last_;
    std::optional<Duration> model_cpu_;
    std::uint64_t model_resident_bytes_most_{0};
};

/// Several records together.
struct UsageSum {
    std::size_t records_count{0};
    std::optional<WallTime> first_at{};
    Duration measured_for{};
    Duration cpu{};
    std::uint64_t resident_bytes_median{0};  ///< Of the records' medians.
    std::uint64_t resident_bytes_most{0};
    std::optional<Duration> model_cpu{};
    std::optional<std::uint64_t> model_resident_bytes_most{};
    std::uint32_t services_count_most{1};

    /// Of one core. REQUIRES: measured for some time.
    [[nodiscard]] double core_ratio(Duration spent) const {
        return to_seconds(spent) / to_seconds(measured_for);
    }
};

/// Of the records that have a part after `since` and before `until`; absent: without such a bound.
[[nodiscard]] UsageSum usage_between(std::span<const UsageRecord> records,
                                     std::optional<WallTime> since,
                                     std::optional<WallTime> until);

}  // namespace homeostat::app
