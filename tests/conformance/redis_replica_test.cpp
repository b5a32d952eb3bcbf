// A cache on a real Redis with a real replica that readers read: what is dropped is dropped there
// too, and a replica that no longer follows is told of.

#include "homeostat/adapters/redis/redis_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/child.hpp"

#include "cache_conformance.hpp"
#include "redis_world.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

TEST_CASE("a cache with a replica keeps what every cache keeps" * doctest::skip(!has_redis())) {
    check_cache_conformance(RedisWorld::Kind::replicated);
}

TEST_CASE("a replica that no longer follows is stale by itself, and no dropping reaches it" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::replicated);
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.look(looker).agrees());
    world.node(1).ask({"REPLICAOF", "NO", "ONE"});
    world.tell("USD", "2");
    world.node(0).ask({"SET", "fx:USD", "2"});
    static_cast<void>(world.look(looker));
    CHECK(world.look(looker).stale_count == 1);
    const Outcome outcome = world.perform(looker, invalidate_quotes);
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK(outcome.because == "3 of 3 keys were there; replica " +
                                 net::to_text(world.node(1).endpoint()) + " still holds 3 keys");
    CHECK(world.look(looker).stale_count == 1);
    world.node(1).ask({"UNLINK", "fx:USD", "fx:GBP", "fx:SEK"});
    CHECK(world.look(looker).agrees());
}

TEST_CASE("a replica that hangs or is gone keeps nobody from looking and dropping at its primary" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::replicated);
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    world.node(1).signal(SIGSTOP);
    CHECK(world.look(looker, 400ms).agrees());
    const Outcome outcome = world.perform(looker, invalidate_quotes, 400ms);
    CHECK(outcome.kind == OutcomeKind::done);
    CHECK(outcome.because.starts_with("3 of 3 keys were there; replica " +
                                      net::to_text(world.node(1).endpoint()) +
                                      " could not be read again"));
    CHECK(world.get({"fx:USD"}) == redis::Values{std::nullopt});
    world.node(1).kill();
    world.fill();
    CHECK(world.look(looker).agrees());
    CHECK(world.perform(looker, invalidate_quotes).kind == OutcomeKind::done);
}

TEST_CASE("a replica that is taken for its primary says no, and nothing is dropped" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::replicated);
    world.fill();
    redis::CacheOptions options = world.options();
    options.redis = redis::RedisPlace{.address = world.node(1).endpoint()};
    redis::CacheLooker looker(world.context.get_executor(), options);
    CHECK(world.look(looker).agrees());
    const Outcome outcome = world.perform(looker, invalidate_quotes);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("READONLY"));
    CHECK(world.look(looker).present_count == 3);
}
