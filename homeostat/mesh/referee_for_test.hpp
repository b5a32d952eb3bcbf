#pragma once

// What the world of world_for_test.hpp does with orders, and the referee: N1 to N9 after every
// event, by what the data planes are in.
//
// Pure. For tests only.

#include "homeostat/mesh/world_for_test.hpp"

#include <algorithm>
#include <string>
#include <variant>

namespace homeostat::mesh::for_test {

inline void World::carry_out(const AgentId& id,
                             const Order& order,
                             const std::map<RouteId, std::optional<Terms>>& before) {
    Party& party = parties_.at(id);
    if (const auto* enter = std::get_if<EnterMode>(&order)) {
        const auto route =
            std::ranges::find(party.settings.routes, enter->route, &RouteSettings::route);
        if (route == party.settings.routes.end()) {
            return blame("N4: an order for a route of somebody else");
        }
        const DataPlane& plane = party.planes[enter->route];
        const bool is_new = before.at(enter->route) != enter->terms &&
                            !(plane.is_in_mode(local(party)) && plane.mode->terms == enter->terms);
        if (enter->terms.rps_max < route->floor_rps) {
            return blame("N5: a promise below the floor");
        }
        if (is_new && reason_to_freeze(*party.agent)) {
            return blame("N9: a new mode while frozen");
        }
        note(enter->redirect ? "redirects" : "modes");
    }
    if (const auto* throttle = std::get_if<Throttle>(&order)) {
        const Provider& provider = party.agent->providers.at(throttle->route);
        const std::uint64_t left = std::uint64_t{100} * (1'000 - throttle->drop_permille) / 1'000;
        if (left < provider.route.floor_rps) {
            return blame("N5: a fallback below the floor");
        }
        note("throttles");
    }
    party.obeyed_at = std::max(party.obeyed_at, at_ + milliseconds{rng_.between(0, 4)});
    after(party.obeyed_at - at_, [this, id, order, life = party.life] { obey(id, order, life); });
}

/// An order may be lost with the agent that gave it, refused, or obeyed without anybody knowing.
inline void World::obey(const AgentId& id, const Order& order, std::uint64_t life) {
    Party& party = parties_.at(id);
    const bool is_orphan = !party.agent || party.life != life;
    if (is_orphan && chance(50)) {
        return;
    }
    if (const auto* ramp = std::get_if<Ramp>(&order)) {
        party.planes[ramp->route].mode.reset();
        party.planes[ramp->route].ramp = *ramp;
    }
    if (const auto* throttle = std::get_if<Throttle>(&order)) {
        party.planes[throttle->route].throttle = *throttle;
    }
    if (const auto* restored = std::get_if<Restore>(&order)) {
        party.planes[restored->route] = {};
    }
    const auto* enter = std::get_if<EnterMode>(&order);
    if (enter == nullptr) {
        return;
    }
    const bool is_refused = chance(faults.refusal);
    if (!is_refused || chance(50)) {
        party.planes[enter->route].mode = *enter;
        party.planes[enter->route].mode->until -= early;
        party.planes[enter->route].rps_held_at = enter->terms.rps_max;
        party.planes[enter->route].ramp.reset();
    }
    const bool is_answered = !is_orphan && !(is_refused && chance(50));
    if (is_answered) {
        give(id, RouteApplied{enter->route, {enter->number, !is_refused}});
    }
}

inline void World::judge() {
    for (const AgentId& id : ids_) {
        const Party& party = parties_.at(id);
        if (party.is_demon) {
            continue;
        }
        judge_capacity(id);
        if (party.agent) {
            judge_reliance(party);
            judge_party(party);
        }
    }
}

inline void World::judge_reliance(const Party& callee) {
    for (const auto& [key, relier] : callee.agent->reliers) {
        Party& caller = parties_.at(key.agent);
        const bool relies =
            relier.phase == RelierPhase::relying && local(callee) < relier.relies_until;
        if (!relies || caller.is_demon) {
            continue;
        }
        const DataPlane& plane = caller.planes[key.route];
        const bool is_kept =
            plane.is_in_mode(local(caller)) && plane.mode->terms.rps_max <= relier.relied.rps_max;
        note("reliances");
        if (!is_kept) {
            blame("N1: " + callee.settings.self.text() + " counts on " + key.agent.text() +
                  ", which is not in the mode");
        }
    }
}

inline void World::judge_capacity(const AgentId& lender) {
    std::uint32_t used = 0;
    for (const auto& [id, party] : parties_) {
        for (const auto& [route, plane] : party.planes) {
            used += party.is_demon ? 0 : plane.redirected_to(lender, local(party));
        }
    }
    constexpr std::uint32_t budget = 90;  // Of the 100 requests/s that everybody can serve.
    if (used > budget) {
        blame("N2: " + lender.text() + " gets more than its budget");
    }
    if (used == 0) {
        return;
    }
    for (const auto& [route, plane] : parties_.at(lender).planes) {
        const bool is_redirecting = plane.is_in_mode(local(parties_.at(lender))) &&
                                    plane.mode->redirect &&
                                    local(parties_.at(lender)) < plane.mode->redirect->until;
        if (is_redirecting) {
            blame("N8: " + lender.text() + " passes on what is lent of it");
        }
    }
}

inline void World::judge_party(const Party& party) {
    const Instant local_now = local(party);
    const auto recent = std::ranges::count_if(
        party.changes_at, [&](Instant at) { return at > local_now - std::chrono::minutes{1}; });
    if (recent > static_cast<std::ptrdiff_t>(3 * party.settings.routes.size())) {
        blame("N6: " + party.settings.self.text() + " changes too often");
    }
    constexpr Duration slack = milliseconds{25};  // It is woken each 20 ms.
    const bool is_awake = at_ >= party.paused_until + slack;
    for (const auto& [route, provider] : party.agent->providers) {
        if (is_awake && provider.phase == Phase::asking && local_now > provider.ask_until + slack) {
            blame("N7: a question without an end");
        }
        if (is_awake && provider.held && local_now > provider.held->until + slack) {
            blame("N3: a promise that outlives its end");
        }
    }
}

}  // namespace homeostat::mesh::for_test
