#include "homeostat/cases/survey.hpp"

#include "homeostat/cases/claim.hpp"
#include "homeostat/cases/survey_estate.hpp"
#include "homeostat/cases/survey_series.hpp"
#include "homeostat/sense/trouble.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
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

double median_of(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

bool is_level_of_errors(std::string level) {
    std::ranges::transform(level, level.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    constexpr auto known = std::to_array<std::string_view>(
        {"error", "err", "fatal", "critical", "crit", "severe", "alert", "emergency", "panic"});
    return std::ranges::find(known, level) != known.end();
}

/// Fills a survey from a case, part by part.
class Surveyor {
  public:
    explicit Surveyor(const Shown& shown) : shown_(shown) {}

    Survey run() {
        name_services();
        has_users_series_ = read_series(shown_, survey_);
        read_objects();
        read_changes();
        read_logs();
        for (ServiceSurvey& service : survey_.services) {
            compare_replicas(service);
            weigh_illness(service);
        }
        read_calls();
        assume_calls();
        drop_lone_claims(survey_);
        look_for_lost_places(survey_);
        explain(survey_);
        ask_all_witnesses(survey_, has_users_series_);
        return std::move(survey_);
    }

  private:
    void name_services();
    void read_objects();
    void read_changes();
    void read_logs();
    void read_calls();
    void assume_calls();
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
        if (const std::optional<Trouble> trouble = sense::trouble_of(line.text)) {
            Troubles& troubles = service->troubles;
            (is_recent ? troubles.now : troubles.before).at(static_cast<std::size_t>(*trouble)) +=
                1;
        }
        if (is_level_of_errors(line.level)) {
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

/// Of a call that is declared and not measured: it is as ill as whom it is to, and twice that,
/// since a caller may show less than all it suffers and more than what caused it.
void Surveyor::assume_calls() {
    for (std::uint32_t caller = 0; caller < shown_.services.size(); ++caller) {
        for (const Dependency& told : shown_.services[caller].calls) {
            const std::uint32_t target = survey_.find(told.service);
            const bool is_measured = std::ranges::any_of(survey_.calls, [&](const CallSurvey& one) {
                return one.caller == caller && one.target == target;
            });
            if (target != nobody && target != caller && !is_measured) {
                survey_.calls.push_back({.caller = caller,
                                         .target = target,
                                         .illness = clamped(2 * survey_.services[target].illness),
                                         .is_required = told.is_required,
                                         .has_fallback = told.has_fallback});
            }
        }
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
    const double up_before = shifts.before(Metric::up);
    const double fallen = up_before > 0 ? clamped(-shifts.gain(Metric::up) / up_before) : 0;
    const double stale = clamped(shifts.gain(Metric::stale_ratio) * 2);
    service.illness = either(either(errors, slow), either(std::max(dead, fallen), stale));
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
        count += is_new(static_cast<Trouble>(at)) ? 1 : 0;
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
