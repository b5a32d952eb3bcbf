// The world's Redis: one, or three nodes that are a cluster; and what is asked of its source.

#include "homeostat/app/demo/redis_cluster.hpp"
#include "homeostat/app/demo/source_reads.hpp"
#include "homeostat/app/demo/world.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/fd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <string_view>
#include <utility>

namespace homeostat::app::demo {

namespace {

using namespace std::chrono_literals;

std::string node_name(int index) {
    return "redis-node-" + std::to_string(index);
}

/// It keeps nothing on the disk.
std::vector<std::string> redis_command(int port, const std::filesystem::path& directory) {
    return {path_of("redis-server"),
            "--bind",
            "127.0.0.1",
            "--port",
            std::to_string(port),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            directory.string(),
            "--maxmemory",
            "16mb"};
}

/// What it says at once to one command; empty: nothing.
std::string answer_of(int port, std::string_view command) {
    const os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);  // The sockets API's own cast.
    std::array<char, 4'096> buffer{};
    const bool is_sent =
        socket.number() >= 0 &&
        ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
        ::connect(socket.number(), raw, sizeof address) == 0 &&
        ::write(socket.number(), command.data(), command.size()) ==
            static_cast<ssize_t>(command.size());
    const ssize_t count = is_sent ? ::read(socket.number(), buffer.data(), buffer.size()) : 0;
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

}  // namespace

std::vector<int> World::redis_ports() const {
    if (!options_.has_redis_cluster) {
        return {ports_.at("redis")};
    }
    std::vector<int> ports;
    for (int index = 0; index < redis_nodes_count; ++index) {
        ports.push_back(ports_.at(node_name(index)));
    }
    return ports;
}

Result<void> World::start_redis() {
    if (options_.has_redis_cluster) {
        return start_redis_cluster();
    }
    return start_program(
        "redis",
        {.argv = redis_command(ports_["redis"], options_.directory), .directory = {}, .log = {}});
}

Result<void> World::start_redis_cluster() {
    std::vector<RedisNode> nodes;
    for (int index = 0; index < redis_nodes_count; ++index) {
        nodes.push_back({ports_[node_name(index)], ports_[node_name(index) + "-bus"]});
    }
    for (int index = 0; index < redis_nodes_count; ++index) {
        const std::string name = node_name(index);
        const std::filesystem::path directory = options_.directory / name;
        std::filesystem::create_directories(directory);
        std::ofstream(directory / "nodes.conf")
            << cluster_file(nodes, static_cast<std::size_t>(index));
        ProgramOptions node;
        node.argv = redis_command(ports_[name], directory);
        node.argv.insert(
            node.argv.end(),
            {"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-port",
             std::to_string(ports_[name + "-bus"]), "--cluster-announce-ip", "127.0.0.1"});
        if (Result<void> started = start_program(name, node); !started) {
            return started;
        }
    }
    // Two seconds: a node that has just started waits for what others have to say first.
    const auto are_one = [this] {
        return std::ranges::all_of(redis_ports(), [](int port) {
            return answer_of(port, "CLUSTER INFO\r\n").contains("cluster_state:ok");
        });
    };
    return wait_until("the nodes of Redis are a cluster", 20s, are_one);
}

std::vector<Instant> World::source_reads() const {
    const WallTime wall_now = os::read_wall_clock();
    const Instant now = demo_now();
    std::vector<Instant> reads;
    for (const WallTime at : reads_in(read_file(options_.directory / "rates-0.log"))) {
        reads.push_back(now - (wall_now - at));
    }
    return reads;
}

}  // namespace homeostat::app::demo
