#include "homeostat/adapters/redis/cache_looker.hpp"
#include "homeostat/adapters/redis/redis_nodes.hpp"
#include "homeostat/adapters/redis/redis_socket.hpp"
#include "homeostat/app/caches.hpp"
#include "homeostat/app/doctor_peers.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// The key of the configuration that the node is named by.
std::string_view key_of(const redis::CacheOptions& options, bool is_replica) {
    if (!options.redis.cluster.empty()) {
        return "redis.cluster";
    }
    return is_replica ? "redis.replicas" : "redis.address";
}

/// Which rights a command that was refused needs.
std::string rights_of(const redis::CacheOptions& options, bool drops) {
    std::string rights = drops ? "+mget +unlink" : "+mget";
    if (!options.redis.cluster.empty()) {
        rights += " '+cluster|slots' +asking";
        rights += options.redis.reads_replicas ? " +readonly" : "";
    }
    return rights;
}

/// What mends a command that Redis says no to, by the word that its complaint begins with.
/// SOURCE: Redis's own complaints, https://redis.io/docs/latest/develop/reference/protocol-spec/
std::string mend_of_refusal(std::string_view says,
                            const net::Endpoint& node,
                            const redis::CacheOptions& options,
                            bool drops) {
    if (says.contains("NOPERM")) {
        // Of a command or of a key, and each has a right of its own: one that is there already may
        // not be given once more.
        const std::string right = says.contains("key")
                                      ? fmt::format("'~{}'", redis::with_entry(options.key, "*"))
                                      : rights_of(options, drops);
        return fmt::format("`{} ACL SETUSER default {}`, and the same in its configuration",
                           redis_cli(node), right);
    }
    if (says.contains("NOAUTH")) {
        return "Homeostat gives no password: let Redis's user default in without one, and give the "
               "service a user of its own; or leave this cache out";
    }
    if (says.contains("READONLY")) {
        return "write the address of the Redis that it copies into redis.address";
    }
    if (says.contains("MOVED") && options.redis.cluster.empty()) {
        return fmt::format(
            "it is one node of a cluster: write cluster: [\"{}\"] instead of address",
            net::to_text(node));
    }
    if (says.contains("cluster support disabled")) {
        return "it is no node of a cluster: write its address into redis.address";
    }
    if (says.contains("CLUSTERDOWN")) {
        return fmt::format("`{} CLUSTER INFO` says what is missing: mend the cluster",
                           redis_cli(node));
    }
    if (says.contains("LOADING") || says.contains("BUSY")) {
        return "wait until it has, then ask again";
    }
    return fmt::format("`{} MGET …` says the same; mend Redis, then ask again", redis_cli(node));
}

std::string mend_of(const redis::NodeTrouble& trouble,
                    const redis::CacheOptions& options,
                    bool drops) {
    const std::string_view key = key_of(options, trouble.is_replica);
    switch (trouble.error.fault) {
        case Fault::unreachable:
            return fmt::format("`{}` starts one; or correct {} in caches",
                               redis_server(trouble.node), key);
        case Fault::late:
            return fmt::format(
                "`{} ping` says PONG where Redis is well; restart it, or correct "
                "{} in caches",
                redis_cli(trouble.node), key);
        case Fault::refused:
            return mend_of_refusal(trouble.error.text, trouble.node, options, drops);
        case Fault::absent:
            return fmt::format("`{} CLUSTER SLOTS` says who keeps what: give a node that slot",
                               redis_cli(trouble.node));
        default:
            return fmt::format(
                "`{} ping` says PONG where there is a Redis: correct {} in "
                "caches, or its entries, if their values are no copies",
                redis_cli(trouble.node), key);
    }
}

Check ill_cache(const redis::NodeTrouble& trouble, const redis::CacheOptions& options, bool drops) {
    return ill("cache", fmt::format("{}: {}", options.cache.text(), trouble.error.text),
               mend_of(trouble, options, drops));
}

/// Asks each node that keys would be dropped at whether it would let them be.
Task<Findings> check_drops(boost::asio::any_io_executor executor,
                           redis::CacheOptions options,
                           std::vector<redis::NodeKeys> keepers,
                           Instant deadline) {
    Findings found;
    for (redis::NodeKeys& keeper : keepers) {
        if (keeper.is_replica) {
            continue;
        }
        const redis::RedisSocket socket(executor, keeper.node);
        const std::size_t keys_count = keeper.keys.size();
        const Result<void> answer = co_await socket.try_unlink(std::move(keeper.keys), deadline);
        if (!answer) {
            const redis::NodeTrouble trouble{
                .node = keeper.node, .keys_count = keys_count, .error = answer.error()};
            found.push_back(ill_cache(trouble, options, true));
        }
    }
    co_return found;
}

/// Replicas whose copies are others than their primary's. One look cannot tell a replica that is a
/// moment behind from one that no longer follows, so it is a note.
Findings differing_replicas(const redis::CacheOptions& options, const redis::CopiesRead& copies) {
    std::map<std::string, std::size_t> differing;
    std::map<std::string, net::Endpoint> nodes;
    for (const redis::KeyCopies& key : copies.keys) {
        for (const redis::ReplicaCopy& copy : key.at_replicas) {
            if (copy.value != key.at_primary) {
                differing[net::to_text(copy.node)] += 1;
                nodes[net::to_text(copy.node)] = copy.node;
            }
        }
    }
    Findings found;
    for (const auto& [text, count] : differing) {
        found.push_back(note(
            "cache",
            fmt::format("{}: the replica {} has other copies than its primary of "
                        "{} of {} entries",
                        options.cache.text(), text, count, copies.keys.size()),
            fmt::format("`{} INFO replication` says whether it follows", redis_cli(nodes[text]))));
    }
    return found;
}

std::string well_cache(const redis::CacheOptions& options,
                       const std::vector<redis::NodeKeys>& keepers,
                       bool drops) {
    std::string nodes = net::to_text(options.redis.address);
    if (!options.redis.cluster.empty()) {
        nodes = fmt::format("{} nodes of a cluster", keepers.size());
    } else if (!options.redis.replicas.empty()) {
        nodes += fmt::format(" with {} replicas", options.redis.replicas.size());
    }
    return fmt::format("{}: Redis at {} answers{}", options.cache.text(), nodes,
                       drops ? " and lets its keys be dropped" : "");
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
    redis::RedisNodes nodes(executor, options->redis);
    const redis::CopiesRead copies = co_await nodes.read(keys, deadline);
    Findings found;
    for (const redis::NodeTrouble& trouble : copies.troubles) {
        found.push_back(ill_cache(trouble, *options, drops));
    }
    if (!copies.is_whole()) {
        co_return found;
    }
    const Result<std::vector<redis::NodeKeys>> keepers =
        co_await nodes.keepers(std::move(keys), deadline);
    if (drops && keepers) {
        const Findings refused = co_await check_drops(executor, *options, *keepers, deadline);
        found.insert(found.end(), refused.begin(), refused.end());
    }
    const Findings behind = differing_replicas(*options, copies);
    found.insert(found.end(), behind.begin(), behind.end());
    if (found.empty() && keepers) {
        found.push_back(well("cache", well_cache(*options, *keepers, drops)));
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
