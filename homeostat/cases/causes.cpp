// Who is the cause of what a case shows, as far as dependencies and numbers say it.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/cases/candidate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::cases {

namespace {

constexpr double told_from = 0.02;

/// A resource whose use rose, by so many spreads and so many times.
constexpr double strained_score = 5;
constexpr double strained_ratio = 1.3;

/// What speaks for a service besides what is ill of its own, which may be as much as 1.
constexpr double strain_weight = 0.25;
constexpr double change_weight = 0.1;  ///< Where anything else speaks for it.
constexpr double change_s = 900;       ///< So long ago at most.

struct Resource {
    Metric metric;
    std::string_view kind;
};

constexpr auto resources = std::to_array<Resource>({
    {Metric::cpu, "cpu_saturation"},
    {Metric::memory, "memory_leak"},
    {Metric::io, "disk_io"},
    {Metric::network, "network"},
    {Metric::connections, "pool_exhausted"},
    {Metric::descriptors, "descriptors_exhausted"},
    {Metric::disk, "disk_full"},
});

struct Strain {
    double size{0};  ///< 0…1.
    std::string_view kind{"unknown"};
};

/// The resource of a service whose use rose most.
Strain strain_of(const ServiceSurvey& service) {
    Strain worst;
    for (const Resource& resource : resources) {
        const std::optional<Shift>& shift = service.shifts.of(resource.metric);
        if (!shift || shift->score < strained_score || shift->ratio() < strained_ratio) {
            continue;
        }
        const double size = 1 - 1 / shift->ratio();
        if (size > worst.size) {
            worst = {size, resource.kind};
        }
    }
    return worst;
}

/// What its log newly tells of and numbers fit, if that can be a reason and is no consequence.
std::optional<Trouble> claim_of_cause(const Troubles& troubles) {
    constexpr auto reasons = std::to_array<Trouble>(
        {Trouble::certificate, Trouble::credentials, Trouble::disk_full, Trouble::out_of_memory,
         Trouble::descriptors_exhausted, Trouble::pool_exhausted, Trouble::deadlock,
         Trouble::config_error, Trouble::bad_data});
    std::optional<Trouble> told;
    for (const Trouble reason : reasons) {
        if (troubles.is_new(reason) &&
            (!told || troubles.now_of(reason) > troubles.now_of(*told))) {
            told = reason;
        }
    }
    return told;
}

double weight_of(const ServiceSurvey& service) {
    const double weight = service.own + strain_weight * strain_of(service).size;
    const bool has_changed = std::ranges::any_of(
        service.changes, [](const auto& change) { return change.second.age_s < change_s; });
    return weight < told_from || !has_changed ? weight : weight + change_weight;
}

/// What of all that a service shows is the likeliest reason, in the order in which it tells most.
std::string kind_of_cause(const ServiceSurvey& service) {
    const auto is_recent = [&](const char* kind) {
        const auto change = service.changes.find(kind);
        return change != service.changes.end() && change->second.age_s < change_s &&
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
    if (const std::optional<Trouble> claim = claim_of_cause(service.troubles)) {
        return std::string(to_text(*claim));
    }
    if (service.shifts.ratio(Metric::requests) > 1.3) {
        return "overload";
    }
    if (std::ranges::any_of(service.replicas, is_odd)) {
        return "instance_fault";
    }
    return std::string(strain_of(service).kind);
}

}  // namespace

std::vector<RankedCause> causes_of(const Survey& survey) {
    std::vector<RankedCause> causes;
    double sum = 0;
    for (std::uint32_t index = 0; index < survey.services.size(); ++index) {
        const ServiceSurvey& service = survey.services[index];
        const double weight = weight_of(service);
        if (weight < told_from) {
            continue;
        }
        causes.push_back({index, kind_of_cause(service), weight,
                          fmt::format("{:.2f} of its own, {:.0f} % of what it shows is passed on",
                                      service.own, 100 * service.explained)});
        sum += weight;
    }
    for (RankedCause& cause : causes) {
        cause.weight /= sum;
    }
    std::ranges::sort(causes, std::greater<>{}, &RankedCause::weight);
    return causes;
}

}  // namespace homeostat::cases
