#pragma once

// A group of three that serves, a fault that the executor sees, and limits that let it act: the
// case in which guard agrees. Tests change the one thing that they are about.
//
// Pure. For tests only.

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/guard/guard.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace homeostat::guard::for_test {

inline const ServiceId payments("payments");
inline const InstanceId payments_0("payments-0");
inline const InstanceId payments_1("payments-1");
inline const InstanceId payments_2("payments-2");
inline const VersionId v1("v1");
inline const VersionId v2("v2");
inline const VersionId c1("c1");
inline const VersionId c2("c2");
inline const IncidentId incident("i-1");
inline const IncidentId incident_other("i-2");
inline const Instant now = instant_of_ns(5'000'000'000'000);

inline const Remedy restart_0 = Restart{payments_0};
inline const Remedy eject_0 = Eject{payments_0};
inline const Remedy readmit_0 = Readmit{payments_0};
inline const Remedy open_fraud = OpenCircuit{ServiceId("fraud")};
inline const Remedy close_fraud = CloseCircuit{ServiceId("fraud")};
inline const CacheId quotes("quotes");
inline const Remedy reroute_quotes = Reroute{quotes};
inline const Remedy route_back_quotes = RouteBack{quotes};
inline const Remedy invalidate_quotes = InvalidateCache{quotes};
inline const Remedy scale_up = Scale{payments, 3, 4};
inline const Remedy scale_down = Scale{payments, 4, 3};
inline const InstanceId payments_3("payments-3");
inline const Remedy rolling = RollingRestart{payments};
inline const Remedy rollback = Rollback{payments, v2, v1};
inline const Remedy rollback_undo = Rollback{payments, v1, v2};
inline const Remedy config_rollback = Rollback{payments, c2, c1, Artifact::config};
inline const Remedy config_rollback_undo = Rollback{payments, c1, c2, Artifact::config};

/// One that can be taken back and takes no instance out, and one that is the opposite, and for
/// errors as well.
inline const DeclaredTask purge{.task = TaskId("purge"),
                                .declaration = "aaaa",
                                .is_reversible = true,
                                .is_repeatable = false,
                                .is_destructive = false,
                                .keeps_capacity = true};
inline const DeclaredTask rebuild{.task = TaskId("rebuild"),
                                  .declaration = "bbbb",
                                  .is_reversible = false,
                                  .is_repeatable = true,
                                  .is_destructive = true,
                                  .keeps_capacity = false,
                                  .also_for = {SymptomKind::errors}};
inline const Remedy run_purge = RunTask{purge};
inline const Remedy take_back_purge = TakeBackTask{purge};
inline const Remedy run_rebuild = RunTask{rebuild};

inline constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
inline const std::string pod_0 = "uid-0";
inline const Remedy grow_0 = Resize{payments_0, 64 * mebibyte, 96 * mebibyte};

/// A pod that was ended for reaching its limit of 64 MiB, and may have twice as much.
inline void hold_to_memory(InstanceFacts& instance) {
    instance.runtime.identity.pod = pod_0;
    instance.runtime.memory = MemoryFacts{.limit_bytes = 64 * mebibyte,
                                          .limit_bytes_max = 128 * mebibyte,
                                          .is_in_force = true,
                                          .was_killed = true};
}

inline InstanceFacts serving_instance(const InstanceId& name, std::int32_t pid) {
    InstanceFacts instance;
    instance.runtime.instance = name;
    instance.runtime.is_alive = true;
    instance.runtime.is_answering = true;
    instance.runtime.identity = {pid, 1000};
    instance.runtime.version = v2;
    instance.runtime.config = c2;
    instance.rotation = Rotation::in;
    return instance;
}

inline void end_process(InstanceFacts& instance) {
    instance.runtime.is_alive = false;
    instance.runtime.is_answering = false;
    instance.rotation = Rotation::down;
}

/// It runs, and our probes of it stay unanswered.
inline void silence(InstanceFacts& instance) {
    instance.runtime.is_answering = false;
}

/// Declared, and never started.
inline InstanceFacts spare_instance(const InstanceId& name) {
    InstanceFacts instance;
    instance.runtime.instance = name;
    instance.runtime.is_spare = true;
    instance.runtime.is_wanted = false;
    instance.rotation = Rotation::down;
    return instance;
}

/// As if `scale_up` had started the spare.
inline void start_spare(Facts& facts) {
    InstanceFacts started = serving_instance(payments_3, 13);
    started.runtime.is_spare = true;
    facts.instances.push_back(started);
    facts.spares.clear();
}

/// 7 errors of 1,000 requests at the edge; v2 runs with c2, v1 and c1 are proven; `fraud` answers
/// none of its checks; three copies of five in `quotes` are stale, and its source is well; the
/// checks of both tasks fail, and they were tried.
inline Facts serving_facts() {
    Facts facts;
    facts.service = payments;
    facts.instances = {serving_instance(payments_0, 10), serving_instance(payments_1, 11),
                       serving_instance(payments_2, 12)};
    facts.spares = {spare_instance(payments_3)};
    facts.has_edge = true;
    facts.is_complete = true;
    facts.edge.requests_total = 1000;
    facts.edge.errors_total = 7;
    facts.circuits = {{.neighbour = ServiceId("fraud"), .servers_count = 2}};
    facts.routes = {{.cache = quotes, .servers_count = 1, .answering_count = 1}};
    facts.caches = {{.cache = quotes,
                     .is_answering = true,
                     .is_source_answering = true,
                     .keys_count = 5,
                     .present_count = 5,
                     .differing_count = 3,
                     .stale_count = 3}};
    facts.tasks = {{purge, false, now, true}, {rebuild, false, now, true}};
    facts.versions.deploy = {v2, {v1, v2}, {v1}};
    facts.versions.config = {c2, {c1, c2}, {c1}};
    facts.is_suspended = false;
    facts.read_at = now;
    return facts;
}

inline Limits acting_limits() {
    Limits limits;
    limits.min_healthy = 2;
    for (const RemedyKind kind :
         {RemedyKind::observe, RemedyKind::eject, RemedyKind::open_circuit,
          RemedyKind::invalidate_cache, RemedyKind::reroute, RemedyKind::restart,
          RemedyKind::rolling_restart, RemedyKind::scale, RemedyKind::rollback, RemedyKind::resize,
          RemedyKind::pause_rollout}) {
        limits.autonomy[kind] = Autonomy::act;
    }
    limits.tasks = {{purge.task, Autonomy::act}, {rebuild.task, Autonomy::act}};
    limits.destructive_allowed = true;
    return limits;
}

inline Symptom errors_symptom() {
    Symptom symptom;
    symptom.kind = SymptomKind::errors;
    symptom.subject = {SubjectKind::service, "payments"};
    symptom.value = 0.02;
    symptom.limit = 0.005;
    symptom.noticed_at = now;
    return symptom;
}

inline Symptom stale_symptom() {
    Symptom symptom;
    symptom.kind = SymptomKind::stale_cache;
    symptom.subject = {SubjectKind::cache, quotes.text()};
    symptom.observer = Observer::cache;
    symptom.value = 3;
    symptom.noticed_at = now;
    return symptom;
}

inline Symptom check_symptom(const TaskId& task) {
    Symptom symptom;
    symptom.kind = SymptomKind::check_failing;
    symptom.subject = {SubjectKind::task, task.text()};
    symptom.observer = Observer::check;
    symptom.value = 3;
    symptom.limit = 3;
    symptom.noticed_at = now;
    return symptom;
}

/// The symptom that a remedy of this kind is for.
inline Symptom symptom_for(RemedyKind kind) {
    const bool is_of_cache = kind == RemedyKind::reroute || kind == RemedyKind::route_back ||
                             kind == RemedyKind::invalidate_cache;
    return is_of_cache ? stale_symptom() : errors_symptom();
}

inline Case case_of(Remedy remedy) {
    Case asked;
    asked.incident = incident;
    const DeclaredTask* task = task_of(remedy);
    asked.symptom = task != nullptr ? check_symptom(task->task) : symptom_for(kind_of(remedy));
    asked.remedy = std::move(remedy);
    asked.edge_errors_at_open = 6;
    asked.edge_requests_at_open = 600;
    return asked;
}

/// A process ended, and a reflex wants to start it again. Use with the instance ended in the facts.
inline Case reflex_case() {
    Case asked = case_of(restart_0);
    asked.symptom.kind = SymptomKind::instance_down;
    asked.symptom.subject = {SubjectKind::instance, payments_0.text()};
    asked.symptom.observer = Observer::process;
    asked.is_reflex = true;
    return asked;
}

/// One instance answers slowly, and a reflex wants it out. Use with the instance slow in the facts.
inline Case eject_case() {
    Case asked = case_of(eject_0);
    asked.symptom.kind = SymptomKind::latency;
    asked.symptom.subject = {SubjectKind::instance, payments_0.text()};
    asked.is_reflex = true;
    return asked;
}

template <class Body>
Entry entry_of(EntryKind kind, const IncidentId& of, const Body& body) {
    return {kind, of, to_json(body)};
}

inline Entry opened_entry(const IncidentId& of) {
    return entry_of(EntryKind::opened, of, Proposal{});
}

inline Entry intent_entry(const IncidentId& of,
                          const std::string& effect,
                          const Remedy& remedy,
                          const Step& step) {
    IntentBody body;
    body.effect = EffectId(effect);
    body.remedy = remedy;
    body.step = step;
    return entry_of(EntryKind::intent, of, body);
}

inline Entry outcome_entry(const IncidentId& of,
                           const std::string& effect,
                           OutcomeKind kind,
                           bool is_read_back = false) {
    return entry_of(EntryKind::outcome, of,
                    OutcomeBody{EffectId(effect), {kind, "because"}, is_read_back});
}

inline Entry held_entry(const IncidentId& of, const Remedy& remedy) {
    return entry_of(EntryKind::held, of, HeldBody{remedy, now + std::chrono::minutes{2}});
}

inline Entry closed_entry(const IncidentId& of) {
    return entry_of(EntryKind::closed, of, ClosedBody{CloseKind::healed, {}});
}

struct Announced {
    IncidentId of;
    std::string effect;
    Remedy remedy;
    Step step;
};

/// An effect that was announced and done.
inline void learn_effect(History& history, const Announced& it, Instant at) {
    history.learn(intent_entry(it.of, it.effect, it.remedy, it.step), at);
    history.learn(outcome_entry(it.of, it.effect, OutcomeKind::done), at);
}

/// `count` effects of another, closed incident that touch nothing of ours.
inline void spend(History& history, std::uint32_t count, Instant at) {
    const IncidentId spender("i-spent");
    for (std::uint32_t index = 0; index < count; ++index) {
        learn_effect(history,
                     {spender, "i-spent.e" + std::to_string(index),
                      Restart{InstanceId("elsewhere-0")}, Drain{InstanceId("elsewhere-0")}},
                     at);
    }
    history.learn(closed_entry(spender), at);
}

/// Of an incident that called a person about something else, an hour ago.
inline void learn_own_drain(History& history, const InstanceId& instance) {
    const IncidentId of("i-drain");
    const Instant at = now - std::chrono::hours{1};
    const Remedy remedy = Restart{InstanceId("elsewhere-0")};
    learn_effect(history, {of, "i-drain.of-" + instance.text(), remedy, Drain{instance}}, at);
    history.learn(entry_of(EntryKind::escalated, of, EscalatedBody{"x"}), at);
}

inline void learn_reflex_restart(History& history, const IncidentId& of, Instant at) {
    IntentBody body;
    body.effect = EffectId(of.text() + ".e1");
    body.remedy = restart_0;
    body.step = Replace{payments_0, {}, v2, c2};
    body.is_reflex = true;
    history.learn(entry_of(EntryKind::intent, of, body), at);
    history.learn(outcome_entry(of, body.effect.text(), OutcomeKind::done), at);
    history.learn(closed_entry(of), at);
}

}  // namespace homeostat::guard::for_test
