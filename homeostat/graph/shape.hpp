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
    end,    ///< A path of the thread is over here.
};

struct NodeShape {
    std::string name;  ///< [a-z][a-z0-9_]*
    NodeKind kind{NodeKind::think};
    std::vector<std::string> successors{};  ///< Empty: an end.
    bool is_choice{false};  ///< It names which of them come next; else all do, side by side.
    std::vector<std::string> after{};  ///< A join: it runs once all of these have led to it.
    std::string on_error{};     ///< Where a failure for good leads; empty: it stops the thread.
    bool pauses_before{false};  ///< The thread waits to be released in front of it.
};

struct Shape {
    std::string name;
    std::vector<NodeShape> nodes;  ///< The first is where a thread begins.
    std::uint64_t digest{0};       ///< Over all of it and what was given as `extra`.
};

/// 16 digits, as a digest is shown.
[[nodiscard]] std::string to_hex(std::uint64_t number);

/// `extra` is what else a checkpoint depends on: channels, their reducers, layouts of the types.
/// ERRORS: invalid, naming the node and what is wrong with it: a name that stands twice or is not
/// plain; an edge to nowhere; a node that cannot be reached, or from which no end can be; a join
/// whose sources are not exactly the nodes that lead to it, each once, or one of which may choose
/// or fail and then lead elsewhere; a node for errors that is a join or is paused before.
[[nodiscard]] Result<Shape> make_shape(std::string name,
                                       std::vector<NodeShape> nodes,
                                       std::string_view extra = {});

/// As a Mermaid flowchart: act nodes as hexagons, ask nodes as slanted boxes, ends rounded; what is
/// chosen between is dotted, the way of an error is labelled.
[[nodiscard]] std::string to_mermaid(const Shape& shape);

}  // namespace homeostat::graph
