#pragma once

// RedisWorld: a cache on a real Redis (one, one with a replica, or a cluster) and its source of
// truth over HTTP, in a directory of its own. For tests only.

#include "homeostat/adapters/redis/cache_looker.hpp"
#include "homeostat/adapters/redis/redis_actuator.hpp"
#include "homeostat/adapters/redis/redis_nodes.hpp"
#include "homeostat/adapters/redis/redis_socket.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include "permit_for_test.hpp"
#include "redis_cluster.hpp"
#include "redis_server.hpp"
#include "truth_source.hpp"

#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::conformance {

class RedisWorld {
  public:
    enum class Kind : std::uint8_t { one, replicated, cluster, cluster_with_replicas };

    explicit RedisWorld(Kind kind = Kind::one)
        : kind_(kind),
          source_at_(net::UnixEndpoint{directory_.file("source.sock")}),
          source_(context, source_at_) {
        if (kind == Kind::one) {
            servers_.emplace_back(context, net::UnixEndpoint{directory_.file("redis.sock")},
                                  std::vector<std::string>{});
        } else if (kind == Kind::replicated) {
            start_replicated();
        } else {
            cluster_.emplace(context, directory_.file(""), kind == Kind::cluster_with_replicas);
        }
    }

    /// Of a cluster the primaries in order, then their replicas; else the primary, then its
    /// replica.
    [[nodiscard]] RedisServer& node(std::size_t index) {
        return cluster_ ? cluster_->node(index) : servers_[index];
    }
    /// The primary that a key belongs to.
    [[nodiscard]] RedisServer& keeper_of(std::string_view key) {
        return cluster_ ? cluster_->keeper_of(key) : servers_[0];
    }

    /// The entries of `fill` and `options`; in a cluster each is on another node.
    static constexpr std::array<std::string_view, 3> entries{"USD", "GBP", "SEK"};

    [[nodiscard]] redis::RedisPlace place() const {
        redis::RedisPlace place;
        if (cluster_) {
            place.cluster = cluster_->endpoints();
            place.reads_replicas = kind_ == Kind::cluster_with_replicas;
        } else {
            place.address = servers_[0].endpoint();
        }
        if (kind_ == Kind::replicated) {
            place.replicas = {servers_[1].endpoint()};
        }
        return place;
    }
    [[nodiscard]] redis::CacheOptions options() const {
        redis::CacheOptions options;
        options.cache = CacheId("quotes");
        options.redis = place();
        options.key = "fx:{entry}";
        options.entries = {entries.begin(), entries.end()};
        options.source = {source_at_, "/fx?currency={entry}"};
        options.field = "rate_ppm";
        options.max_age = Duration::zero();
        return options;
    }

    /// Three entries whose copies are right, wherever they are read.
    void fill() {
        for (const auto& [entry, rate] :
             {std::pair{"USD", "1083700"}, {"GBP", "856300"}, {"SEK", "11420000"}}) {
            tell(entry, rate);
            command({"SET", std::string("fx:") + entry, rate});
        }
    }
    /// What the source says of an entry from now on.
    void tell(const std::string& entry, const std::string& rate) {
        answer(entry, R"({"currency":"x","rate_ppm":)" + rate + "}");
    }

    /// Likewise, byte by byte.
    void answer(const std::string& entry, std::string body) {
        source_.truths["/fx?currency=" + entry] = std::move(body);
    }

    /// A command of the test's own about the key `words[1]`, as the service would send it. A
    /// replica has followed when this returns.
    void command(const std::vector<std::string>& words) {
        RedisServer& keeper = keeper_of(words.at(1));
        static_cast<void>(keeper.ask(words));
        if (kind_ == Kind::replicated || kind_ == Kind::cluster_with_replicas) {
            static_cast<void>(keeper.ask({"WAIT", "1", "1000"}));
        }
    }
    /// What is there of each key where it is written to.
    Result<redis::Values> get(std::vector<std::string> keys) {
        const redis::CopiesRead read = read_copies(std::move(keys));
        if (!read.is_whole()) {
            return std::unexpected(read.troubles.front().error);
        }
        redis::Values values;
        for (const redis::KeyCopies& copies : read.keys) {
            values.push_back(copies.at_primary);
        }
        return values;
    }
    redis::CopiesRead read_copies(std::vector<std::string> keys,
                                  Duration within = std::chrono::seconds{2}) {
        redis::RedisNodes nodes(context.get_executor(), place());
        return net::run_for_test(context,
                                 nodes.read(std::move(keys), net::now_for_test() + within));
    }
    Result<void> try_unlink(std::vector<std::string> keys) {
        const redis::RedisSocket socket(context.get_executor(), servers_[0].endpoint());
        return net::run_for_test(
            context,
            socket.try_unlink(std::move(keys), net::now_for_test() + std::chrono::seconds{2}));
    }
    Outcome perform(redis::CacheLooker& looker,
                    Step step,
                    Duration within = std::chrono::seconds{2}) {
        redis::RedisActuator actuator({&looker});
        return net::run_for_test(context, actuator.perform(request_for_test(std::move(step)),
                                                           net::now_for_test() + within));
    }
    CacheFacts look(redis::CacheLooker& looker, Duration within = std::chrono::seconds{2}) {
        return net::run_for_test(context, looker.look(net::now_for_test() + within));
    }

    boost::asio::io_context context;

  private:
    void start_replicated() {
        const std::uint16_t port = ports_.emplace_back().port();
        servers_.emplace_back(context, net::TcpEndpoint{"127.0.0.1", port},
                              std::vector<std::string>{"--repl-diskless-sync-delay", "0"});
        servers_.emplace_back(
            context, net::UnixEndpoint{directory_.file("replica.sock")},
            std::vector<std::string>{"--replicaof", "127.0.0.1 " + std::to_string(port)});
        servers_[1].wait_for({"INFO", "replication"}, "master_link_status:up");
    }

    Kind kind_;
    net::TemporaryDirectory directory_;
    net::Endpoint source_at_;
    TruthSource source_;
    std::deque<ReservedPort> ports_;
    std::deque<RedisServer> servers_;
    std::optional<RedisCluster> cluster_;
};

}  // namespace homeostat::conformance
