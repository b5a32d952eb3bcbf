#include "homeostat/detect/detect.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::detect {

namespace {

/// Errors of the window outside of the worst stretch of `burst_max`.
std::uint64_t errors_beside_burst(const std::deque<ErrorSample>& samples, Duration burst_max) {
    std::uint64_t all = 0;
    std::uint64_t worst = 0;
    for (std::size_t first = 0; first < samples.size(); ++first) {
        all += samples[first].errors;
        std::uint64_t stretch = 0;
        for (std::size_t index = first; index < samples.size(); ++index) {
            // In doubt for the burst: an error may have come at the end nearer to it.
            if (samples[index].begin_at - samples[first].end_at > burst_max) {
                break;
            }
            stretch += samples[index].errors;
        }
        worst = std::max(worst, stretch);
    }
    return all - worst;
}

ErrorFinding judge_window(const ErrorWindow& window, const ErrorLimits& limits) {
    ErrorFinding finding;
    for (const ErrorSample& sample : window.samples) {
        if (sample.errors > 0 && finding.errors == 0) {
            finding.began_at = sample.begin_at;
        }
        finding.errors += sample.errors;
        finding.requests += sample.requests;
    }
    if (finding.requests > 0) {
        finding.ratio = std::min(
            1.0, static_cast<double>(finding.errors) / static_cast<double>(finding.requests));
    }
    finding.is_symptom = finding.errors >= limits.errors_min && finding.ratio >= limits.ratio_min &&
                         errors_beside_burst(window.samples, limits.burst_max) > 0;
    return finding;
}

class Detecting {
  public:
    Detecting(State& state, const Limits& limits, Instant now)
        : state_(state), limits_(limits), now_(now) {}

    void take(const Signal& signal) {
        if (signal.subject.kind == SubjectKind::service) {
            take_service(signal);
        } else if (signal.subject.kind == SubjectKind::instance) {
            take_instance(signal);
        }
    }

    void judge() {
        for (auto& [subject, watch] : state_.services) {
            judge_service(watch);
        }
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
        }
        for (const auto& [subject, watch] : state_.instances) {
            add(SymptomKind::instance_down, subject, watch.down_presence);
            add(SymptomKind::instance_not_answering, subject, watch.unanswered_presence);
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
            ErrorWindow& window = watch->errors;
            const Instant begin_at = window.last_at.value_or(signal.at);
            window.samples.push_back(
                {begin_at, signal.at, static_cast<std::uint64_t>(signal.value), 0});
            window.last_at = signal.at;
            if (window.samples.size() > error_samples_max) {
                window.samples.pop_front();
            }
        } else if (signal.kind == SignalKind::errors_count && !watch->errors.samples.empty()) {
            watch->errors.samples.back().errors = static_cast<std::uint64_t>(signal.value);
            note_sample(*watch);
        }
    }

    void note_sample(ServiceWatch& watch) {
        const ErrorSample& sample = watch.errors.samples.back();
        Presence& presence = watch.errors_presence;
        if (!presence.is_present || sample.requests == 0) {
            return;
        }
        // A sample after a silence spans all of it, and says nothing about most of it.
        const Duration seen_for =
            std::min(sample.end_at - sample.begin_at, limits_.clear_after / 8);
        presence.good_for = sample.errors > 0 ? Duration::zero() : presence.good_for + seen_for;
        presence.is_present = presence.good_for < limits_.clear_after;
    }

    void judge_service(ServiceWatch& watch) {
        auto& samples = watch.errors.samples;
        while (!samples.empty() && samples.front().begin_at < now_ - limits_.errors.window) {
            samples.pop_front();
        }
        const ErrorFinding finding = judge_window(watch.errors, limits_.errors);
        Presence& presence = watch.errors_presence;
        if (finding.is_symptom && !presence.is_present) {
            presence = {};
            presence.is_present = true;
            presence.began_at = finding.began_at;
            presence.noticed_at = now_;
            presence.limit = limits_.errors.ratio_min;
            presence.value = finding.ratio;
        } else if (finding.is_symptom) {
            presence.value = finding.ratio;
        }
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
                watch->started_at = signal.at - std::chrono::duration_cast<Duration>(
                                                    std::chrono::duration<double>(signal.value));
                break;
            case SignalKind::is_answering:
                take_probe(*watch, signal);
                break;
            default:
                break;
        }
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

    void take_probe(InstanceWatch& watch, const Signal& signal) {
        const bool is_starting =
            watch.started_at && signal.at - *watch.started_at < limits_.start_grace;
        const bool is_answered = signal.value > 0;
        Streak& streak = watch.probes_unanswered;
        if (is_answered) {
            streak = {};
            watch.unanswered_presence.is_present = false;
            return;
        }
        if (is_starting || !watch.is_alive.value_or(true)) {
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
