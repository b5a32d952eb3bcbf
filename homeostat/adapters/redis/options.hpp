#pragma once

// CacheOptions: a cache, the keys of it that we may touch, and where the truth of each stands.
//
// The keys are listed by the operator: a pattern could grow to mean the whole of a shared Redis.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/net/endpoint.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::redis {

/// Each is read and asked about at once; a service's cache has more keys than are worth watching.
constexpr std::size_t entries_max = 32;

constexpr std::string_view entry_word = "{entry}";

/// An address whose path says which entry is asked for.
struct EntryAddress {
    net::Endpoint endpoint;
    std::string path;  ///< With `{entry}` in it.
};

/// Where the copies are: in one Redis, in one and its replicas, or in a cluster.
struct RedisPlace {
    net::Endpoint address{};                ///< Of the one Redis. Not asked if there is a cluster.
    std::vector<net::Endpoint> replicas{};  ///< Of it, such as readers read. Empty: none.
    /// Nodes that are asked which nodes there are; one that answers is enough. Empty: no cluster.
    std::vector<net::Endpoint> cluster{};
    bool reads_replicas{false};  ///< Readers read the replicas of the cluster as well.
};

struct CacheOptions {
    CacheId cache;
    RedisPlace redis;
    std::string key;  ///< With `{entry}` in it.
    std::vector<std::string> entries;
    EntryAddress source;
    std::string field;                    ///< Of the source's JSON answer: what a copy ought to be.
    std::optional<EntryAddress> readers;  ///< What readers ask, through the edge.
    /// A copy may be so old. Zero: it has to follow its source at once.
    Duration max_age{std::chrono::seconds{1}};
    Duration interval{std::chrono::milliseconds{500}};
};

/// `pattern` with the entry in its place.
[[nodiscard]] std::string with_entry(std::string_view pattern, std::string_view entry);

/// ERRORS: invalid: no entries or too many, one that is no plain name, a pattern without its place.
[[nodiscard]] Result<void> check(const CacheOptions& options);

}  // namespace homeostat::adapters::redis
