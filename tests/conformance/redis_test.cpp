// A cache on a real redis-server: what our reads say of its copies, that just the declared keys are
// dropped, and what becomes of both when Redis hangs, dies or says no.

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

TEST_CASE("a cache on one Redis keeps what every cache keeps" * doctest::skip(!has_redis())) {
    check_cache_conformance(RedisWorld::Kind::one);
}

TEST_CASE("a copy is stale only once the source has said the same for longer than it may be old" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    world.fill();
    redis::CacheOptions options = world.options();
    options.max_age = 300ms;
    redis::CacheLooker looker(world.context.get_executor(), options);
    world.tell("USD", "2");
    const CacheFacts first = world.look(looker);
    CHECK(first.differing_count == 1);
    CHECK(first.stale_count == 0);
    net::run_until_for_test(world.context, [&] { return world.look(looker).stale_count == 1; });
    world.tell("USD", "3");
    CHECK(world.look(looker).stale_count == 0);
}

TEST_CASE("a source that does not answer for every entry proves nothing" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    world.fill();
    world.command({"SET", "fx:USD", "1"});
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    for (const char* body : {"", "rubbish", "[]", R"({"rate":1})", R"({"rate_ppm":null})"}) {
        CAPTURE(body);
        world.answer("SEK", body);
        const CacheFacts seen = world.look(looker);
        CHECK(seen.is_answering);
        CHECK_FALSE(seen.is_source_answering);
        CHECK_FALSE(seen.agrees());
    }
}

TEST_CASE("a Redis that is gone, or says no, has done nothing" * doctest::skip(!has_redis())) {
    RedisWorld world;
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.perform(looker, Invalidate{CacheId("sessions")}).kind == OutcomeKind::refused);
    world.node(0).ask({"CONFIG", "SET", "requirepass", "secret"});
    const Outcome outcome = world.perform(looker, invalidate_quotes);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("NOAUTH"));
    CHECK_FALSE(world.look(looker).is_answering);
    world.node(0).kill();
    CHECK(world.perform(looker, invalidate_quotes).kind == OutcomeKind::refused);
    CHECK_FALSE(world.look(looker).is_answering);
}

TEST_CASE("whether keys may be dropped is found out without dropping one, whatever Redis allows" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    world.fill();
    const std::vector<std::string> keys{"fx:USD", "fx:GBP", "fx:SEK"};
    const auto try_unlink = [&] { return world.try_unlink(keys); };
    CHECK(try_unlink());
    world.node(0).ask({"ACL", "SETUSER", "default", "-unlink"});
    const Result<void> refused = try_unlink();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::refused);
    CHECK(refused.error().text.contains("NOPERM"));
    // Without a transaction nothing could be said, and nothing is sent that would be carried out.
    world.node(0).ask({"ACL", "SETUSER", "default", "+unlink", "-multi"});
    CHECK(try_unlink());
    const Result<redis::Values> copies = world.get(keys);
    REQUIRE(copies);
    for (const std::optional<std::string>& copy : *copies) {
        CHECK(copy);
    }
    world.node(0).kill();
    CHECK(try_unlink().error().fault == Fault::unreachable);
}
