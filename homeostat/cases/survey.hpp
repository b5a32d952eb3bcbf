#pragma once

// Survey: every number of a case that a cause, a candidate or a line for the model is made of.
//
// Of several series that measure the same of one subject the one that shifted most counts
// (metric.hpp says what a series measures). Where a service has none of its own, the one of its
// replicas that shifted most speaks for it.
//
// How ill a service is comes from its errors, latency, queue and dead replicas, against its own
// past. What a service passes on it does not have: the share of its illness that its calls explain
// is taken off, so that the cause and not its loudest victim stands out.
//
// Pure. Values only.

#include "homeostat/cases/case.hpp"
#include "homeostat/cases/metric.hpp"
#include "homeostat/domain/trouble.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::cases {

/// Shifts of one subject.
struct Shifts {
    std::array<std::optional<Shift>, metrics_count> all{};

    [[nodiscard]] const std::optional<Shift>& of(Metric metric) const {
        return all.at(static_cast<std::size_t>(metric));
    }
    [[nodiscard]] double after(Metric metric, double without = 0) const;
    [[nodiscard]] double before(Metric metric, double without = 0) const;
    [[nodiscard]] double ratio(Metric metric) const;  ///< 1 without any.
    [[nodiscard]] double gain(Metric metric) const;   ///< after − before; 0 without any.
};

constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

struct ReplicaSurvey {
    std::string name;
    Shifts shifts;
    bool is_in_rotation{true};
    std::string zone;           ///< Empty: not told.
    std::string host;           ///< Likewise.
    bool is_down{false};        ///< Does not answer now.
    bool is_place_lost{false};  ///< Nothing on its host, or in its zone, does, of two at least.
    std::uint32_t falls{0};     ///< Times it stopped answering within the case.
    double error_excess{0};     ///< Its share of errors above its siblings' median.
    double latency_excess{1};   ///< Its latency over its siblings' median.
    double memory_growth{1};    ///< Now over the beginning.
    double started_ago_s{1e6};  ///< Since its process began, where it is told.
    std::uint32_t restarts{0};
    bool is_new_version{false};  ///< Runs its service's newest version; a sibling does not.
};

struct CallSurvey {
    std::uint32_t caller{nobody};
    std::uint32_t target{nobody};
    double error_gain{0};
    double latency_ratio{1};
    double latency_gain_ms{0};
    double rate_ratio{1};
    double illness{0};  ///< 0…1.
    bool is_required{true};
    bool has_fallback{false};
};

struct RecentChange {
    double age_s{1e9};
    std::string from;
    std::string to;
};

/// How many log lines claim each class of trouble. No byte of a line is in it.
struct Troubles {
    std::array<std::uint32_t, troubles_count> now{};  ///< In the last minute.
    std::array<std::uint32_t, troubles_count> before{};

    [[nodiscard]] std::uint32_t now_of(Trouble trouble) const {
        return now.at(static_cast<std::size_t>(trouble));
    }
    /// Told now, and not before.
    [[nodiscard]] bool is_new(Trouble trouble) const {
        return now_of(trouble) > 0 && before.at(static_cast<std::size_t>(trouble)) == 0;
    }
    [[nodiscard]] std::uint32_t new_count() const;
};

struct ServiceSurvey {
    std::string name;
    std::string kind;
    Shifts shifts;
    std::vector<ReplicaSurvey> replicas;
    std::map<std::string, RecentChange> changes;  ///< By kind: the latest of each.
    double illness{0};                            ///< 0…1, of what it shows.
    double explained{0};  ///< Share of it that its calls to others account for.
    double own{0};        ///< illness · (1 − explained), and what its callers see of it alone.
    double seen_by_callers{0};  ///< Worst illness of a call to it.
    double onset_s{-1};         ///< Seconds ago that it became ill; below 0: it is not.
    std::uint32_t down_count{0};
    std::uint32_t alerts_firing{0};
    std::uint32_t error_lines{0};  ///< Of the last minute.
    std::uint32_t error_lines_before{0};
    Troubles troubles{};  ///< Of lines of any level.
    const PossibleAt* possible{nullptr};
    std::uint32_t source{nobody};  ///< Of a cache.
};

struct Survey {
    std::vector<ServiceSurvey> services;
    std::vector<CallSurvey> calls;
    double users_failed{0};  ///< Share now.
    double users_slow{0};    ///< Likewise.
    double users_wrong{0};   ///< Likewise.
    double users_worst{0};   ///< The worst of the three at any time of the case.
    /// Share of users' requests that is no good now, by the worst witness: users' own series may be
    /// missing or stand still, and then the gateways' errors and their calls tell.
    double users_lose{0};
    double users_rate_ratio{1};
    bool is_getting_better{false};  ///< Of the worst that users met less than a third is left.

    std::map<std::string, std::uint32_t, std::less<>> index;  ///< Of the services, by name.

    /// `nobody` if there is none of that name.
    [[nodiscard]] std::uint32_t find(std::string_view service) const;
};

/// `shown` outlives it.
[[nodiscard]] Survey survey_of(const Shown& shown);

}  // namespace homeostat::cases
