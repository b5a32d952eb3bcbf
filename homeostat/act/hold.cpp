// How long a temporary remedy stays in force.

#include "homeostat/act/act.hpp"
#include "homeostat/act/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <variant>

namespace homeostat::act {

namespace {

constexpr Duration look_every = std::chrono::seconds{1};
/// It may be left for days, and each look that finds news is written.
constexpr Duration look_every_left = std::chrono::seconds{10};

/// One good look may be luck: a neighbour that has just come back often goes again, and a cache
/// that was emptied may be filled wrongly once more.
constexpr std::uint32_t well_looks_min = 3;

/// Whether what the remedy keeps users from looks well, though they do not use it now.
struct LooksWell {
    const Facts& facts;

    bool operator()(const OpenCircuit& remedy) const {
        const CircuitFacts* circuit = find_circuit(facts, remedy.neighbour);
        return facts.is_complete && circuit != nullptr && circuit->is_answering();
    }
    bool operator()(const Reroute& remedy) const {
        const CacheFacts* cache = find_cache(facts, remedy.cache);
        return facts.is_complete && cache != nullptr && cache->agrees();
    }
    bool operator()(const auto&) const { return false; }
};

struct IsOver {
    const Held& held;
    const Facts& facts;

    /// The process that was ejected is gone and another serves in its place, or it serves again
    /// without our doing: a proxy that is reloaded forgets whom it drained.
    std::optional<std::string> operator()(const Eject& remedy) const {
        const InstanceFacts* target = find_instance(facts, remedy.instance);
        if (target == nullptr) {
            return remedy.instance.text() + " is not among the instances any more";
        }
        const RuntimeInstance& runtime = target->runtime;
        const bool is_cured =
            runtime.is_alive && runtime.is_answering && runtime.started_at > held.since;
        if (is_cured) {
            return remedy.instance.text() + " runs anew and answers";
        }
        return target->rotation == Rotation::in
                   ? std::optional(remedy.instance.text() + " is in rotation already")
                   : std::nullopt;
    }

    /// Half-open without a user: the edge goes on checking the neighbour's servers meanwhile.
    std::optional<std::string> operator()(const OpenCircuit& remedy) const {
        const CircuitFacts* circuit = find_circuit(facts, remedy.neighbour);
        if (circuit != nullptr && !circuit->is_open) {
            return "the circuit of " + remedy.neighbour.text() + " has closed already";
        }
        const bool is_well = held.well_looks_count >= well_looks_min;
        return is_well ? std::optional(remedy.neighbour.text() + " answers its checks again")
                       : std::nullopt;
    }

    std::optional<std::string> operator()(const Reroute& remedy) const {
        const RouteFacts* route = find_route(facts, remedy.cache);
        if (route != nullptr && !route->is_to_source) {
            return "the reads of " + remedy.cache.text() + " go through it already";
        }
        const bool is_well = held.well_looks_count >= well_looks_min;
        return is_well ? std::optional(remedy.cache.text() + " agrees with its source again")
                       : std::nullopt;
    }

    std::optional<std::string> operator()(const PauseRollout& remedy) const {
        if (std::optional<std::string> over = why_over(remedy, facts)) {
            return over;
        }
        return held.well_looks_count >= well_looks_of_rollout_min
                   ? std::optional(remedy.version.text() + " has been well for long enough")
                   : std::nullopt;
    }

    /// Whether the load is back to what it was shows only without what was added.
    std::optional<std::string> operator()(const Scale&) const { return std::nullopt; }

    std::optional<std::string> operator()(const auto&) const {
        return "this remedy is not one to be held";
    }
};

}  // namespace

Held looked(Held held, const Facts& facts, bool is_cleared) {
    if (std::holds_alternative<PauseRollout>(held.remedy)) {
        return looked_at_rollout(std::move(held), facts, is_cleared);
    }
    const bool is_well = std::visit(LooksWell{facts}, held.remedy);
    held.well_looks_count = is_well ? held.well_looks_count + 1 : 0;
    return held;
}

Held kept(Held held, Instant now) {
    Duration wait = give_back_again_first;
    for (std::uint32_t count = 0; count < held.failures_count && wait < give_back_again_max;
         ++count) {
        wait = std::min(wait * 2, give_back_again_max);
    }
    held.failures_count += 1;
    held.again_at = now + wait;
    return held;
}

HoldAdvice advise(const Held& held, const Facts& facts, Instant now) {
    if (held.again_at && now < *held.again_at) {
        return Wait{*held.again_at, "it could not be given back a moment ago"};
    }
    if (held.is_residue) {
        return GiveBack{"the remedy that took it away was given up"};
    }
    const auto* rollout = std::get_if<PauseRollout>(&held.remedy);
    if (now >= held.until && (rollout == nullptr || held.is_ordered)) {
        return GiveBack{"its time is up"};
    }
    if (!facts.is_complete) {
        return Wait{now + look_every, "a part of the world does not answer"};
    }
    if (std::optional<std::string> over = std::visit(IsOver{held, facts}, held.remedy)) {
        return GiveBack{std::move(*over)};
    }
    if (rollout != nullptr && now >= held.until) {
        const Duration pause = held.well_looks_count > 0 ? look_every : look_every_left;
        return held.is_left ? HoldAdvice{Wait{now + pause, "a person was called"}}
                            : HoldAdvice{Leave{why_left(*rollout, facts)}};
    }
    return Wait{std::min(now + look_every, held.until), "still needed"};
}

}  // namespace homeostat::act
