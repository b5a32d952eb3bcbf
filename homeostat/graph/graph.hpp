#pragma once

// A durable state graph: nodes, declared edges, checkpoints and waits, for threads that must go on
// where they were after kill -9.
//
// One call of `advance` is one superstep. It is pure: it takes the thread, an event and the time,
// and gives back the thread as it should be, the records to keep and the commands to carry out. The
// driver writes the records and the checkpoint first, as one group, and only then carries out the
// commands. So nothing happens that was not written down before, and a thread whose process died
// finds itself in front of a node with a command of unknown fate: it gets the event Resumed and has
// to look at the world. No node is ever run again to get there (no replay of code, ADR 0001).
//
// This library knows nothing of healing. A domain is a struct with five types:
//     State    the thread's data; `fields()` makes it durable (base/fields.hpp)
//     Message  what the world sends to a waiting node
//     Command  what a node asks the driver to do; may be move-only
//     Record   what a node wants kept for ever
//     Around   what nodes may read besides their own state
//
// Pure. Not thread-safe; one thread of a graph is advanced by one driver at a time.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/graph/pace.hpp"
#include "homeostat/graph/shape.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::graph {

/// The thread came to this node just now.
struct Entered {};
/// The time that the node asked for has come.
struct Woken {};
/// The process ended while the node waited; replies to its commands are lost.
struct Resumed {};

template <class D>
using Event = std::variant<Entered, Woken, Resumed, typename D::Message>;

template <class D>
struct Context {
    Instant now;
    const typename D::Around& around;
};

/// What a node makes of an event.
template <class D>
struct Turn {
    typename D::State state;
    std::string_view next{};  ///< A declared successor; empty: stay and wait.
    std::vector<typename D::Record> records{};
    std::vector<typename D::Command> commands{};
    std::optional<Instant> wake_at{};  ///< While it stays: send Woken then.
};

template <class D>
struct Node {
    NodeShape shape;
    std::function<Turn<D>(typename D::State, const Event<D>&, const Context<D>&)> run;
};

/// Where a thread is. Written as one checkpoint with every superstep.
template <class D>
struct Thread {
    std::string id;
    std::string graph_digest;  ///< Of the graph that it runs on; another one refuses it.
    Pace pace;
    std::string node;
    bool is_entered{false};  ///< The node has had its Entered event.
    bool has_ended{false};
    std::optional<Instant> wake_at;
    typename D::State state;

    static void fields(auto& self, auto&& field) {
        field("id", self.id);
        field("graph_digest", self.graph_digest);
        field("steps_count", self.pace.steps_count);
        field("steps_since", self.pace.since, may_be_absent);
        field("node", self.node);
        field("is_entered", self.is_entered);
        field("has_ended", self.has_ended);
        field("wake_at", self.wake_at);
        field("state", self.state);
    }
};

template <class D>
struct Advance {
    Thread<D> thread;
    std::vector<typename D::Record> records;
    std::vector<typename D::Command> commands;
};

template <class D>
class Graph {
  public:
    /// ERRORS: invalid, naming the node: a name that stands twice, an edge to nowhere, a node that
    /// cannot be reached or from which no end can be.
    [[nodiscard]] static Result<Graph> build(std::string name, std::vector<Node<D>> nodes) {
        std::vector<NodeShape> shapes;
        for (const Node<D>& node : nodes) {
            shapes.push_back(node.shape);
        }
        Result<Shape> shape = make_shape(std::move(name), std::move(shapes));
        if (!shape) {
            return fail("graph", shape.error());
        }
        return Graph(std::move(*shape), std::move(nodes));
    }

    [[nodiscard]] const Shape& shape() const { return shape_; }

    /// A thread in front of the first node, whose next event is Entered.
    [[nodiscard]] Thread<D> start(std::string id, typename D::State state) const {
        Thread<D> thread;
        thread.id = std::move(id);
        thread.graph_digest = shape_.digest;
        thread.node = nodes_.front().shape.name;
        thread.state = std::move(state);
        return thread;
    }

    /// The event that a thread read from its checkpoint has to be given first.
    /// ERRORS: invalid, if the checkpoint is of another graph.
    [[nodiscard]] Result<Event<D>> event_after_restart(const Thread<D>& thread) const {
        if (thread.graph_digest != shape_.digest || find(thread.node) == nullptr) {
            return fail(Fault::invalid, "thread " + thread.id + " was written by another graph (" +
                                            thread.graph_digest + ", this is " + shape_.digest +
                                            "): it needs a person");
        }
        return thread.is_entered ? Event<D>(Resumed{}) : Event<D>(Entered{});
    }

    /// One superstep. REQUIRES: the thread has not ended, and its node belongs to this graph.
    /// ERRORS: invalid: the node named a successor that it had not declared, or the thread has made
    /// steps_max steps within steps_span. The thread is as before then; park it and call a person.
    [[nodiscard]] Result<Advance<D>> advance(Thread<D> thread,
                                             const Event<D>& event,
                                             const Context<D>& context) const {
        const Node<D>* node = find(thread.node);
        ensure(node != nullptr && !thread.has_ended, "only a running thread is advanced");
        if (!take_step(thread.pace, context.now)) {
            return fail(Fault::invalid, "thread " + thread.id + " spins: " + steps_max_text());
        }
        Turn<D> turn = node->run(std::move(thread.state), event, context);
        thread.state = std::move(turn.state);
        thread.is_entered = true;
        thread.wake_at = turn.wake_at;
        if (node->shape.successors.empty()) {
            thread.has_ended = true;
        } else if (!turn.next.empty()) {
            if (std::ranges::find(node->shape.successors, turn.next) ==
                node->shape.successors.end()) {
                return fail(Fault::invalid, "node " + thread.node + " leads to '" +
                                                std::string(turn.next) + "', not a successor");
            }
            thread.node = turn.next;
            thread.is_entered = false;
        }
        return Advance<D>{std::move(thread), std::move(turn.records), std::move(turn.commands)};
    }

  private:
    Graph(Shape shape, std::vector<Node<D>> nodes)
        : shape_(std::move(shape)), nodes_(std::move(nodes)) {}

    [[nodiscard]] const Node<D>* find(std::string_view name) const {
        const auto found = std::ranges::find_if(
            nodes_, [&](const Node<D>& node) { return node.shape.name == name; });
        return found == nodes_.end() ? nullptr : &*found;
    }

    Shape shape_;
    std::vector<Node<D>> nodes_;
};

}  // namespace homeostat::graph
