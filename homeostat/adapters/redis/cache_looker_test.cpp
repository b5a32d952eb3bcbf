// What a looker makes of answers; what it makes of a real Redis stands in tests/conformance.

#include "homeostat/adapters/redis/cache_looker.hpp"

#include "homeostat/adapters/redis/cache_telemetry.hpp"
#include "homeostat/adapters/redis/redis_actuator.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::adapters::redis {

namespace {

using namespace std::chrono_literals;
using enum net::ScriptLine::Then;

net::ScriptLine http_answer(const std::string& body) {
    return {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
            closes};
}

/// One entry; each peer says its lines, one for each look.
struct World {
    boost::asio::io_context context;
    net::ScriptedPeer redis;
    net::ScriptedPeer source;
    net::ScriptedPeer readers;

    World(std::deque<net::ScriptLine> copies,
          std::deque<net::ScriptLine> truths,
          std::deque<net::ScriptLine> answers = {})
        : redis(context, std::move(copies)),
          source(context, std::move(truths)),
          readers(context, std::move(answers)) {}

    [[nodiscard]] CacheOptions options() const {
        CacheOptions options;
        options.cache = CacheId("quotes");
        options.redis.address = redis.endpoint();
        options.key = "fx:{entry}";
        options.entries = {"USD"};
        options.source = {source.endpoint(), "/fx?currency={entry}"};
        options.field = "rate_ppm";
        options.readers = EntryAddress{readers.endpoint(), "/fx?currency={entry}"};
        options.max_age = Duration::zero();
        return options;
    }
    Result<std::vector<Reading>> read(CacheLooker& looker, Observer observer) {
        CacheTelemetry telemetry(looker, observer);
        return net::run_for_test(context, telemetry.read(net::now_for_test() + 2s));
    }
};

CacheReading one_in(const Result<std::vector<Reading>>& readings) {
    REQUIRE(readings);
    REQUIRE(readings->size() == 1);
    return std::get<CacheReading>(readings->front());
}

}  // namespace

TEST_CASE("a copy is what the field says: a number as it is written, a text without its quotes") {
    CHECK(copy_in(R"({"rate_ppm":1083700})", "rate_ppm") == "1083700");
    CHECK(copy_in(R"({"rate_ppm":"1.08"})", "rate_ppm") == "1.08");
    CHECK(copy_in(R"({"rate_ppm":{"a":[1,true]}})", "rate_ppm") == R"({"a":[1,true]})");
    for (const char* answer : {"", "1", "[]", R"({"rate":1})", R"({"rate_ppm":null})",
                               R"({"rate_ppm":1,"rate_ppm":2})", R"({"rate_ppm":1)"}) {
        CAPTURE(answer);
        CHECK_FALSE(copy_in(answer, "rate_ppm"));
    }
}

TEST_CASE("patterns need a place for the entry, and entries are few and plain") {
    World world({}, {});
    CacheOptions options = world.options();
    CHECK(check(options));
    for (std::string* pattern : {&options.key, &options.source.path, &options.readers->path}) {
        const std::string whole = std::exchange(*pattern, "fx:USD");
        CHECK_FALSE(check(options));
        *pattern = whole;
    }
    for (const std::vector<std::string>& entries :
         {std::vector<std::string>{}, {"a b"}, {"*"}, std::vector<std::string>(33, "USD")}) {
        options.entries = entries;
        CHECK_FALSE(check(options));
    }
    CHECK(with_entry("fx:{entry}:now", "USD") == "fx:USD:now");
}

TEST_CASE("a stale copy is told of once the source was seen to say the same twice") {
    World world({{"*1\r\n$1\r\n7\r\n", closes}, {"*1\r\n$1\r\n7\r\n", closes}},
                {http_answer(R"({"rate_ppm":8})"), http_answer(R"({"rate_ppm":8})")});
    CacheLooker looker(world.context.get_executor(), world.options());
    const CacheReading first = one_in(world.read(looker, Observer::cache));
    CHECK(first.keys_count == 0);
    CHECK(first.stale_count == 0);
    const CacheReading second = one_in(world.read(looker, Observer::cache));
    CHECK(second.cache == CacheId("quotes"));
    CHECK(second.observer == Observer::cache);
    CHECK(second.keys_count == 1);
    CHECK(second.stale_count == 1);
    CHECK(world.redis.requests().front() == "*2\r\n$4\r\nMGET\r\n$6\r\nfx:USD\r\n");
}

TEST_CASE("what readers get is held against the source as well, and the cache is not asked") {
    World world({}, {http_answer(R"({"rate_ppm":8})"), http_answer(R"({"rate_ppm":8})")},
                {http_answer(R"({"rate_ppm":8})"), http_answer(R"({"rate_ppm":7})")});
    CacheLooker looker(world.context.get_executor(), world.options());
    const CacheReading right = one_in(world.read(looker, Observer::journey));
    CHECK(right.observer == Observer::journey);
    CHECK(right.keys_count == 1);
    CHECK(right.stale_count == 0);
    CHECK(one_in(world.read(looker, Observer::journey)).stale_count == 1);
    CHECK(world.redis.connections_count() == 0);
}

TEST_CASE("a look without the cache, its source or its readers says nothing of any copy") {
    const net::ScriptLine copy{"*1\r\n$1\r\n8\r\n", closes};
    const net::ScriptLine truth = http_answer(R"({"rate_ppm":8})");
    for (const net::ScriptLine& trouble :
         {net::ScriptLine{"", closes}, net::ScriptLine{"rubbish\r\n\r\n", closes}}) {
        World no_cache({trouble}, {truth});
        CacheLooker first(no_cache.context.get_executor(), no_cache.options());
        CHECK_FALSE(no_cache.read(first, Observer::cache));
        World no_source({copy}, {trouble});
        CacheLooker second(no_source.context.get_executor(), no_source.options());
        CHECK_FALSE(no_source.read(second, Observer::cache));
        World no_readers({}, {truth}, {trouble});
        CacheLooker third(no_readers.context.get_executor(), no_readers.options());
        CHECK_FALSE(no_readers.read(third, Observer::journey));
    }
}

TEST_CASE("caches that hang are looked into at once, and none adds its wait to another's") {
    const net::ScriptLine hanging{"", hangs};
    World first({hanging}, {});
    boost::asio::io_context& context = first.context;
    net::ScriptedPeer other(context, {hanging});
    net::ScriptedPeer last(context, {hanging});
    std::deque<CacheLooker> lookers;
    for (const net::ScriptedPeer* redis : {&first.redis, &other, &last}) {
        CacheOptions options = first.options();
        options.redis.address = redis->endpoint();
        lookers.emplace_back(context.get_executor(), options);
    }
    RedisActuator actuator({&lookers[0], &lookers[1], &lookers[2]});
    std::optional<Result<FactsPart>> facts;
    boost::asio::co_spawn(
        context, actuator.read(net::now_for_test() + 2s),
        [&facts](const std::exception_ptr&, Result<FactsPart> part) { facts = std::move(part); });
    net::run_until_for_test(context, [&] { return !last.requests().empty(); });
    // A look asks its source once its cache has not answered: the last cache must not wait for it.
    CHECK(first.source.requests().empty());
    net::run_until_for_test(context, [&] { return facts.has_value(); });
    REQUIRE(facts->has_value());
    const std::vector<CacheFacts>& caches = std::get<CachesFacts>(**facts).caches;
    REQUIRE(caches.size() == 3);
    for (const CacheFacts& cache : caches) {
        CHECK_FALSE(cache.is_answering);
        CHECK_FALSE(cache.is_source_answering);
    }
}

}  // namespace homeostat::adapters::redis
