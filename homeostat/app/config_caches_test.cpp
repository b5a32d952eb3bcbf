// Where a cache's copies are: in one Redis, in one and its replicas, or in a cluster.

#include "homeostat/app/caches.hpp"
#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/net/endpoint.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::app {

namespace {

/// A cache with this `redis` and nothing that is not needed.
std::string cache_at(const std::string& redis) {
    return with("caches: [ { name: c, entries: [a], redis: " + redis +
                ", source: { url: \"http://127.0.0.1/{entry}\", field: f } } ]\n");
}

/// What is to be known of the only cache's Redis, from the file and from what is written of it.
adapters::redis::RedisPlace place_of(const std::string& redis) {
    const ConfigReport report = parse_config(cache_at(redis), file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    const ConfigReport again =
        parse_config(to_pretty_text(to_document(*report.config)), file_for_test);
    REQUIRE_MESSAGE(again.config, describe(again));
    const auto options = cache_options_of(again.config->caches.front());
    REQUIRE(options);
    return options->redis;
}

net::Endpoint node(std::uint16_t port) {
    return net::TcpEndpoint{"127.0.0.1", port};
}

}  // namespace

TEST_CASE("copies are in one Redis, in one and its replicas, or in a cluster") {
    const auto one = place_of(R"({ address: "127.0.0.1:1", key: "fx:{entry}" })");
    CHECK(one.address == node(1));
    CHECK(one.replicas.empty());
    CHECK(one.cluster.empty());
    const auto replicated = place_of(
        R"({ address: "127.0.0.1:1", replicas: ["127.0.0.1:2", "unix:/r"], key: "fx:{entry}" })");
    CHECK(replicated.address == node(1));
    CHECK(replicated.replicas == std::vector{node(2), net::Endpoint{net::UnixEndpoint{"/r"}}});
    const auto cluster =
        place_of(R"({ cluster: ["127.0.0.1:1", "127.0.0.1:2"], key: "{{entry}}:rate" })");
    CHECK(cluster.cluster == std::vector{node(1), node(2)});
    CHECK_FALSE(cluster.reads_replicas);
    CHECK(place_of(R"({ cluster: ["127.0.0.1:1"], reads_replicas: true, key: "{entry}" })")
              .reads_replicas);
}

TEST_CASE("a Redis that is none, or two, or has what it cannot have, is refused") {
    struct Case {
        std::string redis;
        std::string problems;
    };
    for (const Case& one : std::vector<Case>{
             {R"({ key: "{entry}" })",
              "5:36: caches[0].redis: neither address nor cluster — write the address of the "
              "Redis, "
              "or cluster: [ … ] with nodes of a cluster\n"},
             {R"({ address: "127.0.0.1:1", cluster: ["127.0.0.1:2"], key: "{entry}" })",
              "5:36: caches[0].redis: both address and cluster — keep one of both\n"},
             {R"({ cluster: ["127.0.0.1:1"], replicas: ["127.0.0.1:2"], key: "{entry}" })",
              "5:71: caches[0].redis.replicas: a cluster says itself which replicas it has — write "
              "reads_replicas: true instead, if readers read them\n"},
             {R"({ address: "127.0.0.1:1", reads_replicas: true, key: "{entry}" })",
              "5:69: caches[0].redis.reads_replicas: it is for a cluster — write replicas: [ … ] "
              "instead\n"},
             {R"({ address: "127.0.0.1:1", reads_replicas: false, key: "{entry}" })", ""},
             {R"({ cluster: ["127.0.0.1:1", "127.0.0.1:1"], key: "{entry}" })",
              "5:36: caches[0].redis: '127.0.0.1:1' stands twice — keep one of them\n"},
             {R"({ address: "127.0.0.1:1", replicas: ["127.0.0.1:1"], key: "{entry}" })",
              "5:36: caches[0].redis: '127.0.0.1:1' stands twice — keep one of them\n"},
             {R"({ cluster: [redis-0, redis-1], key: "{entry}" })",
              "5:55: caches[0].redis.cluster[0]: 'redis-0' is not an address with a port — write "
              "one "
              "as in 127.0.0.1:6379, or unix:/run/redis.sock\n"
              "5:64: caches[0].redis.cluster[1]: 'redis-1' is not an address with a port — write "
              "one "
              "as in 127.0.0.1:6379, or unix:/run/redis.sock\n"}}) {
        CAPTURE(one.redis);
        CHECK(problems_of(cache_at(one.redis)) == one.problems);
    }
}

}  // namespace homeostat::app
