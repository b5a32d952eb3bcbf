#include "homeostat/domain/node_suspicion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace homeostat {

namespace {

constexpr std::size_t node_name_bytes_max = 253;  // SOURCE: RFC 1123 subdomain, as nodes are named.

bool is_node_name(std::string_view name) {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    return !name.empty() && name.size() <= node_name_bytes_max && name.front() != '-' &&
           std::ranges::all_of(name, is_plain);
}

/// Of our instances on one node.
struct OnNode {
    bool is_lost{false};
    std::uint32_t ill_count{0};
    std::uint32_t well_count{0};
};

/// One that is on its way is neither.
std::map<std::string, OnNode> by_node(const std::vector<InstanceFacts>& instances) {
    std::map<std::string, OnNode> nodes;
    for (const InstanceFacts& instance : instances) {
        const RuntimeInstance& runtime = instance.runtime;
        if (!runtime.node || !is_node_name(runtime.node->name)) {
            continue;
        }
        OnNode& node = nodes[runtime.node->name];
        const bool is_well = runtime.is_alive && runtime.is_answering;
        node.is_lost = node.is_lost || runtime.node->is_lost;
        node.well_count += is_well ? 1 : 0;
        node.ill_count += is_well || runtime.is_coming ? 0 : 1;
    }
    return nodes;
}

}  // namespace

std::optional<NodeSuspicion> suspected_node(const std::vector<InstanceFacts>& instances) {
    const std::map<std::string, OnNode> nodes = by_node(instances);
    for (const auto& [name, node] : nodes) {
        std::uint32_t ill_elsewhere = 0;
        NodeSuspicion suspicion{.node = name, .is_lost = node.is_lost, .ill_count = node.ill_count};
        for (const auto& [other_name, other] : nodes) {
            const bool is_elsewhere = other_name != name;
            ill_elsewhere += is_elsewhere ? other.ill_count : 0;
            suspicion.well_elsewhere_count += is_elsewhere ? other.well_count : 0;
        }
        const bool stands_out = node.ill_count >= 2 && node.well_count == 0 && ill_elsewhere == 0 &&
                                suspicion.well_elsewhere_count > 0;
        if (stands_out || node.is_lost) {
            return suspicion;
        }
    }
    return std::nullopt;
}

std::string describe(const NodeSuspicion& suspicion) {
    const std::string seen =
        fmt::format("each of the {} instances on it is ill, and each of the {} elsewhere is well",
                    suspicion.ill_count, suspicion.well_elsewhere_count);
    return fmt::format(
        "node {} is suspected: {}; we change no node — who keeps it may keep new pods off it by "
        "`kubectl taint nodes {} homeostat.dev/suspected=true:NoSchedule`",
        suspicion.node,
        suspicion.is_lost ? "the cluster says of a pod that it is out of reach" : seen,
        suspicion.node);
}

std::string aside_of(const std::optional<NodeSuspicion>& suspicion) {
    return suspicion ? "; " + describe(*suspicion) : "";
}

}  // namespace homeostat
