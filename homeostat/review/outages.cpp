#include "homeostat/review/outages.hpp"

#include "homeostat/review/median.hpp"
#include "homeostat/review/shadow.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace homeostat::review {

namespace {

using Spans = std::vector<Duration>;

std::map<SymptomKind, Reference> references_of(std::span<const PastIncident> incidents) {
    std::map<SymptomKind, Spans> spans;
    for (const PastIncident& incident : incidents) {
        Spans& of_kind = spans[incident.symptom.kind];
        if (!is_healed_by_us(incident)) {
            of_kind.push_back(outage_of(incident));
        }
    }
    std::map<SymptomKind, Reference> references;
    for (auto& [kind, of_kind] : spans) {
        Reference& reference = references[kind];
        reference.symptom = kind;
        reference.incidents_count = static_cast<std::uint32_t>(of_kind.size());
        if (reference.incidents_count >= references_min) {
            reference.median = median_of(std::move(of_kind));
        }
    }
    return references;
}

RemedyKind kind_in(const PastIncident& incident) {
    return kind_of(incident.attempts.empty() ? incident.named : incident.attempts.back().remedy);
}

void count_end(OutageRow& row, const PastIncident& incident) {
    if (incident.how == CloseKind::by_person) {
        row.by_person_count += 1;
    } else if (is_healed_by_us(incident)) {
        row.healed_count += 1;
    } else {
        row.passed_count += 1;
    }
    const bool is_nobody_called = !incident.is_escalated && incident.asked.empty();
    row.pages_avoided_count += is_healed_by_us(incident) && is_nobody_called ? 1 : 0;
    const bool may_have_acted = !incident.shadow && !incident.is_escalated &&
                                kind_of(incident.named) != RemedyKind::observe;
    row.spared_count +=
        incident.attempts.empty() && may_have_acted && incident.how == CloseKind::passed ? 1 : 0;
}

void count_questions(OutageRow& row, const PastIncident& incident) {
    for (const Asked& asked : incident.asked) {
        row.asked_count += 1;
        row.approved_count += asked.says == PersonSays::approved ? 1 : 0;
        row.denied_count += asked.says == PersonSays::denied ? 1 : 0;
        row.silent_count += asked.says ? 0 : 1;
    }
    for (const Attempt& attempt : incident.attempts) {
        row.acts_count += 1;
        row.failed_count += attempt.proof == ProofKind::not_helped ? 1 : 0;
        row.undone_count += attempt.is_undone ? 1 : 0;
    }
}

void count_outage(OutageRow& row, const PastIncident& incident, const Reference& reference) {
    const Duration outage = outage_of(incident);
    row.incidents_count += 1;
    row.outage += outage;
    if (is_healed_by_us(incident) && reference.median) {
        row.compared_count += 1;
        row.compared_outage += outage;
        row.counterfactual += *reference.median;
    }
}

void count(OutageRow& row, const PastIncident& incident, const Reference& reference) {
    count_end(row, incident);
    count_questions(row, incident);
    count_outage(row, incident, reference);
}

void count_course(Outages& outages, const PastIncident& incident) {
    const Course course = incident.shadow ? course_of(*incident.shadow) : Course::undecided;
    outages.shadow_count += course != Course::undecided ? 1 : 0;
    outages.alone_count += course == Course::alone ? 1 : 0;
}

/// Opened from `since` on and before `until`; without one of them there is no such bound.
struct Window {
    std::optional<WallTime> since;
    std::optional<WallTime> until;

    [[nodiscard]] bool has(const PastIncident& incident) const {
        return (!since || incident.opened_at >= *since) && (!until || incident.opened_at < *until);
    }
};

}  // namespace

Outages outages_of(const Past& past, std::optional<WallTime> since, std::optional<WallTime> until) {
    Outages outages;
    const Window window{since, until};
    std::map<SymptomKind, Reference> references = references_of(past.closed);
    std::map<std::pair<ServiceId, RemedyKind>, std::pair<OutageRow, Spans>> rows;
    Spans all;
    for (const PastIncident& incident : past.closed) {
        if (!window.has(incident)) {
            continue;
        }
        const Reference& reference = references[incident.symptom.kind];
        auto& [row, spans] = rows[{incident.service, kind_in(incident)}];
        row.service = incident.service;
        row.remedy = kind_in(incident);
        count(row, incident, reference);
        count(outages.total, incident, reference);
        spans.push_back(outage_of(incident));
        all.push_back(outage_of(incident));
        count_course(outages, incident);
    }
    for (auto& [of, item] : rows) {
        item.first.outage_median = median_of(std::move(item.second));
        outages.rows.push_back(std::move(item.first));
    }
    outages.total.outage_median = median_of(std::move(all));
    for (auto& [kind, reference] : references) {
        outages.references.push_back(reference);
    }
    for (const auto& [id, incident] : past.open) {
        outages.open_count += window.has(incident) ? 1 : 0;
    }
    return outages;
}

}  // namespace homeostat::review
