#include "homeostat/adapters/redis/cache_looker.hpp"
#include "homeostat/adapters/redis/redis_socket.hpp"
#include "homeostat/app/caches.hpp"
#include "homeostat/app/doctor_peers.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

namespace redis = adapters::redis;

std::string redis_cli(const net::Endpoint& endpoint) {
    if (const auto* file = std::get_if<net::UnixEndpoint>(&endpoint)) {
        return "redis-cli -s " + file->path;
    }
    const auto& address = std::get<net::TcpEndpoint>(endpoint);
    return fmt::format("redis-cli -h {} -p {}", address.host, address.port);
}

std::string redis_server(const net::Endpoint& endpoint) {
    if (const auto* file = std::get_if<net::UnixEndpoint>(&endpoint)) {
        return "redis-server --unixsocket " + file->path;
    }
    const auto& address = std::get<net::TcpEndpoint>(endpoint);
    return fmt::format("redis-server --bind {} --port {}", address.host, address.port);
}

/// What mends a command that Redis says no to, by the word that its complaint begins with.
/// SOURCE: Redis's own complaints, https://redis.io/docs/latest/develop/reference/protocol-spec/
std::string mend_of_refusal(std::string_view says, const redis::CacheOptions& options, bool drops) {
    if (says.contains("NOPERM")) {
        // Of a command or of a key, and each has a right of its own: one that is there already may
        // not be given once more.
        const std::string right = says.contains("key")
                                      ? fmt::format("'~{}'", redis::with_entry(options.key, "*"))
                                      : std::string(drops ? "+mget +unlink" : "+mget");
        return fmt::format("`{} ACL SETUSER default {}`, and the same in its configuration",
                           redis_cli(options.redis), right);
    }
    if (says.contains("NOAUTH")) {
        return "Homeostat gives no password: let Redis's user default in without one, and give the "
               "service a user of its own; or leave this cache out";
    }
    if (says.contains("READONLY")) {
        return "write the address of the Redis that it copies into redis.address";
    }
    if (says.contains("LOADING") || says.contains("BUSY")) {
        return "wait until it has, then ask again";
    }
    return fmt::format("`{} MGET …` says the same; mend Redis, then ask again",
                       redis_cli(options.redis));
}

std::string mend_of(const Error& error, const redis::CacheOptions& options, bool drops) {
    switch (error.fault) {
        case Fault::unreachable:
            return fmt::format("`{}` starts one; or correct redis.address in caches",
                               redis_server(options.redis));
        case Fault::late:
            return fmt::format(
                "`{} ping` says PONG where Redis is well; restart it, or correct "
                "redis.address in caches",
                redis_cli(options.redis));
        case Fault::refused:
            return mend_of_refusal(error.text, options, drops);
        default:
            return fmt::format(
                "`{} ping` says PONG where there is a Redis: correct redis.address in "
                "caches, or its entries, if their values are no copies",
                redis_cli(options.redis));
    }
}

/// That it can be asked at all. The configuration has been checked, so this is a second line.
Findings unusable(const CacheConfig& cache, const Error& error) {
    return {ill("cache", fmt::format("{}: {}", cache.name.text(), error.text), "correct caches")};
}

std::string curl(std::string_view url, const CacheConfig& cache) {
    return fmt::format("`curl -i '{}'`", redis::with_entry(url, cache.entries.front()));
}

}  // namespace

Task<Findings> check_cache(boost::asio::any_io_executor executor,
                           CacheConfig cache,
                           bool drops,
                           Instant deadline) {
    const Result<redis::CacheOptions> options = cache_options_of(cache);
    if (!options) {
        co_return unusable(cache, options.error());
    }
    std::vector<std::string> keys;
    for (const std::string& entry : cache.entries) {
        keys.push_back(redis::with_entry(cache.redis.key, entry));
    }
    const redis::RedisSocket socket(executor, options->redis);
    const Result<redis::Values> copies = co_await socket.get(keys, deadline);
    Result<void> answer = copies ? Result<void>{} : std::unexpected(copies.error());
    if (answer && drops) {
        answer = co_await socket.try_unlink(std::move(keys), deadline);
    }
    Findings found;
    if (answer) {
        found.push_back(well("cache", fmt::format("{}: Redis at {} answers{}", cache.name.text(),
                                                  net::to_text(options->redis),
                                                  drops ? " and lets its keys be dropped" : "")));
    } else {
        found.push_back(ill("cache", fmt::format("{}: {}", cache.name.text(), answer.error().text),
                            mend_of(answer.error(), *options, drops)));
    }
    co_return found;
}

Task<Findings> check_source(boost::asio::any_io_executor executor,
                            CacheConfig cache,
                            Instant deadline) {
    Result<redis::CacheOptions> options = cache_options_of(cache);
    if (!options) {
        co_return unusable(cache, options.error());
    }
    redis::CacheLooker looker(std::move(executor), *std::move(options));
    const CacheFacts facts = co_await looker.look(deadline);
    const std::string where = fmt::format("{}: {}", cache.name.text(), cache.source.url);
    Findings found;
    if (facts.is_source_answering) {
        found.push_back(well("cache source",
                             fmt::format("{} says {} of each entry", where, cache.source.field)));
    } else {
        found.push_back(
            ill("cache source",
                fmt::format("{} says no {} of at least one entry", where, cache.source.field),
                fmt::format("{} shows what it says: mend it, or correct caches.source",
                            curl(cache.source.url, cache))));
    }
    co_return found;
}

Task<Findings> check_readers(boost::asio::any_io_executor executor,
                             CacheConfig cache,
                             Instant deadline) {
    Result<redis::CacheOptions> options = cache_options_of(cache);
    if (!options) {
        co_return unusable(cache, options.error());
    }
    redis::CacheLooker looker(std::move(executor), *std::move(options));
    const CacheFacts facts = co_await looker.look_as_reader(deadline);
    const std::string where = fmt::format("{}: {}", cache.name.text(), cache.readers);
    Findings found;
    if (facts.is_answering) {
        found.push_back(
            well("cache readers", fmt::format("{} says {}", where, cache.source.field)));
    } else {
        found.push_back(ill(
            "cache readers", fmt::format("{} says no {} of any entry", where, cache.source.field),
            fmt::format("{} shows what readers get: mend it, or correct readers in caches",
                        curl(cache.readers, cache))));
    }
    co_return found;
}

}  // namespace homeostat::app
