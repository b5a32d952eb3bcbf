#pragma once

// The healing graph: the executor's half of the loop, as a table of nodes.
//
//     open → guard → act → verify → close
//              │       │       ├→ undo → act (once) → rejudge
//              │       │       ├→ rejudge → guard (a lower class, once)
//              │       │       ├→ guard (a process that has ended again)
//              │       │       └→ hold → give_back → act → verify  (a temporary remedy)
//              │       └→ escalate  └→ guard  (a cure, while a stopgap holds)
//              ├→ ask  (a person has to say yes)
//              ├→ stand_by (not allowed to act: watch until it passes; → hold, if an effect of
//              │            unknown fate turns out to have happened)
//              └→ escalate → stand_by
//
// `graph::to_mermaid(healing_graph().shape())` draws the whole of it.

#include "homeostat/graph/graph.hpp"
#include "homeostat/heal/incident.hpp"

namespace homeostat::heal {

using HealingGraph = graph::Graph<Incident>;
using HealingThread = graph::Thread<Incident>;
using HealingEvent = graph::Event<Incident>;
using HealingContext = graph::Context<Incident>;
using HealingTurn = graph::Turn<Incident>;

/// The graph that every incident runs on.
[[nodiscard]] const HealingGraph& healing_graph();

// Nodes, as functions of the names that they have in the graph: healing_nodes.cpp has them, but
// hold, give_back and stand_by stand in healing_nodes_held.cpp.
namespace node {
[[nodiscard]] HealingTurn open(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn guard(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn ask(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn act(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn verify(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn undo(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn hold(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn give_back(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn rejudge(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn escalate(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn stand_by(IncidentState, const HealingEvent&, const HealingContext&);
[[nodiscard]] HealingTurn close(IncidentState, const HealingEvent&, const HealingContext&);
}  // namespace node

}  // namespace homeostat::heal
