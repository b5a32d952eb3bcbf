#include "homeostat/sim/cases/cases.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/sim/cases/case_text.hpp"
#include "homeostat/sim/cases/possible.hpp"
#include "homeostat/sim/cases/story.hpp"
#include "homeostat/sim/cases/truth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace homeostat::sim::cases {

namespace {

/// Larger worlds are not tried everywhere: what is near the trouble, and some by chance.
constexpr std::size_t services_tried_max = 12;

/// Where a fault is, and who calls that.
void add_suspects(const Setting& setting,
                  const InjectedFault& fault,
                  std::vector<ServiceIndex>& wanted) {
    for (const ServiceIndex place : services_at(setting, fault)) {
        wanted.push_back(place);
        for (const LinkSpec& link : setting.topology.links) {
            if (link.target == place && link.caller != none) {
                wanted.push_back(link.caller);
            }
        }
    }
}

[[nodiscard]] std::vector<ServiceIndex> shuffled_services(Rng& rng, const Topology& topology) {
    std::vector<ServiceIndex> services;
    for (ServiceIndex index = 0; index < topology.services.size(); ++index) {
        services.push_back(index);
    }
    for (std::size_t left = services.size(); left > 1; --left) {
        std::swap(services[left - 1], services[rng.next() % left]);
    }
    return services;
}

/// Services that anybody would look at, the nearest first, then others.
[[nodiscard]] std::vector<ServiceIndex> services_to_try(Rng& rng, const Story& story) {
    std::vector<ServiceIndex> wanted;
    for (const InjectedFault& fault : story.plot.faults) {
        add_suspects(story.setting, fault, wanted);
    }
    for (const InjectedFault& change : story.plot.innocents) {
        wanted.push_back(change.service);
    }
    for (const Alert& alert : story.recorder.alerts()) {
        if (alert.kind != AlertKind::stale_copies && alert.kind != AlertKind::cache_down) {
            wanted.push_back(alert.index);
        }
    }
    const std::vector<ServiceIndex> others = shuffled_services(rng, story.setting.topology);
    wanted.insert(wanted.end(), others.begin(), others.end());
    std::set<ServiceIndex> chosen;
    for (const ServiceIndex index : wanted) {
        if (chosen.size() < services_tried_max) {
            chosen.insert(index);
        }
    }
    return {chosen.begin(), chosen.end()};
}

[[nodiscard]] std::vector<CacheIndex> caches_to_try(const Story& story,
                                                    const std::vector<ServiceIndex>& services) {
    std::vector<CacheIndex> caches;
    for (CacheIndex index = 0; index < story.setting.topology.caches.size(); ++index) {
        const LinkSpec& link = story.setting.link_of(index);
        if (std::ranges::any_of(services, [&](ServiceIndex service) {
                return service == link.target || service == link.caller;
            })) {
            caches.push_back(index);
        }
    }
    return caches;
}

[[nodiscard]] bool has_recent_change(const Story& story) {
    return std::ranges::any_of(story.world.version_changes(), [&](const VersionChange& change) {
        return change.at >= ticks_of(story.begins_s());
    });
}

void summarise(const std::vector<Tried>& tried, Case& made) {
    std::set<std::string> acceptable;
    std::set<std::string> harmful;
    bool is_there = false;
    for (const Tried& one : tried) {
        const std::string kind(to_text(one.trial.kind));
        if (one.is_possible) {
            const auto choices = static_cast<std::uint32_t>(one.trial.replicas.size());
            made.menu_size += std::max(1U, choices);
        }
        if (one.verdict == Verdict::acceptable) {
            acceptable.insert(kind);
            is_there = is_there || one.is_possible;
        } else if (one.verdict == Verdict::harmful) {
            harmful.insert(kind);
        }
    }
    made.acceptable_kinds.assign(acceptable.begin(), acceptable.end());
    made.harmful_kinds.assign(harmful.begin(), harmful.end());
    made.is_nothing_acceptable = tried.front().verdict == Verdict::acceptable;
    made.is_cure_off_menu = !is_there;
    made.trials_count = static_cast<std::uint32_t>(tried.size());
}

}  // namespace

Case make_case(const CaseOrder& order) {
    const Rng rng(Rng(order.seed).fork(fmt::format("case {}", order.number)).next());
    const Story story = tell_story(rng.fork("story"), order);
    Rng possible_rng = rng.fork("possible");
    const Possible possible = draw_possible(possible_rng, story);
    Rng targets_rng = rng.fork("targets");
    const std::vector<ServiceIndex> services = services_to_try(targets_rng, story);
    const std::vector<CacheIndex> caches = caches_to_try(story, services);
    std::vector<Tried> tried =
        try_all(rng.fork("futures"), story, trials_at(story.world, services, caches));
    for (Tried& one : tried) {
        one.is_possible = possible.has(one.trial);
    }
    judge(tried);

    Case made;
    made.family = story.plot.theme.family();
    made.flavour = story.plot.theme.flavour;
    made.has_recent_change = has_recent_change(story);
    summarise(tried, made);
    made.line = case_text(order, rng.fork("text"), {story, possible, tried, made.menu_size});
    return made;
}

}  // namespace homeostat::sim::cases
