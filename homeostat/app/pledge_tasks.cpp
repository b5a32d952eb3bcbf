#include "homeostat/app/pledge_tasks.hpp"

#include "homeostat/app/mesh_place.hpp"
#include "homeostat/app/version.hpp"
#include "homeostat/base/fields.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace homeostat::app {

namespace {

namespace a2a = adapters::a2a;

/// Of a caller and of a callee that have one agent each, these are two tasks.
bool is_of_callee(PledgeEvent event) {
    return event == PledgeEvent::offered || event == PledgeEvent::relied_on ||
           event == PledgeEvent::let_go;
}

/// Nothing: it says how things went, and changes no state.
std::optional<a2a::TaskState> state_after(PledgeEvent event) {
    switch (event) {
        case PledgeEvent::asked:
        case PledgeEvent::offered:
            return a2a::TaskState::submitted;
        case PledgeEvent::promised:
        case PledgeEvent::relied_on:
        case PledgeEvent::leaving:
            return a2a::TaskState::working;
        case PledgeEvent::ended:
        case PledgeEvent::let_go:
            return a2a::TaskState::completed;
        case PledgeEvent::helped_self:
            return a2a::TaskState::rejected;
        case PledgeEvent::returned:
        case PledgeEvent::frozen:
        case PledgeEvent::reported:
        case PledgeEvent::waited:
        case PledgeEvent::held_up:
            break;
    }
    return std::nullopt;
}

std::string id_of(const PledgeBody& pledge) {
    const char* role = is_of_callee(pledge.event) ? "callee" : "caller";
    return std::string(role) + "." + pledge.neighbour + "." + pledge.thread;
}

a2a::A2aTask begun_by(const PledgeBody& pledge) {
    a2a::A2aTask task;
    task.id = id_of(pledge);
    task.context_id = pledge.thread;
    task.metadata["route"] = json::value(pledge.route);
    task.metadata["neighbour"] = json::value(pledge.neighbour);
    task.metadata["traceparent"] = json::value(pledge.traceparent);
    return task;
}

/// A task that has ended stays so: an agreement that begins again in the same trouble is told by
/// the ledger.
bool is_over(const a2a::A2aTask& task) {
    return !task.updates.empty() && a2a::is_terminal(a2a::status_of(task).state);
}

}  // namespace

std::vector<a2a::A2aTask> tasks_of(const std::deque<heal::PledgeMoment>& moments) {
    std::vector<a2a::A2aTask> tasks;
    for (const auto& [wall_at, pledge] : moments) {
        const std::optional<a2a::TaskState> state = state_after(pledge.event);
        // The end of a mode that was found at a start belongs to no agreement of this life.
        if (!state || pledge.thread.empty()) {
            continue;
        }
        auto found = std::ranges::find(tasks, id_of(pledge), &a2a::A2aTask::id);
        if (found == tasks.end()) {
            tasks.push_back(begun_by(pledge));
            found = std::prev(tasks.end());
        }
        if (is_over(*found)) {
            continue;
        }
        if (!pledge.mode.empty()) {
            found->metadata["mode"] = json::value(pledge.mode);
            found->metadata["rpsMax"] = pledge.rps_max;
        }
        found->updates.emplace_back(a2a::TaskStatus{.state = *state, .at = wall_at});
    }
    return tasks;
}

a2a::CardSettings card_settings_of(const Config& config) {
    const std::string& self = config.service.text();
    a2a::CardSettings card;
    card.name = "homeostat agent of " + self;
    card.description = "Guards " + self +
                       ", and agrees with the agents of its neighbours on reduced modes that end "
                       "by themselves.";
    card.version = std::string(program_version);
    card.url = "http://" + config.mesh->listen;
    card.agent = self;
    for (const NeighbourConfig& neighbour : config.neighbours) {
        if (!neighbour.agent) {
            continue;
        }
        a2a::CardRoute route{.route = route_to(neighbour.service).text(),
                             .callee = neighbour.service.text(),
                             .floor_rps = neighbour.floor_rps,
                             .modes = {}};
        for (const ReducedModeConfig& mode : neighbour.reduced_modes) {
            const auto depth = static_cast<std::uint32_t>(route.modes.size() + 1);
            route.modes.push_back({.mode = mode.mode, .depth = depth, .loses = mode.users_lose});
        }
        card.routes.push_back(std::move(route));
    }
    return card;
}

}  // namespace homeostat::app
