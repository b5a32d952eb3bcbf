#pragma once

// NodeSuspicion: that a node, rather than what runs on it, is what is wrong.
//
// By first-hand evidence alone: what places instances says that the node is out of reach, or all of
// ours on it are ill, two at least, while all of ours elsewhere are well. One ill instance alone
// says nothing of its node. It is told to people, with what they may do, and moves nothing: nodes
// belong to node tools.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/facts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace homeostat {

struct NodeSuspicion {
    std::string node;
    bool is_lost{false};         ///< It was said to be out of reach.
    std::uint32_t ill_count{0};  ///< Instances on it that do not run, or do not answer.
    std::uint32_t well_elsewhere_count{0};

    static void fields(auto& self, auto&& field) {
        field("node", self.node);
        field("is_lost", self.is_lost);
        field("ill_count", self.ill_count);
        field("well_elsewhere_count", self.well_elsewhere_count);
    }
    friend bool operator==(const NodeSuspicion&, const NodeSuspicion&) = default;
};

/// The first such node by its name; absent: none is suspected. A name that could be anything but a
/// name where a person pastes it into a shell counts as none.
[[nodiscard]] std::optional<NodeSuspicion> suspected_node(
    const std::vector<InstanceFacts>& instances);

/// "node n1 is suspected: …": why, and the command by which its keeper may taint it.
[[nodiscard]] std::string describe(const NodeSuspicion& suspicion);
/// The same behind another sentence, or nothing.
[[nodiscard]] std::string aside_of(const std::optional<NodeSuspicion>& suspicion);

}  // namespace homeostat
