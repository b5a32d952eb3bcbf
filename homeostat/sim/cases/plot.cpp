#include "homeostat/sim/cases/plot.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <algorithm>

namespace homeostat::sim::cases {

namespace {

constexpr double healthy_share = 0.1;
constexpr double passing_share = 0.1;
constexpr double two_share = 0.1;

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
    switch (place_of(fault.kind)) {
        case Place::zone:
        case Place::host:
            return true;
        case Place::cache: {
            const LinkSpec& link = setting.link_of(fault.replica);
            return setting.reach[link.caller] * link.calls_per_request >= reach_min;
        }
        case Place::link:
            return setting.reach[setting.topology.links[fault.replica].target] >= reach_min;
        case Place::replica:
            break;
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

/// A few services were mended lately by a new version: to go back would break them.
void draw_history(Rng& rng, const Setting& setting, Plot& plot) {
    constexpr double mended_share = 0.06;
    for (ServiceIndex index = 0; index < setting.topology.services.size(); ++index) {
        if (draw_chance(rng, mended_share)) {
            plot.history.push_back({.kind = FaultKind::bad_deploy,
                                    .service = index,
                                    .strength = draw_between(rng, 0.05, 0.4),
                                    .begins_at = 0});
            plot.history.push_back(innocent(index, Artifact::deploy, 15));
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
    const std::vector<ServiceIndex> culprits = services_at(setting, plot.faults.front());
    const ServiceIndex culprit = culprits[rng.next() % culprits.size()];
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
                return artifact_of(fault.kind) && fault.service == service;
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

std::string Theme::family() const {
    std::string text;
    for (const FaultKind kind : kinds) {
        text += text.empty() ? "" : "+";
        text += to_text(kind);
    }
    return text.empty() ? "nothing" : text;
}

Place place_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::stale_copies:
        case FaultKind::stale_writer:
        case FaultKind::cache_loss:
        case FaultKind::cold_cache:
            return Place::cache;
        case FaultKind::zone_loss:
            return Place::zone;
        case FaultKind::node_loss:
        case FaultKind::clock_skew:
            return Place::host;
        case FaultKind::retry_storm:
        case FaultKind::bad_credentials:
        case FaultKind::slow_query:
            return Place::link;
        default:
            return Place::replica;
    }
}

std::optional<Artifact> artifact_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::bad_deploy:
        case FaultKind::slow_deploy:
        case FaultKind::slow_query:
            return Artifact::deploy;
        case FaultKind::bad_config:
        case FaultKind::retry_storm:
        case FaultKind::bad_credentials:
            return Artifact::config;
        default:
            return std::nullopt;
    }
}

std::vector<ServiceIndex> services_at(const Setting& setting, const InjectedFault& fault) {
    const Topology& topology = setting.topology;
    switch (place_of(fault.kind)) {
        case Place::cache:
            return {setting.link_of(fault.replica).target};
        case Place::link:
            return {fault.service, topology.links[fault.replica].target};
        case Place::replica:
            return {fault.service};
        case Place::zone:
        case Place::host:
            break;
    }
    std::vector<ServiceIndex> services;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        const ReplicaIndex first = topology.first_replica(index);
        for (std::uint32_t number = 0; number < topology.services[index].replicas_count; ++number) {
            const bool is_there = place_of(fault.kind) == Place::zone
                                      ? number % topology.zones_count == fault.replica
                                      : topology.host_of(first + number) == fault.replica;
            if (is_there) {
                services.push_back(index);
                break;
            }
        }
    }
    return services.empty() ? std::vector<ServiceIndex>{0} : services;
}

Theme draw_theme(Rng& rng, const CaseOrder& order) {
    constexpr int tries_max = 100;
    Theme theme{.flavour = draw_flavour(rng, order)};
    const std::size_t count = theme.flavour == Flavour::healthy       ? 0
                              : theme.flavour == Flavour::two_at_once ? 2
                                                                      : 1;
    for (int tries = 0; tries < tries_max && theme.kinds.size() < count; ++tries) {
        const FaultKind kind = order.family ? *order.family : draw_family(rng, order.split);
        const bool fits = theme.flavour != Flavour::passing || may_heal(kind);
        if (fits && std::ranges::find(theme.kinds, kind) == theme.kinds.end()) {
            theme.kinds.push_back(kind);
        }
    }
    return theme;
}

std::optional<Plot> draw_plot(Rng& rng, const Setting& setting, const Theme& theme) {
    Plot plot{.theme = theme};
    for (const FaultKind kind : theme.kinds) {
        if (!can_have(setting.topology, kind)) {
            return std::nullopt;
        }
        InjectedFault fault = draw_felt(rng, setting, kind);
        if (theme.flavour == Flavour::passing) {
            fault.ends_at = fault.begins_at + ticks_of(draw_between(rng, 15, 75));
        }
        if (!plot.faults.empty()) {
            fault.begins_at += ticks_of(draw_between(rng, 0, 20));
        }
        plot.faults.push_back(fault);
    }
    draw_history(rng, setting, plot);
    draw_innocents(rng, setting, plot);
    return plot;
}

}  // namespace homeostat::sim::cases
