#pragma once

// The keys that declare a cache: what is compared, with what, and the way round it.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/app/config_world_keys.hpp"

#include <cstddef>
#include <optional>

namespace homeostat::app {

constexpr std::size_t redis_nodes_max = 16;

struct RedisSection {
    RedisConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"address", "Where Redis listens; without a password"}, PeerValue{},
            self.config.address);
        key(Key{"key", "The key of an entry, as in fx:{entry}", Need::required},
            EntryPatternValue{.is_url = false}, self.config.key);
        key(Key{"replicas", "Of the Redis at address: those that readers read"},
            ListOf<PeerValue>{PeerValue{}, redis_nodes_max}, self.config.replicas);
        key(Key{"cluster",
                "Instead of address: nodes of a cluster, which say what others there are"},
            ListOf<PeerValue>{PeerValue{}, redis_nodes_max}, self.config.cluster);
        key(Key{"reads_replicas", "Readers read the replicas of the cluster as well"}, FlagValue{},
            self.config.reads_replicas);
    }
};

struct SourceSection {
    SourceConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"url", "Who says what is right, past the cache", Need::required},
            EntryPatternValue{}, self.config.url);
        key(Key{"field", "Of its JSON answer: what the copy ought to be", Need::required},
            NameValue{}, self.config.field);
    }
};

struct RerouteSection {
    RerouteConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"table",
                "HAProxy's stick table; while it has an entry with the cache's name, readers "
                "are sent to the source. Or Envoy's runtime key, as in homeostat.route.quotes",
                Need::required},
            NameValue{}, self.config.table);
        key(Key{"source", "HAProxy's backend for the source, or Envoy's cluster", Need::required},
            NameValue{}, self.config.source);
    }
};

/// As many as are asked about at once.
constexpr std::size_t cache_entries_max = 32;

struct CacheSection {
    CacheConfig config;
    RedisSection redis;
    SourceSection source;
    std::optional<RerouteSection> reroute;
    static void keys(auto& self, auto&& key) {
        key(Key{"name", "What the cache is called", Need::required}, IdValue<CacheTag>{},
            self.config.name);
        key(Key{"entries", "What is compared, and dropped if it is stale; {entry} stands for one",
                Need::required},
            ListOf<NameValue>{NameValue{}, cache_entries_max}, self.config.entries);
        key(Key{"redis", "Where the copies are", Need::required}, SectionKind{}, self.redis);
        key(Key{"source", "Where the truth is", Need::required}, SectionKind{}, self.source);
        key(Key{"readers", "What the service asks, through the edge; proves a remedy"},
            EntryPatternValue{}, self.config.readers);
        key(Key{"max_age", "A copy may be so old"}, DurationValue{}, self.config.max_age);
        key(Key{"every", "From one look to the next"}, interval_value, self.config.every);
        key(Key{"reroute", "The way round the cache"}, SectionKind{}, self.reroute);
    }
};

}  // namespace homeostat::app
