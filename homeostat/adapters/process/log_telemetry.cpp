#include "homeostat/adapters/process/log_telemetry.hpp"

#include "homeostat/adapters/process/run_directory.hpp"

#include <utility>

namespace homeostat::adapters::process {

LogTelemetry::LogTelemetry(const Options& options, ports::Clock& clock)
    : name_("logs of " + options.service.text()), clock_(clock) {
    const RunDirectory run{options.run_directory};
    for (const DeclaredInstance& instance : options.instances) {
        sources_.push_back(Source{instance.id, LogTail{run.log_of(instance.id)}});
    }
}

Task<Result<std::vector<Reading>>> LogTelemetry::read(Instant /*deadline*/) {
    std::vector<Reading> readings = std::exchange(unsent_, {});
    if (readings.empty()) {
        for (Source& source : sources_) {
            Result<Lines> lines = source.tail.read_new();
            if (!lines) {
                unsent_ = std::move(readings);
                co_return std::unexpected(std::move(lines.error()));
            }
            if (lines->lines.empty() && lines->dropped_count == 0) {
                continue;
            }
            readings.emplace_back(LogReading{.instance = source.instance,
                                             .lines = std::move(lines->lines),
                                             .lines_dropped_count = lines->dropped_count,
                                             .at = clock_.now()});
        }
    }
    co_return readings;
}

}  // namespace homeostat::adapters::process
