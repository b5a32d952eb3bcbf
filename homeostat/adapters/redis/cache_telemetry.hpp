#pragma once

// CacheTelemetry: one look after another at the copies of a cache, in the cache itself or as its
// readers get them.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/redis/cache_looker.hpp"
#include "homeostat/domain/signal.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <string>

namespace homeostat::adapters::redis {

class CacheTelemetry final : public ports::Telemetry {
  public:
    /// `observer`: cache, or journey for what readers get. REQUIRES: `looker` outlives it.
    CacheTelemetry(CacheLooker& looker, Observer observer);

    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] Duration interval() const override { return looker_.options().interval; }

    /// One CacheReading. ERRORS: unreachable: the cache, its readers or its source do not answer,
    /// so that nothing is known of any copy.
    Task<Result<std::vector<Reading>>> read(Instant deadline) override;

  private:
    CacheLooker& looker_;
    Observer observer_;
    std::string name_;
};

}  // namespace homeostat::adapters::redis
