#include "homeostat/graph/commit.hpp"

#include "homeostat/base/binary.hpp"
#include "homeostat/graph/shape.hpp"

#include <xxhash.h>

namespace homeostat::graph {

ContentHash hash_of(std::string_view bytes) {
    const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
    return {hash.high64, hash.low64};
}

std::string to_hex(const ContentHash& hash) {
    return to_hex(hash.high) + to_hex(hash.low);
}

ContentHash content_hash_of(const Commit& commit) {
    std::string bytes;
    bytes.reserve(commit.thread.size() + commit.body.size() + 64);
    to_binary(commit.thread, bytes);
    to_binary(commit.number, bytes);
    to_binary(commit.graph_digest, bytes);
    to_binary(commit.parent, bytes);
    to_binary(commit.at, bytes);
    to_binary(commit.cause, bytes);
    to_binary(commit.is_snapshot, bytes);
    to_binary(commit.body, bytes);
    return hash_of(bytes);
}

}  // namespace homeostat::graph
