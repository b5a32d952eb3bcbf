#include "homeostat/sim/cases/plot.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>

namespace homeostat::sim::cases {

namespace {

constexpr double healthy_share = 0.1;
constexpr double passing_share = 0.1;
constexpr double two_share = 0.1;

[[nodiscard]] bool is_change(FaultKind kind) {
    return kind == FaultKind::bad_deploy || kind == FaultKind::slow_deploy ||
           kind == FaultKind::bad_config;
}

/// Fewer workers by a factor of one: a configuration as good as the one before.
[[nodiscard]] InjectedFault innocent(ServiceIndex service, Artifact artifact, double at_s) {
    const bool is_config = artifact == Artifact::config;
    return {.kind = is_config ? FaultKind::bad_config : FaultKind::innocent_deploy,
            .service = service,
            .strength = 1,
            .begins_at = ticks_of(at_s)};
}

/// Users feel what happens where many of their requests come by. What is read through a cache
/// counts with all reads, its source with the misses.
[[nodiscard]] bool is_felt(const Setting& setting, const InjectedFault& fault) {
    constexpr double reach_min = 0.3;
    if (is_at_cache(fault.kind)) {
        const LinkSpec& link = setting.link_of(fault.replica);
        return setting.reach[link.caller] * link.calls_per_request >= reach_min;
    }
    return setting.reach[fault.service] >= reach_min;
}

/// One of that kind in a place that matters, if a few draws find one. `nothing`: it cannot be had.
[[nodiscard]] InjectedFault draw_felt(Rng& rng, const Setting& setting, FaultKind kind) {
    constexpr int tries_max = 12;
    InjectedFault fault = draw_fault_of(rng, setting.topology, kind);
    for (int tries = 1; tries < tries_max && fault.kind == kind && !is_felt(setting, fault);
         ++tries) {
        fault = draw_fault_of(rng, setting.topology, kind);
    }
    fault.begins_at = ticks_of(fault_at_s);
    fault.ends_at = never;
    if (kind == FaultKind::surge) {
        // More than that no spares of these services carry.
        fault.strength = draw_between(rng, 1.4, 2.6);
    }
    return fault;
}

/// Whether such a fault may end by itself: a third of those that may are drawn with an end.
[[nodiscard]] bool may_pass(Rng rng, const Setting& setting, FaultKind kind) {
    constexpr int draws = 24;  // One that may is missed once in seventeen thousand.
    for (int drawn = 0; drawn < draws; ++drawn) {
        if (draw_fault_of(rng, setting.topology, kind).ends_at != never) {
            return true;
        }
    }
    return false;
}

[[nodiscard]] FaultKind draw_family(Rng& rng, Split split) {
    const std::vector<FaultKind> families = families_of(split);
    return families[rng.next() % families.size()];
}

[[nodiscard]] Flavour draw_flavour(Rng& rng, const CaseOrder& order) {
    const double u = rng.unit();
    if (order.family) {
        return *order.family == FaultKind::nothing ? Flavour::healthy : Flavour::lasting;
    }
    if (u < healthy_share) {
        return Flavour::healthy;
    }
    if (u < healthy_share + passing_share) {
        return Flavour::passing;
    }
    return u < healthy_share + passing_share + two_share ? Flavour::two_at_once : Flavour::lasting;
}

[[nodiscard]] bool has_kind(const Plot& plot, FaultKind kind) {
    return std::ranges::count(plot.faults, kind, &InjectedFault::kind) > 0;
}

void draw_faults(Rng& rng, const Setting& setting, const CaseOrder& order, Plot& plot) {
    constexpr int tries_max = 20;  // A world without caches loses none.
    const bool passes = plot.flavour == Flavour::passing;
    const std::size_t count = plot.flavour == Flavour::two_at_once ? 2 : 1;
    for (int tries = 0; tries < tries_max && plot.faults.size() < count; ++tries) {
        const FaultKind kind = order.family ? *order.family : draw_family(rng, order.split);
        InjectedFault fault = draw_felt(rng, setting, kind);
        if (fault.kind != kind || has_kind(plot, kind) ||
            (passes && !may_pass(rng.fork("may pass"), setting, kind))) {
            continue;
        }
        if (passes) {
            fault.ends_at = fault.begins_at + ticks_of(draw_between(rng, 15, 75));
        }
        if (!plot.faults.empty()) {
            fault.begins_at += ticks_of(draw_between(rng, 0, 20));
        }
        plot.family = plot.faults.empty() ? "" : plot.family + '+';
        plot.family += to_text(kind);
        plot.faults.push_back(fault);
    }
}

/// Most services were changed some days ago, and can go back; a few would go back to a bad version,
/// which the present one has mended.
void draw_history(Rng& rng, const Setting& setting, Plot& plot) {
    for (ServiceIndex index = 0; index < setting.topology.services.size(); ++index) {
        if (draw_chance(rng, 0.6)) {
            if (draw_chance(rng, 0.15)) {
                plot.history.push_back({.kind = FaultKind::bad_deploy,
                                        .service = index,
                                        .strength = draw_between(rng, 0.05, 0.4),
                                        .begins_at = 0});
            }
            plot.history.push_back(innocent(index, Artifact::deploy, 15));
        }
        if (draw_chance(rng, 0.35)) {
            plot.history.push_back(innocent(index, Artifact::config, 15));
        }
    }
}

/// Where an innocent change misleads most: at the culprit, at whom it makes suffer, or anywhere.
[[nodiscard]] ServiceIndex draw_scapegoat(Rng& rng, const Setting& setting, const Plot& plot) {
    const auto count = setting.topology.services.size();
    const auto any = static_cast<ServiceIndex>(rng.next() % count);
    const double u = rng.unit();
    if (plot.faults.empty() || u < 0.35) {
        return any;
    }
    const ServiceIndex culprit = place_of(setting, plot.faults.front());
    if (u < 0.7) {
        return culprit;
    }
    std::vector<ServiceIndex> callers;
    for (const LinkSpec& link : setting.topology.links) {
        if (link.target == culprit && link.caller != none) {
            callers.push_back(link.caller);
        }
    }
    return callers.empty() ? any : callers[rng.next() % callers.size()];
}

void draw_innocents(Rng& rng, const Setting& setting, Plot& plot) {
    const std::int64_t count = draw_chance(rng, 0.3) ? 0 : rng.between(1, 3);
    for (std::int64_t drawn = 0; drawn < count; ++drawn) {
        const ServiceIndex service = draw_scapegoat(rng, setting, plot);
        const Artifact artifact = draw_chance(rng, 0.65) ? Artifact::deploy : Artifact::config;
        // After a bad change of the same service it would be the cure.
        const bool is_at_culprit =
            std::ranges::any_of(plot.faults, [&](const InjectedFault& fault) {
                return is_change(fault.kind) && fault.service == service;
            });
        const double before_s = draw_between(rng, is_at_culprit ? 30 : 1, 110);
        plot.innocents.push_back(innocent(service, artifact, fault_at_s - before_s));
    }
}

}  // namespace

std::vector<FaultKind> families_of(Split split) {
    std::vector<FaultKind> families;
    for (std::size_t index = 0; index < fault_kinds_count; ++index) {
        const auto kind = static_cast<FaultKind>(index);
        // An innocent deploy is no fault: it stands beside the others.
        if (kind != FaultKind::nothing && kind != FaultKind::innocent_deploy &&
            is_in(split, Pool::family, to_text(kind))) {
            families.push_back(kind);
        }
    }
    return families;
}

bool is_at_cache(FaultKind kind) {
    switch (kind) {
        case FaultKind::stale_copies:
        case FaultKind::stale_writer:
        case FaultKind::cache_loss:
            return true;
        default:
            return false;
    }
}

ServiceIndex place_of(const Setting& setting, const InjectedFault& fault) {
    return is_at_cache(fault.kind) ? setting.link_of(fault.replica).target : fault.service;
}

Plot draw_plot(Rng& rng, const Setting& setting, const CaseOrder& order) {
    Plot plot;
    plot.flavour = draw_flavour(rng, order);
    if (plot.flavour != Flavour::healthy) {
        draw_faults(rng, setting, order, plot);
    }
    draw_history(rng, setting, plot);
    draw_innocents(rng, setting, plot);
    return plot;
}

}  // namespace homeostat::sim::cases
