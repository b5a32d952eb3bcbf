#include "homeostat/app/caches.hpp"

#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <string>

namespace homeostat::app {

namespace {

CacheConfig quotes_for_test() {
    CacheConfig cache;
    cache.name = CacheId("quotes");
    cache.entries = {"USD", "GBP"};
    cache.redis.address = "127.0.0.1:6379";
    cache.redis.key = "fx:{entry}";
    cache.source = {"http://127.0.0.1:7402/fx?currency={entry}&now=1", "rate_ppm"};
    cache.readers = "http://127.0.0.1:7401?currency={entry}";
    return cache;
}

}  // namespace

TEST_CASE("a cache's addresses keep the place of the entry") {
    const Result<adapters::redis::CacheOptions> options = cache_options_of(quotes_for_test());
    REQUIRE(options);
    CHECK(options->redis.address == net::Endpoint{net::TcpEndpoint{"127.0.0.1", 6379}});
    CHECK(options->source.endpoint == net::Endpoint{net::TcpEndpoint{"127.0.0.1", 7402}});
    CHECK(options->source.path == "/fx?currency={entry}&now=1");
    REQUIRE(options->readers);
    CHECK(options->readers->path == "/?currency={entry}");
}

TEST_CASE("an address without the entry, or none at all, is refused") {
    for (const char* url :
         {"http://127.0.0.1:7402/fx", "ftp://127.0.0.1/{entry}", "http://{entry}/fx"}) {
        CAPTURE(url);
        CacheConfig cache = quotes_for_test();
        cache.source.url = url;
        CHECK_FALSE(cache_options_of(cache));
        cache = quotes_for_test();
        cache.readers = url;
        CHECK_FALSE(cache_options_of(cache));
    }
    CacheConfig cache = quotes_for_test();
    cache.redis.address = "redis";
    CHECK_FALSE(cache_options_of(cache));
}

TEST_CASE("readers can be sent round a cache only where that is declared") {
    Config config;
    config.caches = {quotes_for_test(), quotes_for_test()};
    config.caches[1].name = CacheId("prices");
    config.caches[1].reroute = RerouteConfig{"reroutes", "rates"};
    config.haproxy = HaproxyConfig{"/run/haproxy.sock", "payments", {}};
    const auto options = haproxy_options_of(config);
    REQUIRE(options);
    REQUIRE(options->routes.size() == 1);
    CHECK(options->routes.front().cache == CacheId("prices"));
    CHECK(options->routes.front().table == "reroutes");
    CHECK(options->routes.front().source == "rates");
    const Inventory inventory = inventory_of(config);
    CHECK(inventory.caches.size() == 2);
    CHECK(inventory.routes == std::vector{CacheId("prices")});
}

TEST_CASE("a service without a cache has nobody to act on one") {
    boost::asio::io_context context;
    Config config;
    const auto none = Caches::make(config, context.get_executor());
    REQUIRE(none);
    CHECK((*none)->actuator() == nullptr);
    config.caches = {quotes_for_test()};
    const auto one = Caches::make(config, context.get_executor());
    REQUIRE(one);
    CHECK((*one)->actuator() != nullptr);
    std::vector<ports::Telemetry*> sources;
    (*one)->add_watchers(sources);
    CHECK(sources.size() == 1);
    (*one)->add_provers(sources);
    CHECK(sources.size() == 3);
}

}  // namespace homeostat::app
