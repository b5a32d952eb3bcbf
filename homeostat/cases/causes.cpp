// Who is the cause of what a case shows, as far as dependencies and numbers say it.

#include "homeostat/cases/candidate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace homeostat::cases {

namespace {

constexpr double told_from = 0.02;

/// What of all that a service shows is the likeliest reason, in the order in which it tells most.
std::string kind_of_cause(const ServiceSurvey& service) {
    constexpr double suspect_s = 900;
    const auto is_recent = [&](const char* kind) {
        const auto change = service.changes.find(kind);
        return change != service.changes.end() && change->second.age_s < suspect_s &&
               (service.onset_s < 0 || change->second.age_s > service.onset_s - 10);
    };
    const auto is_leaking = [](const ReplicaSurvey& one) { return one.memory_growth > 1.6; };
    const auto is_odd = [](const ReplicaSurvey& one) {
        return one.error_excess > 0.05 || one.latency_excess > 3;
    };
    if (service.shifts.after(Metric::stale_ratio) > 0.05) {
        return "stale_copies";
    }
    if (is_recent("deploy")) {
        return "deploy";
    }
    if (is_recent("config")) {
        return "config";
    }
    if (std::ranges::any_of(service.replicas, is_leaking)) {
        return "memory_leak";
    }
    if (service.down_count > 0) {
        return "instance_down";
    }
    if (service.shifts.ratio(Metric::requests) > 1.3) {
        return "overload";
    }
    return std::ranges::any_of(service.replicas, is_odd) ? "instance_fault" : "unknown";
}

}  // namespace

std::vector<RankedCause> causes_of(const Survey& survey) {
    std::vector<RankedCause> causes;
    double sum = 0;
    for (std::uint32_t index = 0; index < survey.services.size(); ++index) {
        const ServiceSurvey& service = survey.services[index];
        if (service.own < told_from) {
            continue;
        }
        causes.push_back({index, kind_of_cause(service), service.own,
                          fmt::format("{:.2f} of its own, {:.0f} % of what it shows is passed on",
                                      service.own, 100 * service.explained)});
        sum += service.own;
    }
    for (RankedCause& cause : causes) {
        cause.weight /= sum;
    }
    std::ranges::sort(causes, std::greater<>{}, &RankedCause::weight);
    return causes;
}

}  // namespace homeostat::cases
