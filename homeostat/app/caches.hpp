#pragma once

// Caches: what watches over the declared caches, proves remedies for them and drops their entries.
//
// One looker for each cache, shared by all of these: since when a source says what it says is known
// to whoever looks longest.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/redis/cache_looker.hpp"
#include "homeostat/adapters/redis/redis_actuator.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/ports/telemetry.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <vector>

namespace homeostat::app {

/// ERRORS: invalid: an address that cannot be read, or what redis::check finds.
[[nodiscard]] Result<adapters::redis::CacheOptions> cache_options_of(const CacheConfig& cache);

class Caches {
  public:
    /// A process of the agent's role alone gets eyes and nothing to act by. ERRORS: as of
    /// cache_options_of.
    [[nodiscard]] static Result<std::unique_ptr<Caches>> make(
        const Config& config,
        const boost::asio::any_io_executor& executor,
        ProcessRole role = ProcessRole::both);

    /// Null: no cache is declared, or we only watch.
    [[nodiscard]] ports::Actuator* actuator() { return actuator_.get(); }

    /// For the agent: what is in each cache. The sources live as long as this.
    void add_watchers(std::vector<ports::Telemetry*>& sources);

    /// For the executor's proofs: what its readers get as well, where that is declared.
    void add_provers(std::vector<ports::Telemetry*>& sources);

  private:
    void add(std::vector<ports::Telemetry*>& sources,
             adapters::redis::CacheLooker& looker,
             Observer observer);

    std::vector<std::unique_ptr<adapters::redis::CacheLooker>> lookers_;
    std::unique_ptr<adapters::redis::RedisActuator> actuator_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
};

}  // namespace homeostat::app
