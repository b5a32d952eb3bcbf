#pragma once

// NodeFacts: the machine that an instance stands on, where somebody else places it.
//
// Nothing of ours acts on a node: whoever runs the cluster does, by what they are told of it
// (node_suspicion.hpp).
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"

#include <string>

namespace homeostat {

struct NodeFacts {
    std::string name;
    /// Whoever places instances has said of this one that its node is out of reach.
    bool is_lost{false};

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("is_lost", self.is_lost);
    }
    friend bool operator==(const NodeFacts&, const NodeFacts&) = default;
};

}  // namespace homeostat
