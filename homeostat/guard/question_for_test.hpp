#pragma once

// Question: all that guard is asked with, and the drawing of it by chance: mostly in order, with a
// few things the matter, so that the last rule decides as well as the first.
//
// Pure. For tests only.

#include "homeostat/base/rng.hpp"
#include "homeostat/guard/demands_for_test.hpp"
#include "homeostat/guard/scene_for_test.hpp"
#include "homeostat/guard/story_for_test.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>

namespace homeostat::guard::for_test {

/// Without a step it is about the remedy as a whole.
struct Question {
    Case asked{case_of(rollback)};
    std::optional<Step> step{};
    EffectId effect{"i-1.e9"};
    Facts facts{serving_facts()};
    Story story{};
    Limits limits{acting_limits()};
    Instant at{now};
};

/// Draws, some even and some that are mostly the ordinary one.
class Chance {
  public:
    Chance(std::uint64_t seed, double odd_share) : rng_(seed), odd_share_(odd_share) {}

    /// Below `count`, each as likely.
    [[nodiscard]] std::uint32_t operator()(std::size_t count) {
        return static_cast<std::uint32_t>(rng_.next() % count);
    }
    [[nodiscard]] bool one_in(std::size_t count) { return (*this)(count) == 0; }
    [[nodiscard]] bool is_odd() { return rng_.unit() < odd_share_; }
    template <class T, std::size_t N>
    [[nodiscard]] T any(const std::array<T, N>& choices) {
        return choices[(*this)(N)];
    }
    /// Changes `what` now and then.
    template <class T, std::size_t N>
    void upset(T& what, const std::array<T, N>& choices) {
        what = is_odd() ? any(choices) : what;
    }

  private:
    Rng rng_;
    double odd_share_;
};

inline const InstanceId payments_4("payments-4");

inline const std::array instants_lately{
    now - std::chrono::milliseconds{400}, now - std::chrono::seconds{1},
    now - std::chrono::seconds{2},        now - std::chrono::seconds{29},
    now - std::chrono::seconds{30},       now - std::chrono::seconds{119},
    now - std::chrono::seconds{120},      now - std::chrono::seconds{599},
    now - std::chrono::seconds{600},      now - std::chrono::seconds{700}};

/// Beside the instants above, to a nanosecond.
inline const std::array<Duration, 6> ages_of_a_drain{std::chrono::milliseconds{400},
                                                     std::chrono::seconds{2},
                                                     std::chrono::seconds{18},
                                                     std::chrono::seconds{19} - Duration{1},
                                                     std::chrono::seconds{109} + Duration{1},
                                                     std::chrono::seconds{700}};

inline void draw_instance(Chance& chance, InstanceFacts& instance, Instant read_at) {
    using std::chrono::seconds;
    RuntimeInstance& runtime = instance.runtime;
    if (chance.is_odd()) {
        end_process(instance);
    }
    chance.upset(runtime.is_answering, std::array{!runtime.is_answering});
    chance.upset(instance.rotation,
                 std::array{Rotation::draining, Rotation::down, Rotation::unknown, Rotation::in});
    if (chance.one_in(2)) {
        instance.rotation_since = read_at - chance.any(ages_of_a_drain);
    }
    chance.upset(instance.sessions_now, std::array{std::uint64_t{1}, std::uint64_t{0}});
    chance.upset(instance.latency_ms, std::array{10.0, 20.0, 21.0, 40.0, 900.0});
    chance.upset(runtime.started_at,
                 std::array{read_at, read_at - seconds{3} + Duration{1}, read_at - seconds{3}});
    chance.upset(runtime.version, std::array{v1});
    chance.upset(runtime.config, std::array{c1});
    chance.upset(runtime.identity, std::array{ProcessIdentity{99, 1}, ProcessIdentity{}});
}

inline void draw_versions(Chance& chance, VersionFacts& versions) {
    chance.upset(versions.current, std::array{versions.good.front(), VersionId()});
    chance.upset(versions.present, std::array{std::vector{versions.current}});
    chance.upset(versions.good, std::array{std::vector<VersionId>{}});
}

inline void draw_edge(Chance& chance, Facts& facts) {
    const auto some = std::array{0U, 1U, 2U, 3U};
    chance.upset(facts.edge.errors_total, std::array<std::uint64_t, 6>{0, 5, 6, 10, 26, 56});
    chance.upset(facts.edge.requests_total, std::array<std::uint64_t, 5>{0, 599, 600, 680, 2000});
    chance.upset(facts.edge.latency_ms, std::array{500.0, 501.0, 900.0});
    chance.upset(facts.edge.queue_length, std::array{std::uint64_t{1}});
    for (CircuitFacts& circuit : facts.circuits) {
        chance.upset(circuit.is_open, std::array{!circuit.is_open});
        chance.upset(circuit.servers_count, some);
        chance.upset(circuit.answering_count, some);
        chance.upset(circuit.latency_ms, std::array{500.0, 501.0});
    }
    for (RouteFacts& route : facts.routes) {
        chance.upset(route.is_to_source, std::array{!route.is_to_source});
        chance.upset(route.servers_count, some);
        chance.upset(route.answering_count, some);
    }
    for (CacheFacts& cache : facts.caches) {
        chance.upset(cache.is_answering, std::array{false});
        chance.upset(cache.is_source_answering, std::array{false});
        chance.upset(cache.stale_count, some);
    }
    chance.upset(facts.circuits, std::array{std::vector<CircuitFacts>{}});
    chance.upset(facts.routes, std::array{std::vector<RouteFacts>{}});
    chance.upset(facts.caches, std::array{std::vector<CacheFacts>{}});
}

/// In one of seven all of a sudden all are silent, or all but one.
inline void draw_silence(Chance& chance, Question& question) {
    if (!chance.one_in(7)) {
        return;
    }
    std::size_t spared = chance(2);
    for (InstanceFacts& instance : question.facts.instances) {
        const bool is_spared = spared > 0 && chance.one_in(2);
        spared -= is_spared ? 1 : 0;
        instance.runtime.is_answering = is_spared;
    }
    if (chance.one_in(3)) {
        question.asked.silence.since = chance.any(instants_lately);
    }
    question.asked.silence.is_confirmed = chance.one_in(6);
    if (chance.one_in(3)) {
        question.facts.edge.errors_total = chance.any(std::array<std::uint64_t, 3>{9, 10, 30});
        question.facts.edge.requests_total =
            chance.any(std::array<std::uint64_t, 3>{600, 680, 700});
    }
}

/// Now and then all of it is a Deployment's: pods, of which some are on their way.
inline void draw_orchestration(Chance& chance, Facts& facts) {
    if (!chance.one_in(6)) {
        return;
    }
    facts.is_orchestrated = true;
    for (InstanceFacts& instance : facts.instances) {
        RuntimeInstance& runtime = instance.runtime;
        const bool has_pod = runtime.is_alive || chance.one_in(2);
        runtime.identity = has_pod
                               ? ProcessIdentity{0, chance(3), "uid-" + std::to_string(chance(9))}
                               : ProcessIdentity{};
        runtime.is_coming = !runtime.is_alive && chance.one_in(2);
    }
    for (InstanceFacts& nobody : facts.spares) {
        nobody.runtime.is_spare = chance.one_in(2);  // Else more of them are not to be had.
    }
}

/// As a rule half-way from v1 to v2, and nobody has paused it.
inline void draw_rollout(Chance& chance, Facts& facts) {
    if (!facts.is_orchestrated && !chance.one_in(12)) {
        return;
    }
    facts.rollout = RolloutFacts{.is_under_way = true};
    chance.upset(facts.rollout->is_under_way, std::array{false});
    facts.rollout->is_paused = chance.one_in(6);
    if (facts.rollout->is_paused && chance.one_in(2)) {
        facts.rollout->paused_by = EffectId("i-1.e101");
    }
    const std::size_t old_count = chance(facts.instances.size() + 1);
    for (std::size_t index = 0; index < old_count; ++index) {
        facts.instances[index].runtime.version = v1;
    }
}

/// Whether there is something to do for them, and whether anybody knows.
inline void draw_tasks(Chance& chance, Facts& facts) {
    for (TaskFacts& task : facts.tasks) {
        const Instant began = facts.read_at;
        task.checked_at = began;
        chance.upset(task.is_well, std::array{true});
        chance.upset(task.is_proven, std::array{false});
        chance.upset(task.checked_at,
                     std::array{now - std::chrono::seconds{10},
                                now - std::chrono::seconds{10} - Duration{1}, now + Duration{1}});
        chance.upset(task.of.declaration, std::array{std::string("eeee")});
        chance.upset(task.of.is_destructive, std::array{false, true});
    }
    chance.upset(facts.tasks, std::array{std::vector<TaskFacts>{}});
}

inline void draw_facts(Chance& chance, Question& question) {
    using std::chrono::seconds;
    Facts& facts = question.facts;
    const std::uint32_t spares_at_work = chance.one_in(5) ? 1 + chance(2) : 0;
    if (spares_at_work > 0) {
        start_spare(facts);
    }
    if (spares_at_work > 1) {
        facts.instances.push_back(serving_instance(payments_4, 14));
        facts.instances.back().runtime.is_spare = true;
    }
    if (chance.is_odd()) {
        facts.instances.resize(chance(facts.instances.size() + 1));
    }
    chance.upset(facts.read_at, std::array{now - seconds{1}, now - seconds{2},
                                           now - seconds{2} - Duration{1}, now + Duration{1}});
    for (InstanceFacts& instance : facts.instances) {
        draw_instance(chance, instance, facts.read_at);
    }
    draw_silence(chance, question);
    draw_orchestration(chance, facts);
    draw_rollout(chance, facts);
    if (facts.instances.size() > 1 && chance.is_odd()) {
        facts.instances.back().runtime.instance = payments_0;
    }
    chance.upset(facts.has_edge, std::array{false});
    chance.upset(facts.is_complete, std::array{false});
    chance.upset(facts.is_suspended, std::array{true});
    draw_edge(chance, facts);
    draw_versions(chance, facts.versions.deploy);
    draw_versions(chance, facts.versions.config);
    draw_tasks(chance, facts);
}

inline void draw_limits(Chance& chance, Limits& limits) {
    limits.effects_max = chance.any(std::array{12U, 12U, 5U, 6U});
    chance.upset(limits.effects_max, std::array{0U, 1U, 2U, 3U, 4U});
    chance.upset(limits.min_healthy, std::array{0U, 1U, 3U, 4U});
    chance.upset(limits.attempts_max, std::array{0U, 1U, 2U});
    chance.upset(limits.freeze_above, std::array{0.0, 0.75, 1.0});
    chance.upset(limits.back_off_max,
                 std::array<Duration, 2>{std::chrono::milliseconds{1500},
                                         std::chrono::nanoseconds{2'000'000'001}});
    for (auto& [kind, autonomy] : limits.autonomy) {
        chance.upset(autonomy, std::array{Autonomy::watch, Autonomy::recommend, Autonomy::ask});
    }
    for (auto& [task, autonomy] : limits.tasks) {
        chance.upset(autonomy, std::array{Autonomy::watch, Autonomy::inform, Autonomy::ask});
    }
    limits.destructive_allowed = !chance.one_in(8);
}

}  // namespace homeostat::guard::for_test
