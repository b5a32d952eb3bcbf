#include "homeostat/diagnose/history.hpp"

#include "homeostat/base/exact.hpp"

#include <algorithm>

namespace homeostat::diagnose {

namespace {

template <class Map>
typename Map::mapped_type* entry_of(Map& map, const typename Map::key_type& key) {
    const auto known = map.find(key);
    if (known != map.end()) {
        return &known->second;
    }
    return map.size() < subjects_max ? &map[key] : nullptr;
}

bool is_spare_at_work(const State& state) {
    return std::ranges::any_of(state.spares, [](const auto& entry) { return entry.second; });
}

/// Learns from the sample that has waited for it, unless it is of no ordinary time.
void learn_rate(State& state, const std::deque<TrafficSample>& samples) {
    if (samples.size() < samples_before_learning + 2) {
        return;
    }
    const std::size_t at = samples.size() - samples_before_learning - 1;
    const TrafficSample& sample = samples[at];
    const Duration seen_for = sample.at - samples[at - 1].at;
    const bool is_ordinary = sample.waiting <= waiting_usual_max &&
                             samples.back().waiting <= waiting_usual_max &&
                             !is_spare_at_work(state);
    if (!is_ordinary || seen_for <= Duration::zero() || seen_for > samples_apart_max) {
        return;
    }
    UsualRate& usual = state.usual_rate;
    const auto requests = static_cast<double>(sample.requests);
    const double kept = exact_exp(-to_seconds(seen_for) / to_seconds(usual_rate_fades_after));
    usual.requests = usual.requests * kept + requests;
    usual.requests_by_rate =
        usual.requests_by_rate * kept + requests * requests / to_seconds(seen_for);
    usual.learnt_for += seen_for;
}

void remember_traffic(State& state, const Signal& signal) {
    auto* samples = entry_of(state.traffic, signal.subject);
    if (samples == nullptr) {
        return;
    }
    if (signal.kind == SignalKind::requests_count) {
        if (signal.subject.kind == SubjectKind::service) {
            learn_rate(state, *samples);
        }
        samples->push_back({signal.at, static_cast<std::uint64_t>(signal.value), 0, 0, {}});
        if (samples->size() > traffic_samples_max) {
            samples->pop_front();
        }
    } else if (!samples->empty() && signal.kind == SignalKind::errors_count) {
        samples->back().errors = static_cast<std::uint64_t>(signal.value);
    } else if (!samples->empty() && signal.kind == SignalKind::queue_length) {
        samples->back().waiting = static_cast<std::uint64_t>(signal.value);
    } else if (!samples->empty() && signal.kind == SignalKind::latency_ms) {
        samples->back().latency_ms = signal.value;
    }
}

/// Thins the samples by half when there are too many: always the whole life of the process. Nothing
/// of nothing: whoever cannot measure it, as of a pod, says that, and no memory climbs from there.
void remember_memory(std::vector<MemorySample>& memory, const Signal& signal) {
    if (signal.value <= 0) {
        return;
    }
    memory.push_back({signal.at, signal.value});
    if (memory.size() <= memory_samples_max) {
        return;
    }
    std::vector<MemorySample> thinned;
    for (std::size_t index = 0; index < memory.size(); index += 2) {
        thinned.push_back(memory[index]);
    }
    memory = std::move(thinned);
}

void remember_process(State& state, const Signal& signal) {
    ProcessHistory* history = entry_of(state.processes, signal.subject);
    if (history == nullptr) {
        return;
    }
    if (signal.kind == SignalKind::is_alive) {
        history->is_alive = signal.value > 0;
        if (const auto spare = state.spares.find(signal.subject); spare != state.spares.end()) {
            spare->second = true;
        }
    } else if (signal.kind == SignalKind::uptime_seconds) {
        const Instant started_at = signal.at - std::chrono::duration_cast<Duration>(
                                                   std::chrono::duration<double>(signal.value));
        const bool is_another = !history->started_at ||
                                started_at - *history->started_at > std::chrono::milliseconds{500};
        if (is_another) {
            history->started_at = started_at;
            history->memory.clear();
        }
    } else if (signal.kind == SignalKind::resident_bytes) {
        remember_memory(history->memory, signal);
    } else if (signal.kind == SignalKind::memory_limit_bytes) {
        // Whoever tells a limit tells with it, next, of an end for it: by none of before.
        history->memory_limit_bytes = signal.value;
        history->memory_killed_at.reset();
    } else if (signal.kind == SignalKind::memory_killed_seconds) {
        history->memory_killed_at = signal.at - std::chrono::duration_cast<Duration>(
                                                    std::chrono::duration<double>(signal.value));
    }
}

/// A spare that rests is neither silent nor leaking, whatever its last process was.
void remember_rest(State& state, const Subject& subject) {
    state.processes.erase(subject);
    state.answers.erase(subject);
    if (bool* is_at_work = entry_of(state.spares, subject)) {
        *is_at_work = false;
    }
}

void remember_answer(State& state, const Signal& signal) {
    AnswerHistory* history = entry_of(state.answers, signal.subject);
    if (history == nullptr) {
        return;
    }
    const bool is_answering = signal.value > 0;
    if (is_answering != history->is_answering || history->last_at == Instant{}) {
        history->is_answering = is_answering;
        history->since_at = signal.at;
    }
    history->has_answered = history->has_answered || is_answering;
    history->last_at = signal.at;
}

void remember_copies(State& state, const Signal& signal) {
    Copies* copies = entry_of(state.copies, signal.subject);
    if (copies == nullptr) {
        return;
    }
    (signal.kind == SignalKind::keys_count ? copies->keys : copies->stale) = signal.value;
}

void remember_check(State& state, const Signal& signal) {
    if (bool* is_well = entry_of(state.checks, signal.subject)) {
        *is_well = signal.value > 0;
    }
}

void remember_claim(State& state, const Signal& signal) {
    Claim& claim =
        state.claims.try_emplace(*signal.trouble, Claim{signal.at, signal.at}).first->second;
    if (signal.at - claim.last_at > claims_apart_max) {
        claim = {signal.at, signal.at};
    }
    claim.last_at = std::max(claim.last_at, signal.at);
    claim.lines += signal.value;
}

void remember_obstacle(State& state, const Signal& signal) {
    const std::pair key{signal.subject, *signal.obstacle};
    if (signal.value <= 0) {
        state.obstacles.erase(key);
    } else if (double* count = entry_of(state.obstacles, key)) {
        *count = signal.value;
    }
}

}  // namespace

void remember(State& state, const Signal& signal) {
    state.watched_since = std::min(state.watched_since.value_or(signal.at), signal.at);
    switch (signal.kind) {
        case SignalKind::requests_count:
        case SignalKind::errors_count:
        case SignalKind::queue_length:
        case SignalKind::latency_ms:
            if (signal.observer == Observer::edge) {
                remember_traffic(state, signal);
            }
            break;
        case SignalKind::is_wanted:
            remember_rest(state, signal.subject);
            break;
        case SignalKind::is_alive:
        case SignalKind::uptime_seconds:
        case SignalKind::resident_bytes:
        case SignalKind::memory_limit_bytes:
        case SignalKind::memory_killed_seconds:
            remember_process(state, signal);
            break;
        case SignalKind::is_answering:
            if (signal.observer == Observer::probe) {
                remember_answer(state, signal);
            }
            break;
        case SignalKind::keys_count:
        case SignalKind::stale_count:
            if (signal.observer == Observer::cache) {
                remember_copies(state, signal);
            }
            break;
        case SignalKind::is_well:
            if (signal.observer == Observer::check) {
                remember_check(state, signal);
            }
            break;
        case SignalKind::old_count:
            state.old_count = signal.value;
            break;
        case SignalKind::obstacle_count:
            if (signal.obstacle) {
                remember_obstacle(state, signal);
            }
            break;
        case SignalKind::lines_count:
            if (signal.trouble) {
                remember_claim(state, signal);
            }
            break;
        case SignalKind::template_is_new:
            state.new_templates.push_back(
                {signal.template_id, signal.level, signal.subject, signal.at});
            if (state.new_templates.size() > new_templates_max) {
                state.new_templates.pop_front();
            }
            break;
        default:
            break;
    }
}

void remember(State& state, const Change& change) {
    if (std::ranges::find(state.changes, change) != state.changes.end()) {
        return;
    }
    state.changes.push_back(change);
    if (state.changes.size() <= changes_max) {
        return;
    }
    const auto hearsay = std::ranges::find(state.changes, false, &Change::is_first_hand);
    state.changes.erase(hearsay == state.changes.end() ? state.changes.begin() : hearsay);
}

}  // namespace homeostat::diagnose
