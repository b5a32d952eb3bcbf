#include "homeostat/advise/advise.hpp"

#include "homeostat/advise/rules.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/domain/diagnosis.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace homeostat::advise {

namespace {

/// What the cause lies with, by a name of the configuration. Empty: with what it does not have.
std::string target_of(const PastIncident& incident, const Settings& settings) {
    if (incident.cause.kind == CauseKind::dependency_failing) {
        const auto found = std::ranges::find_if(settings.neighbours, [&](const auto& neighbour) {
            return incident.cause.because == ill_neighbour_words(neighbour.service.text());
        });
        return found == settings.neighbours.end() ? std::string() : found->service.text();
    }
    if (incident.cause.kind == CauseKind::stale_copies) {
        const CacheId cache(incident.symptom.subject.name);
        const auto found = std::ranges::find(settings.caches, cache, &CacheSettings::name);
        return found == settings.caches.end() ? std::string() : found->name.text();
    }
    return settings.service.text();
}

/// What more than the usual load is told apart by: requests that were tried again come while
/// something else is wrong, or soon after it.
bool follows_another(const PastIncident& incident, std::span<const PastIncident> all) {
    constexpr auto soon =
        std::chrono::minutes{2};  // Callers have given up, or tried again, by then.
    return std::ranges::any_of(all, [&](const PastIncident& other) {
        const bool is_other =
            other.service == incident.service && other.cause.kind != incident.cause.kind &&
            other.cause.kind != CauseKind::unknown && other.cause.kind != CauseKind::stale_copies;
        return is_other && other.opened_at < incident.opened_at &&
               incident.opened_at <= other.closed_at + soon;
    });
}

std::vector<Recurrence> recurrences_of(std::span<const PastIncident> incidents,
                                       const Settings& settings,
                                       Findings& findings) {
    std::map<std::pair<CauseKind, std::string>, Recurrence> found;
    for (const PastIncident& incident : incidents) {
        if (incident.service != settings.service) {
            findings.strange_count += 1;
            continue;
        }
        findings.incidents_count += 1;
        if (incident.cause.kind == CauseKind::unknown) {
            findings.unexplained_count += 1;
            continue;
        }
        const std::string target = target_of(incident, settings);
        Recurrence& recurrence = found[{incident.cause.kind, target}];
        recurrence.cause = incident.cause.kind;
        recurrence.target = target;
        recurrence.incidents.push_back(incident);
        recurrence.incidents.back().follows_another = follows_another(incident, incidents);
    }
    std::vector<Recurrence> all;
    for (auto& [key, recurrence] : found) {
        std::ranges::sort(recurrence.incidents, {}, [](const PastIncident& incident) {
            return std::pair(incident.opened_at, incident.incident);
        });
        all.push_back(std::move(recurrence));
    }
    return all;
}

std::optional<Advice> ask(const Rule& rule,
                          const Recurrence& recurrence,
                          const Settings& settings,
                          std::size_t times_min) {
    if (rule.cause != recurrence.cause || recurrence.target.empty()) {
        return std::nullopt;
    }
    Advice advice{.kind = rule.kind, .ground = recurrence, .because = {}};
    std::erase_if(advice.ground.incidents,
                  [&](const PastIncident& incident) { return !rule.is_for(incident); });
    std::optional<Change> change = advice.ground.incidents.size() >= times_min
                                       ? rule.propose(settings, recurrence.target)
                                       : std::nullopt;
    if (!change) {
        return std::nullopt;
    }
    advice.because = std::move(change->because);
    advice.setting = std::move(change->setting);
    advice.snippet = std::move(change->snippet);
    return advice;
}

Silence why_silent(const Recurrence& recurrence) {
    if (recurrence.target.empty()) {
        return Silence::no_target;
    }
    const bool has_rule =
        std::ranges::find(rules(), recurrence.cause, &Rule::cause) != rules().end();
    return has_rule ? Silence::no_ground : Silence::no_rule;
}

}  // namespace

Findings advise(std::span<const PastIncident> incidents,
                const Settings& settings,
                std::size_t times_min) {
    ensure(times_min > 0, "a cause is seen once at least");
    Findings findings;
    for (Recurrence& recurrence : recurrences_of(incidents, settings, findings)) {
        if (recurrence.incidents.size() < times_min) {
            continue;
        }
        const std::size_t before = findings.advice.size();
        for (const Rule& rule : rules()) {
            if (std::optional<Advice> advice = ask(rule, recurrence, settings, times_min)) {
                findings.advice.push_back(std::move(*advice));
            }
        }
        if (findings.advice.size() == before) {
            const Silence why = why_silent(recurrence);
            findings.silent.push_back({std::move(recurrence), why});
        }
    }
    return findings;
}

}  // namespace homeostat::advise
