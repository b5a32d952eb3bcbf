#include "homeostat/cases/claim.hpp"

#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace homeostat::cases {

namespace {

constexpr double ill_from = 0.02;     ///< As much as puts a service on the menu.
constexpr double share_gain = 0.005;  ///< Of answers that were otherwise before.
constexpr double nearly_full = 0.8;   ///< A disk, descriptors.
constexpr double much_more = 1.3;     ///< Times what it was.
constexpr double lately_s = 1200;     ///< A change or a start before that explains nothing of now.

/// A service, and the calls that it makes.
struct Subject {
    const ServiceSurvey& service;
    double calls_illness{0};

    [[nodiscard]] bool has_gained(Metric metric) const {
        return service.shifts.gain(metric) > share_gain;
    }
    [[nodiscard]] bool is_nearly_full(Metric metric) const {
        const auto is_so = [&](const Shifts& shifts) { return shifts.after(metric) > nearly_full; };
        return is_so(service.shifts) ||
               std::ranges::any_of(service.replicas, is_so, &ReplicaSurvey::shifts);
    }
};

Subject subject_of(const Survey& survey, std::uint32_t index) {
    Subject subject{.service = survey.services[index]};
    for (const CallSurvey& call : survey.calls) {
        if (call.caller == index) {
            subject.calls_illness = std::max(subject.calls_illness, call.illness);
        }
    }
    return subject;
}

bool answers_badly(const Subject& subject) {
    return subject.service.illness > ill_from || subject.service.seen_by_callers > ill_from;
}

bool waits_for_others(const Subject& subject) {
    return subject.calls_illness > ill_from;
}

bool has_ended(const Subject& subject) {
    return subject.service.down_count > 0 ||
           std::ranges::any_of(subject.service.replicas, [](const ReplicaSurvey& one) {
               return one.falls > 0 || one.started_ago_s < lately_s;
           });
}

bool grows(const Subject& subject) {
    return has_ended(subject) ||
           std::ranges::any_of(subject.service.replicas, [](const ReplicaSurvey& one) {
               return one.memory_growth > much_more;
           });
}

bool fills_its_disk(const Subject& subject) {
    return subject.is_nearly_full(Metric::disk);
}

bool turns_away(const Subject& subject) {
    return subject.has_gained(Metric::denied) || waits_for_others(subject);
}

bool answers_late(const Subject& subject) {
    return subject.service.shifts.ratio(Metric::latency) > much_more ||
           subject.service.shifts.gain(Metric::queue) > 1;
}

/// How many a pool holds is not told: more are in use than before, or requests wait.
bool fills_its_pool(const Subject& subject) {
    const Shifts& shifts = subject.service.shifts;
    return shifts.ratio(Metric::connections) > much_more || shifts.gain(Metric::queue) > 1;
}

bool runs_out_of_descriptors(const Subject& subject) {
    return subject.is_nearly_full(Metric::descriptors);
}

bool has_much_to_do(const Subject& subject) {
    const Shifts& shifts = subject.service.shifts;
    return shifts.ratio(Metric::requests) > much_more || shifts.ratio(Metric::cpu) > much_more ||
           shifts.gain(Metric::queue) > 1;
}

bool changed_lately(const Subject& subject) {
    return std::ranges::any_of(subject.service.changes,
                               [](const auto& one) { return one.second.age_s < lately_s; });
}

bool misleads(const Subject& subject) {
    return subject.has_gained(Metric::wrong) || subject.has_gained(Metric::error_ratio);
}

struct Row {
    Trouble trouble;
    bool (*fits)(const Subject&);
};

constexpr auto rows = std::to_array<Row>({
    {Trouble::connection_refused, waits_for_others},
    {Trouble::timeout, waits_for_others},
    {Trouble::out_of_memory, grows},
    {Trouble::disk_full, fills_its_disk},
    {Trouble::certificate, turns_away},
    {Trouble::credentials, turns_away},
    {Trouble::deadlock, answers_late},
    {Trouble::pool_exhausted, fills_its_pool},
    {Trouble::descriptors_exhausted, runs_out_of_descriptors},
    {Trouble::overload, has_much_to_do},
    {Trouble::rate_limited, turns_away},
    {Trouble::config_error, changed_lately},
    {Trouble::exception, misleads},
    {Trouble::bad_data, misleads},
});
static_assert(rows.size() == troubles_count);

bool is_fitted(const Subject& subject, Trouble trouble) {
    const auto row = std::ranges::find(rows, trouble, &Row::trouble);
    ensure(row != rows.end(), "every class of trouble has its row");
    return row->fits(subject);
}

bool is_in_trouble(const Subject& subject) {
    return answers_badly(subject) || waits_for_others(subject) || has_ended(subject);
}

}  // namespace

bool is_confirmed(const Survey& survey, std::uint32_t service, Trouble trouble) {
    return is_fitted(subject_of(survey, service), trouble);
}

bool shows_trouble(const Survey& survey, std::uint32_t service) {
    return is_in_trouble(subject_of(survey, service));
}

void drop_lone_claims(Survey& survey) {
    for (std::uint32_t index = 0; index < survey.services.size(); ++index) {
        const Subject subject = subject_of(survey, index);
        ServiceSurvey& service = survey.services[index];
        for (std::size_t at = 0; at < troubles_count; ++at) {
            if (!is_fitted(subject, static_cast<Trouble>(at))) {
                service.troubles.now.at(at) = 0;
                service.troubles.before.at(at) = 0;
            }
        }
        if (!is_in_trouble(subject)) {
            service.error_lines = 0;
            service.error_lines_before = 0;
        }
    }
}

}  // namespace homeostat::cases
