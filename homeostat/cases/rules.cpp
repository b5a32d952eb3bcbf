#include "homeostat/cases/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace homeostat::cases {

namespace {

/// What a remedy weighs, and why.
struct Weight {
    double value{0};
    std::string because{};
};

double clamped(double value) {
    return std::clamp(value, 0.0, 1.0);
}

/// How well a change of that age fits what began so long ago. Most bad ones show within a minute.
double closeness(double age_s, double onset_s) {
    constexpr double suspect_s = 900;
    constexpr double slack_s = 10;
    if (age_s > suspect_s) {
        return 0;
    }
    if (onset_s < 0) {
        return 0.3;
    }
    const double lag_s = age_s - onset_s;
    if (lag_s < -slack_s) {
        return 0.1;  // The change came after it.
    }
    return lag_s < 30 ? 1.0 : lag_s < 90 ? 0.6 : 0.25;
}

/// Weighs one candidate after the other.
class Scales {
  public:
    explicit Scales(const Survey& survey) : survey_(survey), lost_(survey.users_lose) {
        double down = 0;
        double all = 0;
        for (const ServiceSurvey& service : survey.services) {
            down += service.down_count;
            all += static_cast<double>(service.replicas.size());
        }
        down_share_ = all > 0 ? down / all : 0;
    }

    [[nodiscard]] Weight of(const Candidate& candidate) const {
        if (!candidate.kind) {
            return escalate();
        }
        if (*candidate.kind == RemedyKind::observe) {
            return observe();
        }
        return at(candidate, survey_.services[candidate.service]);
    }

  private:
    /// A person takes minutes to help: worth their while only where users go on losing.
    [[nodiscard]] Weight escalate() const {
        return lost_ > 0.02 ? Weight{0.43, "users lose, and no remedy fits better"}
                            : Weight{0.03, "a person can always be asked"};
    }

    [[nodiscard]] Weight observe() const {
        if (survey_.is_getting_better && lost_ < 0.05) {
            return {0.5, "what users met is passing"};
        }
        return lost_ < 0.01 ? Weight{0.35, "users are well"}
                            : Weight{lost_ < 0.03 ? 0.06 : 0.01, "doing nothing is an answer"};
    }

    /// 0…1 as users' loss reaches `share`: below it a remedy costs more than it brings.
    [[nodiscard]] double felt(double share) const { return clamped(lost_ / share); }

    [[nodiscard]] Weight at(const Candidate& candidate, const ServiceSurvey& service) const {
        switch (*candidate.kind) {
            case RemedyKind::restart:
                return restart(service, *replica(service, candidate));
            case RemedyKind::eject:
                return eject(service, *replica(service, candidate));
            case RemedyKind::rolling_restart:
                return rolling(service);
            case RemedyKind::rollback:
                return rollback(candidate, service);
            case RemedyKind::scale:
                return scale(service);
            case RemedyKind::open_circuit:
                return circuit(service);
            case RemedyKind::invalidate_cache:
                return {clamped(2 * service.shifts.after(Metric::stale_ratio)) * 0.8,
                        "its copies are not what the source says"};
            case RemedyKind::reroute:
                return reroute(service);
            default:
                return {};
        }
    }

    static const ReplicaSurvey* replica(const ServiceSurvey& service, const Candidate& candidate) {
        return &*std::ranges::find(service.replicas, candidate.replica, &ReplicaSurvey::name);
    }

    [[nodiscard]] double change_closeness(const ServiceSurvey& service) const {
        double best = 0;
        for (const char* const kind : {"deploy", "config"}) {
            const auto change = service.changes.find(kind);
            if (change != service.changes.end()) {
                best = std::max(best, closeness(change->second.age_s, service.onset_s));
            }
        }
        return best;
    }

    /// How much one replica stands out among its siblings.
    [[nodiscard]] static double oddness(const ReplicaSurvey& one) {
        return clamped(one.error_excess * 5 + (one.latency_excess - 2) / 10);
    }

    [[nodiscard]] Weight restart(const ServiceSurvey& service, const ReplicaSurvey& one) const {
        const double worth = 0.6 + 0.4 * felt(0.1);
        if (one.is_down && one.falls < 2) {
            // Where many are down at once, or all of a host, it is not the process.
            const double doubt = one.is_place_lost ? 0.95 : clamped(3 * down_share_ - 1);
            return {0.42 * (1 - doubt) * worth, "it does not answer"};
        }
        const bool leaks = one.memory_growth > 1.6;
        return {(leaks ? 0.5 : 0.2) * oddness(one) * (1 - change_closeness(service) / 2) * worth,
                leaks ? "its memory climbed, and it is ill" : "it is ill and its siblings are not"};
    }

    [[nodiscard]] Weight eject(const ServiceSurvey& service, const ReplicaSurvey& one) const {
        if (one.is_down) {
            return {0.02, "it is out by itself"};
        }
        const double loop = one.falls >= 2 ? 0.4 * clamped(0.3 + lost_ * 20) : 0;
        return {std::max(loop, 0.9 * oddness(one)) * (1 - change_closeness(service) / 2),
                "it is ill and its siblings are not"};
    }

    [[nodiscard]] Weight rolling(const ServiceSurvey& service) const {
        const auto many = std::ranges::count_if(service.replicas, [](const ReplicaSurvey& one) {
            return one.memory_growth > 1.6 || one.is_down;
        });
        const double share =
            service.replicas.empty()
                ? 0
                : static_cast<double>(many) / static_cast<double>(service.replicas.size());
        return {many >= 2 ? 0.3 * share * std::max(0.3, service.own) : 0.03 * service.own,
                "memory climbed in several, or several do not answer"};
    }

    /// Whether a call goes wrong by its caller's doing: others who call there are well, more is
    /// asked than users ask for, or what is called looks well to itself.
    [[nodiscard]] bool is_callers_own(const CallSurvey& call) const {
        constexpr double well_max = 0.2;
        constexpr double more_min = 1.4;
        bool has_others = false;
        bool are_others_well = true;
        for (const CallSurvey& other : survey_.calls) {
            if (other.target == call.target && other.caller != call.caller) {
                has_others = true;
                are_others_well = are_others_well && other.illness < well_max;
            }
        }
        const Shifts& shifts = survey_.services[call.caller].shifts;
        return (has_others && are_others_well) ||
               call.rate_ratio > more_min * shifts.ratio(Metric::requests) ||
               survey_.services[call.target].illness < well_max;
    }

    [[nodiscard]] Weight rollback(const Candidate& candidate, const ServiceSurvey& service) const {
        const auto change = service.changes.find(candidate.artifact);
        if (change == service.changes.end()) {
            return {0.02 * service.own, "it is told that there is one before"};
        }
        double illness = std::max(service.own, 0.2 * service.illness);
        double onset_s = service.onset_s;
        for (const CallSurvey& call : survey_.calls) {
            const ServiceSurvey& target = survey_.services[call.target];
            if (&survey_.services[call.caller] == &service) {
                const double suspicion = is_callers_own(call) ? 0.8 : 0.35;
                illness = std::max(illness, suspicion * call.illness);
                onset_s = std::max(onset_s, target.onset_s);
            }
        }
        return {0.6 * illness * closeness(change->second.age_s, onset_s),
                fmt::format("its {} changed {:.0f} s before", candidate.artifact,
                            change->second.age_s)};
    }

    [[nodiscard]] Weight scale(const ServiceSurvey& service) const {
        const std::size_t count = service.replicas.size();
        if (count > 0 && count <= 2 && service.down_count == count) {
            return {0.3 * felt(0.02),
                    "none of its few replicas answers; new ones may stand elsewhere"};
        }
        const double more = service.shifts.ratio(Metric::requests);
        const double queue = clamped(service.shifts.gain(Metric::queue) / 20);
        return {0.4 * clamped((more - 1.2) / 0.8) * std::max(queue, service.own) * felt(0.02),
                "more is asked of it, and it queues"};
    }

    /// A victim's fallback serves users as well as the culprit's.
    [[nodiscard]] Weight circuit(const ServiceSurvey& service) const {
        const double ill = std::max({service.seen_by_callers, service.own, 0.8 * service.illness});
        return {0.3 * ill * (1 - change_closeness(service) / 2) * felt(0.05),
                "calls to it fail or wait, and there is a fallback"};
    }

    [[nodiscard]] Weight reroute(const ServiceSurvey& cache) const {
        const double stale = clamped(2 * cache.shifts.after(Metric::stale_ratio));
        const double down = 1 - cache.shifts.after(Metric::up, 1);
        const double source = cache.source == nobody ? 0 : survey_.services[cache.source].illness;
        return {std::max(0.3 * stale, 0.1 * clamped(down)) * (1 - source),
                "the source can answer instead of the cache"};
    }

    const Survey& survey_;
    double lost_{0};        ///< Share of users' requests.
    double down_share_{0};  ///< Of all replicas.
};

}  // namespace

void weigh(const Survey& survey, std::vector<Candidate>& menu) {
    constexpr double least = 0.001;
    const Scales scales(survey);
    double sum = 0;
    for (Candidate& candidate : menu) {
        Weight weight = scales.of(candidate);
        candidate.prior = std::max(least, std::isfinite(weight.value) ? weight.value : 0);
        candidate.because = std::move(weight.because);
        sum += candidate.prior;
    }
    for (Candidate& candidate : menu) {
        candidate.prior /= sum;
    }
}

}  // namespace homeostat::cases
