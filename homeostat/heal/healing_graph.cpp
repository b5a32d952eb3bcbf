#include "homeostat/heal/healing_graph.hpp"

#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

HealingGraph build() {
    using enum graph::NodeKind;
    std::vector<graph::Node<Incident>> nodes{
        {{"open", think, {"guard"}}, node::open},
        {{"guard", think, {"act", "ask", "rejudge", "escalate", "stand_by", "hold", "close"}},
         node::guard},
        {{"ask", ask, {"escalate", "close"}}, node::ask},
        {{"act", act, {"verify", "rejudge", "escalate", "hold", "close"}}, node::act},
        {{"verify", think, {"close", "hold", "undo", "guard", "rejudge"}}, node::verify},
        {{"undo", think, {"act"}}, node::undo},
        {{"hold", think, {"give_back", "guard"}}, node::hold},
        {{"give_back", think, {"act"}}, node::give_back},
        {{"rejudge", think, {"guard", "escalate", "close"}}, node::rejudge},
        {{"escalate", think, {"stand_by", "hold"}}, node::escalate},
        {{"stand_by", think, {"hold", "close"}}, node::stand_by},
        {{"close", end, {}}, node::close},
    };
    Result<HealingGraph> graph = HealingGraph::build("healing", std::move(nodes));
    ensure(graph.has_value(), "the healing graph is well formed");
    return std::move(*graph);
}

}  // namespace

const HealingGraph& healing_graph() {
    static const HealingGraph graph = build();
    return graph;
}

}  // namespace homeostat::heal
