#pragma once

// Nodes: what a graph is made of, found by name, with the bounds of everything.
//
// Pure.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/graph/commit.hpp"
#include "homeostat/graph/shape.hpp"
#include "homeostat/graph/store.hpp"
#include "homeostat/graph/thread.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::graph {

template <class D>
using NodeFunction =
    std::function<Turn<D>(const typename D::State&, const Event<D>&, const Context<D>&)>;

template <class D>
struct Node {
    NodeShape shape;
    NodeFunction<D> run;
    Policy policy{};
    std::optional<Ask<D>> ask{};  ///< Of a node that asks, and of no other.
};

/// A bound that is hit parks the thread, with the reason. More bytes than by default are for a
/// store that takes them: one that does not refuses the commit, and the thread goes no further.
struct Limits {
    std::uint32_t tasks_max{256};                           ///< In one superstep.
    std::size_t commit_bytes_max{body_bytes_everywhere};    ///< Of one commit that is no snapshot.
    std::size_t snapshot_bytes_max{body_bytes_everywhere};  ///< Of all that a thread knows.
    std::uint32_t deaths_max{10};  ///< Processes that end in one superstep: then it is the cause.
};

/// What the driver brings with an input.
template <class D>
struct Surroundings {
    Instant now;
    const typename D::Around& around;
    bool is_simulated{false};  ///< No real world is behind the commands: a branch may act.
};

/// The wait after attempt number `attempt` has failed.
[[nodiscard]] inline Duration wait_after(const Policy& policy, std::uint32_t attempt) {
    Duration wait = policy.wait_first;
    for (std::uint32_t doubled = 1; doubled < attempt && wait < policy.wait_max; ++doubled) {
        wait *= 2;
    }
    return std::min(wait, policy.wait_max);
}

/// The same wherever it is computed: a second answer is told from one to a question never asked.
[[nodiscard]] inline std::string question_id(const std::string& thread,
                                             std::uint64_t task,
                                             std::uint32_t attempt = 1) {
    const std::string place = thread + "/" + std::to_string(task) + "/" + std::to_string(attempt);
    return to_hex(hash_of(place).low);
}

template <class D>
class Nodes {
  public:
    /// `list` belongs to a shape that was checked.
    Nodes(std::vector<Node<D>> list, Limits limits) : list_(std::move(list)), limits_(limits) {
        std::ranges::sort(list_, {}, [](const Node<D>& node) { return node.shape.name; });
    }

    [[nodiscard]] const Limits& limits() const { return limits_; }

    [[nodiscard]] const Node<D>* find(std::string_view name) const {
        const auto found = std::ranges::lower_bound(
            list_, name, {}, [](const Node<D>& node) { return std::string_view(node.shape.name); });
        return found != list_.end() && found->shape.name == name ? &*found : nullptr;
    }

    /// REQUIRES: there is one. A thread of another graph is refused before it comes here.
    [[nodiscard]] const Node<D>& at(std::string_view name) const {
        const Node<D>* node = find(name);
        ensure(node != nullptr, "a task belongs to a node of its graph");
        return *node;
    }

    /// ERRORS: invalid, naming the node: a node that asks without a question, an answer to silence
    /// or an end of its patience, or one that has these and does not ask.
    [[nodiscard]] static Result<void> check(const Node<D>& node) {
        const bool asks = node.shape.kind == NodeKind::ask;
        if (asks != node.ask.has_value() || !node.run) {
            return fail(Fault::invalid, "node " + node.shape.name +
                                            ": a node that asks, and no other, has a question");
        }
        if (asks && (!node.ask->question || node.ask->silence_for_max <= Duration{})) {
            return fail(Fault::invalid,
                        "node " + node.shape.name + " asks and does not say how long it waits");
        }
        if (asks && node.policy.attempts_max > 1) {
            return fail(Fault::invalid, "node " + node.shape.name + " asks: it is not tried again");
        }
        return node.policy.attempts_max > 0
                   ? Result<void>()
                   : fail(Fault::invalid, "node " + node.shape.name + " is never tried");
    }

  private:
    std::vector<Node<D>> list_;
    Limits limits_;
};

}  // namespace homeostat::graph
