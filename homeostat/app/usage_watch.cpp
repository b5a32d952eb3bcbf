#include "homeostat/app/usage_watch.hpp"

#include "homeostat/app/usage_file.hpp"
#include "homeostat/os/proc.hpp"

#include <unistd.h>

#include <utility>

namespace homeostat::app {

namespace {

std::optional<ProcessUsage> usage_of(std::int32_t pid) {
    const Result<os::ProcessStat> stat = os::read_process_stat(pid);
    if (!stat || stat->is_dead()) {
        return std::nullopt;
    }
    return ProcessUsage{pid, stat->start_ticks,
                        os::duration_of_ticks(stat->cpu_ticks, os::ticks_per_second()),
                        stat->resident_pages * os::page_bytes()};
}

}  // namespace

UsageWatch::UsageWatch(ports::Clock& clock, UsageWatchOptions options)
    : clock_(clock), options_(std::move(options)), meter_(options_.services_count) {}

Task<void> UsageWatch::run() {
    note(shorten_usage(options_.file));
    Instant sample_at = clock_.now();
    while (!is_stopping_) {
        if (clock_.now() >= sample_at) {
            sample();
            write(options_.write_every);
            sample_at = clock_.now() + options_.sample_every;
        }
        co_await clock_.sleep_until(clock_.now() + options_.look_every);
    }
}

void UsageWatch::stop() {
    if (is_stopping_) {
        return;
    }
    is_stopping_ = true;
    sample();
    write(std::chrono::minutes{1});
}

void UsageWatch::sample() {
    const std::optional<ProcessUsage> own = usage_of(::getpid());
    if (!own) {
        return;
    }
    const std::int32_t model = options_.model_pid ? options_.model_pid() : 0;
    meter_.note({clock_.now(), clock_.wall_now(), *own,
                 model > 0 ? usage_of(model) : std::optional<ProcessUsage>()});
}

void UsageWatch::write(Duration span_min) {
    if (const std::optional<UsageRecord> record = meter_.take(span_min)) {
        note(append_usage(options_.file, *record));
    }
}

void UsageWatch::note(const Result<void>& written) {
    const std::string trouble = written ? "" : written.error().text;
    if (!trouble.empty() && trouble != trouble_ && options_.log) {
        options_.log("what the agent itself costs is not written down: " + trouble);
    }
    trouble_ = trouble;
}

}  // namespace homeostat::app
