#pragma once

// The synchronous driver: turns the crank of one thread until it waits or ends.
//
// The simulator and the tests run the very graph that production runs with it; the awaiting driver
// (heal/executor_role.cpp) differs only in that it awaits the world's answers.
//
// Pure, as far as the world that it is given is.

#include "homeostat/graph/graph.hpp"

#include <deque>
#include <optional>
#include <utility>

namespace homeostat::graph {

/// What crank needs from a world:
///     bool commit(const Thread<D>&, const std::vector<Record>&);  false: not durable, so stop
///     std::optional<Message> perform(Command);                     nothing: the reply comes later
template <class D, class World>
Result<Thread<D>> crank(const Graph<D>& graph,
                        Thread<D> thread,
                        Event<D> first,
                        World& world,
                        const Context<D>& context) {
    std::deque<Event<D>> events;
    events.push_back(std::move(first));
    while (!events.empty() && !thread.has_ended) {
        const Event<D> event = std::move(events.front());
        events.pop_front();
        Result<Advance<D>> advance = graph.advance(thread, event, context);
        if (!advance) {
            return std::unexpected(advance.error());
        }
        if (!world.commit(advance->thread, advance->records)) {
            return thread;  // No ledger, no action: the commands are dropped.
        }
        thread = std::move(advance->thread);
        if (!thread.has_ended && !thread.is_entered) {
            events.push_back(Entered{});
        }
        for (typename D::Command& command : advance->commands) {
            if (std::optional<typename D::Message> reply = world.perform(std::move(command))) {
                events.push_back(std::move(*reply));
            }
        }
    }
    return thread;
}

}  // namespace homeostat::graph
