#include "homeostat/cases/survey.hpp"

#include "homeostat/cases/claim.hpp"
#include "homeostat/cases/survey_estate.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace homeostat::cases {

namespace {

constexpr double recent_s = 60;       ///< What logs say of now.
constexpr double error_slack = 0.01;  ///< A share of errors below this is nobody's illness.
constexpr double error_ill = 0.2;     ///< A gain of so much is as ill as it gets.
constexpr double slow_from = 1.5;     ///< Times its latency before.
constexpr double slow_ill = 6;
constexpr double slow_gain_ms = 10;  ///< And by so much.
constexpr double ill_from = 0.08;    ///< From here on a service counts as ill.
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

double clamped(double value) {
    return std::clamp(value, 0.0, 1.0);
}

/// 0…1 by how much slower.
double slowness(double ratio, double gain_ms) {
    return gain_ms < slow_gain_ms ? 0 : clamped((ratio - slow_from) / (slow_ill - slow_from));
}

double illness_of_errors(double gain) {
    return clamped((gain - error_slack) / error_ill);
}

/// Two that may come together: as bad as both, never worse than 1.
double either(double one, double other) {
    return 1 - (1 - one) * (1 - other);
}

bool is_telling(const std::optional<Shift>& known, const Shift& shift) {
    return !known || std::abs(shift.score) > std::abs(known->score);
}

void take(Shifts& shifts, const Series& series, double at_s) {
    const Metric metric = metric_of(series.name, series.unit);
    const auto shift = shift_of(series.points, at_s, floor_of(metric));
    std::optional<Shift>& known = shifts.all.at(static_cast<std::size_t>(metric));
    if (shift && is_telling(known, *shift)) {
        known = shift;
    }
}

double worst_of(const Series& series) {
    double worst = 0;
    for (const SeriesPoint& point : series.points) {
        worst = std::max(worst, point.value);
    }
    return worst;
}

std::uint32_t falls_of(const Series& series) {
    std::uint32_t falls = 0;
    bool was_up = false;
    for (const SeriesPoint& point : series.points) {
        const bool is_up = point.value >= 0.5;
        falls += was_up && !is_up ? 1 : 0;
        was_up = is_up;
    }
    return falls;
}

double median_of(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

bool is_of_users(Metric metric) {
    return metric == Metric::users_requests || metric == Metric::users_failed ||
           metric == Metric::users_slow || metric == Metric::users_wrong;
}

/// Fills a survey from a case, part by part.
class Surveyor {
  public:
    explicit Surveyor(const Shown& shown) : shown_(shown) {}

    Survey run() {
        name_services();
        read_series();
        read_objects();
        read_changes();
        read_logs();
        read_calls();
        for (ServiceSurvey& service : survey_.services) {
            compare_replicas(service);
            weigh_illness(service);
        }
        drop_lone_claims(survey_);
        look_for_lost_places(survey_);
        explain(survey_);
        ask_all_witnesses(survey_, has_users_series_);
        return std::move(survey_);
    }

  private:
    void name_services();
    void read_series();
    void read_users(const Series& series);
    void read_objects();
    void read_changes();
    void read_logs();
    void read_calls();
    static void compare_replicas(ServiceSurvey& service);
    static void weigh_illness(ServiceSurvey& service);

    ServiceSurvey* service_named(const std::string& name) {
        const std::uint32_t index = survey_.find(name);
        return index == nobody ? nullptr : &survey_.services[index];
    }
    static ReplicaSurvey* replica_named(ServiceSurvey& service, const std::string& name) {
        const auto found = std::ranges::find(service.replicas, name, &ReplicaSurvey::name);
        return found == service.replicas.end() ? nullptr : &*found;
    }
    [[nodiscard]] const Dependency* dependency(std::uint32_t caller, std::uint32_t target) const;

    const Shown& shown_;
    Survey survey_;
    bool has_users_series_{false};
};

void Surveyor::name_services() {
    for (const Service& service : shown_.services) {
        ServiceSurvey one{.name = service.name, .kind = service.kind};
        for (const Replica& replica : service.replicas) {
            one.replicas.push_back({.name = replica.name,
                                    .is_in_rotation = replica.is_in_rotation,
                                    .zone = replica.zone,
                                    .host = replica.host});
        }
        survey_.index[service.name] = static_cast<std::uint32_t>(survey_.services.size());
        survey_.services.push_back(std::move(one));
    }
    for (std::size_t index = 0; index < shown_.services.size(); ++index) {
        survey_.services[index].source = survey_.find(shown_.services[index].source);
    }
    for (const PossibleAt& possible : shown_.possible) {
        if (ServiceSurvey* service = service_named(possible.service)) {
            service->possible = &possible;
        }
    }
    for (const AlertLine& alert : shown_.alerts) {
        ServiceSurvey* service = service_named(alert.service);
        if (service != nullptr && alert.state == "firing") {
            service->alerts_firing += 1;
        }
    }
}

void Surveyor::read_users(const Series& series) {
    const Metric metric = metric_of(series.name, series.unit);
    Shifts shifts;
    take(shifts, series, shown_.at_s);
    if (metric == Metric::users_requests) {
        survey_.users_rate_ratio = shifts.ratio(metric);
        return;
    }
    has_users_series_ = true;
    double& now = metric == Metric::users_failed ? survey_.users_failed
                  : metric == Metric::users_slow ? survey_.users_slow
                                                 : survey_.users_wrong;
    now = std::max(now, shifts.after(metric));
    survey_.users_worst = std::max(survey_.users_worst, worst_of(series));
    const double worst_now =
        std::max({survey_.users_failed, survey_.users_slow, survey_.users_wrong});
    survey_.is_getting_better =
        survey_.users_worst > error_slack && worst_now < survey_.users_worst * better_share;
}

/// What a replica's series says besides its shift.
void take_of_replica(ReplicaSurvey& replica, const Series& series, Metric metric) {
    const std::vector<SeriesPoint>& points = series.points;
    if (points.empty()) {
        return;
    }
    if (metric == Metric::up) {
        replica.is_down = points.back().value < 0.5;
        replica.falls += falls_of(series);
    }
    if (metric == Metric::memory && points.front().value > 0) {
        replica.memory_growth =
            std::max(replica.memory_growth, points.back().value / points.front().value);
    }
}

/// What Kubernetes says of a pod.
void take_status(ReplicaSurvey& replica, const json::object& status, double at_s) {
    const auto number = [&](const char* name) -> std::optional<double> {
        const json::value* value = status.if_contains(name);
        return value != nullptr && value->is_number() ? std::optional(value->to_number<double>())
                                                      : std::nullopt;
    };
    if (const std::optional<double> started = number("started")) {
        replica.started_ago_s = at_s - *started;
    }
    if (const std::optional<double> restarts = number("restarts")) {
        replica.restarts = static_cast<std::uint32_t>(std::clamp(*restarts, 0.0, 1e6));
    }
    const json::value* ready = status.if_contains("ready");
    const bool is_unready = ready != nullptr && ready->is_bool() && !ready->get_bool();
    replica.is_down = replica.is_down || is_unready;
}

void Surveyor::read_series() {
    for (const Series& series : shown_.series) {
        ServiceSurvey* service = service_named(series.service);
        if (service == nullptr) {
            continue;
        }
        const Metric metric = metric_of(series.name, series.unit);
        if (is_of_users(metric)) {
            read_users(series);
            continue;
        }
        if (series.replica.empty()) {
            take(service->shifts, series, shown_.at_s);
            continue;
        }
        if (ReplicaSurvey* replica = replica_named(*service, series.replica)) {
            take(replica->shifts, series, shown_.at_s);
            take_of_replica(*replica, series, metric);
        }
    }
}

void Surveyor::read_objects() {
    for (const ObjectState& object : shown_.objects) {
        ServiceSurvey* service = service_named(object.service);
        ReplicaSurvey* replica =
            service != nullptr ? replica_named(*service, object.name) : nullptr;
        if (replica != nullptr && object.status.is_object()) {
            take_status(*replica, object.status.get_object(), shown_.at_s);
        }
    }
}

void Surveyor::read_changes() {
    for (const ChangeLine& change : shown_.changes) {
        ServiceSurvey* service = service_named(change.service);
        const double age_s = shown_.at_s - change.at_s;
        if (service == nullptr || age_s < 0) {
            continue;
        }
        RecentChange& latest = service->changes[change.kind];
        if (age_s <= latest.age_s) {
            latest = {age_s, change.from, change.to};
        }
    }
    for (std::size_t index = 0; index < shown_.services.size(); ++index) {
        ServiceSurvey& service = survey_.services[index];
        const std::vector<Replica>& replicas = shown_.services[index].replicas;
        for (std::size_t at = 0; at < replicas.size(); ++at) {
            const auto runs_newest = [&](const Replica& replica) {
                const auto deploy = service.changes.find("deploy");
                const auto config = service.changes.find("config");
                return (deploy != service.changes.end() && replica.version == deploy->second.to) ||
                       (config != service.changes.end() && replica.config == config->second.to);
            };
            service.replicas[at].is_new_version =
                runs_newest(replicas[at]) && !std::ranges::all_of(replicas, runs_newest);
        }
    }
}

void Surveyor::read_logs() {
    for (const LogLine& line : shown_.logs) {
        ServiceSurvey* service = service_named(line.service);
        if (service == nullptr) {
            continue;
        }
        const bool is_recent = shown_.at_s - line.at_s <= recent_s;
        if (const std::optional<sense::Trouble> trouble = sense::trouble_of(line.text)) {
            Troubles& troubles = service->troubles;
            (is_recent ? troubles.now : troubles.before).at(static_cast<std::size_t>(*trouble)) +=
                1;
        }
        const bool is_bad = line.level == "error" || line.level == "fatal" ||
                            line.level == "critical" || line.level == "ERROR";
        if (is_bad) {
            (is_recent ? service->error_lines : service->error_lines_before) += 1;
        }
    }
}

const Dependency* Surveyor::dependency(std::uint32_t caller, std::uint32_t target) const {
    for (const Dependency& one : shown_.services[caller].calls) {
        if (one.service == survey_.services[target].name) {
            return &one;
        }
    }
    return nullptr;
}

void Surveyor::read_calls() {
    for (const CallNumbers& numbers : shown_.calls) {
        CallSurvey call{.caller = survey_.find(numbers.caller),
                        .target = survey_.find(numbers.service)};
        if (call.caller == nobody || call.target == nobody) {
            continue;
        }
        const EdgeNumbers usual = numbers.usual.value_or(EdgeNumbers{});
        call.error_gain = std::max(0.0, numbers.now.error_ratio - usual.error_ratio);
        call.latency_gain_ms = std::max(0.0, numbers.now.p99_ms - usual.p99_ms);
        if (usual.p99_ms > 0) {
            call.latency_ratio = std::clamp(numbers.now.p99_ms / usual.p99_ms, 0.01, 100.0);
        }
        if (usual.rate > 0) {
            call.rate_ratio = std::clamp(numbers.now.rate / usual.rate, 0.01, 100.0);
        }
        call.illness = either(illness_of_errors(call.error_gain),
                              slowness(call.latency_ratio, call.latency_gain_ms));
        if (const Dependency* told = dependency(call.caller, call.target)) {
            call.is_required = told->is_required;
            call.has_fallback = told->has_fallback;
        }
        survey_.calls.push_back(call);
        ServiceSurvey& target = survey_.services[call.target];
        target.seen_by_callers = std::max(target.seen_by_callers, call.illness);
    }
}

void Surveyor::compare_replicas(ServiceSurvey& service) {
    std::vector<double> errors;
    std::vector<double> latencies;
    for (const ReplicaSurvey& replica : service.replicas) {
        if (replica.shifts.of(Metric::error_ratio)) {
            errors.push_back(replica.shifts.after(Metric::error_ratio));
        }
        if (replica.shifts.of(Metric::latency)) {
            latencies.push_back(replica.shifts.after(Metric::latency));
        }
    }
    // Of few the lower half: with two replicas the better one is the measure of the other.
    const auto lower = [](std::vector<double>& values) {
        std::ranges::sort(values);
        values.resize((values.size() + 1) / 2);
        return median_of(values);
    };
    const double error_usual = lower(errors);
    const double latency_usual = lower(latencies);
    for (ReplicaSurvey& replica : service.replicas) {
        replica.error_excess =
            std::max(0.0, replica.shifts.after(Metric::error_ratio) - error_usual);
        if (latency_usual > 0 && replica.shifts.of(Metric::latency)) {
            replica.latency_excess =
                std::clamp(replica.shifts.after(Metric::latency) / latency_usual, 0.01, 100.0);
        }
        service.down_count += replica.is_down ? 1 : 0;
    }
}

void Surveyor::weigh_illness(ServiceSurvey& service) {
    const Shifts& shifts = service.shifts;
    const double errors =
        illness_of_errors(std::max({shifts.gain(Metric::error_ratio), shifts.gain(Metric::denied),
                                    shifts.gain(Metric::wrong)}));
    const double slow = slowness(shifts.ratio(Metric::latency), shifts.gain(Metric::latency));
    const double dead = service.replicas.empty() ? 0
                                                 : static_cast<double>(service.down_count) /
                                                       static_cast<double>(service.replicas.size());
    const double cache_down =
        shifts.of(Metric::up) && service.replicas.empty() ? clamped(-shifts.gain(Metric::up)) : 0;
    const double stale = clamped(shifts.gain(Metric::stale_ratio) * 2);
    service.illness = either(either(errors, slow), either(std::max(dead, cache_down), stale));
    for (const Metric metric : {Metric::error_ratio, Metric::latency, Metric::stale_ratio,
                                Metric::queue, Metric::denied, Metric::wrong}) {
        const std::optional<Shift>& shift = shifts.of(metric);
        if (service.illness >= ill_from && shift && shift->score > 3) {
            service.onset_s = std::max(service.onset_s, shift->since_s);
        }
    }
}

}  // namespace

double Shifts::after(Metric metric, double without) const {
    return of(metric) ? of(metric)->after : without;
}

double Shifts::before(Metric metric, double without) const {
    return of(metric) ? of(metric)->before : without;
}

double Shifts::ratio(Metric metric) const {
    return of(metric) ? of(metric)->ratio() : 1;
}

double Shifts::gain(Metric metric) const {
    return of(metric) ? of(metric)->after - of(metric)->before : 0;
}

std::uint32_t Troubles::new_count() const {
    std::uint32_t count = 0;
    for (std::size_t at = 0; at < now.size(); ++at) {
        count += is_new(static_cast<sense::Trouble>(at)) ? 1 : 0;
    }
    return count;
}

std::uint32_t Survey::find(std::string_view service) const {
    const auto found = index.find(service);
    return found == index.end() ? nobody : found->second;
}

Survey survey_of(const Shown& shown) {
    return Surveyor(shown).run();
}

}  // namespace homeostat::cases
