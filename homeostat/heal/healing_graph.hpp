#pragma once

// The healing graph: the executor's half of the loop, as a table of nodes.
//
//     open → guard → act → verify → close
//              │       │       ├→ undo → act (once) → rejudge
//              │       │       ├→ rejudge → guard (a lower class, once)
//              │       │       ├→ guard (a process that has ended again)
//              │       │       └→ hold → give_back → act → verify  (a temporary remedy)
//              │       └→ escalate  └→ guard  (a cure, while a stopgap holds)
//              ├→ ask → guard  (a person has said yes; else → escalate)
//              ├→ stand_by (not allowed to act: watch until it passes; → hold, if an effect of
//              │            unknown fate turns out to have happened; → rejudge, after a while,
//              │            where what was in the way passes by itself)
//              └→ escalate → stand_by → hold  (what a remedy that was given up has left drained)
//
// `graph::to_mermaid(graph.shape())` draws the whole of it. What a node leaves the incident as
// is one channel; a node that stays has its last word kept with its task, so ask `incident_of`.

#include "homeostat/graph/state_graph.hpp"
#include "homeostat/heal/incident.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Compiled once, in healing_graph.cpp: it is by far the heaviest template of ours.
extern template class homeostat::graph::StateGraph<homeostat::heal::Incident>;

namespace homeostat::heal {

using HealingGraph = graph::StateGraph<Incident>;
using HealingThread = graph::Thread<Incident>;
using HealingInput = graph::Input<Incident>;
using HealingAdvance = graph::Advance<Incident>;
using HealingEvent = graph::Event<Incident>;
using HealingContext = graph::Context<Incident>;
using HealingCommand = graph::Addressed<Incident>;
using HealingQuestion = graph::OpenQuestion<Incident>;

/// What a node makes of an event.
struct HealingTurn {
    IncidentState state;
    std::string_view next{};  ///< A declared successor; empty: stay and wait.
    std::vector<Entry> records{};
    std::vector<Incident::Command> commands{};
    std::optional<Instant> wake_at{};  ///< While it stays: send Woken then.
};

/// The graph that every incident runs on. `question_for_max` is above 0: silence after it is "no".
[[nodiscard]] HealingGraph healing_graph(Duration question_for_max);

/// The incident as the latest turn left it.
[[nodiscard]] const IncidentState& incident_of(const HealingThread& thread);
/// As it will be after the step.
[[nodiscard]] const IncidentState& incident_of(const HealingThread& before,
                                               const HealingAdvance& step);

/// The node that the thread is at; "parked" if a person has to look first, "close" once it is over.
[[nodiscard]] std::string node_of(const HealingThread& thread);

[[nodiscard]] bool is_running(const HealingThread& thread);

/// What a person is asked at present; null: nothing.
[[nodiscard]] const HealingQuestion* question_of(const HealingThread& thread);

/// The question as a person is asked it.
[[nodiscard]] std::string text_of(const HealingThread& thread, const HealingQuestion& question);

/// 16 hex digits by which a person quotes it: of the thread, of what would be done and of the world
/// that it would be done to. Another world, another id.
[[nodiscard]] std::string id_of(const HealingQuestion& question);

/// The commands that answer it.
[[nodiscard]] std::string ways_to_answer(const HealingThread& thread,
                                         const HealingQuestion& question);

/// Whoever waits for an answer is told in its terms that the symptom is gone.
[[nodiscard]] HealingInput fitted_to(const HealingThread& thread, HealingInput input);

// Nodes, as functions of the names that they have in the graph: healing_nodes.cpp has them, but
// hold, give_back and stand_by stand in healing_nodes_held.cpp, ask and rejudge in
// healing_nodes_asking.cpp, undo in healing_undo.cpp.
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
