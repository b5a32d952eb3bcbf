#include "homeostat/detect/detect.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::detect {

namespace {

class Detecting {
  public:
    Detecting(State& state, const Limits& limits, Instant now)
        : state_(state), limits_(limits), now_(now) {}

    void take(const Signal& signal) {
        if (signal.subject.kind == SubjectKind::service) {
            take_service(signal);
        } else if (signal.subject.kind == SubjectKind::instance) {
            take_instance(signal);
        } else if (signal.subject.kind == SubjectKind::cache) {
            take_cache(signal);
        } else if (signal.subject.kind == SubjectKind::task) {
            take_check(signal);
        }
    }

    void judge() {
        for (auto& [subject, watch] : state_.services) {
            judge_service(watch);
        }
        judge_slowness();
    }

    [[nodiscard]] std::vector<Symptom> present() const {
        std::vector<Symptom> symptoms;
        const auto add = [&](SymptomKind kind, const Subject& subject, const Presence& presence) {
            if (presence.is_present) {
                symptoms.push_back({kind, subject, presence.observer, presence.value,
                                    presence.limit, presence.began_at, presence.noticed_at});
            }
        };
        for (const auto& [subject, watch] : state_.services) {
            add(SymptomKind::errors, subject, watch.errors_presence);
            add(SymptomKind::latency, subject, watch.slow.presence);
        }
        for (const auto& [subject, watch] : state_.instances) {
            add(SymptomKind::latency, subject, watch.slow.presence);
            add(SymptomKind::instance_down, subject, watch.down_presence);
            add(SymptomKind::instance_not_answering, subject, watch.unanswered_presence);
        }
        for (const auto& [subject, watch] : state_.caches) {
            add(SymptomKind::stale_cache, subject, watch.presence);
        }
        for (const auto& [subject, watch] : state_.checks) {
            add(SymptomKind::check_failing, subject, watch.presence);
        }
        return symptoms;
    }

  private:
    template <class Watch>
    Watch* find(std::map<Subject, Watch>& watches, const Subject& subject) {
        const auto known = watches.find(subject);
        if (known != watches.end()) {
            return &known->second;
        }
        return watches.size() < limits_.subjects_max ? &watches[subject] : nullptr;
    }

    void take_service(const Signal& signal) {
        ServiceWatch* watch = find(state_.services, signal.subject);
        if (watch == nullptr || signal.observer != Observer::edge) {
            return;
        }
        if (signal.kind == SignalKind::requests_count) {
            add_sample(watch->errors, static_cast<std::uint64_t>(signal.value), signal.at);
        } else if (signal.kind == SignalKind::errors_count && !watch->errors.samples.empty()) {
            watch->errors.samples.back().errors = static_cast<std::uint64_t>(signal.value);
        } else if (signal.kind == SignalKind::latency_ms) {
            take_figure(watch->slow, signal.value, signal.at,
                        usual_bounds(watch->slow, limits_.slow), limits_.slow);
        }
    }

    void judge_service(ServiceWatch& watch) {
        forget_before(watch.errors, now_ - limits_.errors.window, limits_.errors.usual);
        const ErrorFinding finding = detect::judge(watch.errors, limits_.errors);
        Presence& presence = watch.errors_presence;
        if (finding.is_symptom && !presence.is_present) {
            begin_presence(presence, Observer::edge, finding.began_at);
            // What is usual has to be good enough for whoever judges a remedy by this limit.
            presence.limit = std::max(limits_.errors.ratio_min,
                                      2 * usual_ratio(watch.errors.usual, limits_.errors.usual));
        }
        presence.value = finding.is_symptom ? finding.ratio : presence.value;
        if (!presence.is_present) {
            return;
        }
        watch.errors.learns_from = now_;
        if (is_calm(watch.errors, limits_.clear_after, limits_.errors.usual)) {
            presence.is_present = false;
            watch.errors.samples.clear();  // The older ones would begin it again.
        }
    }

    /// One symptom for one thing that is slow: of one instance where it is one that is.
    void judge_slowness() {
        const auto is_taken = [this](const auto& entry) {
            const SlowWatch& slow = entry.second.slow;
            // A row of more figures than are kept would have told one from its siblings by now.
            const bool is_coming = slow.slow.count > 1 && slow.slow.count <= figures_kept_max / 2 &&
                                   now_ - slow.slow.last_at <= limits_.slow.calm_for_min;
            return slow.presence.is_present || is_coming;
        };
        for (auto& [subject, watch] : state_.services) {
            const bool is_told =
                watch.errors_presence.is_present || std::ranges::any_of(state_.instances, is_taken);
            if (!is_told) {
                begin_slowness(watch.slow, usual_bounds(watch.slow, limits_.slow));
            }
        }
        if (std::ranges::any_of(state_.services, [](const auto& entry) {
                return entry.second.errors_presence.is_present ||
                       entry.second.slow.presence.is_present;
            })) {
            return;
        }
        for (auto& [subject, watch] : state_.instances) {
            if (is_outlier(subject, watch)) {
                begin_slowness(watch.slow, sibling_bounds(subject, watch.slow));
            }
        }
    }

    void begin_slowness(SlowWatch& watch, const std::optional<SlowBounds>& bounds) const {
        if (!bounds || watch.presence.is_present || !is_lasting(watch.slow, limits_.slow)) {
            return;
        }
        begin_presence(watch.presence, Observer::edge, watch.slow.first_at);
        watch.presence.value = watch.last_ms;
        watch.presence.limit = bounds->limit_ms;
    }

    [[nodiscard]] bool is_outlier(const Subject& subject, const InstanceWatch& own) const {
        if (!is_lasting(own.slow.slow, limits_.slow)) {
            return false;
        }
        std::vector<const Figures*> siblings;
        for (const auto& [other, watch] : state_.instances) {
            if (other != subject) {
                siblings.push_back(&watch.figures);
            }
        }
        return chance_of_rank(own.figures, siblings, own.slow.slow.first_at) <=
               limits_.outlier_chance_max;
    }

    /// What an instance is held against: the middle one of its siblings, and its own past.
    [[nodiscard]] std::optional<SlowBounds> sibling_bounds(const Subject& subject,
                                                           const SlowWatch& own) const {
        std::vector<double> others;
        for (const auto& [other, watch] : state_.instances) {
            const bool is_fresh =
                watch.slow.last_at && now_ - *watch.slow.last_at <= limits_.slow.apart_max;
            if (other != subject && is_fresh) {
                others.push_back(watch.slow.last_ms);
            }
        }
        if (others.empty()) {
            return std::nullopt;
        }
        const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
        std::ranges::nth_element(others, middle);
        SlowBounds bounds = bounds_over(*middle, limits_.slow);
        if (const std::optional<SlowBounds> usual = usual_bounds(own, limits_.slow)) {
            bounds.limit_ms = std::max(bounds.limit_ms, usual->limit_ms);
            bounds.calm_ms = std::max(bounds.calm_ms, usual->calm_ms);
        }
        return bounds;
    }

    void take_instance(const Signal& signal) {
        if (signal.kind == SignalKind::is_wanted) {
            state_.instances.erase(signal.subject);  // A spare has no symptoms.
            return;
        }
        InstanceWatch* watch = find(state_.instances, signal.subject);
        if (watch == nullptr) {
            return;
        }
        switch (signal.kind) {
            case SignalKind::is_alive:
                watch->is_alive = signal.value > 0;
                take_life(*watch, signal);
                break;
            case SignalKind::has_ended_well:
                watch->has_ended_well = signal.value > 0;
                take_end(*watch, signal.at);
                break;
            case SignalKind::uptime_seconds:
                take_start(*watch, signal.at - std::chrono::duration_cast<Duration>(
                                                   std::chrono::duration<double>(signal.value)));
                break;
            case SignalKind::is_answering:
                take_probe(*watch, signal);
                break;
            case SignalKind::latency_ms:
                if (signal.observer == Observer::edge && !is_starting(*watch, signal.at)) {
                    keep(watch->figures, {signal.at, signal.value});
                    take_figure(watch->slow, signal.value, signal.at,
                                sibling_bounds(signal.subject, watch->slow), limits_.slow);
                }
                break;
            default:
                break;
        }
    }

    /// The agent looks into the cache itself; what its readers get is for whoever proves a remedy.
    void take_cache(const Signal& signal) {
        CacheWatch* watch = find(state_.caches, signal.subject);
        if (watch == nullptr || signal.observer != Observer::cache) {
            return;
        }
        if (signal.kind == SignalKind::keys_count) {
            watch->keys_count = signal.value;
        } else if (signal.kind == SignalKind::stale_count && watch->keys_count > 0) {
            take_look(*watch, signal);
        }
    }

    void take_look(CacheWatch& watch, const Signal& signal) {
        Presence& presence = watch.presence;
        if (signal.value <= 0) {
            watch.stale = {};
            watch.agreeing_count += 1;
            presence.is_present =
                presence.is_present && watch.agreeing_count < limits_.stale_looks_min;
            return;
        }
        watch.agreeing_count = 0;
        presence.value = signal.value;
        Streak& streak = watch.stale;
        streak.first_at = streak.count == 0 ? signal.at : streak.first_at;
        streak.last_at = signal.at;
        streak.count += 1;
        const bool is_lasting_now = streak.count >= limits_.stale_looks_min &&
                                    streak.last_at - streak.first_at >= limits_.stale_for_min;
        if (is_lasting_now && !presence.is_present) {
            begin_presence(presence, Observer::cache, streak.first_at);
            presence.value = signal.value;
        }
    }

    void take_check(const Signal& signal) {
        const auto declared = limits_.checks_failed_min.find(TaskId(signal.subject.name));
        const bool is_declared = declared != limits_.checks_failed_min.end();
        CheckWatch* watch = is_declared ? find(state_.checks, signal.subject) : nullptr;
        if (watch == nullptr || signal.kind != SignalKind::is_well) {
            return;
        }
        if (signal.value > 0) {
            *watch = {};
            return;
        }
        Streak& streak = watch->failed;
        streak.first_at = streak.count == 0 ? signal.at : streak.first_at;
        streak.last_at = signal.at;
        streak.count += 1;
        Presence& presence = watch->presence;
        if (streak.count >= declared->second && !presence.is_present) {
            begin_presence(presence, Observer::check, streak.first_at);
            presence.limit = declared->second;
        }
        presence.value = streak.count;
    }

    void take_life(InstanceWatch& watch, const Signal& signal) {
        if (*watch.is_alive) {
            watch.down_presence = {};
            watch.ended_at.reset();
            watch.has_ended_well.reset();
            return;
        }
        watch.ended_at = watch.ended_at.value_or(signal.at);
        take_end(watch, signal.at);
    }

    /// A crash is a symptom at once. A process that ended well was asked to: whoever asked may be
    /// about to start it again. How it ended is known a moment after that it did.
    void take_end(InstanceWatch& watch, Instant at) {
        const Instant ended_at = watch.ended_at.value_or(at);
        const Duration unclear_grace = limits_.restart_grace / 4;
        const Duration clear_grace =
            watch.has_ended_well.value_or(false) ? limits_.restart_grace : Duration::zero();
        const Duration grace = watch.has_ended_well ? clear_grace : unclear_grace;
        if (at - ended_at < grace || watch.down_presence.is_present) {
            return;
        }
        begin_presence(watch.down_presence, Observer::process, ended_at);
        watch.unanswered_presence = {};
        watch.probes_unanswered = {};
    }

    /// Another process is not slow because the one before it was.
    void take_start(InstanceWatch& watch, Instant started_at) {
        constexpr Duration clock_tick = std::chrono::milliseconds{500};
        if (watch.started_at && started_at - *watch.started_at > clock_tick) {
            watch.slow.slow = {};
            watch.slow.presence = {};
            watch.figures.clear();
        }
        watch.started_at = started_at;
    }

    [[nodiscard]] bool is_starting(const InstanceWatch& watch, Instant at) const {
        return watch.started_at && at - *watch.started_at < limits_.start_grace;
    }

    void take_probe(InstanceWatch& watch, const Signal& signal) {
        const bool is_answered = signal.value > 0;
        Streak& streak = watch.probes_unanswered;
        if (is_answered) {
            streak = {};
            watch.unanswered_presence.is_present = false;
            return;
        }
        if (is_starting(watch, signal.at) || !watch.is_alive.value_or(true)) {
            return;
        }
        streak.first_at = streak.count == 0 ? signal.at : streak.first_at;
        streak.last_at = signal.at;
        streak.count += 1;
        const bool is_lasting_now = streak.count >= limits_.probes_unanswered_min &&
                                    streak.last_at - streak.first_at >= limits_.unanswered_for_min;
        if (is_lasting_now && !watch.unanswered_presence.is_present) {
            begin_presence(watch.unanswered_presence, signal.observer, streak.first_at);
        }
    }

    void begin_presence(Presence& presence, Observer observer, Instant began_at) const {
        presence = {};
        presence.is_present = true;
        presence.observer = observer;
        presence.value = 1;
        presence.began_at = began_at;
        presence.noticed_at = now_;
    }

    State& state_;
    const Limits& limits_;
    Instant now_;
};

}  // namespace

std::vector<Symptom> symptoms(State& state,
                              std::span<const Signal> signals,
                              const Limits& limits,
                              Instant now) {
    Detecting detecting(state, limits, now);
    for (const Signal& signal : signals) {
        detecting.take(signal);
    }
    detecting.judge();
    std::vector<Symptom> present = detecting.present();
    std::ranges::sort(present, {}, [](const Symptom& symptom) {
        return std::pair(symptom.kind, symptom.subject);
    });
    return present;
}

}  // namespace homeostat::detect
