// A cache on a real redis-server: what our reads say of its copies, that just the declared keys are
// dropped, and what becomes of both when Redis hangs, dies or says no.

#include "homeostat/adapters/redis/redis_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/child.hpp"

#include "redis_world.hpp"

#include <doctest/doctest.h>

#include <iostream>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

/// A suite whose peer is missing says so; the line makes ctest count it as skipped.
bool has_redis() {
    const bool is_there = redis_program().has_value();
    if (!is_there) {
        std::cout << "SKIPPED: redis-server is not installed\n";
    }
    return is_there;
}

const Invalidate invalidate{CacheId("quotes")};

/// Three entries whose copies are right.
void fill(RedisWorld& world) {
    for (const auto& [entry, rate] :
         {std::pair{"USD", "1083700"}, {"GBP", "856300"}, {"JPY", "161420000"}}) {
        world.truths[std::string("/fx?currency=") + entry] =
            std::string(R"({"currency":"x","rate_ppm":)") + rate + "}";
        world.command({"SET", std::string("fx:") + entry, rate});
    }
}

}  // namespace

TEST_CASE("copies that are what the source says agree, and others are counted" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    fill(world);
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.look(looker).agrees());
    world.command({"SET", "fx:USD", "1"});
    world.command({"DEL", "fx:GBP"});
    static_cast<void>(world.look(looker));
    const CacheFacts seen = world.look(looker);
    CHECK(seen == CacheFacts{.cache = CacheId("quotes"),
                             .is_answering = true,
                             .is_source_answering = true,
                             .keys_count = 3,
                             .present_count = 2,
                             .differing_count = 1,
                             .stale_count = 1});
}

TEST_CASE("a copy is stale only once the source has said the same for longer than it may be old" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    fill(world);
    redis::CacheOptions options = world.options();
    options.max_age = 300ms;
    redis::CacheLooker looker(world.context.get_executor(), options);
    world.truths["/fx?currency=USD"] = R"({"rate_ppm":2})";
    const CacheFacts first = world.look(looker);
    CHECK(first.differing_count == 1);
    CHECK(first.stale_count == 0);
    net::run_until_for_test(world.context, [&] { return world.look(looker).stale_count == 1; });
    world.truths["/fx?currency=USD"] = R"({"rate_ppm":3})";
    CHECK(world.look(looker).stale_count == 0);
}

TEST_CASE("just the declared keys are dropped, and as often as one likes" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    fill(world);
    world.command({"SET", "fx:CHF", "7"});
    world.command({"SET", "session:1", "somebody"});
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    for (int round = 0; round < 2; ++round) {
        CHECK(world.perform(looker, invalidate).kind == OutcomeKind::done);
        const Result<redis::Values> left =
            world.get({"fx:USD", "fx:GBP", "fx:JPY", "fx:CHF", "session:1"});
        REQUIRE(left);
        CHECK(*left == redis::Values{std::nullopt, std::nullopt, std::nullopt, "7", "somebody"});
    }
    CHECK(world.look(looker).agrees());
    CHECK(world.look(looker).present_count == 0);
}

TEST_CASE("a source that does not answer for every entry proves nothing" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    fill(world);
    world.command({"SET", "fx:USD", "1"});
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    for (const char* body : {"", "rubbish", "[]", R"({"rate":1})", R"({"rate_ppm":null})"}) {
        CAPTURE(body);
        world.truths["/fx?currency=JPY"] = body;
        const CacheFacts seen = world.look(looker);
        CHECK(seen.is_answering);
        CHECK_FALSE(seen.is_source_answering);
        CHECK_FALSE(seen.agrees());
    }
}

TEST_CASE("what is not a plain value differs, and is read without harm" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    fill(world);
    world.command({"SET", "fx:USD", std::string("a\0b\r\n$5\r\n", 9)});
    world.command({"DEL", "fx:GBP"});
    world.command({"RPUSH", "fx:GBP", "1"});  // A list: MGET calls it absent.
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    const CacheFacts seen = world.look(looker);
    CHECK(seen.is_answering);
    CHECK(seen.present_count == 2);
    CHECK(seen.differing_count == 1);
    CHECK(world.perform(looker, invalidate).kind == OutcomeKind::done);
    CHECK(world.get({"fx:GBP"}) == redis::Values{std::nullopt});
}

TEST_CASE(
    "a Redis that hangs leaves what it was told unknown, and the facts say that it is silent" *
    doctest::skip(!has_redis())) {
    RedisWorld world;
    fill(world);
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    world.signal(SIGSTOP);
    CHECK(world.perform(looker, invalidate, 200ms).kind == OutcomeKind::unknown);
    const CacheFacts seen = world.look(looker, 200ms);
    CHECK_FALSE(seen.is_answering);
    CHECK(seen.is_source_answering);
    world.signal(SIGCONT);
    net::run_until_for_test(world.context, [&] { return world.look(looker).is_answering; });
}

TEST_CASE("a Redis that is gone, or says no, has done nothing" * doctest::skip(!has_redis())) {
    RedisWorld world;
    fill(world);
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.perform(looker, Invalidate{CacheId("sessions")}).kind == OutcomeKind::refused);
    world.command({"CONFIG", "SET", "requirepass", "secret"});
    const Outcome outcome = world.perform(looker, invalidate);
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because.contains("NOAUTH"));
    CHECK_FALSE(world.look(looker).is_answering);
    world.kill();
    CHECK(world.perform(looker, invalidate).kind == OutcomeKind::refused);
    CHECK_FALSE(world.look(looker).is_answering);
}

TEST_CASE("whether keys may be dropped is found out without dropping one, whatever Redis allows" *
          doctest::skip(!has_redis())) {
    RedisWorld world;
    fill(world);
    const std::vector<std::string> keys{"fx:USD", "fx:GBP", "fx:JPY"};
    const auto try_unlink = [&] { return world.try_unlink(keys); };
    CHECK(try_unlink());
    world.command({"ACL", "SETUSER", "default", "-unlink"});
    const Result<void> refused = try_unlink();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::refused);
    CHECK(refused.error().text.contains("NOPERM"));
    // Without a transaction nothing could be said, and nothing is sent that would be carried out.
    world.command({"ACL", "SETUSER", "default", "+unlink", "-multi"});
    CHECK(try_unlink());
    const Result<redis::Values> copies = world.get(keys);
    REQUIRE(copies);
    for (const std::optional<std::string>& copy : *copies) {
        CHECK(copy);
    }
    world.kill();
    CHECK(try_unlink().error().fault == Fault::unreachable);
}
