#include "homeostat/heal/healing_graph.hpp"

#include "homeostat/heal/healing_put_off.hpp"

#include <algorithm>
#include <utility>
#include <vector>

template class homeostat::graph::StateGraph<homeostat::heal::Incident>;

namespace homeostat::heal {

namespace {

using HealingNode = graph::Node<Incident>;
using NodeLogic = HealingTurn (*)(IncidentState, const HealingEvent&, const HealingContext&);

/// One remedy is one superstep of `act`, with dozens of effects. A process may die in each, and its
/// successor settles it: that is progress. What makes none is stopped by its pace.
constexpr std::uint32_t deaths_max = 1'000;

/// The zero of each boot's clock: every process of it started later.
constexpr Instant boot_began_at{};

/// After a reboot: how long something has lasted cannot be told any more, and what runs by now is
/// younger than anything that was begun before.
void begin_waits_anew(IncidentState& state, Instant now) {
    state.opened_at = now;
    state.node_since = now;
    state.refused_since.reset();
    state.heed_until = state.heed_until ? std::optional(now) : std::nullopt;
    state.silence = {};
    state.suspended_since.reset();
    if (state.judge_again_at) {
        state.judge_again_at = now + node::judge_again_first;
    }
    if (state.plan) {
        state.plan->began_at = boot_began_at;
        state.plan->step_last_at = now;
        state.plan->drain_began_at = now;
        state.plan->looked_at.reset();
    }
    const auto hold_anew = [now](act::Held& held) {
        // What a person wants back at once has no time of its own.
        held.until = held.is_ordered ? now : now + (held.until - held.since);
        held.since = now;
        held.again_at.reset();
    };
    std::ranges::for_each(state.held_beside, hold_anew);
    if (state.held) {
        hold_anew(*state.held);
    }
}

graph::Turn<Incident> to_turn(HealingTurn said, const graph::NodeShape& shape) {
    graph::Turn<Incident> turn;
    turn.set<&IncidentChannels::incident>(std::move(said.state));
    for (Entry& entry : said.records) {
        turn.record(std::move(entry));
    }
    for (Incident::Command& command : said.commands) {
        turn.command(std::move(command));
    }
    const bool is_only_way = shape.successors.size() == 1 && shape.successors.front() == said.next;
    if (shape.kind == graph::NodeKind::end || is_only_way) {
        turn.done();
    } else if (!said.next.empty()) {
        turn.to(said.next);
    } else if (said.wake_at) {
        turn.stay_until(*said.wake_at);
    }
    return turn;
}

HealingNode node_for(graph::NodeShape shape, NodeLogic logic) {
    shape.is_choice = shape.successors.size() > 1;
    HealingNode node;
    node.shape = shape;
    node.run = [shape = std::move(shape), logic](const IncidentChannels& state,
                                                 const HealingEvent& event,
                                                 const HealingContext& context) {
        IncidentState incident = state.incident;
        if (incident.boot != context.around.boot) {
            begin_waits_anew(incident, context.now);
            incident.boot = context.around.boot;
        }
        return to_turn(logic(std::move(incident), event, context), shape);
    };
    return node;
}

graph::Ask<Incident> asking(Duration question_for_max) {
    graph::Ask<Incident> ask;
    ask.question = [](const IncidentChannels& state, const HealingContext&) {
        return Question{state.incident.proposal.choice.remedy, state.incident.asked_about};
    };
    ask.by_silence = Answer{};
    ask.silence_for_max = question_for_max;
    return ask;
}

const IncidentState* written_by(const graph::Write<IncidentChannels>& write) {
    const auto* incident = std::get_if<0>(&write);
    return incident == nullptr ? nullptr : &incident->value;
}

/// What the tasks have written so far; null: nothing.
const IncidentState* written_in(const graph::Progress<Incident>& progress) {
    for (const graph::Task<Incident>& task : progress.tasks) {
        if (!task.writes.empty()) {
            return written_by(task.writes.front());
        }
    }
    return nullptr;
}

}  // namespace

HealingGraph healing_graph(Duration question_for_max) {
    using enum graph::NodeKind;
    std::vector<HealingNode> nodes{
        node_for({"open", think, {"guard"}}, node::open),
        node_for(
            {"guard", think, {"act", "ask", "rejudge", "escalate", "stand_by", "hold", "close"}},
            node::guard),
        node_for({"ask", ask, {"guard", "escalate", "close"}}, node::ask),
        node_for(
            {"act", act, {"verify", "guard", "rejudge", "escalate", "stand_by", "hold", "close"}},
            node::act),
        node_for({"verify", think, {"close", "hold", "undo", "guard", "rejudge", "stand_by"}},
                 node::verify),
        node_for({"undo", think, {"act"}}, node::undo),
        node_for({"hold", think, {"give_back", "guard"}}, node::hold),
        node_for({"give_back", think, {"act"}}, node::give_back),
        node_for({"rejudge", think, {"guard", "escalate", "stand_by", "close"}}, node::rejudge),
        node_for({"escalate", think, {"stand_by", "hold"}}, node::escalate),
        node_for({"stand_by", think, {"hold", "rejudge", "close"}}, node::stand_by),
        node_for({"close", end, {}}, node::close),
    };
    for (HealingNode& node : nodes) {
        if (node.shape.kind == ask) {
            node.ask = asking(question_for_max);
        }
    }
    Result<HealingGraph> graph =
        HealingGraph::build("healing", std::move(nodes), {.deaths_max = deaths_max});
    ensure(graph.has_value(), "the healing graph is well formed");
    return std::move(*graph);
}

const IncidentState& incident_of(const HealingThread& thread) {
    const IncidentState* written = written_in(thread.progress);
    return written == nullptr ? thread.state.incident : *written;
}

const IncidentState& incident_of(const HealingThread& before, const HealingAdvance& step) {
    if (const IncidentState* written = written_in(step.delta.progress)) {
        return *written;
    }
    return step.delta.writes.empty() ? before.state.incident
                                     : *written_by(step.delta.writes.front());
}

std::string node_of(const HealingThread& thread) {
    const auto& progress = thread.progress;
    if (progress.status == graph::ThreadStatus::parked) {
        return "parked";
    }
    return progress.tasks.empty() ? "close" : progress.tasks.front().node;
}

bool is_running(const HealingThread& thread) {
    return thread.progress.status == graph::ThreadStatus::running;
}

const HealingQuestion* question_of(const HealingThread& thread) {
    const auto& tasks = thread.progress.tasks;
    const bool asks = !tasks.empty() && tasks.front().question;
    return asks ? &*tasks.front().question : nullptr;
}

std::string text_of(const HealingThread& thread, const HealingQuestion& question) {
    const std::optional<HoldBack>& held_back = incident_of(thread).proposal.choice.held_back;
    std::string doubt;
    if (held_back) {
        doubt = ", though it is held back (" + std::string(to_text(held_back->by)) + ")";
    }
    return thread.id + ": may I " + describe(question.question.remedy) + doubt + "?";
}

std::string id_of(const HealingQuestion& question) {
    const std::string content = question.id + to_text(to_json(question.question));
    return graph::to_hex(graph::hash_of(content).low);
}

std::string ways_to_answer(const HealingThread& thread, const HealingQuestion& question) {
    const std::string what = " " + thread.id + " --question " + id_of(question);
    return "homeostat approve" + what + ", or homeostat deny" + what;
}

HealingInput fitted_to(const HealingThread& thread, HealingInput input) {
    const auto* told = std::get_if<graph::Tell<Incident>>(&input);
    const bool is_cleared = told != nullptr && std::holds_alternative<Cleared>(told->message);
    const HealingQuestion* question = question_of(thread);
    if (is_cleared && question != nullptr) {
        return graph::Reply<Incident>{{AnswerKind::cleared}, question->id};
    }
    return input;
}

}  // namespace homeostat::heal
