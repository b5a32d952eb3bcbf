#include "homeostat/cases/survey_series.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::cases {

namespace {

constexpr double error_slack = 0.01;  ///< A share of errors below this is nobody's illness.
constexpr double better_share = 1.0 / 3;

Floor floor_of(Metric metric) {
    switch (metric) {
        case Metric::error_ratio:
        case Metric::users_failed:
        case Metric::users_slow:
        case Metric::users_wrong:
        case Metric::stale_ratio:
        case Metric::wrong:
        case Metric::denied:
        case Metric::retries:
            return {0.1, 0.005};
        case Metric::hit_ratio:
        case Metric::up:
            return {0.02, 0.02};
        case Metric::latency:
            return {0.1, 2};
        case Metric::queue:
            return {0.2, 2};
        default:
            return {0.1, 0.01};
    }
}

bool is_telling(const std::optional<Shift>& known, const Shift& shift) {
    return !known || std::abs(shift.score) > std::abs(known->score);
}

void take(Shifts& shifts, Metric metric, std::span<const SeriesPoint> points, double at_s) {
    const auto shift = shift_of(points, at_s, floor_of(metric));
    std::optional<Shift>& known = shifts.all.at(static_cast<std::size_t>(metric));
    if (shift && is_telling(known, *shift)) {
        known = shift;
    }
}

double worst_of(std::span<const SeriesPoint> points) {
    double worst = 0;
    for (const SeriesPoint& point : points) {
        worst = std::max(worst, point.value);
    }
    return worst;
}

std::uint32_t falls_of(std::span<const SeriesPoint> points) {
    std::uint32_t falls = 0;
    bool was_up = false;
    for (const SeriesPoint& point : points) {
        const bool is_up = point.value >= 0.5;
        falls += was_up && !is_up ? 1 : 0;
        was_up = is_up;
    }
    return falls;
}

bool is_of_users(Metric metric) {
    return metric == Metric::users_requests || metric == Metric::users_failed ||
           metric == Metric::users_slow || metric == Metric::users_wrong;
}

/// What a replica's series says besides its shift.
void take_of_replica(ReplicaSurvey& replica, Metric metric, std::span<const SeriesPoint> points) {
    if (points.empty()) {
        return;
    }
    if (metric == Metric::up) {
        replica.is_down = points.back().value < 0.5;
        replica.falls += falls_of(points);
    }
    if (metric == Metric::memory && points.front().value > 0) {
        replica.memory_growth =
            std::max(replica.memory_growth, points.back().value / points.front().value);
    }
}

/// Where a service has no series of its own, the one of its replicas that shifted most.
void let_replicas_speak(ServiceSurvey& service) {
    for (std::size_t metric = 0; metric < metrics_count; ++metric) {
        if (service.shifts.all.at(metric) || static_cast<Metric>(metric) == Metric::up) {
            continue;
        }
        std::optional<Shift> worst;
        for (const ReplicaSurvey& replica : service.replicas) {
            const std::optional<Shift>& shift = replica.shifts.all.at(metric);
            if (shift && is_telling(worst, *shift)) {
                worst = shift;
            }
        }
        service.shifts.all.at(metric) = worst;
    }
}

/// One reading of all series.
class SeriesReader {
  public:
    SeriesReader(const Shown& shown, Survey& survey) : shown_(shown), survey_(survey) {}

    bool run() {
        for (const Series& series : shown_.series) {
            convert(series);
        }
        for (const Converted& one : converted_) {
            if (!one.measure.is_count) {
                read(one, one.points);
                continue;
            }
            read(one, shares_of(one.points, requests_for(*one.series)));
        }
        std::ranges::for_each(survey_.services, let_replicas_speak);
        return has_users_series_;
    }

  private:
    struct Converted {
        const Series* series{nullptr};
        Measure measure;
        std::vector<SeriesPoint> points;
    };
    using Subject = std::pair<std::string, std::string>;  // Service, replica.

    void convert(const Series& series) {
        if (survey_.find(series.service) == nobody) {
            return;
        }
        Measure measure = measure_of(series.name, series.unit);
        std::vector<SeriesPoint> points = in_our_unit(series.points, measure);
        if (measure.metric == Metric::requests) {
            std::vector<SeriesPoint>& known = requests_[{series.service, series.replica}];
            if (worst_of(points) > worst_of(known)) {
                known = points;
            }
        }
        converted_.push_back({&series, measure, std::move(points)});
    }

    /// Those of the same subject, or else of its service.
    [[nodiscard]] std::span<const SeriesPoint> requests_for(const Series& series) const {
        for (const Subject& subject :
             {Subject{series.service, series.replica}, Subject{series.service, std::string()}}) {
            const auto found = requests_.find(subject);
            if (found != requests_.end()) {
                return found->second;
            }
        }
        return {};
    }

    void read(const Converted& one, std::span<const SeriesPoint> points) {
        ServiceSurvey& service = survey_.services[survey_.find(one.series->service)];
        const Metric metric = one.measure.metric;
        if (is_of_users(metric)) {
            read_users(metric, points);
            return;
        }
        const auto replica =
            std::ranges::find(service.replicas, one.series->replica, &ReplicaSurvey::name);
        if (one.series->replica.empty() || replica == service.replicas.end()) {
            take(service.shifts, metric, points, shown_.at_s);
            return;
        }
        take(replica->shifts, metric, points, shown_.at_s);
        take_of_replica(*replica, metric, points);
    }

    void read_users(Metric metric, std::span<const SeriesPoint> points);

    const Shown& shown_;
    Survey& survey_;
    std::vector<Converted> converted_;
    std::map<Subject, std::vector<SeriesPoint>> requests_;
    bool has_users_series_{false};
};

void SeriesReader::read_users(Metric metric, std::span<const SeriesPoint> points) {
    Shifts shifts;
    take(shifts, metric, points, shown_.at_s);
    if (metric == Metric::users_requests) {
        survey_.users_rate_ratio = shifts.ratio(metric);
        return;
    }
    has_users_series_ = true;
    double& now = metric == Metric::users_failed ? survey_.users_failed
                  : metric == Metric::users_slow ? survey_.users_slow
                                                 : survey_.users_wrong;
    now = std::max(now, shifts.after(metric));
    survey_.users_worst = std::max(survey_.users_worst, worst_of(points));
    const double worst_now =
        std::max({survey_.users_failed, survey_.users_slow, survey_.users_wrong});
    survey_.is_getting_better =
        survey_.users_worst > error_slack && worst_now < survey_.users_worst * better_share;
}

}  // namespace

bool read_series(const Shown& shown, Survey& survey) {
    return SeriesReader(shown, survey).run();
}

}  // namespace homeostat::cases
