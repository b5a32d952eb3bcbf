// What it costs to drop known keys of a Redis cluster: three nodes of our own on this machine, with
// 200,000 keys between them that nobody touches. Each round puts the keys there, drops them and
// reads each of them again.
//
// The floor of a round is as many PINGs to the same nodes, sent and read in the same way: what the
// dropping itself adds is what lies above. Each figure is of all rounds; p99 of 100 rounds is the
// second slowest.
//
//     build/release/bin/redis_invalidate_bench

#include "homeostat/adapters/redis/redis_nodes.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/child.hpp"

#include "../tests/conformance/redis_cluster.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat {

namespace {

namespace redis = adapters::redis;
using Seconds = std::chrono::duration<double>;

constexpr int rounds_count = 100;
constexpr const char* background_keys_each = "66667";

double quantile_us(std::vector<Seconds> times, double share) {
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(times.size() - 1));
    std::nth_element(times.begin(), times.begin() + at, times.end());
    return 1e6 * times[static_cast<std::size_t>(at)].count();
}

template <class Work>
Seconds time_of(Work work) {
    const auto began_at = std::chrono::steady_clock::now();
    work();
    return std::chrono::steady_clock::now() - began_at;
}

/// The three nodes, and one of us who has spoken to them before.
class Scene {
  public:
    Scene() : cluster_(context_, directory_.file("")) {
        for (std::size_t node = 0; node < conformance::primaries_count; ++node) {
            cluster_.node(node).ask({"DEBUG", "POPULATE", background_keys_each, "background"});
        }
        redis::RedisPlace place;
        place.cluster = cluster_.endpoints();
        nodes_.emplace(context_.get_executor(), std::move(place));
    }

    void put(const std::vector<std::string>& keys) {
        std::array<std::string, conformance::primaries_count> commands;
        std::array<std::size_t, conformance::primaries_count> counts{};
        for (const std::string& key : keys) {
            const std::size_t node = node_of(key);
            commands[node] += redis::command_of({"SET", key, "1083700"});
            counts[node] += 1;
        }
        for (std::size_t node = 0; node < commands.size(); ++node) {
            cluster_.node(node).ask_all(commands[node], counts[node]);
        }
    }
    void drop(const std::vector<std::string>& keys) {
        const redis::Unlinked unlinked = net::run_for_test(context_, nodes_->unlink(keys, soon()));
        ensure(unlinked.there_count == keys.size(), "every key was there and is dropped");
    }
    void look(const std::vector<std::string>& keys) {
        const redis::CopiesRead read = net::run_for_test(context_, nodes_->read(keys, soon()));
        ensure(read.is_whole() && std::ranges::none_of(read.keys,
                                                       [](const redis::KeyCopies& key) {
                                                           return key.at_primary.has_value();
                                                       }),
               "no key is there any more");
    }
    void ping(const std::vector<std::string>& keys) {
        std::array<std::string, conformance::primaries_count> commands;
        std::array<std::size_t, conformance::primaries_count> counts{};
        for (const std::string& key : keys) {
            commands[node_of(key)] += redis::command_of({"PING"});
            counts[node_of(key)] += 1;
        }
        net::run_for_test(context_, ping_all(std::move(commands), counts));
    }

  private:
    using Commands = std::array<std::string, conformance::primaries_count>;
    using Counts = std::array<std::size_t, conformance::primaries_count>;

    static Instant soon() { return net::now_for_test() + std::chrono::seconds{5}; }

    [[nodiscard]] std::size_t node_of(const std::string& key) {
        return &cluster_.keeper_of(key) == &cluster_.node(0)   ? 0
               : &cluster_.keeper_of(key) == &cluster_.node(1) ? 1
                                                               : 2;
    }
    Task<void> ping_all(Commands commands, Counts counts) {
        using boost::asio::experimental::awaitable_operators::operator&&;
        std::vector<redis::RedisSocket> sockets;
        for (const net::Endpoint& endpoint : cluster_.endpoints()) {
            sockets.emplace_back(context_.get_executor(), endpoint);
        }
        Task<redis::Answers> first = sockets[0].ask(commands[0], counts[0], soon());
        Task<redis::Answers> second = sockets[1].ask(commands[1], counts[1], soon());
        Task<redis::Answers> third = sockets[2].ask(commands[2], counts[2], soon());
        const auto answers = co_await (std::move(first) && std::move(second) && std::move(third));
        ensure(std::get<0>(answers).end && std::get<1>(answers).end && std::get<2>(answers).end,
               "every PING is answered");
    }

    boost::asio::io_context context_;
    net::TemporaryDirectory directory_;
    conformance::RedisCluster cluster_;
    std::optional<redis::RedisNodes> nodes_;
};

void invalidate(benchmark::State& state) {
    Scene scene;
    std::vector<std::string> keys;
    for (int index = 0; index < state.range(0); ++index) {
        keys.push_back("fx:" + std::to_string(index));
    }
    scene.put(keys);
    scene.drop(keys);  // Who keeps what is known from now on, as it is to whoever looks all day.
    std::vector<Seconds> drops;
    std::vector<Seconds> looks;
    std::vector<Seconds> floors;
    for ([[maybe_unused]] const auto iteration : state) {
        scene.put(keys);
        floors.push_back(time_of([&] { scene.ping(keys); }));
        drops.push_back(time_of([&] { scene.drop(keys); }));
        looks.push_back(time_of([&] { scene.look(keys); }));
        state.SetIterationTime((drops.back() + looks.back()).count());
    }
    state.counters["drop_p50_us"] = quantile_us(drops, 0.5);
    state.counters["drop_p99_us"] = quantile_us(drops, 0.99);
    state.counters["look_p50_us"] = quantile_us(looks, 0.5);
    state.counters["look_p99_us"] = quantile_us(looks, 0.99);
    state.counters["ping_p50_us"] = quantile_us(floors, 0.5);
    state.counters["drop_to_ping"] = quantile_us(drops, 0.5) / quantile_us(floors, 0.5);
}

BENCHMARK(invalidate)
    ->Arg(100)
    ->Arg(1'000)
    ->Arg(10'000)
    ->UseManualTime()
    ->Iterations(rounds_count)
    ->Unit(benchmark::kMillisecond);

}  // namespace

}  // namespace homeostat

int main(int count, char** arguments) {
    benchmark::Initialize(&count, arguments);
    if (!homeostat::conformance::has_redis()) {
        return 0;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
