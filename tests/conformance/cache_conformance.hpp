#pragma once

// What holds of a cache on every kind of Redis that the suites start: one, one with a replica, a
// cluster, a cluster with replicas.
//
// For tests only. Each check makes worlds of its own, one for each promise.

#include "homeostat/domain/cache_facts.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"

#include "redis_world.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>

namespace homeostat::conformance {

inline const Invalidate invalidate_quotes{CacheId("quotes")};

inline void check_hanging_conformance(RedisWorld::Kind kind) {
    using namespace std::chrono_literals;
    SUBCASE(
        "a Redis that hangs costs the deadline, leaves what it was told unknown, and is silent") {
        RedisWorld world(kind);
        world.fill();
        redis::CacheLooker looker(world.context.get_executor(), world.options());
        CHECK(world.look(looker).agrees());
        world.keeper_of("fx:USD").signal(SIGSTOP);
        const Instant began_at = net::now_for_test();
        CHECK(world.perform(looker, invalidate_quotes, 200ms).kind == OutcomeKind::unknown);
        const CacheFacts seen = world.look(looker, 200ms);
        CHECK_FALSE(seen.is_answering);
        CHECK(seen.is_source_answering);
        CHECK(net::now_for_test() - began_at < 2s);
        world.keeper_of("fx:USD").signal(SIGCONT);
        net::run_until_for_test(world.context, [&] { return world.look(looker).is_answering; });
    }
}

inline void check_cache_conformance(RedisWorld::Kind kind) {
    SUBCASE("copies that are what the source says agree, and others are counted") {
        RedisWorld world(kind);
        world.fill();
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
    SUBCASE("just the declared keys are dropped, and as often as one likes") {
        RedisWorld world(kind);
        world.fill();
        world.command({"SET", "fx:CHF", "7"});
        world.command({"SET", "session:1", "somebody"});
        redis::CacheLooker looker(world.context.get_executor(), world.options());
        for (const char* says : {"3 of 3 keys were there", "0 of 3 keys were there"}) {
            CHECK(world.perform(looker, invalidate_quotes) == Outcome{OutcomeKind::done, says});
            const redis::CopiesRead left =
                world.read_copies({"fx:USD", "fx:GBP", "fx:SEK", "fx:CHF", "session:1"});
            CHECK(left.troubles.empty());
            for (std::size_t index = 0; index < left.keys.size(); ++index) {
                CAPTURE(index);
                const redis::KeyCopies& copies = left.keys[index];
                CHECK(copies.at_primary.has_value() == (index >= 3));
                for (const redis::ReplicaCopy& copy : copies.at_replicas) {
                    CHECK(copy.value == copies.at_primary);
                }
            }
        }
        CHECK(world.look(looker).agrees());
        CHECK(world.look(looker).present_count == 0);
    }
    SUBCASE("what is not a plain value differs, and is read without harm") {
        RedisWorld world(kind);
        world.fill();
        world.command({"SET", "fx:USD", std::string("a\0b\r\n$5\r\n", 9)});
        world.command({"DEL", "fx:GBP"});
        world.command({"RPUSH", "fx:GBP", "1"});  // A list: MGET calls it absent.
        redis::CacheLooker looker(world.context.get_executor(), world.options());
        const CacheFacts seen = world.look(looker);
        CHECK(seen.is_answering);
        CHECK(seen.present_count == 2);
        CHECK(seen.differing_count == 1);
        CHECK(world.perform(looker, invalidate_quotes).kind == OutcomeKind::done);
        CHECK(world.get({"fx:GBP"}) == redis::Values{std::nullopt});
    }
    check_hanging_conformance(kind);
}

}  // namespace homeostat::conformance
