#include "homeostat/verify/samples.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <ranges>
#include <utility>
#include <vector>

namespace homeostat::verify {

namespace {

constexpr double half = 0.5;  // Between the 0 and the 1 of a yes-or-no signal.
constexpr double count_max = 1e9;

std::uint64_t count_of(double value) {
    return value > 0 ? static_cast<std::uint64_t>(std::llround(std::min(value, count_max))) : 0;
}

bool is_of_instance(const Symptom& symptom) {
    return symptom.kind == SymptomKind::instance_down ||
           symptom.kind == SymptomKind::instance_not_answering;
}

/// Counts of the edge, or of a look at a cache, arrive as two signals of one instant, in any order.
void count_requests(State& state, const Signal& signal) {
    const auto found = std::ranges::find_if(state.samples, [&](const Sample& sample) {
        return sample.observer == signal.observer && sample.at == signal.at;
    });
    const bool is_new = found == state.samples.end();
    Sample& sample =
        is_new ? state.samples.emplace_back(Sample{signal.at, signal.observer}) : *found;
    const bool is_error =
        signal.kind == SignalKind::errors_count || signal.kind == SignalKind::stale_count;
    (is_error ? sample.bad_count : sample.all_count) += count_of(signal.value);
}

void count_one(State& state, const Signal& signal, bool is_bad) {
    state.samples.push_back({signal.at, signal.observer, 1, is_bad ? 1U : 0U});
}

void take_edge(State& state, const Symptom& symptom, const Signal& signal) {
    if (signal.subject != symptom.subject) {
        return;
    }
    const bool is_count =
        signal.kind == SignalKind::requests_count || signal.kind == SignalKind::errors_count;
    if (is_count && symptom.kind == SymptomKind::errors) {
        count_requests(state, signal);
    }
    if (signal.kind == SignalKind::latency_ms && symptom.kind == SymptomKind::latency) {
        state.mean_ms = signal.value;
        count_one(state, signal, signal.value > symptom.limit);
    }
    if (signal.kind == SignalKind::is_in_rotation) {
        state.is_in_rotation = signal.value > half;
    }
}

/// A request of our own: an answer that did not come is bad for every symptom, and for latency it
/// is the time that makes one good.
void take_request(State& state, const Symptom& symptom, const Signal& signal) {
    const bool is_silent = signal.kind == SignalKind::is_answering && !(signal.value > half);
    if (symptom.kind == SymptomKind::latency) {
        const bool is_time = signal.kind == SignalKind::latency_ms;
        if (is_time || is_silent) {
            count_one(state, signal, is_silent || !(signal.value <= symptom.limit));
        }
    } else if (signal.kind == SignalKind::is_answering) {
        count_one(state, signal, is_silent);
    }
}

/// In the cache itself, or as its readers get it.
void take_for_cache(State& state, const Symptom& symptom, const Signal& signal) {
    const bool is_count =
        signal.kind == SignalKind::keys_count || signal.kind == SignalKind::stale_count;
    if (is_count && signal.subject == symptom.subject) {
        count_requests(state, signal);
    }
}

void take_for_service(State& state, const Symptom& symptom, const Signal& signal) {
    const bool is_about_one = symptom.subject.kind == SubjectKind::instance;
    switch (signal.observer) {
        case Observer::edge:
            take_edge(state, symptom, signal);
            break;
        case Observer::journey:
            if (is_about_one || signal.subject == symptom.subject) {
                take_request(state, symptom, signal);
            }
            break;
        case Observer::probe:
            if (is_about_one ? signal.subject == symptom.subject
                             : signal.subject.kind == SubjectKind::instance) {
                take_request(state, symptom, signal);
            }
            break;
        case Observer::process:
        case Observer::metrics:
        case Observer::logs:
        case Observer::cache:
        case Observer::check:
            break;
    }
}

/// Its own check, and whatever else tells of users: a task that cures what it is for and harms them
/// has not helped.
void take_for_task(State& state, const Symptom& symptom, const Signal& signal) {
    const bool is_count =
        signal.kind == SignalKind::requests_count || signal.kind == SignalKind::errors_count;
    if (signal.observer == Observer::check) {
        if (signal.subject == symptom.subject && signal.kind == SignalKind::is_well) {
            count_one(state, signal, !(signal.value > half));
        }
    } else if (signal.observer == Observer::edge) {
        if (is_count && signal.subject.kind == SubjectKind::service) {
            count_requests(state, signal);
        }
    } else if (signal.kind == SignalKind::is_answering) {
        const bool is_of_users = signal.observer == Observer::journey;
        const SubjectKind about = is_of_users ? SubjectKind::service : SubjectKind::instance;
        if (signal.subject.kind == about) {
            count_one(state, signal, !(signal.value > half));
        }
    }
}

void take_for_instance(State& state, const Symptom& symptom, const Signal& signal) {
    if (signal.subject != symptom.subject) {
        return;
    }
    const bool is_good = signal.value > half;
    if (signal.kind == SignalKind::is_alive && signal.observer == Observer::process) {
        state.is_alive = is_good;
        count_one(state, signal, !is_good);
    }
    if (signal.kind == SignalKind::is_in_rotation && signal.observer == Observer::edge) {
        state.is_in_rotation = is_good;
    }
    if (signal.kind == SignalKind::is_answering && signal.observer == Observer::probe) {
        count_one(state, signal, !is_good);
    }
}

}  // namespace

void take_in(State& state, const Symptom& symptom, const Signal& signal, Instant now) {
    const bool is_fresh = signal.at > state.ended_at && signal.at <= now;
    if (!is_fresh || !std::isfinite(signal.value)) {
        return;
    }
    if (is_of_instance(symptom)) {
        take_for_instance(state, symptom, signal);
    } else if (symptom.kind == SymptomKind::stale_cache) {
        take_for_cache(state, symptom, signal);
    } else if (symptom.kind == SymptomKind::check_failing) {
        take_for_task(state, symptom, signal);
    } else {
        take_for_service(state, symptom, signal);
    }
    if (state.samples.size() > State::samples_max) {
        state.samples.erase(state.samples.begin());
    }
}

void forget_before(State& state, Instant since, std::uint64_t kept_min) {
    std::map<Observer, std::uint64_t> kept;
    std::vector<Sample> remembered;
    for (const Sample& sample : std::views::reverse(state.samples)) {
        std::uint64_t& count = kept[sample.observer];
        if (sample.at >= since || count < kept_min) {
            count += sample.all_count;
            remembered.push_back(sample);
        }
    }
    std::ranges::reverse(remembered);
    state.samples = std::move(remembered);
}

Tally tally(const State& state, Observer observer, Instant since) {
    return latest(state, observer, since, 0);
}

Tally latest(const State& state, Observer observer, Instant since, std::uint64_t needed) {
    Tally sum;
    for (const Sample& sample : std::views::reverse(state.samples)) {
        if (sample.observer != observer || (sample.at < since && sum.all_count >= needed)) {
            continue;
        }
        sum.all_count += sample.all_count;
        sum.bad_count += std::min(sample.bad_count, sample.all_count);
        sum.first_at = std::min(sum.first_at.value_or(sample.at), sample.at);
        sum.last_at = std::max(sum.last_at, sample.at);
    }
    return sum;
}

Tally trailing_good(const State& state, Observer observer) {
    Tally run;
    for (const Sample& sample : std::views::reverse(state.samples)) {
        if (sample.observer != observer) {
            continue;
        }
        if (sample.bad_count > 0) {
            break;
        }
        run.all_count += sample.all_count;
        run.last_at = run.first_at ? run.last_at : sample.at;
        run.first_at = sample.at;
    }
    return run;
}

}  // namespace homeostat::verify
