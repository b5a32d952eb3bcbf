#include "homeostat/app/caches.hpp"

#include "homeostat/adapters/redis/cache_telemetry.hpp"
#include "homeostat/net/endpoint.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace redis = adapters::redis;

/// A path with `{entry}` in it is no URL yet: it is read with a name in its place.
Result<redis::EntryAddress> entry_address_of(const std::string& pattern) {
    constexpr std::string_view stand_in = "x-entry-x";
    Result<net::Address> address = net::parse_endpoint(redis::with_entry(pattern, stand_in));
    if (!address) {
        return std::unexpected(address.error());
    }
    const std::size_t at = address->path.find(stand_in);
    if (at != std::string::npos) {
        address->path.replace(at, stand_in.size(), redis::entry_word);
    }
    return redis::EntryAddress{address->endpoint, address->path};
}

Result<net::Endpoint> peer_of(const std::string& text) {
    const Result<net::Address> address =
        net::parse_endpoint(text.starts_with("unix:") ? text : "http://" + text);
    return address ? Result<net::Endpoint>(address->endpoint) : std::unexpected(address.error());
}

Result<std::vector<net::Endpoint>> peers_of(const std::vector<std::string>& texts) {
    std::vector<net::Endpoint> peers;
    for (const std::string& text : texts) {
        const Result<net::Endpoint> peer = peer_of(text);
        if (!peer) {
            return std::unexpected(peer.error());
        }
        peers.push_back(*peer);
    }
    return peers;
}

Result<redis::RedisPlace> place_of(const RedisConfig& config) {
    redis::RedisPlace place;
    place.reads_replicas = config.reads_replicas;
    Result<std::vector<net::Endpoint>> cluster = peers_of(config.cluster);
    Result<std::vector<net::Endpoint>> replicas = peers_of(config.replicas);
    if (!cluster || !replicas) {
        return std::unexpected(cluster ? replicas.error() : cluster.error());
    }
    place.cluster = *std::move(cluster);
    place.replicas = *std::move(replicas);
    if (place.cluster.empty()) {
        Result<net::Endpoint> address = peer_of(config.address);
        if (!address) {
            return std::unexpected(address.error());
        }
        place.address = *std::move(address);
    }
    return place;
}

}  // namespace

Result<redis::CacheOptions> cache_options_of(const CacheConfig& cache) {
    redis::CacheOptions options;
    options.cache = cache.name;
    options.key = cache.redis.key;
    options.entries = cache.entries;
    options.field = cache.source.field;
    options.max_age = cache.max_age;
    options.interval = cache.every;
    Result<redis::RedisPlace> place = place_of(cache.redis);
    const Result<redis::EntryAddress> source = entry_address_of(cache.source.url);
    if (!place || !source) {
        return std::unexpected(place ? source.error() : place.error());
    }
    options.redis = *std::move(place);
    options.source = *source;
    if (!cache.readers.empty()) {
        Result<redis::EntryAddress> readers = entry_address_of(cache.readers);
        if (!readers) {
            return std::unexpected(readers.error());
        }
        options.readers = *std::move(readers);
    }
    const Result<void> checked = redis::check(options);
    return checked ? Result<redis::CacheOptions>(std::move(options))
                   : std::unexpected(checked.error());
}

Result<std::unique_ptr<Caches>> Caches::make(const Config& config,
                                             const boost::asio::any_io_executor& executor,
                                             ProcessRole role) {
    auto caches = std::make_unique<Caches>();
    std::vector<redis::CacheLooker*> lookers;
    for (const CacheConfig& cache : config.caches) {
        Result<redis::CacheOptions> options = cache_options_of(cache);
        if (!options) {
            return std::unexpected(options.error());
        }
        caches->lookers_.push_back(
            std::make_unique<redis::CacheLooker>(executor, *std::move(options)));
        lookers.push_back(caches->lookers_.back().get());
    }
    if (!lookers.empty() && role != ProcessRole::agent) {
        caches->actuator_ = std::make_unique<redis::RedisActuator>(std::move(lookers));
    }
    return caches;
}

void Caches::add(std::vector<ports::Telemetry*>& sources,
                 redis::CacheLooker& looker,
                 Observer observer) {
    telemetry_.push_back(std::make_unique<redis::CacheTelemetry>(looker, observer));
    sources.push_back(telemetry_.back().get());
}

void Caches::add_watchers(std::vector<ports::Telemetry*>& sources) {
    for (const auto& looker : lookers_) {
        add(sources, *looker, Observer::cache);
    }
}

void Caches::add_provers(std::vector<ports::Telemetry*>& sources) {
    add_watchers(sources);
    for (const auto& looker : lookers_) {
        if (looker->options().readers) {
            add(sources, *looker, Observer::journey);
        }
    }
}

}  // namespace homeostat::app
