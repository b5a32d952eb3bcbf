#include "homeostat/diagnose/look.hpp"

#include "homeostat/diagnose/claims.hpp"

#include <algorithm>
#include <functional>

namespace homeostat::diagnose {

namespace {

bool is_slower(double ms, double than_ms, const Limits& limits) {
    return ms >= than_ms * limits.latency_factor_min && ms >= than_ms + limits.latency_gain_ms_min;
}

Failing failing_since(const State& state, const Subject& subject, Instant since) {
    Failing failing;
    const auto found = state.traffic.find(subject);
    if (found == state.traffic.end()) {
        return failing;
    }
    Failing before;
    for (const TrafficSample& sample : found->second) {
        Failing& side = sample.at >= since ? failing : before;
        side.requests += sample.requests;
        side.errors += sample.errors;
    }
    failing.ratio_before = before.ratio();
    return failing;
}

/// Samples around the beginning belong to neither side: each may be of both.
Pace pace_around(const State& state, const Subject& subject, Instant began_at, Duration slack) {
    struct Sum {
        double answers{0};
        double time_ms{0};
    };
    Sum before;
    Sum since;
    const auto found = state.traffic.find(subject);
    if (found == state.traffic.end()) {
        return {};
    }
    for (const TrafficSample& sample : found->second) {
        const bool is_early = sample.at <= began_at - slack;
        if (!sample.latency_ms || (!is_early && sample.at < began_at)) {
            continue;
        }
        Sum& sum = is_early ? before : since;
        sum.answers += static_cast<double>(sample.requests);
        sum.time_ms += static_cast<double>(sample.requests) * *sample.latency_ms;
    }
    const auto mean = [](const Sum& sum) {
        return sum.answers > 0 ? std::optional(sum.time_ms / sum.answers) : std::nullopt;
    };
    return {mean(before), mean(since)};
}

/// A spare at rest is no sibling: it is neither ill nor well.
bool is_idle_spare(const State& state, const InstanceId& instance) {
    const auto spare = state.spares.find({SubjectKind::instance, instance.text()});
    return spare != state.spares.end() && !spare->second;
}

/// What came is what was answered and what waits more than before.
Load load_of(const std::deque<TrafficSample>& samples, Duration window) {
    Load load;
    if (samples.size() < 2) {
        return load;
    }
    const TrafficSample& last = samples.back();
    double answered = 0;
    double waited = 0;
    double count = 0;
    auto at = samples.rbegin();
    for (; at + 1 != samples.rend() && (count == 0 || last.at - at->at < window); ++at) {
        answered += static_cast<double>(at->requests);
        waited += static_cast<double>(at->waiting);
        count += 1;
    }
    const double gained = static_cast<double>(last.waiting) - static_cast<double>(at->waiting);
    const Duration span = last.at - at->at;
    load.waiting = last.waiting;
    load.waiting_mean = waited / count;
    load.rate = span > Duration::zero() ? std::max(0.0, answered + gained) / to_seconds(span) : 0.0;
    return load;
}

/// REQUIRES: the look knows the leaks and the neighbours.
void look_at_load(Look& look,
                  const State& state,
                  const Inventory& inventory,
                  const Limits& limits) {
    const auto samples = state.traffic.find({SubjectKind::service, inventory.service.text()});
    if (samples != state.traffic.end()) {
        look.load = load_of(samples->second, limits.load_window);
    }
    Load& load = look.load;
    if (state.usual_rate.learnt_for >= limits.learn_rate_for_min) {
        load.usual_rate = state.usual_rate.per_second();
    }
    for (const InstanceId& instance : inventory.instances) {
        (is_idle_spare(state, instance) ? load.idle : load.at_work) += 1;
    }
    look.is_overloaded = load.usual_rate && load.growth() >= limits.rate_factor_min &&
                         load.waiting_mean >= limits.waiting_min && look.explaining.empty() &&
                         look.leaks.empty();
}

/// The slowest instance, if it is slower by far than the next.
std::optional<InstanceId> slowest_of(const std::vector<std::pair<InstanceId, Pace>>& paces,
                                     const Limits& limits) {
    std::vector<std::pair<double, InstanceId>> known;
    for (const auto& [instance, pace] : paces) {
        if (pace.since_ms) {
            known.emplace_back(*pace.since_ms, instance);
        }
    }
    std::ranges::sort(known);
    const bool is_alone =
        known.size() > 1 && is_slower(known.back().first, known[known.size() - 2].first, limits);
    return is_alone ? std::optional(known.back().second) : std::nullopt;
}

/// Of users nobody tells us who waited; of instances the edge does.
double slow_ratio_of(const Look& look,
                     const std::vector<std::pair<InstanceId, Pace>>& paces,
                     const Limits& limits) {
    double all = 0;
    double slow = 0;
    for (std::size_t index = 0; index < paces.size(); ++index) {
        const Pace& pace = paces[index].second;
        const auto requests = static_cast<double>(look.instances[index].second.requests);
        all += pace.since_ms ? requests : 0;
        slow +=
            is_slowed({pace.before_ms ? pace.before_ms : look.own_pace.before_ms, pace.since_ms},
                      limits)
                ? requests
                : 0;
    }
    const double of_all = is_slowed(look.own_pace, limits) ? 1 : 0;
    return all > 0 ? slow / all : of_all;
}

/// Absent without a look into the symptom's cache.
std::optional<double> stale_ratio_of(const State& state, const Symptom& symptom) {
    const auto found = state.copies.find(symptom.subject);
    if (symptom.kind != SymptomKind::stale_cache || found == state.copies.end() ||
        found->second.keys <= 0) {
        return std::nullopt;
    }
    return std::clamp(found->second.stale / found->second.keys, 0.0, 1.0);
}

/// The memory of a process that climbed and did not jump.
std::optional<Leak> leak_of(const State& state, const InstanceId& instance, const Limits& limits) {
    const auto found = state.processes.find({SubjectKind::instance, instance.text()});
    if (found == state.processes.end() || found->second.memory.size() < 4) {
        return std::nullopt;
    }
    const std::vector<MemorySample>& memory = found->second.memory;
    const double from = memory[1].bytes;  // The first is taken while it still loads itself.
    const double to = memory.back().bytes;
    double largest_step = 0;
    for (std::size_t index = 2; index < memory.size(); ++index) {
        largest_step = std::max(largest_step, memory[index].bytes - memory[index - 1].bytes);
    }
    const double gain = to - from;
    const bool has_grown = gain >= static_cast<double>(limits.memory_gain_bytes_min) &&
                           to >= from * limits.memory_growth_min;
    const bool has_jumped = largest_step > gain * limits.memory_jump_ratio_max;
    return has_grown && !has_jumped ? std::optional<Leak>(Leak{instance, from, to}) : std::nullopt;
}

/// Whoever reached the limit of its memory is ill of that, not long before the symptom or since.
std::optional<Starved> starved_of(const State& state,
                                  const Symptom& symptom,
                                  const InstanceId& instance,
                                  const Limits& limits) {
    const auto found = state.processes.find({SubjectKind::instance, instance.text()});
    if (found == state.processes.end() || !found->second.memory_killed_at ||
        !found->second.memory_limit_bytes) {
        return std::nullopt;
    }
    const bool is_of_late =
        symptom.began_at - *found->second.memory_killed_at < limits.memory_killed_for;
    return is_of_late
               ? std::optional<Starved>(
                     {instance, static_cast<std::uint64_t>(*found->second.memory_limit_bytes)})
               : std::nullopt;
}

/// The latest change of the artifact, if it may have brought the symptom.
std::optional<Change> suspect_of(Artifact artifact,
                                 const State& state,
                                 const Symptom& symptom,
                                 const Inventory& inventory,
                                 const Limits& limits) {
    for (auto change = state.changes.rbegin(); change != state.changes.rend(); ++change) {
        const bool is_of_artifact = artifact_of(change->kind) == artifact &&
                                    change->service == inventory.service && change->is_first_hand;
        if (!is_of_artifact) {
            continue;
        }
        // Of flags a later change leaves the others as they were.
        const bool is_too_late = change->at > symptom.began_at + limits.order_slack;
        if (is_too_late && !is_started_with(artifact) && !change->is_ours) {
            continue;
        }
        // The latest one decides: after our own rollback no earlier change is in force.
        const bool is_in_time =
            !is_too_late && symptom.began_at - change->at <= limits.change_suspect_for;
        const bool is_suspect = is_in_time && !change->is_ours && !change->from.empty();
        return is_suspect ? std::optional<Change>(*change) : std::nullopt;
    }
    return std::nullopt;
}

void look_at_changes(Look& look,
                     const State& state,
                     const Symptom& symptom,
                     const Inventory& inventory,
                     const Limits& limits) {
    for (const Artifact artifact : artifacts_all) {
        std::optional<Change> suspect = suspect_of(artifact, state, symptom, inventory, limits);
        if (suspect) {
            look.suspects.push_back(std::move(*suspect));
        }
    }
    std::ranges::sort(look.suspects, std::greater{}, &Change::at);
}

/// REQUIRES: the look knows our own numbers.
void look_at_neighbours(Look& look,
                        const State& state,
                        const Symptom& symptom,
                        const Inventory& inventory,
                        const Limits& limits) {
    const Instant since = symptom.began_at - limits.order_slack;
    const auto extra_ms = [](const Pace& pace, const Failing& traffic) {
        return pace.gain_ms() * static_cast<double>(traffic.requests);
    };
    for (const ServiceId& neighbour : inventory.neighbours) {
        const Subject subject{SubjectKind::neighbour, neighbour.text()};
        const Failing failing = failing_since(state, subject, since);
        const Pace pace = pace_around(state, subject, symptom.began_at, limits.order_slack);
        look.neighbours.emplace_back(neighbour, failing);
        look.neighbour_paces.emplace_back(neighbour, pace);
        const bool explains_errors =
            is_failing(failing, limits) &&
            static_cast<double>(failing.errors) >=
                static_cast<double>(look.own.errors) * limits.explained_ratio_min;
        const bool explains_slowness =
            symptom.kind == SymptomKind::latency && is_slowed(pace, limits) &&
            extra_ms(pace, failing) >=
                extra_ms(look.own_pace, look.own) * limits.explained_ratio_min;
        if (explains_errors || explains_slowness) {
            look.explaining.push_back(neighbour);
        }
    }
}

/// A service's only instance, if it has fallen silent. One that never answered may be asked at the
/// wrong place. No sibling shows that our prober works, so guard will ask the edge: where there is
/// none, nobody could say it.
std::optional<InstanceId> silent_only_one(const Look& look, const Inventory& inventory) {
    const bool is_silent = look.instances.size() == 1 && look.silent.size() == 1;
    return is_silent && look.has_stopped_answering && inventory.has_edge
               ? std::optional(look.silent.front())
               : std::nullopt;
}

/// The one instance that has nearly all of it; absent if it is spread.
std::optional<InstanceId> concentrated_on(const Look& look,
                                          const Symptom& symptom,
                                          const Inventory& inventory,
                                          const Limits& limits) {
    if (symptom.kind == SymptomKind::latency) {
        const bool is_of_one = symptom.subject.kind == SubjectKind::instance;
        return is_of_one ? std::optional(InstanceId(symptom.subject.name)) : look.slowest;
    }
    std::uint64_t all = 0;
    for (const auto& [instance, failing] : look.instances) {
        all += failing.errors;
    }
    for (const auto& [instance, failing] : look.instances) {
        const bool has_most = static_cast<double>(failing.errors) >=
                              static_cast<double>(all) * limits.concentration_min;
        if (all >= limits.errors_min && has_most && look.instances.size() > 1) {
            return instance;
        }
    }
    return look.silent.size() == 1 && look.instances.size() > 1 ? std::optional(look.silent.front())
                                                                : silent_only_one(look, inventory);
}

/// By the last look of its check: guard looks again before one is run.
void look_at_tasks(Look& look,
                   const State& state,
                   const Symptom& symptom,
                   const Inventory& inventory) {
    for (const WatchedTask& task : inventory.tasks) {
        const auto check = state.checks.find({SubjectKind::task, task.of.task.text()});
        const bool has_work = check != state.checks.end() && !check->second;
        if (has_work && is_declared_for(task.of, symptom)) {
            look.needed_tasks.push_back(task.of);
        }
    }
}

/// Of caches and tasks it says nothing.
void look_at_obstacles(Look& look, const State& state, const Symptom& symptom) {
    const bool is_of_service = symptom.subject.kind == SubjectKind::service;
    for (const auto& [key, count] : state.obstacles) {
        const auto& [subject, obstacle] = key;
        // That new ones are kept away concerns whoever would be replaced.
        const bool is_about =
            is_of_service || subject == symptom.subject ||
            (symptom.subject.kind == SubjectKind::instance &&
             subject.kind == SubjectKind::service && keeps_new_ones_away(obstacle));
        if (is_about) {
            look.in_the_way.push_back({obstacle, subject, count});
        }
    }
}

/// What one instance says of itself.
void look_at_instance(Look& look,
                      const State& state,
                      const Symptom& symptom,
                      const InstanceId& instance,
                      const Limits& limits) {
    const Subject subject{SubjectKind::instance, instance.text()};
    look.instances.emplace_back(
        instance, failing_since(state, subject, symptom.began_at - limits.order_slack));
    if (std::optional<Leak> leak = leak_of(state, instance, limits)) {
        look.leaks.push_back(std::move(*leak));
    }
    if (std::optional<Starved> starved = starved_of(state, symptom, instance, limits)) {
        look.starved.push_back(std::move(*starved));
    }
    const auto answers = state.answers.find(subject);
    if (answers != state.answers.end() && !answers->second.is_answering) {
        look.silent.push_back(instance);
        look.has_stopped_answering = look.has_stopped_answering || answers->second.has_answered;
    }
}

}  // namespace

bool is_failing(const Failing& failing, const Limits& limits) {
    return failing.errors >= limits.errors_min && failing.ratio() >= limits.error_ratio_min;
}

bool is_slowed(const Pace& pace, const Limits& limits) {
    return pace.before_ms && pace.since_ms && is_slower(*pace.since_ms, *pace.before_ms, limits);
}

Look look_at(const State& state,
             const Symptom& symptom,
             const Inventory& inventory,
             const Limits& limits) {
    Look look;
    std::vector<std::pair<InstanceId, Pace>> paces;
    const Instant since = symptom.began_at - limits.order_slack;
    const Subject service{SubjectKind::service, inventory.service.text()};
    look.own = failing_since(state, service, since);
    look.own_pace = pace_around(state, service, symptom.began_at, limits.order_slack);
    for (const InstanceId& instance : inventory.instances) {
        if (is_idle_spare(state, instance)) {
            continue;
        }
        look_at_instance(look, state, symptom, instance, limits);
        const Subject subject{SubjectKind::instance, instance.text()};
        paces.emplace_back(instance,
                           pace_around(state, subject, symptom.began_at, limits.order_slack));
    }
    look.slowest = slowest_of(paces, limits);
    look.slow_ratio = slow_ratio_of(look, paces, limits);
    look.stale_ratio = stale_ratio_of(state, symptom);
    look_at_neighbours(look, state, symptom, inventory, limits);
    if (symptom.kind == SymptomKind::instance_not_answering && !look.leaks.empty()) {
        look.explaining.clear();  // No neighbour makes memory climb until a process is silent.
    }
    look_at_load(look, state, inventory, limits);
    look_at_changes(look, state, symptom, inventory, limits);
    look.is_rolling_out = state.old_count > 0;
    for (const NewTemplate& seen : state.new_templates) {
        look.new_error_templates += seen.level == LogLevel::error && seen.at >= since ? 1 : 0;
    }
    look_at_tasks(look, state, symptom, inventory);
    look_at_obstacles(look, state, symptom);
    look.ill_alone = concentrated_on(look, symptom, inventory, limits);
    look.claims = confirmed_claims(state, look, symptom, limits);
    return look;
}

}  // namespace homeostat::diagnose
