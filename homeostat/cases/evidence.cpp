#include "homeostat/cases/evidence.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/evidence.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

namespace homeostat::cases {

namespace {

constexpr double score_told_min = 3;  ///< In spreads of before: less is noise.

/// Whatever a case calls it, one of our words.
ServiceRole role_of(const std::string& kind) {
    return parse_enum<ServiceRole>(kind).value_or(ServiceRole::service);
}

const Shift* telling(const Shifts& shifts, Metric metric) {
    const std::optional<Shift>& shift = shifts.of(metric);
    return shift && std::abs(shift->score) >= score_told_min ? &*shift : nullptr;
}

std::optional<MovedShare> moved(const Shifts& shifts, Metric metric) {
    const Shift* shift = telling(shifts, metric);
    return shift != nullptr ? std::optional(MovedShare{shift->before, shift->after}) : std::nullopt;
}

std::optional<double> ratio(const Shifts& shifts, Metric metric) {
    const Shift* shift = telling(shifts, metric);
    return shift != nullptr ? std::optional(shift->ratio()) : std::nullopt;
}

std::optional<double> gain(const Shifts& shifts, Metric metric) {
    const Shift* shift = telling(shifts, metric);
    return shift != nullptr ? std::optional(shift->after - shift->before) : std::nullopt;
}

ReplicaFacts replicas_of(const ServiceSurvey& service) {
    constexpr double excess_told_min = 0.05;
    constexpr double slower_told_min = 2;
    constexpr double growth_told_min = 1.3;
    ReplicaFacts facts;
    facts.count = static_cast<std::uint32_t>(service.replicas.size());
    for (const ReplicaSurvey& one : service.replicas) {
        facts.down += one.is_down ? 1 : 0;
        facts.failing += one.error_excess > excess_told_min ? 1 : 0;
        facts.slower += one.latency_excess > slower_told_min ? 1 : 0;
        facts.out_of_rotation += one.is_in_rotation ? 0 : 1;
        facts.on_new_version += one.is_new_version ? 1 : 0;
        facts.grown += one.memory_growth > growth_told_min ? 1 : 0;
        facts.memory_growth = std::max(facts.memory_growth, one.memory_growth);
        facts.restarts += one.restarts;
        facts.falls = std::max<double>(facts.falls, one.falls);
        facts.is_place_lost = facts.is_place_lost || one.is_place_lost;
    }
    return facts;
}

ChangeAges changes_of(const ServiceSurvey& service) {
    ChangeAges ages;
    const auto place_of = [&ages](std::optional<ChangeKind> kind) -> std::optional<double>& {
        switch (kind.value_or(ChangeKind::scale)) {
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
    };
    for (const auto& [name, change] : service.changes) {
        std::optional<double>& age_s = place_of(parse_enum<ChangeKind>(name));
        age_s = std::min(age_s.value_or(change.age_s), change.age_s);
    }
    return ages;
}

std::vector<Trouble> troubles_of(const Troubles& troubles) {
    std::vector<Trouble> fresh;
    for (std::size_t index = 0; index < troubles_count; ++index) {
        const auto trouble = static_cast<Trouble>(index);
        if (troubles.is_new(trouble)) {
            fresh.push_back(trouble);
        }
    }
    std::ranges::sort(fresh, std::ranges::greater{}, [&](Trouble one) {
        return std::pair(troubles.now_of(one), -static_cast<int>(one));
    });
    return fresh;
}

ServiceFacts service_of(const ServiceSurvey& service) {
    const Shifts& shifts = service.shifts;
    ServiceFacts facts;
    facts.role = role_of(service.kind);
    facts.illness = service.illness;
    facts.own = service.own;
    facts.ill_for_s = service.onset_s >= 0 ? std::optional(service.onset_s) : std::nullopt;
    facts.errors = moved(shifts, Metric::error_ratio);
    facts.wrong = moved(shifts, Metric::wrong);
    facts.denied = moved(shifts, Metric::denied);
    facts.stale = moved(shifts, Metric::stale_ratio);
    facts.hits = moved(shifts, Metric::hit_ratio);
    facts.latency_ratio = ratio(shifts, Metric::latency);
    facts.traffic_ratio = ratio(shifts, Metric::requests);
    facts.processor_ratio = ratio(shifts, Metric::cpu);
    facts.queue_gain = gain(shifts, Metric::queue);
    facts.disk_full = shifts.after(Metric::disk);
    facts.replicas = replicas_of(service);
    facts.changed = changes_of(service);
    facts.troubles = troubles_of(service.troubles);
    return facts;
}

}  // namespace

EvidenceFacts facts_of(const Survey& survey) {
    EvidenceFacts facts{.users = {.failed = survey.users_failed,
                                  .slow = survey.users_slow,
                                  .wrong = survey.users_wrong,
                                  .lose = survey.users_lose,
                                  .rate_ratio = survey.users_rate_ratio,
                                  .is_getting_better = survey.is_getting_better}};
    for (const ServiceSurvey& service : survey.services) {
        facts.services.push_back(service_of(service));
    }
    for (const CallSurvey& call : survey.calls) {
        facts.waits.push_back({.caller = call.caller,
                               .target = call.target,
                               .illness = call.illness,
                               .has_fallback = call.has_fallback});
    }
    return facts;
}

Evidence evidence_of(const Survey& survey, std::span<const std::string> notes) {
    Evidence evidence = homeostat::evidence_of(facts_of(survey)).evidence;
    put_before(evidence, notes);
    return evidence;
}

}  // namespace homeostat::cases
