#pragma once

// RedisCluster: a real Redis cluster of three primaries on 127.0.0.1, each of them with a third of
// the slots, and of a replica for each where that is asked for. For tests only.
//
// It is put together by the commands that redis-cli would send. The nodes tell each other news as
// often as they would notice a death, so that this is set high only once they know each other: a
// node that was killed is missed after ten seconds, and what the others keep goes on being
// answered.

#include "homeostat/adapters/redis/slot_map.hpp"

#include "redis_server.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::conformance {

constexpr std::size_t primaries_count = 3;

class RedisCluster {
  public:
    static constexpr bool with_replicas = true;

    /// `directory`: of the nodes' own files; removed by whoever made it.
    RedisCluster(boost::asio::io_context& context,
                 const std::string& directory,
                 bool has_replicas = false)
        : ports_(2 * primaries_count * (has_replicas ? 2U : 1U)) {
        const std::size_t count = ports_.size() / 2;
        for (std::size_t index = 0; index < count; ++index) {
            const std::string port = std::to_string(ports_[2 * index].port());
            nodes_.emplace_back(
                context, net::TcpEndpoint{"127.0.0.1", ports_[2 * index].port()},
                std::vector<std::string>{"--dir",
                                         directory,
                                         "--cluster-enabled",
                                         "yes",
                                         "--cluster-config-file",
                                         "nodes-" + port + ".conf",
                                         "--cluster-port",
                                         std::to_string(ports_[2 * index + 1].port()),
                                         "--cluster-announce-ip",
                                         "127.0.0.1",
                                         "--cluster-node-timeout",
                                         "500",
                                         "--cluster-require-full-coverage",
                                         "no",
                                         "--repl-diskless-sync-delay",
                                         "0",
                                         "--repl-ping-replica-period",
                                         "1",
                                         "--enable-debug-command",
                                         "yes"});
        }
        meet();
        if (has_replicas) {
            give_replicas();
        }
        for (RedisServer& node : nodes_) {
            node.ask({"CONFIG", "SET", "cluster-node-timeout", "10000"});
        }
    }

    /// The primaries in order, then their replicas.
    [[nodiscard]] RedisServer& node(std::size_t index) { return nodes_[index]; }
    [[nodiscard]] std::size_t nodes_count() const { return nodes_.size(); }

    /// The primary that a key belonged to when the cluster began.
    [[nodiscard]] RedisServer& keeper_of(std::string_view key) {
        return nodes_[redis::slot_of(key) / slots_each < primaries_count
                          ? redis::slot_of(key) / slots_each
                          : primaries_count - 1];
    }
    [[nodiscard]] std::vector<net::Endpoint> endpoints() const {
        std::vector<net::Endpoint> endpoints;
        for (std::size_t index = 0; index < primaries_count; ++index) {
            endpoints.push_back(nodes_[index].endpoint());
        }
        return endpoints;
    }
    /// What a node calls itself.
    [[nodiscard]] static std::string id_of(RedisServer& node) {
        const std::string reply = node.ask({"CLUSTER", "MYID"});
        const std::size_t at = reply.find('\n') + 1;
        return reply.substr(at, reply.size() - at - 2);
    }

  private:
    static constexpr std::size_t slots_each = redis::slots_count / primaries_count;

    void meet() {
        for (std::size_t index = 0; index < nodes_.size(); ++index) {
            nodes_[index].ask({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(index + 1)});
            if (index < primaries_count) {
                const std::size_t first = index * slots_each;
                const std::size_t last =
                    index + 1 == primaries_count ? redis::slots_count - 1 : first + slots_each - 1;
                nodes_[index].ask(
                    {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(last)});
            }
        }
        // Each meets each: to learn of one another by gossip takes them seconds.
        for (std::size_t index = 1; index < nodes_.size(); ++index) {
            for (std::size_t other = 0; other < index; ++other) {
                nodes_[index].ask({"CLUSTER", "MEET", "127.0.0.1",
                                   std::to_string(ports_[2 * other].port()),
                                   std::to_string(ports_[(2 * other) + 1].port())});
            }
        }
        for (RedisServer& node : nodes_) {
            node.wait_for({"CLUSTER", "INFO"},
                          "cluster_known_nodes:" + std::to_string(nodes_.size()));
            node.wait_for({"CLUSTER", "INFO"}, "cluster_size:3");
            node.wait_for({"CLUSTER", "INFO"}, "cluster_state:ok");
        }
    }
    /// A cluster tells of a replica once that has followed anything, a ping at least.
    void give_replicas() {
        for (std::size_t index = 0; index < primaries_count; ++index) {
            const std::string id = id_of(nodes_[index]);
            RedisServer& replica = nodes_[primaries_count + index];
            replica.wait_for({"CLUSTER", "REPLICATE", id}, "+OK");  // Once it knows that id.
            replica.wait_for({"INFO", "replication"}, "master_link_status:up");
            const std::string own_id = id_of(replica);
            for (std::size_t each = 0; each < primaries_count; ++each) {
                nodes_[each].wait_for({"CLUSTER", "SLOTS"}, own_id);
            }
        }
    }

    std::vector<ReservedPort> ports_;  ///< Of each node two: for clients, and for other nodes.
    std::deque<RedisServer> nodes_;
};

}  // namespace homeostat::conformance
