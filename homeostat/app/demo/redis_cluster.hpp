#pragma once

// What the nodes of a Redis cluster need to know of each other, written down before they start.
//
// A node reads at its start who else there is and who keeps which slots. So three nodes that were
// given the same file are a cluster as soon as they answer, and nobody has to introduce them.
//
// Pure.

#include <span>
#include <string>

namespace homeostat::app::demo {

struct RedisNode {
    int port{0};      ///< Of its clients.
    int bus_port{0};  ///< Of the other nodes.
};

constexpr int redis_nodes_count = 3;

/// The `cluster-config-file` of one of the nodes, all on loopback, each with an equal part of the
/// slots. SOURCE: Redis 7.0, as CLUSTER NODES prints them. REQUIRES: `self` is the index of one.
[[nodiscard]] std::string cluster_file(std::span<const RedisNode> nodes, std::size_t self);

}  // namespace homeostat::app::demo
