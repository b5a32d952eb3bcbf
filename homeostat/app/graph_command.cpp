// homeostat graph: the healing graph as it is in this program, drawn.

#include "homeostat/app/commands.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/heal/healing_graph.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

std::string_view name_of(graph::NodeKind kind) {
    constexpr std::array<std::string_view, 4> names{"think", "act", "ask", "end"};
    return names.at(std::to_underlying(kind));
}

json::value document_of(const graph::Shape& shape) {
    json::array nodes;
    json::array edges;
    for (const graph::NodeShape& node : shape.nodes) {
        json::object drawn;
        drawn["node"] = json::value(node.name);
        drawn["kind"] = json::value(std::string(name_of(node.kind)));
        nodes.push_back(std::move(drawn));
        for (const std::string& successor : node.successors) {
            json::object edge;
            edge["from"] = json::value(node.name);
            edge["to"] = json::value(successor);
            edge["is_choice"] = node.is_choice;
            edges.push_back(std::move(edge));
        }
    }
    json::object document;
    document["graph"] = json::value(shape.name);
    document["digest"] = json::value(graph::to_hex(shape.digest));
    document["nodes"] = std::move(nodes);
    document["edges"] = std::move(edges);
    return document;
}

}  // namespace

ExitStatus show_graph(const GraphOptions& options) {
    // How long a question waits is no part of what is drawn.
    const heal::HealingGraph healing = heal::healing_graph(std::chrono::minutes{1});
    fmt::print("{}", options.is_json ? to_pretty_text(document_of(healing.shape()))
                                     : graph::to_mermaid(healing.shape()));
    return ExitStatus::ok;
}

}  // namespace homeostat::app
