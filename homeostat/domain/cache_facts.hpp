#pragma once

// Facts about caches: where the edge sends their readers, and how their copies stand.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstdint>
#include <vector>

namespace homeostat {

/// Where the edge sends the reads of a cache that declares a reroute.
struct RouteFacts {
    CacheId cache;
    bool is_to_source{false};
    std::uint32_t servers_count{0};    ///< Of the source.
    std::uint32_t answering_count{0};  ///< Of these, such as answer the edge's own checks.

    /// It could take the reads, as far as checks can tell: no server of it is away.
    [[nodiscard]] bool is_source_answering() const {
        return answering_count > 0 && answering_count == servers_count;
    }

    static void fields(auto& self, auto&& field) {
        field("cache", self.cache);
        field("is_to_source", self.is_to_source);
        field("servers_count", self.servers_count);
        field("answering_count", self.answering_count);
    }
    friend bool operator==(const RouteFacts&, const RouteFacts&) = default;
};

/// One look at a cache and its source: our own reads of each declared key and its truth.
struct CacheFacts {
    CacheId cache;
    bool is_answering{false};         ///< The cache itself.
    bool is_source_answering{false};  ///< For every key.
    std::uint32_t keys_count{0};
    std::uint32_t present_count{0};    ///< Keys of which it holds a copy.
    std::uint32_t differing_count{0};  ///< Copies that are not what the source says now.
    std::uint32_t stale_count{0};      ///< Of these, though the source has said so for long enough.

    /// Whoever read through it now would get nothing but what the source says.
    [[nodiscard]] bool agrees() const {
        return is_answering && is_source_answering && differing_count == 0;
    }

    static void fields(auto& self, auto&& field) {
        field("cache", self.cache);
        field("is_answering", self.is_answering);
        field("is_source_answering", self.is_source_answering);
        field("keys_count", self.keys_count);
        field("present_count", self.present_count);
        field("differing_count", self.differing_count);
        field("stale_count", self.stale_count);
    }
    friend bool operator==(const CacheFacts&, const CacheFacts&) = default;
};

/// Of every declared cache. One that does not answer is no reason not to act elsewhere, so it is
/// told of here and no failed read.
struct CachesFacts {
    std::vector<CacheFacts> caches;
    Instant read_at{};
};

}  // namespace homeostat
