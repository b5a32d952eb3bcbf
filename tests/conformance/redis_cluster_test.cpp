// A cache on a real Redis cluster: keys of several nodes are read and dropped there, while slots
// move and nodes hang, die or say no.

#include "homeostat/adapters/redis/redis_actuator.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/child.hpp"

#include "cache_conformance.hpp"
#include "redis_world.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> all_keys{"fx:USD", "fx:GBP", "fx:SEK"};

/// The slot of a key begins to move from the node that keeps it to another one.
struct Move {
    std::string slot;
    RedisServer& source;
    RedisServer& target;

    Move(RedisWorld& world, std::string_view key, RedisServer& to)
        : slot(std::to_string(redis::slot_of(key))), source(world.keeper_of(key)), target(to) {
        target.ask({"CLUSTER", "SETSLOT", slot, "IMPORTING", RedisCluster::id_of(source)});
        source.ask({"CLUSTER", "SETSLOT", slot, "MIGRATING", RedisCluster::id_of(target)});
    }
    void carry(const std::string& key) {
        const auto& place = std::get<net::TcpEndpoint>(target.endpoint());
        CHECK(source.ask({"MIGRATE", place.host, std::to_string(place.port), key, "0", "2000"}) ==
              "+OK\r\n");
    }
    void end() {
        for (RedisServer* node : {&target, &source}) {
            node->ask({"CLUSTER", "SETSLOT", slot, "NODE", RedisCluster::id_of(target)});
        }
    }
};

}  // namespace

TEST_CASE("a cache on a cluster keeps what every cache keeps" * doctest::skip(!has_redis())) {
    check_cache_conformance(RedisWorld::Kind::cluster);
}

TEST_CASE("a cache on a cluster whose replicas are read keeps it as well" *
          doctest::skip(!has_redis())) {
    SUBCASE("every copy is read at its primary and at that one's replica") {
        RedisWorld world(RedisWorld::Kind::cluster_with_replicas);
        world.fill();
        const redis::CopiesRead read = world.read_copies(all_keys);
        CHECK(read.troubles.empty());
        for (const redis::KeyCopies& copies : read.keys) {
            REQUIRE(copies.at_replicas.size() == 1);
            CHECK(copies.at_primary);
            CHECK(copies.at_replicas.front().value == copies.at_primary);
        }
    }
    check_cache_conformance(RedisWorld::Kind::cluster_with_replicas);
}

TEST_CASE("a node that is gone is named, and what the others keep is dropped" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::cluster);
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.look(looker).agrees());
    RedisServer& gone = world.keeper_of("fx:GBP");
    gone.kill();
    const Outcome outcome = world.perform(looker, invalidate_quotes);
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK(outcome.because.starts_with(net::to_text(gone.endpoint()) + ": 1 key not dropped: "));
    CHECK(outcome.because.ends_with("; 2 keys dropped"));
    CHECK_FALSE(world.look(looker).is_answering);
    CHECK(world.get({"fx:USD", "fx:SEK"}) == redis::Values{std::nullopt, std::nullopt});
}

TEST_CASE("a cluster of which nobody answers has done nothing" * doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::cluster);
    world.fill();
    redis::CacheLooker knows(world.context.get_executor(), world.options());
    redis::CacheLooker is_new(world.context.get_executor(), world.options());
    CHECK(world.look(knows).agrees());
    for (std::size_t index = 0; index < primaries_count; ++index) {
        world.node(index).kill();
    }
    CHECK(world.perform(knows, invalidate_quotes).kind == OutcomeKind::refused);
    CHECK(world.perform(is_new, invalidate_quotes).kind == OutcomeKind::refused);
    CHECK_FALSE(world.look(knows).is_answering);
    CHECK_FALSE(world.look(is_new).is_answering);
}

TEST_CASE("a node that hangs leaves its own keys unknown, and costs the others nothing" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::cluster);
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.look(looker).agrees());
    RedisServer& hanging = world.keeper_of("fx:USD");
    hanging.signal(SIGSTOP);
    const Outcome outcome = world.perform(looker, invalidate_quotes, 300ms);
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK(outcome.because.starts_with(net::to_text(hanging.endpoint()) +
                                      ": 1 key sent, and what became of it is not known"));
    CHECK(world.get({"fx:GBP", "fx:SEK"}) == redis::Values{std::nullopt, std::nullopt});
    // What it was sent it does once it goes on: this is why nothing was said of it.
    hanging.signal(SIGCONT);
    net::run_until_for_test(world.context,
                            [&] { return world.get({"fx:USD"}) == redis::Values{std::nullopt}; });
}

TEST_CASE("a node that says no has done nothing, and the others have" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::cluster);
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.look(looker).agrees());
    world.keeper_of("fx:SEK").ask({"ACL", "SETUSER", "default", "-unlink"});
    const Outcome outcome = world.perform(looker, invalidate_quotes);
    CHECK(outcome.kind == OutcomeKind::unknown);
    CHECK(outcome.because.contains("NOPERM"));
    CHECK(world.look(looker).present_count == 1);
}

TEST_CASE("keys whose slot is on its way are read and dropped on whichever side they are" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::cluster);
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.look(looker).agrees());
    Move move(world, "fx:USD", world.keeper_of("fx:GBP"));
    CHECK(world.look(looker).present_count == 3);  // It has not been carried yet.
    move.carry("fx:USD");
    CHECK(world.look(looker).agrees());
    CHECK(world.look(looker).present_count == 3);
    CHECK(world.perform(looker, invalidate_quotes) ==
          Outcome{OutcomeKind::done, "3 of 3 keys were there"});
    CHECK(world.get({"fx:USD"}) == redis::Values{std::nullopt});
    CHECK(world.perform(looker, invalidate_quotes) ==
          Outcome{OutcomeKind::done, "0 of 3 keys were there"});
}

TEST_CASE("keys whose slot has moved since are found where they are now" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::cluster);
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.look(looker).agrees());
    Move move(world, "fx:USD", world.keeper_of("fx:GBP"));
    move.carry("fx:USD");
    move.end();
    CHECK(world.perform(looker, invalidate_quotes) ==
          Outcome{OutcomeKind::done, "3 of 3 keys were there"});
    CHECK(world.look(looker).is_answering);
    CHECK(world.get({"fx:USD"}) == redis::Values{std::nullopt});
}

TEST_CASE("a replica that takes over is found by the next looks, and keys are dropped at it" *
          doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::cluster_with_replicas);
    world.fill();
    redis::CacheLooker looker(world.context.get_executor(), world.options());
    CHECK(world.look(looker).agrees());
    world.node(0).kill();
    CHECK_FALSE(world.look(looker).is_answering);
    CHECK(world.node(primaries_count).ask({"CLUSTER", "FAILOVER", "TAKEOVER"}) == "+OK\r\n");
    net::run_until_for_test(world.context, [&] { return world.look(looker).is_answering; });
    CHECK(world.look(looker).present_count == 3);
    CHECK(world.perform(looker, invalidate_quotes).kind == OutcomeKind::done);
    CHECK(world.get(all_keys) == redis::Values{std::nullopt, std::nullopt, std::nullopt});
}

TEST_CASE("one node that answers is enough to find the others" * doctest::skip(!has_redis())) {
    RedisWorld world(RedisWorld::Kind::cluster);
    world.fill();
    net::ScriptedPeer mute(world.context, {{"", net::ScriptLine::Then::hangs}});
    redis::CacheOptions options = world.options();
    options.redis.cluster = {mute.endpoint(), world.node(1).endpoint()};
    redis::CacheLooker looker(world.context.get_executor(), options);
    CHECK(world.look(looker).agrees());
    CHECK(world.look(looker).present_count == 3);
    CHECK(mute.requests().size() == 1);
}
