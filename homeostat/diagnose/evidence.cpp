#include "homeostat/diagnose/evidence.hpp"

#include "homeostat/domain/evidence.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::diagnose {

namespace {

// How ill, for the order of who is told alone: whoever has the symptom stands before whoever is ill
// beside it.
constexpr double ill = 1;
constexpr double ill_beside = 0.5;

std::optional<MovedShare> errors_of(const Failing& failing, const Limits& limits) {
    return is_failing(failing, limits)
               ? std::optional(MovedShare{failing.ratio_before, failing.ratio()})
               : std::nullopt;
}

/// Those that fail more than the others: than the median of the better half, so that with two the
/// better one is the measure of the other.
std::uint32_t failing_alone_count(const Look& look, const Limits& limits) {
    constexpr double excess_min = 0.05;
    std::vector<double> ratios;
    for (const auto& [instance, failing] : look.instances) {
        ratios.push_back(failing.ratio());
    }
    std::ranges::sort(ratios);
    const double usual = ratios.empty() ? 0 : ratios[(ratios.size() + 1) / 2 / 2];
    return static_cast<std::uint32_t>(
        std::ranges::count_if(look.instances, [&](const auto& instance) {
            return is_failing(instance.second, limits) &&
                   instance.second.ratio() - usual > excess_min;
        }));
}

/// Of a process that has ended nobody asks for an answer any more.
std::uint32_t down_count(const Look& look, const Symptom& symptom) {
    const auto is_silent = [&look](const std::string& name) {
        return std::ranges::find(look.silent, InstanceId(name)) != look.silent.end();
    };
    const bool is_more =
        symptom.kind == SymptomKind::instance_down && !is_silent(symptom.subject.name);
    return static_cast<std::uint32_t>(look.silent.size()) + (is_more ? 1 : 0);
}

ReplicaFacts replicas_of(const Look& look, const Symptom& symptom, const Limits& limits) {
    ReplicaFacts facts;
    facts.count = static_cast<std::uint32_t>(look.instances.size());
    facts.down = down_count(look, symptom);
    facts.falls = look.has_stopped_answering ? 1 : 0;
    facts.failing = failing_alone_count(look, limits);
    facts.slower = look.slowest || look.is_one_slow(symptom) ? 1 : 0;
    facts.grown = static_cast<std::uint32_t>(look.leaks.size());
    for (const Leak& leak : look.leaks) {
        facts.memory_growth = std::max(facts.memory_growth, leak.to_bytes / leak.from_bytes);
    }
    return facts;
}

std::optional<double>& age_in(ChangeAges& ages, ChangeKind kind) {
    switch (kind) {
        case ChangeKind::deploy:
            return ages.deploy;
        case ChangeKind::config:
            return ages.config;
        case ChangeKind::flag:
            return ages.flag;
        case ChangeKind::scale:
            break;
    }
    return ages.other;
}

/// Absent where no deploy could be seen: that there was none is then no knowledge.
std::optional<ChangeAges> changes_of(const Look& look,
                                     const Symptom& symptom,
                                     const Inventory& inventory) {
    if (!inventory.has_versions && look.suspects.empty()) {
        return std::nullopt;
    }
    ChangeAges ages;
    for (const Change& change : look.suspects) {
        age_in(ages, change.kind) = to_seconds(symptom.noticed_at - change.at);
    }
    return ages;
}

/// Of a busy hour without a queue nothing is told: more requests alone are no fault.
void add_load(EvidenceFacts& facts, ServiceFacts& service, const Load& load) {
    if (load.waiting <= waiting_usual_max) {
        return;
    }
    service.queue_gain = static_cast<double>(load.waiting);  // On ordinary days hardly one waits.
    if (load.usual_rate) {
        service.traffic_ratio = load.growth();
        facts.users.rate_ratio = load.growth();
    }
}

ServiceFacts guarded(const Look& look,
                     const Symptom& symptom,
                     const Inventory& inventory,
                     const Limits& limits) {
    const bool is_ill =
        symptom.kind != SymptomKind::stale_cache && symptom.kind != SymptomKind::check_failing;
    ServiceFacts facts;
    facts.illness = is_ill ? ill : 0;
    facts.own = is_ill && look.explaining.empty() ? ill : 0;
    facts.ill_for_s = to_seconds(symptom.noticed_at - symptom.began_at);
    facts.errors = errors_of(look.own, limits);
    if (symptom.kind == SymptomKind::latency || is_slowed(look.own_pace, limits)) {
        facts.latency_ratio = look.own_pace.ratio();
    }
    facts.replicas = replicas_of(look, symptom, limits);
    facts.changed = changes_of(look, symptom, inventory);
    facts.troubles = look.claims;
    return facts;
}

ServiceFacts neighbour_at(std::size_t index, const Look& look, const Limits& limits) {
    const auto& [name, failing] = look.neighbours[index];
    const Pace& pace = look.neighbour_paces[index].second;
    const bool explains = std::ranges::find(look.explaining, name) != look.explaining.end();
    const bool is_ill = is_failing(failing, limits) || is_slowed(pace, limits);
    ServiceFacts facts;
    facts.illness = explains ? ill : is_ill ? ill_beside : 0;
    facts.own = facts.illness;
    facts.errors = errors_of(failing, limits);
    facts.latency_ratio = is_slowed(pace, limits) ? pace.ratio() : std::nullopt;
    return facts;
}

/// It began with the first copy that was wrong, so that before there was none.
ServiceFacts cache_of(const Look& look) {
    ServiceFacts facts{.role = ServiceRole::cache, .illness = ill, .own = ill};
    if (look.stale_ratio) {
        facts.stale = MovedShare{0, *look.stale_ratio};
    }
    return facts;
}

}  // namespace

EvidenceFacts facts_of(const Look& look,
                       const Symptom& symptom,
                       const Inventory& inventory,
                       const Limits& limits) {
    EvidenceFacts facts;
    facts.users.failed = look.own.ratio();
    facts.users.slow = look.slow_ratio;
    facts.users.lose = look.stale_ratio.value_or(0);
    facts.services.push_back(guarded(look, symptom, inventory, limits));
    add_load(facts, facts.services.front(), look.load);
    for (std::size_t index = 0; index < look.neighbours.size(); ++index) {
        const ServiceFacts& neighbour =
            facts.services.emplace_back(neighbour_at(index, look, limits));
        const ServiceId& name = look.neighbours[index].first;
        facts.waits.push_back({.caller = 0,
                               .target = static_cast<std::uint32_t>(index + 1),
                               .illness = neighbour.illness,
                               .has_fallback = std::ranges::find(inventory.circuits, name) !=
                                               inventory.circuits.end()});
    }
    if (symptom.kind == SymptomKind::stale_cache) {
        facts.services.push_back(cache_of(look));
    }
    return facts;
}

void write_evidence(Diagnosis& diagnosis,
                    const Look& look,
                    const Symptom& symptom,
                    const Inventory& inventory,
                    const Limits& limits) {
    std::vector<std::string> names{inventory.service.text()};
    for (const auto& [neighbour, failing] : look.neighbours) {
        names.push_back(neighbour.text());
    }
    names.push_back(symptom.subject.name);  // Of the cache, where it is one.
    WrittenEvidence written = evidence_of(facts_of(look, symptom, inventory, limits));
    diagnosis.evidence = std::move(written.evidence);
    for (const std::uint32_t place : written.services) {
        diagnosis.names.push_back(names[place]);
    }
}

}  // namespace homeostat::diagnose
