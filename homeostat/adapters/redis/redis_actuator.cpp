#include "homeostat/adapters/redis/redis_actuator.hpp"

#include "homeostat/os/clock.hpp"

#include <algorithm>

namespace homeostat::adapters::redis {

bool RedisActuator::performs(const Step& step) const {
    return std::holds_alternative<Invalidate>(step);
}

Task<Outcome> RedisActuator::perform(Request request, Instant deadline) {
    const auto* step = std::get_if<Invalidate>(&request.step());
    const auto found = std::ranges::find_if(caches_, [step](const CacheLooker* cache) {
        return step != nullptr && cache->options().cache == step->cache;
    });
    if (found == caches_.end()) {
        co_return Outcome{OutcomeKind::refused, "no cache of that name is declared"};
    }
    Outcome outcome = co_await (*found)->invalidate(deadline);
    co_return outcome;
}

Task<Result<FactsPart>> RedisActuator::read(Instant deadline) {
    CachesFacts facts;
    for (CacheLooker* cache : caches_) {
        const Instant until = std::min(deadline, os::read_boot_clock() + look_within);
        CacheFacts seen = co_await cache->look(until);
        facts.caches.push_back(std::move(seen));
    }
    facts.read_at = os::read_boot_clock();
    co_return facts;
}

}  // namespace homeostat::adapters::redis
