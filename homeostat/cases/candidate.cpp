#include "homeostat/cases/candidate.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/cases/rules.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

namespace homeostat::cases {

namespace {

constexpr double long_ago_s = 3600;  ///< Older changes are all alike.
constexpr double ill_from = 0.08;
constexpr std::uint32_t lines_told_max = 20;  ///< A flood says no more than that.

/// Writes the numbers of one candidate by their names.
class Numbers {
  public:
    explicit Numbers(std::array<double, features_count>& values) : values_(values) {}

    void set(std::string_view name, double value) {
        const auto found = std::ranges::find(feature_names, name);
        ensure(found != feature_names.end(), "a feature that is set has its name on the list");
        values_.at(static_cast<std::size_t>(found - feature_names.begin())) =
            std::isfinite(value) ? std::clamp(value, -1e6, 1e6) : 0;
    }

  private:
    std::array<double, features_count>& values_;
};

double age_of(const ServiceSurvey& service, const std::string& kind) {
    const auto found = service.changes.find(kind);
    return found == service.changes.end() ? long_ago_s : std::min(found->second.age_s, long_ago_s);
}

double newest_change_s(const ServiceSurvey& service) {
    return std::min(age_of(service, "deploy"), age_of(service, "config"));
}

template <class F>
double worst(const std::vector<ReplicaSurvey>& replicas, double least, F&& of) {
    double value = least;
    for (const ReplicaSurvey& replica : replicas) {
        value = std::max(value, static_cast<double>(std::invoke(of, replica)));
    }
    return value;
}

/// How much worse those of the newest version do than the others; 0 unless both are there.
double new_version_excess(const ServiceSurvey& service) {
    double sums[2]{};
    double counts[2]{};
    for (const ReplicaSurvey& replica : service.replicas) {
        const std::size_t side = replica.is_new_version ? 1 : 0;
        const double slow = std::clamp((replica.latency_excess - 1) / 10, 0.0, 1.0);
        sums[side] += replica.error_excess + slow;
        counts[side] += 1;
    }
    return counts[0] > 0 && counts[1] > 0 ? sums[1] / counts[1] - sums[0] / counts[0] : 0;
}

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

double worst_pool(const ServiceSurvey& service) {
    double pool = service.shifts.after(Metric::connections);
    for (const ReplicaSurvey& replica : service.replicas) {
        pool = std::max(pool, replica.shifts.after(Metric::connections));
    }
    return pool;
}

/// Of the whole case, reckoned once.
struct Whole {
    double own_max{0};
    double ill_count{0};
    double down_share{0};
    std::vector<double> ranks;  ///< By service: how many have more of their own.
};

Whole whole_of(const Survey& survey) {
    Whole whole;
    double down = 0;
    double replicas = 0;
    std::vector<double> own;
    for (const ServiceSurvey& service : survey.services) {
        whole.own_max = std::max(whole.own_max, service.own);
        whole.ill_count += service.illness >= ill_from ? 1 : 0;
        down += service.down_count;
        replicas += static_cast<double>(service.replicas.size());
        own.push_back(service.own);
    }
    whole.down_share = replicas > 0 ? down / replicas : 0;
    std::ranges::sort(own, std::greater<>{});
    for (const ServiceSurvey& service : survey.services) {
        const auto place = std::ranges::find(own, service.own);
        whole.ranks.push_back(static_cast<double>(place - own.begin()));
    }
    return whole;
}

/// Makes the candidates of one case.
class Kitchen {
  public:
    explicit Kitchen(const Survey& survey) : survey_(survey), whole_(whole_of(survey)) {}

    std::vector<Candidate> run() {
        add({.kind = RemedyKind::observe});
        add({.kind = std::nullopt});
        for (std::uint32_t index = 0; index < survey_.services.size(); ++index) {
            if (survey_.services[index].possible != nullptr && is_of_interest(index)) {
                add_of(index);
            }
        }
        weigh(survey_, menu_);
        return std::move(menu_);
    }

  private:
    void add(Candidate candidate);
    void add_of(std::uint32_t index);
    void add_of_replicas(std::uint32_t index);
    [[nodiscard]] bool is_of_interest(std::uint32_t index) const;
    [[nodiscard]] bool has_room_to_eject(const ServiceSurvey& service) const;
    void tell_case(Numbers numbers) const;
    void tell_service(Numbers numbers, std::uint32_t index) const;
    void tell_calls(Numbers numbers, std::uint32_t index) const;
    void tell_changes(Numbers numbers, const Candidate& candidate) const;
    void tell_cache(Numbers numbers, const ServiceSurvey& cache) const;
    void tell_logs(Numbers numbers, std::uint32_t index) const;
    static void tell_replica(Numbers numbers, const ReplicaSurvey& replica);

    const Survey& survey_;
    Whole whole_;
    std::vector<Candidate> menu_;
};

/// A service that shows nothing, that nobody complains of and that did not change, gets no remedy.
bool Kitchen::is_of_interest(std::uint32_t index) const {
    constexpr double lately_s = 1200;
    const ServiceSurvey& service = survey_.services[index];
    const bool shows = service.illness > 0.02 || service.seen_by_callers > 0.02 ||
                       service.down_count > 0 || service.alerts_firing > 0;
    const auto is_odd = [](const ReplicaSurvey& replica) {
        return replica.falls > 0 || replica.memory_growth > 1.3 || replica.error_excess > 0.02 ||
               replica.latency_excess > 2;
    };
    const auto calls_ill = [&](const CallSurvey& call) {
        return call.caller == index && call.illness > 0.02;
    };
    return shows || newest_change_s(service) < lately_s ||
           std::ranges::any_of(service.replicas, is_odd) ||
           std::ranges::any_of(survey_.calls, calls_ill) ||
           std::abs(service.shifts.gain(Metric::hit_ratio)) > 0.1 ||
           service.shifts.ratio(Metric::requests) > 1.3;
}

void Kitchen::tell_case(Numbers numbers) const {
    numbers.set("u_failed", survey_.users_failed);
    numbers.set("u_wrong", survey_.users_wrong);
    numbers.set("u_worst", survey_.users_worst);
    numbers.set("u_slow", survey_.users_slow);
    numbers.set("u_lose", survey_.users_lose);
    numbers.set("u_rate_ratio", survey_.users_rate_ratio);
    numbers.set("u_better", survey_.is_getting_better ? 1 : 0);
    numbers.set("all_own_max", whole_.own_max);
    numbers.set("all_ill", whole_.ill_count);
    numbers.set("all_down_share", whole_.down_share);
}

void Kitchen::tell_service(Numbers numbers, std::uint32_t index) const {
    const ServiceSurvey& service = survey_.services[index];
    const Shifts& shifts = service.shifts;
    const std::vector<ReplicaSurvey>& replicas = service.replicas;
    const auto count = static_cast<double>(replicas.size());
    numbers.set("s_illness", service.illness);
    numbers.set("s_own", service.own);
    numbers.set("s_own_share", whole_.own_max > 0 ? service.own / whole_.own_max : 0);
    numbers.set("s_own_rank", whole_.ranks[index]);
    numbers.set("s_explained", service.explained);
    numbers.set("s_seen", service.seen_by_callers);
    numbers.set("s_error_gain", shifts.gain(Metric::error_ratio));
    numbers.set("s_error_now", shifts.after(Metric::error_ratio));
    numbers.set("s_latency_ratio", shifts.ratio(Metric::latency));
    numbers.set("s_rate_ratio", shifts.ratio(Metric::requests));
    numbers.set("s_queue_now", shifts.after(Metric::queue));
    numbers.set("s_queue_gain", shifts.gain(Metric::queue));
    numbers.set("s_cpu_ratio", shifts.ratio(Metric::cpu));
    numbers.set("s_wrong_gain", shifts.gain(Metric::wrong));
    numbers.set("s_denied_gain", shifts.gain(Metric::denied));
    numbers.set("s_retries_gain", shifts.gain(Metric::retries));
    numbers.set("s_pool_now", worst_pool(service));
    numbers.set("s_pool_gain", shifts.gain(Metric::connections));
    numbers.set("s_disk_now", shifts.after(Metric::disk));
    numbers.set("s_hit_gain", shifts.gain(Metric::hit_ratio));
    numbers.set("s_down_share", count > 0 ? service.down_count / count : 0);
    numbers.set("s_replicas", count);
    numbers.set("s_onset_s", service.onset_s);
    numbers.set("s_alerts", service.alerts_firing);
    numbers.set("s_error_lines", service.error_lines);
    numbers.set("s_error_lines_before", service.error_lines_before);
    numbers.set("s_is_gateway", service.kind == "gateway" ? 1 : 0);
    numbers.set("s_is_database", service.kind == "database" ? 1 : 0);
    numbers.set("s_is_queue", service.kind == "queue" ? 1 : 0);
    numbers.set("s_memory_growth", worst(replicas, 1, &ReplicaSurvey::memory_growth));
    numbers.set("s_error_excess", worst(replicas, 0, &ReplicaSurvey::error_excess));
    numbers.set("s_latency_excess", worst(replicas, 1, &ReplicaSurvey::latency_excess));
    numbers.set("s_falls", worst(replicas, 0, &ReplicaSurvey::falls));
    numbers.set("new_version_excess", new_version_excess(service));
}

void Kitchen::tell_calls(Numbers numbers, std::uint32_t index) const {
    double illness = 0;
    double rate = 1;
    double callers_changed_s = long_ago_s;
    for (const CallSurvey& call : survey_.calls) {
        if (call.caller == index) {
            illness = std::max(illness, call.illness);
            rate = std::max(rate, call.rate_ratio);
        }
        if (call.target == index) {
            callers_changed_s =
                std::min(callers_changed_s, newest_change_s(survey_.services[call.caller]));
        }
    }
    numbers.set("calls_illness", illness);
    numbers.set("calls_rate", rate);
    numbers.set("callers_changed_s", callers_changed_s);
}

void Kitchen::tell_changes(Numbers numbers, const Candidate& candidate) const {
    const ServiceSurvey& service = survey_.services[candidate.service];
    const bool is_config = candidate.artifact == "config";
    const double age_s =
        candidate.artifact.empty() ? newest_change_s(service) : age_of(service, candidate.artifact);
    numbers.set("change_age_s", age_s);
    numbers.set("change_lag_s", service.onset_s >= 0 ? age_s - service.onset_s : long_ago_s);
    numbers.set("other_change_age_s", age_of(service, is_config ? "deploy" : "config"));
    numbers.set("flag_age_s", age_of(service, "flag"));
}

void Kitchen::tell_cache(Numbers numbers, const ServiceSurvey& cache) const {
    numbers.set("c_stale_now", cache.shifts.after(Metric::stale_ratio));
    numbers.set("c_stale_gain", cache.shifts.gain(Metric::stale_ratio));
    numbers.set("c_hit_gain", cache.shifts.gain(Metric::hit_ratio));
    numbers.set("c_up", cache.shifts.after(Metric::up, 1));
    if (cache.source != nobody) {
        numbers.set("c_source_illness", survey_.services[cache.source].illness);
    }
}

/// Numbers for whoever ranks. What is offered must not depend on them: they are of strangers'
/// words.
void Kitchen::tell_logs(Numbers numbers, std::uint32_t index) const {
    const Troubles& own = survey_.services[index].troubles;
    for (std::size_t at = 0; at < troubles_count; ++at) {
        const auto trouble = static_cast<Trouble>(at);
        numbers.set("log_" + std::string(to_text(trouble)),
                    std::min(own.now_of(trouble), lines_told_max));
    }
    numbers.set("log_new_classes", own.new_count());
    std::uint32_t callees = 0;
    for (const CallSurvey& call : survey_.calls) {
        if (call.caller == index && call.is_required) {
            const Troubles& told = survey_.services[call.target].troubles;
            callees = std::max(
                callees, told.now_of(Trouble::connection_refused) + told.now_of(Trouble::timeout));
        }
    }
    numbers.set("callees_refused_lines", std::min(callees, lines_told_max));
}

void Kitchen::tell_replica(Numbers numbers, const ReplicaSurvey& replica) {
    numbers.set("r_error_excess", replica.error_excess);
    numbers.set("r_latency_excess", replica.latency_excess);
    numbers.set("r_memory_growth", replica.memory_growth);
    numbers.set("r_descriptors_now", replica.shifts.after(Metric::descriptors));
    numbers.set("r_slow_gain", replica.shifts.gain(Metric::latency));
    numbers.set("r_down", replica.is_down ? 1 : 0);
    numbers.set("r_falls", replica.falls);
    numbers.set("r_restarts", replica.restarts);
    numbers.set("r_started_ago_s", std::min(replica.started_ago_s, long_ago_s));
    numbers.set("r_out", replica.is_in_rotation ? 0 : 1);
    numbers.set("r_place_lost", replica.is_place_lost ? 1 : 0);
    numbers.set("r_new_version", replica.is_new_version ? 1 : 0);
}

void Kitchen::add(Candidate candidate) {
    Numbers numbers(candidate.features);
    tell_case(numbers);
    if (candidate.service != nobody) {
        const ServiceSurvey& service = survey_.services[candidate.service];
        tell_service(numbers, candidate.service);
        tell_calls(numbers, candidate.service);
        tell_changes(numbers, candidate);
        tell_cache(numbers, service);
        tell_logs(numbers, candidate.service);
        const auto replica =
            std::ranges::find(service.replicas, candidate.replica, &ReplicaSurvey::name);
        if (!candidate.replica.empty() && replica != service.replicas.end()) {
            tell_replica(numbers, *replica);
        }
        if (candidate.kind == RemedyKind::scale && service.possible->replicas) {
            const ReplicaBounds& bounds = *service.possible->replicas;
            numbers.set("room", static_cast<double>(bounds.max) / std::max(1U, bounds.now));
        }
    }
    candidate.place = static_cast<std::uint32_t>(menu_.size());
    menu_.push_back(std::move(candidate));
}

bool Kitchen::has_room_to_eject(const ServiceSurvey& service) const {
    const auto serving = std::ranges::count_if(service.replicas, [](const ReplicaSurvey& one) {
        return one.is_in_rotation && !one.is_down;
    });
    const std::uint32_t least =
        service.possible->replicas ? std::max(1U, service.possible->replicas->min) : 1U;
    return std::cmp_greater(serving, least);
}

void Kitchen::add_of_replicas(std::uint32_t index) {
    const ServiceSurvey& service = survey_.services[index];
    for (const ReplicaSurvey& replica : service.replicas) {
        if (service.possible->can_restart) {
            add({.kind = RemedyKind::restart, .service = index, .replica = replica.name});
        }
        if (service.possible->can_eject && replica.is_in_rotation && has_room_to_eject(service)) {
            add({.kind = RemedyKind::eject, .service = index, .replica = replica.name});
        }
    }
}

void Kitchen::add_of(std::uint32_t index) {
    const PossibleAt& possible = *survey_.services[index].possible;
    add_of_replicas(index);
    if (possible.can_restart && survey_.services[index].replicas.size() > 1) {
        add({.kind = RemedyKind::rolling_restart, .service = index});
    }
    if (possible.replicas && possible.replicas->max > possible.replicas->now) {
        add({.kind = RemedyKind::scale,
             .service = index,
             .to = std::to_string(possible.replicas->max)});
    }
    for (const auto& [artifact, version] : possible.previous) {
        add({.kind = RemedyKind::rollback, .service = index, .artifact = artifact, .to = version});
    }
    if (possible.has_fallback) {
        add({.kind = RemedyKind::open_circuit, .service = index});
    }
    if (possible.can_invalidate) {
        add({.kind = RemedyKind::invalidate_cache, .service = index});
    }
    if (possible.can_reroute) {
        add({.kind = RemedyKind::reroute, .service = index});
    }
}

}  // namespace

std::string_view remedy_name(const Candidate& candidate) {
    return candidate.kind ? to_text(*candidate.kind) : std::string_view("escalate");
}

std::string describe(const Candidate& candidate, const Survey& survey) {
    std::string text(remedy_name(candidate));
    text += candidate.artifact.empty() ? "" : " " + candidate.artifact + " of";
    if (candidate.service != nobody) {
        text += " " + (candidate.replica.empty() ? survey.services[candidate.service].name
                                                 : candidate.replica);
    }
    return text + (candidate.to.empty() ? "" : " to " + candidate.to);
}

bool is_named(const Candidate& candidate,
              const Survey& survey,
              const std::vector<Answer>& answers) {
    const std::string service =
        candidate.service == nobody ? "" : survey.services[candidate.service].name;
    return std::ranges::any_of(answers, [&](const Answer& answer) {
        const bool is_replica =
            answer.replicas.empty() ||
            std::ranges::find(answer.replicas, candidate.replica) != answer.replicas.end();
        const bool is_to = answer.to.is_null() || text_of(answer.to) == candidate.to;
        return answer.remedy == remedy_name(candidate) && answer.service == service && is_replica &&
               answer.artifact == candidate.artifact && is_to;
    });
}

std::vector<Candidate> candidates_of(const Survey& survey) {
    return Kitchen(survey).run();
}

void rank_by_rules(std::vector<Candidate>& menu) {
    for (Candidate& candidate : menu) {
        candidate.weight = candidate.prior;
    }
    std::ranges::sort(menu, [](const Candidate& one, const Candidate& other) {
        return one.prior != other.prior ? one.prior > other.prior : one.place < other.place;
    });
}

}  // namespace homeostat::cases
