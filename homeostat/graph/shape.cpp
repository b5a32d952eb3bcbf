#include "homeostat/graph/shape.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace homeostat::graph {

namespace {

using Edges = std::map<std::string, std::set<std::string>>;

std::set<std::string> reachable_from(const std::set<std::string>& starts, const Edges& edges) {
    std::set<std::string> seen = starts;
    std::vector<std::string> frontier(starts.begin(), starts.end());
    while (!frontier.empty()) {
        const std::string node = std::move(frontier.back());
        frontier.pop_back();
        const auto outgoing = edges.find(node);
        if (outgoing == edges.end()) {
            continue;
        }
        for (const std::string& next : outgoing->second) {
            if (seen.insert(next).second) {
                frontier.push_back(next);
            }
        }
    }
    return seen;
}

Result<void> check_node(const NodeShape& node, const std::set<std::string>& names) {
    const bool is_plain = !node.name.empty() && std::ranges::all_of(node.name, [](char c) {
        return (c >= 'a' && c <= 'z') || c == '_';
    });
    if (!is_plain) {
        return fail(Fault::invalid, "node name '" + node.name + "' is not of the form [a-z_]+");
    }
    if (node.successors.empty() != (node.kind == NodeKind::end)) {
        return fail(Fault::invalid,
                    "node " + node.name + ": an end has no successor, every other node has one");
    }
    for (const std::string& successor : node.successors) {
        if (!names.contains(successor)) {
            return fail(Fault::invalid,
                        "node " + node.name + " leads to '" + successor + "', which is no node");
        }
    }
    return {};
}

Result<void> check_reachability(const std::vector<NodeShape>& nodes) {
    Edges forward;
    Edges backward;
    std::set<std::string> ends;
    for (const NodeShape& node : nodes) {
        for (const std::string& successor : node.successors) {
            forward[node.name].insert(successor);
            backward[successor].insert(node.name);
        }
        if (node.kind == NodeKind::end) {
            ends.insert(node.name);
        }
    }
    const std::set<std::string> from_start = reachable_from({nodes.front().name}, forward);
    const std::set<std::string> to_end = reachable_from(ends, backward);
    for (const NodeShape& node : nodes) {
        if (!from_start.contains(node.name)) {
            return fail(Fault::invalid, "node " + node.name + " cannot be reached");
        }
        if (!to_end.contains(node.name)) {
            return fail(Fault::invalid, "no end can be reached from node " + node.name);
        }
    }
    return {};
}

std::string digest_of(const Shape& shape) {
    std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a: tells versions apart, keeps no secret.
    const auto mix = [&hash](std::string_view text) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
        }
        hash = (hash ^ 0xFFU) * 0x100000001B3ULL;  // So that "ab","c" is not "a","bc".
    };
    mix(shape.name);
    for (const NodeShape& node : shape.nodes) {
        mix(node.name);
        mix(std::to_string(static_cast<unsigned>(node.kind)));
        for (const std::string& successor : node.successors) {
            mix(successor);
        }
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) {
        text += digits[(hash >> static_cast<unsigned>(shift)) & 0xFU];
    }
    return text;
}

}  // namespace

Result<Shape> make_shape(std::string name, std::vector<NodeShape> nodes) {
    if (nodes.empty()) {
        return fail(Fault::invalid, "a graph needs a node");
    }
    std::set<std::string> names;
    for (const NodeShape& node : nodes) {
        if (!names.insert(node.name).second) {
            return fail(Fault::invalid, "node " + node.name + " stands twice");
        }
    }
    for (const NodeShape& node : nodes) {
        if (Result<void> checked = check_node(node, names); !checked) {
            return std::unexpected(checked.error());
        }
    }
    if (Result<void> checked = check_reachability(nodes); !checked) {
        return std::unexpected(checked.error());
    }
    Shape shape{std::move(name), std::move(nodes), {}};
    shape.digest = digest_of(shape);
    return shape;
}

std::string to_mermaid(const Shape& shape) {
    constexpr std::array<std::array<std::string_view, 2>, 4> brackets{
        {{"[", "]"}, {"{{", "}}"}, {"[/", "/]"}, {"([", "])"}}};
    std::string out = "flowchart TD\n";
    for (const NodeShape& node : shape.nodes) {
        const auto& [open, close] = brackets.at(static_cast<std::size_t>(node.kind));
        out += "    " + node.name + std::string(open) + node.name + std::string(close) + "\n";
    }
    for (const NodeShape& node : shape.nodes) {
        for (const std::string& successor : node.successors) {
            out += "    " + node.name + " --> " + successor + "\n";
        }
    }
    return out;
}

}  // namespace homeostat::graph
