#pragma once

// RedisActuator: drops the declared keys of a cache, and says how its copies stand.
//
// A cache or a source that hangs must not hold up what has nothing to do with it: all are looked
// into at once, for `look_within`, and what did not answer by then is told of in the facts.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/redis/cache_looker.hpp"
#include "homeostat/ports/actuator.hpp"

#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

namespace homeostat::adapters::redis {

constexpr Duration look_within = std::chrono::milliseconds{300};

class RedisActuator final : public ports::Actuator {
  public:
    /// REQUIRES: the lookers outlive it.
    explicit RedisActuator(std::vector<CacheLooker*> caches) : caches_(std::move(caches)) {}

    [[nodiscard]] bool performs(const Step& step) const override;

    Task<Outcome> perform(Request request, Instant deadline) override;

    /// CachesFacts; never an error.
    Task<Result<FactsPart>> read(Instant deadline) override;

  private:
    Task<void> look_from(std::size_t index, std::vector<CacheFacts>& facts, Instant deadline);

    std::vector<CacheLooker*> caches_;
};

}  // namespace homeostat::adapters::redis
