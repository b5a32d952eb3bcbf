#include "homeostat/adapters/redis/redis_actuator.hpp"

#include "homeostat/os/clock.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

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

/// Looks into the caches from `index` on all at once: those that hang must not add up.
Task<void> RedisActuator::look_from(std::size_t index,
                                    std::vector<CacheFacts>& facts,
                                    Instant deadline) {
    using boost::asio::experimental::awaitable_operators::operator&&;
    if (index == caches_.size()) {
        co_return;
    }
    Task<void> others = look_from(index + 1, facts, deadline);
    Task<CacheFacts> own = caches_[index]->look(deadline);
    CacheFacts seen = co_await (std::move(own) && std::move(others));
    facts[index] = std::move(seen);
}

Task<Result<FactsPart>> RedisActuator::read(Instant deadline) {
    CachesFacts facts;
    facts.caches.resize(caches_.size());
    co_await look_from(0, facts.caches, std::min(deadline, os::read_boot_clock() + look_within));
    facts.read_at = os::read_boot_clock();
    co_return facts;
}

}  // namespace homeostat::adapters::redis
