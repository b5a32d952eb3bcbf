#include "homeostat/adapters/redis/cache_telemetry.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/os/clock.hpp"

#include <utility>

namespace homeostat::adapters::redis {

CacheTelemetry::CacheTelemetry(CacheLooker& looker, Observer observer)
    : looker_(looker),
      observer_(observer),
      name_(std::string(to_text(observer)) + " " + looker.options().cache.text()) {}

Task<Result<std::vector<Reading>>> CacheTelemetry::read(Instant deadline) {
    CacheFacts seen;
    if (observer_ == Observer::journey) {
        seen = co_await looker_.look_as_reader(deadline);
    } else {
        seen = co_await looker_.look(deadline);
    }
    if (!seen.is_answering || !seen.is_source_answering) {
        co_return fail(Fault::unreachable,
                       name_ + (seen.is_answering ? ": its source" : "") + " does not answer");
    }
    CacheReading reading;
    reading.cache = seen.cache;
    reading.observer = observer_;
    // What differs and is not stale yet says nothing.
    reading.keys_count = seen.present_count - (seen.differing_count - seen.stale_count);
    reading.stale_count = seen.stale_count;
    reading.at = os::read_boot_clock();
    std::vector<Reading> readings;
    readings.emplace_back(std::move(reading));
    co_return readings;
}

}  // namespace homeostat::adapters::redis
