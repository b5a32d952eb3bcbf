#include "homeostat/graph/shape.hpp"

#include "homeostat/base/fnv1a.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace homeostat::graph {

namespace {

using Names = std::set<std::string>;
using Edges = std::map<std::string, Names>;

constexpr std::size_t name_bytes_max = 64;

std::vector<std::string> ways_out_of(const NodeShape& node) {
    std::vector<std::string> out = node.successors;
    if (!node.on_error.empty()) {
        out.push_back(node.on_error);
    }
    return out;
}

Names reachable_from(const Names& starts, const Edges& edges) {
    Names seen = starts;
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

bool is_plain(const std::string& name) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && name.size() <= name_bytes_max && is_letter(name.front()) &&
           std::ranges::all_of(
               name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

Result<void> check_node(const NodeShape& node, const Names& names) {
    if (!is_plain(node.name)) {
        return fail(Fault::invalid,
                    "node name '" + node.name + "' is not of the form [a-z][a-z0-9_]*");
    }
    if (node.successors.empty() != (node.kind == NodeKind::end)) {
        return fail(Fault::invalid,
                    "node " + node.name + ": an end has no successor, every other node has one");
    }
    for (const std::string& successor : ways_out_of(node)) {
        if (!names.contains(successor)) {
            return fail(Fault::invalid,
                        "node " + node.name + " leads to '" + successor + "', which is no node");
        }
    }
    if (Names(node.successors.begin(), node.successors.end()).size() != node.successors.size()) {
        return fail(Fault::invalid, "node " + node.name + " names a successor twice");
    }
    if (node.on_error == node.name) {
        return fail(Fault::invalid, "node " + node.name + " cannot handle its own failure");
    }
    return {};
}

bool leads_to(const NodeShape& node, const std::string& name) {
    return std::ranges::find(node.successors, name) != node.successors.end();
}

/// A join waits for each of its sources, so a source that may choose another way, or fail and lead
/// nowhere, would let it wait for ever.
Result<void> check_way_to_join(const NodeShape& node, const NodeShape& join) {
    const bool leads = leads_to(node, join.name);
    if (leads && node.is_choice) {
        return fail(Fault::invalid, "node " + node.name + " may choose whether it leads to " +
                                        join.name + ", which waits for it");
    }
    if (leads && !node.on_error.empty()) {
        return fail(Fault::invalid, "an error may lead from node " + node.name + " past " +
                                        join.name + ", which waits for it");
    }
    return node.on_error != join.name
               ? Result<void>()
               : fail(Fault::invalid, "an error may lead from node " + node.name +
                                          " straight into " + join.name +
                                          ", which waits for others");
}

/// A node that leads to it without being one of its sources would let it run too early.
Result<void> check_join(const NodeShape& join, const std::vector<NodeShape>& nodes) {
    const Names wanted(join.after.begin(), join.after.end());
    if (wanted.contains(join.name)) {
        return fail(Fault::invalid, "node " + join.name + " waits for itself");
    }
    Names found;
    for (const NodeShape& node : nodes) {
        if (Result<void> checked = check_way_to_join(node, join); !checked) {
            return checked;
        }
        if (leads_to(node, join.name)) {
            found.insert(node.name);
        }
    }
    const bool is_right =
        found == wanted && wanted.size() >= 2 && join.after.size() == wanted.size();
    return is_right ? Result<void>()
                    : fail(Fault::invalid, "node " + join.name +
                                               ": the nodes that lead to it are not exactly the "
                                               "two or more that it waits for");
}

Result<void> check_joins(const std::vector<NodeShape>& nodes) {
    for (const NodeShape& node : nodes) {
        Result<void> checked = node.after.empty() ? Result<void>() : check_join(node, nodes);
        if (!checked) {
            return checked;
        }
    }
    return {};
}

/// A task that fails becomes one of the node for errors within its superstep, which goes on: there
/// is nothing to pause before.
Result<void> check_pauses(const std::vector<NodeShape>& nodes) {
    for (const NodeShape& node : nodes) {
        const auto found = std::ranges::find(nodes, node.on_error, &NodeShape::name);
        if (found != nodes.end() && found->pauses_before) {
            return fail(Fault::invalid, "node " + found->name + " deals with an error of node " +
                                            node.name + ": it cannot be paused before");
        }
    }
    return {};
}

Result<void> check_reachability(const std::vector<NodeShape>& nodes) {
    Edges forward;
    Edges backward;
    Names ends;
    for (const NodeShape& node : nodes) {
        for (const std::string& successor : ways_out_of(node)) {
            forward[node.name].insert(successor);
            backward[successor].insert(node.name);
        }
        if (node.kind == NodeKind::end) {
            ends.insert(node.name);
        }
    }
    const Names from_start = reachable_from({nodes.front().name}, forward);
    const Names to_end = reachable_from(ends, backward);
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

/// Everything of a shape as one text. Each part says how long it is, so that no two shapes are
/// alike.
class Description {
  public:
    Description& add(std::string_view part) {
        text_ += std::to_string(part.size()) + ":";
        text_ += part;
        return *this;
    }
    Description& add(std::uint64_t number) { return add(std::to_string(number)); }
    Description& add(const std::vector<std::string>& parts) {
        add(parts.size());
        for (const std::string& part : parts) {
            add(part);
        }
        return *this;
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string text_;
};

std::uint64_t digest_of(const Shape& shape, std::string_view extra) {
    Description description;
    description.add(shape.name).add(extra);
    for (const NodeShape& node : shape.nodes) {
        description.add(node.name)
            .add(std::uint64_t{std::to_underlying(node.kind)})
            .add(node.successors)
            .add(std::uint64_t{node.is_choice})
            .add(node.after)
            .add(node.on_error)
            .add(std::uint64_t{node.pauses_before});
    }
    return fnv1a(description.text());
}

}  // namespace

std::string to_hex(std::uint64_t number) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) {
        text += digits[(number >> static_cast<unsigned>(shift)) & 0xFU];
    }
    return text;
}

Result<Shape> make_shape(std::string name, std::vector<NodeShape> nodes, std::string_view extra) {
    if (nodes.empty()) {
        return fail(Fault::invalid, "a graph needs a node");
    }
    Names names;
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
    if (Result<void> checked = check_joins(nodes); !checked) {
        return std::unexpected(checked.error());
    }
    if (Result<void> checked = check_pauses(nodes); !checked) {
        return std::unexpected(checked.error());
    }
    if (Result<void> checked = check_reachability(nodes); !checked) {
        return std::unexpected(checked.error());
    }
    Shape shape{std::move(name), std::move(nodes), 0};
    shape.digest = digest_of(shape, extra);
    return shape;
}

std::string to_mermaid(const Shape& shape) {
    constexpr std::array<std::array<std::string_view, 2>, 4> brackets{
        {{"[", "]"}, {"{{", "}}"}, {"[/", "/]"}, {"([", "])"}}};
    std::string out = "flowchart TD\n";
    for (const NodeShape& node : shape.nodes) {
        const auto& [open, close] = brackets.at(std::to_underlying(node.kind));
        out += "    " + node.name + std::string(open) + node.name + std::string(close) + "\n";
    }
    for (const NodeShape& node : shape.nodes) {
        for (const std::string& successor : node.successors) {
            out += "    " + node.name + (node.is_choice ? " -.-> " : " --> ") + successor + "\n";
        }
        if (!node.on_error.empty()) {
            out += "    " + node.name + " -. error .-> " + node.on_error + "\n";
        }
    }
    return out;
}

}  // namespace homeostat::graph
