#include "homeostat/app/demo/redis_cluster.hpp"

#include <fmt/format.h>

#include <iterator>

namespace homeostat::app::demo {

std::string cluster_file(std::span<const RedisNode> nodes, std::size_t self) {
    constexpr std::size_t slots_count = 16'384;
    std::string text;
    for (std::size_t index = 0; index < nodes.size(); ++index) {
        const std::size_t first = slots_count * index / nodes.size();
        const std::size_t last = (slots_count * (index + 1) / nodes.size()) - 1;
        // A name of 40 hex digits, and an epoch of its own: two nodes of one epoch would quarrel.
        fmt::format_to(std::back_inserter(text),
                       "{:040x} 127.0.0.1:{}@{} {}master - 0 0 {} connected {}-{}\n", index + 1,
                       nodes[index].port, nodes[index].bus_port, index == self ? "myself," : "",
                       index + 1, first, last);
    }
    return text + fmt::format("vars currentEpoch {} lastVoteEpoch 0\n", nodes.size());
}

}  // namespace homeostat::app::demo
