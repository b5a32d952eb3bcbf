#include "homeostat/adapters/haproxy/haproxy_actuator.hpp"

#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::adapters::haproxy {

struct HaproxyActuator::Goal {
    std::string server;
    TrafficState state{TrafficState::drain};

    /// Maintenance and a failed check are neither here nor there: `ready` promises only that no
    /// order of ours keeps requests away.
    [[nodiscard]] bool is_reached(const ServerView& view) const {
        const bool is_draining = view.rotation == Rotation::draining;
        return view.rotation != Rotation::unknown && !view.is_in_maintenance &&
               is_draining == (state == TrafficState::drain);
    }
};

HaproxyActuator::HaproxyActuator(boost::asio::any_io_executor executor, Options options)
    : options_(std::move(options)), socket_(std::move(executor), options_.socket) {}

bool HaproxyActuator::performs(const Step& step) const {
    return std::holds_alternative<Drain>(step) || std::holds_alternative<Undrain>(step);
}

Task<Outcome> HaproxyActuator::perform(Request request, Instant deadline) {
    const InstanceId* instance = performs(request.step()) ? instance_of(request.step()) : nullptr;
    if (instance == nullptr) {
        co_return Outcome{OutcomeKind::refused, "the edge performs no such step"};
    }
    const auto known = std::ranges::find(options_.servers, *instance, &ServerName::instance);
    if (known == options_.servers.end()) {
        co_return Outcome{OutcomeKind::refused, "the edge knows no instance of that name"};
    }
    const bool is_drain = std::holds_alternative<Drain>(request.step());
    Goal goal{known->server, is_drain ? TrafficState::drain : TrafficState::ready};
    Outcome outcome = co_await reach(std::move(goal), deadline);
    co_return outcome;
}

Task<Outcome> HaproxyActuator::reach(Goal goal, Instant deadline) const {
    const Result<ServerView> before = co_await look_at(goal.server, deadline);
    if (!before) {
        co_return Outcome{OutcomeKind::refused, "nothing was sent: " + before.error().text};
    }
    if (before->is_in_maintenance) {
        co_return Outcome{OutcomeKind::refused,
                          fmt::format("a person has put server {} into maintenance", goal.server)};
    }
    if (goal.is_reached(*before)) {
        co_return Outcome{OutcomeKind::done, "it was so already"};
    }
    const Reply reply =
        co_await socket_.set_state(options_.backend, goal.server, goal.state, deadline);
    if (!reply.is_sent) {
        co_return Outcome{OutcomeKind::refused,
                          "nothing was sent: " + reply.complaint.error().text};
    }
    if (!reply.complaint) {
        co_return Outcome{OutcomeKind::unknown, reply.complaint.error().text};
    }
    if (!reply.complaint->empty()) {
        co_return Outcome{OutcomeKind::refused, "HAProxy says: " + *reply.complaint};
    }
    const Result<ServerView> after = co_await look_at(goal.server, deadline);
    if (!after) {
        co_return Outcome{OutcomeKind::unknown,
                          "HAProxy took the command, then: " + after.error().text};
    }
    if (!goal.is_reached(*after)) {
        co_return Outcome{OutcomeKind::unknown,
                          "HAProxy took the command, but does not report its effect"};
    }
    co_return Outcome{OutcomeKind::done, "HAProxy reports it"};
}

Task<Result<ServerView>> HaproxyActuator::look_at(std::string server, Instant deadline) const {
    std::vector<std::string> backends{options_.backend};
    const Result<std::vector<BackendView>> views =
        co_await socket_.look(std::move(backends), deadline);
    if (!views) {
        co_return std::unexpected(views.error());
    }
    const ServerView* found = find_server(views->front(), server);
    if (found == nullptr) {
        co_return fail(Fault::absent, fmt::format("HAProxy's backend {} has no server '{}'",
                                                  options_.backend, server));
    }
    co_return *found;
}

Task<Result<FactsPart>> HaproxyActuator::read(Instant deadline) {
    std::vector<std::string> backends{options_.backend};
    const Result<std::vector<BackendView>> views =
        co_await socket_.look(std::move(backends), deadline);
    if (!views) {
        co_return std::unexpected(views.error());
    }
    const BackendView& view = views->front();
    EdgeFacts facts;
    facts.counters = view.counters;
    facts.read_at = os::read_boot_clock();
    for (const auto& [instance, name] : options_.servers) {
        EdgeInstance& known = facts.instances.emplace_back();
        known.instance = instance;
        if (const ServerView* server = find_server(view, name)) {
            known.rotation = server->rotation;
            known.sessions_now = server->counters.sessions_now;
            known.latency_ms = server->counters.latency_ms;
        }
    }
    co_return facts;
}

}  // namespace homeostat::adapters::haproxy
