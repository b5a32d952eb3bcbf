#pragma once

// The shape of a graph: names and edges, checked when it is built, drawn for people, and hashed so
// that a checkpoint never meets a graph that it was not written by.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::graph {

enum class NodeKind : std::uint8_t {
    think,  ///< Decides from its state and what it read.
    act,    ///< Causes effects. Never asks a person.
    ask,    ///< Waits for a person. Never causes an effect.
    end,    ///< The thread is over.
};

struct NodeShape {
    std::string name;  ///< [a-z_]+
    NodeKind kind{NodeKind::think};
    std::vector<std::string> successors;  ///< Every node that it may name next. Empty: an end.
};

struct Shape {
    std::string name;
    std::vector<NodeShape> nodes;  ///< The first is where a thread begins.
    std::string digest;            ///< 16 hex digits over names, kinds and edges.
};

/// ERRORS: invalid, naming the node and what is wrong with it.
[[nodiscard]] Result<Shape> make_shape(std::string name, std::vector<NodeShape> nodes);

/// As a Mermaid flowchart: act nodes as hexagons, ask nodes as slanted boxes, ends rounded.
[[nodiscard]] std::string to_mermaid(const Shape& shape);

}  // namespace homeostat::graph
