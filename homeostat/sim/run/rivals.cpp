// Others who change the same world and know nothing of us.

#include "homeostat/sim/run/machine.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::sim {

namespace {
using std::chrono::seconds;
}

void Machine::every(Duration span, std::function<void()> happening) {
    plan(now_ + span, [this, span, happening = std::move(happening)] {
        if (world_.ticks_count() < options_.chaos_ends_at) {
            happening();
            every(span, happening);
        }
    });
}

void Machine::begin_rivals() {
    if (options_.has_autoscaler) {
        every(seconds{20}, [this] { scale_back(); });
    }
    if (options_.has_gitops) {
        every(seconds{3}, [this] { want_newest(); });
    }
    if (options_.has_undrainer) {
        every(seconds{2}, [this] { put_back(); });
    }
    if (options_.has_restarter) {
        every(seconds{7}, [this] { restart_one(); });
    }
    if (options_.has_older_self) {
        every(seconds{1}, [this] { act_as_we_did(); });
    }
}

/// The autoscaler: sees fewer requests per instance than it would pay for.
void Machine::scale_back() {
    bool is_ours = false;
    for (ReplicaIndex replica = declared_.first; replica < declared_.end; ++replica) {
        const ReplicaView view = world_.replica(replica);
        if (!view.is_spare || !view.is_wanted || !view.is_alive) {
            continue;
        }
        say("autoscaler: stops a spare");
        trace_.reached("autoscaler took it back");
        is_ours = is_ours || !view.effect.empty();
        (void)world_.stop(replica, view.identity, {});
    }
    if (is_ours) {
        referee_.see_revert("scale");  // To stop two spares of one scale is to take it back once.
    }
}

/// GitOps: what is declared is the newest version, and so it shall be.
void Machine::want_newest() {
    const ServiceView service = world_.service(declared_.service);
    const VersionId newest("v" + std::to_string(service.versions_count.deploy));
    if (service.is_rolling_out) {
        return;
    }
    if (service.current.deploy != newest) {
        say("gitops: " + newest.text() + " again");
        trace_.reached("gitops took it back");
        referee_.see_revert("version " + service.current.deploy.text());
        (void)world_.swap_version(declared_.service, Artifact::deploy, service.current.deploy,
                                  newest, {});
        return;
    }
    for (ReplicaIndex replica = declared_.first; replica < declared_.end; ++replica) {
        const ReplicaView view = world_.replica(replica);
        if (view.is_alive && view.versions.deploy != newest) {
            (void)world_.replace(replica, view.identity, {newest, {}}, {});
            return;
        }
    }
}

/// Somebody's script: nothing stays drained.
void Machine::put_back() {
    for (ReplicaIndex replica = declared_.first; replica < declared_.end; ++replica) {
        if (world_.replica(replica).rotation != Rotation::draining) {
            continue;
        }
        const std::string name = options_.topology.instance_of(replica).text();
        say("script: puts " + name + " back");
        trace_.reached("script took it back");
        referee_.see_revert("rotation " + name);
        (void)world_.undrain(replica, {});
    }
}

/// A person with a terminal: the process that we looked at is another one by now (S11).
void Machine::restart_one() {
    const auto replica = static_cast<ReplicaIndex>(
        rivals_rng_.between(declared_.first, std::int64_t{declared_.end} - 1));
    const ReplicaView view = world_.replica(replica);
    const bool is_worth_it = view.is_alive && !view.is_answering;
    if (is_worth_it && draw_chance(rivals_rng_, 0.5)) {
        say("somebody restarts " + options_.topology.instance_of(replica).text());
        trace_.reached("restarted under our hands");
        (void)world_.restart(replica, {});
    }
}

/// An older version of ourselves, left running beside us: what has ended or is silent for three
/// seconds is started anew, what is drained is its own to give back, a new version under errors is
/// rolled back. It looks once, orders at once and knows of nobody else.
void Machine::act_as_we_did() {
    constexpr Duration silent_for_max = seconds{3};
    for (ReplicaIndex replica = declared_.first; replica < declared_.end; ++replica) {
        const ReplicaView view = world_.replica(replica);
        if (!view.is_wanted || (view.is_alive && view.is_answering)) {
            silent_since_.erase(replica);
        } else if (const auto since = silent_since_.try_emplace(replica, now_).first->second;
                   now_ > since + silent_for_max) {
            say("older self: restarts " + options_.topology.instance_of(replica).text());
            trace_.reached("older self restarted it");
            silent_since_.erase(replica);
            (void)world_.restart(replica, {});
        }
        if (view.rotation == Rotation::draining && draw_chance(rivals_rng_, 0.2)) {
            const std::string name = options_.topology.instance_of(replica).text();
            say("older self: gives " + name + " back");
            trace_.reached("older self gave it back");
            referee_.see_revert("rotation " + name);
            (void)world_.undrain(replica, {});
        }
    }
    const ServiceView service = world_.service(declared_.service);
    const VersionId newest("v" + std::to_string(service.versions_count.deploy));
    const bool is_suspect = service.current.deploy == newest && service.versions_count.deploy > 1 &&
                            failing_share() > failing_share_max;
    if (is_suspect && draw_chance(rivals_rng_, 0.2)) {
        say("older self: rolls back");
        trace_.reached("older self rolled back");
        (void)world_.swap_version(declared_.service, Artifact::deploy, newest, VersionId("v1"), {});
    }
}

}  // namespace homeostat::sim
