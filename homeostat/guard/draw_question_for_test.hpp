#pragma once

// The drawing of a question: its remedy and reason, its step, and what has happened before.
//
// Pure. For tests only.

#include "homeostat/guard/question_for_test.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::guard::for_test {

/// One of the catalogue as the facts stand, but now and then any.
[[nodiscard]] inline Remedy draw_remedy(Chance& chance, const Facts& facts) {
    if (chance.is_odd()) {
        return any_remedy(chance);
    }
    const InstanceId one = chance.any(std::array{payments_0, payments_1, payments_2});
    const auto count = static_cast<std::uint32_t>(facts.instances.size());
    const Remedy scale = Scale{payments, count, count + 1 + (chance.is_odd() ? 1U : 0U)};
    Remedy pause = PauseRollout{payments, v2};
    if (facts.rollout && chance.one_in(2)) {
        return pause;
    }
    return chance.any(std::array<Remedy, 15>{Remedy{Restart{one}}, Restart{one}, Eject{one},
                                             rolling, rollback, config_rollback, open_fraud,
                                             invalidate_quotes, reroute_quotes, scale, Observe{},
                                             Restart{payments_0}, run_purge, run_rebuild, pause});
}

/// As if the remedy had been carried out.
inline void carry_out(Facts& facts, const Remedy& remedy) {
    for (InstanceFacts& instance : facts.instances) {
        if (remedy == Remedy{Eject{instance.runtime.instance}}) {
            instance.rotation = Rotation::draining;
        }
    }
    for (CircuitFacts& circuit : facts.circuits) {
        circuit.is_open = circuit.is_open || remedy == Remedy{OpenCircuit{circuit.neighbour}};
    }
    for (RouteFacts& route : facts.routes) {
        route.is_to_source = route.is_to_source || remedy == Remedy{Reroute{route.cache}};
    }
    if (facts.rollout && std::holds_alternative<PauseRollout>(remedy)) {
        facts.rollout->is_paused = true;
        facts.rollout->paused_by = EffectId("i-1.e101");
    }
    if (const auto* back = std::get_if<Rollback>(&remedy)) {
        facts.versions[back->artifact].current = back->to;
    }
    if (std::holds_alternative<Scale>(remedy) && !facts.spares.empty()) {
        start_spare(facts);
    }
}

/// Of a remedy at the edge or in a cache.
[[nodiscard]] inline std::optional<Step> draw_switch(Chance& chance, const Remedy& remedy) {
    if (const auto* open = std::get_if<OpenCircuit>(&remedy)) {
        return SetCircuit{open->neighbour, true};
    }
    if (const auto* close = std::get_if<CloseCircuit>(&remedy)) {
        return SetCircuit{close->neighbour, false};
    }
    if (const auto* pause = std::get_if<PauseRollout>(&remedy)) {
        return SetPaused{pause->service, pause->version, true};
    }
    if (const auto* resume = std::get_if<ResumeRollout>(&remedy)) {
        return SetPaused{resume->service, resume->version, false};
    }
    if (const auto* back = std::get_if<RouteBack>(&remedy)) {
        return SetRoute{back->cache, false};
    }
    if (const auto* route = std::get_if<Reroute>(&remedy)) {
        return chance.one_in(2) ? Step{SetRoute{route->cache, true}} : Invalidate{route->cache};
    }
    if (const auto* invalidate = std::get_if<InvalidateCache>(&remedy)) {
        return Invalidate{invalidate->cache};
    }
    return std::nullopt;
}

/// Of a task: what it runs.
[[nodiscard]] inline std::optional<Step> draw_run(Chance& chance, const Remedy& remedy) {
    const DeclaredTask* task = task_of(remedy);
    if (task == nullptr) {
        return std::nullopt;
    }
    const bool is_inverse = kind_of(remedy) == RemedyKind::take_back_task;
    return Run{task->task, chance.is_odd() ? "dddd" : task->declaration,
               is_inverse != chance.is_odd(), task->keeps_capacity != chance.is_odd()};
}

/// A step that may well be the remedy's next one.
[[nodiscard]] inline Step draw_step(Chance& chance, const Remedy& remedy, const Facts& facts) {
    if (chance.is_odd()) {
        return any_step(chance, facts);
    }
    if (const auto* back = std::get_if<Rollback>(&remedy); back != nullptr && chance.one_in(2)) {
        return SwapVersion{back->service, back->from, back->to, back->artifact};
    }
    if (std::optional<Step> step = draw_switch(chance, remedy)) {
        return *std::move(step);
    }
    if (std::optional<Step> step = draw_run(chance, remedy)) {
        return *std::move(step);
    }
    const InstanceId* named = instance_of(remedy);
    const auto* scale = std::get_if<Scale>(&remedy);
    const InstanceId drawn =
        scale != nullptr ? payments_3 : chance.any(std::array{payments_0, payments_1, payments_2});
    const InstanceId one = named != nullptr && !chance.is_odd() ? *named : drawn;
    const InstanceFacts* target = find_instance(facts, one);
    const ProcessIdentity present =
        target != nullptr ? target->runtime.present() : ProcessIdentity{};
    const Step replace =
        Replace{one, present, facts.versions.deploy.current, facts.versions.config.current};
    const Step ends =
        scale != nullptr && scale->to < scale->from ? Step{Stop{one, present}} : replace;
    const bool gives = kind_of(remedy) == RemedyKind::readmit;
    const bool ejects = kind_of(remedy) == RemedyKind::eject;
    return gives    ? Step{Undrain{one}}
           : ejects ? Step{Drain{one}}
                    : chance.any(std::array<Step, 4>{ends, ends, Drain{one}, Undrain{one}});
}

[[nodiscard]] inline Event announced(const IncidentId& of, const Remedy& remedy, const Step& step) {
    Event event;
    event.kind = EntryKind::intent;
    event.of = of;
    event.remedy = remedy;
    event.step = step;
    return event;
}

/// One remedy of an incident, as far as it came.
inline void draw_episode(Chance& chance, Question& question, const IncidentId& of) {
    Story& story = question.story;
    const bool is_same = chance.one_in(3);
    const Remedy remedy = is_same ? question.asked.remedy : draw_remedy(chance, question.facts);
    Event event = announced(of, remedy, draw_step(chance, remedy, question.facts));
    event.at = chance.any(instants_lately);
    event.effect = EffectId(of.text() + ".e" + std::to_string(story.size()));
    event.is_reflex = chance.one_in(3);
    event.is_undo = chance.one_in(8);
    story.push_back(event);
    event.kind = EntryKind::outcome;
    event.outcome = chance.one_in(6) ? OutcomeKind::unknown : OutcomeKind::done;
    event.is_read_back = chance.one_in(4);
    if (!chance.one_in(8)) {
        story.push_back(event);
    }
    if (chance.one_in(4)) {
        story.push_back({.kind = EntryKind::started, .of = of});
    }
    constexpr std::array endings{EntryKind::held,      EntryKind::proof,      EntryKind::verdict,
                                 EntryKind::undo,      EntryKind::held,       EntryKind::given_back,
                                 EntryKind::escalated, EntryKind::closed,     EntryKind::proof,
                                 EntryKind::closed,    EntryKind::checkpoint, EntryKind::proposed};
    for (std::uint32_t count = chance(4); count > 0; --count) {
        event.kind = chance.any(endings);
        event.at = chance.any(instants_lately);
        event.verdict = static_cast<VerdictKind>(chance(4));
        event.may_pass = chance.one_in(2);
        event.proof = static_cast<ProofKind>(chance(3));
        event.remedy = chance.one_in(3) ? inverse_of(remedy).value_or(remedy) : remedy;
        story.push_back(event);
    }
}

/// Another incident holds just what is asked for.
inline void draw_hold(Chance& chance, Question& question) {
    Event event = announced(incident_other, question.asked.remedy, Drain{payments_0});
    event.at = chance.is_odd() ? now : now - std::chrono::seconds{700};
    event.effect = EffectId("i-2.e9");
    for (const EntryKind kind :
         {EntryKind::intent, EntryKind::outcome, EntryKind::held, EntryKind::proposed}) {
        event.kind = kind;
        question.story.push_back(event);
    }
}

/// So many effects of an incident that is over and touches nothing of ours.
inline void draw_spending(Chance& chance, Question& question) {
    const IncidentId of("i-4");
    for (std::uint32_t count = chance(question.limits.effects_max + 2); count > 0; --count) {
        Event event =
            announced(of, Restart{InstanceId("elsewhere-0")}, Drain{InstanceId("elsewhere-0")});
        event.at = chance.any(instants_lately);
        event.effect = EffectId("i-4.e" + std::to_string(count));
        question.story.push_back(event);
    }
    question.story.push_back({.kind = EntryKind::closed, .of = of, .at = now});
}

/// What the incident itself has begun, or has done and takes back now.
inline void draw_own(Chance& chance, Question& question) {
    Case& asked = question.asked;
    const auto count = static_cast<std::uint32_t>(question.facts.instances.size());
    const bool has_scaled = std::holds_alternative<Scale>(asked.remedy) && count > 3;
    const Remedy remedy = has_scaled ? Remedy{Scale{payments, 3, count}} : asked.remedy;
    const std::optional<Remedy> inverse = inverse_of(remedy);
    const bool takes_back = inverse && chance.one_in(2);
    Event event = announced(asked.incident, remedy, draw_step(chance, remedy, question.facts));
    event.at = chance.any(instants_lately);
    event.effect = EffectId("i-1.e101");
    event.is_reflex = asked.is_reflex;
    question.story.push_back(event);
    event.kind = EntryKind::outcome;
    if (!chance.is_odd()) {
        question.story.push_back(event);
    }
    if (!has_scaled) {
        carry_out(question.facts, remedy);
    }
    if (!takes_back) {
        return;
    }
    event.kind = chance.one_in(2) ? EntryKind::held : EntryKind::undo;
    question.story.push_back(event);
    asked.remedy = *inverse;
    asked.is_undo = true;
    asked.is_contained = event.kind == EntryKind::held;
    if (chance.one_in(3)) {  // And has begun with that.
        Event back =
            announced(asked.incident, *inverse, draw_step(chance, *inverse, question.facts));
        back.at = now;
        back.effect = EffectId("i-1.e102");
        back.is_undo = true;
        question.story.push_back(back);
        back.kind = EntryKind::outcome;
        question.story.push_back(back);
    }
}

/// A dead process and what was done for it, or a slow one.
inline void draw_reflex(Chance& chance, Question& question) {
    Case& asked = question.asked;
    const InstanceId one = *instance_of(asked.remedy);
    const bool is_start = std::holds_alternative<Restart>(asked.remedy);
    asked.is_reflex = true;
    asked.symptom.subject = {SubjectKind::instance, one.text()};
    asked.symptom.kind = is_start ? SymptomKind::instance_down : SymptomKind::latency;
    for (InstanceFacts& instance : question.facts.instances) {
        const bool is_it = instance.runtime.instance == one && !chance.is_odd();
        instance.latency_ms = is_it && !is_start ? 900 : instance.latency_ms;
        if (is_it && is_start) {
            end_process(instance);
        }
    }
    for (std::uint32_t count = chance(4); is_start && count > 0; --count) {
        const IncidentId of("i-5");
        Event event = announced(of, asked.remedy, Replace{one, {}, v2, c2});
        event.at = chance.any(instants_lately);
        event.effect = EffectId("i-5.e" + std::to_string(count));
        event.is_reflex = !chance.is_odd();
        question.story.push_back(event);
        question.story.push_back({.kind = EntryKind::closed, .of = of, .at = event.at});
    }
}

/// What is asked for and why.
inline void draw_reason(Chance& chance, Question& it) {
    Case& asked = it.asked;
    const Silence silence = asked.silence;
    asked = case_of(draw_remedy(chance, it.facts));
    asked.silence = silence;
    if (task_of(asked.remedy) != nullptr && chance.one_in(4)) {
        asked.symptom = errors_symptom();  // One of the two is declared for these as well.
    }
    const bool is_latency = chance.one_in(6) && asked.symptom.kind == SymptomKind::errors;
    asked.symptom.kind = is_latency ? SymptomKind::latency : asked.symptom.kind;
    asked.symptom.limit = 500;
    it.facts.edge.latency_ms = is_latency && chance.one_in(2) ? 900 : it.facts.edge.latency_ms;
    chance.upset(asked.symptom.kind,
                 std::array{SymptomKind::errors, SymptomKind::latency, SymptomKind::instance_down,
                            SymptomKind::instance_not_answering, SymptomKind::stale_cache,
                            SymptomKind::check_failing});
    chance.upset(
        asked.symptom.subject,
        std::array{Subject{SubjectKind::instance, "payments-0"},
                   Subject{SubjectKind::instance, "payments-9"},
                   Subject{SubjectKind::service, "fraud"}, Subject{SubjectKind::neighbour, "fraud"},
                   Subject{SubjectKind::cache, "quotes"}, Subject{SubjectKind::task, "rebuild"}});
    chance.upset(asked.edge_errors_at_open, std::array<std::uint64_t, 4>{0, 7, 8, 27});
    chance.upset(asked.edge_requests_at_open, std::array<std::uint64_t, 3>{0, 1000, 1001});
    chance.upset(asked.attempts_count, std::array{1U, 2U, 3U});
}

/// Words of neighbours, and for how long they count yet.
inline void draw_neighbours(Chance& chance, Question& it) {
    using std::chrono::seconds;
    it.facts.neighbours.emplace();
    for (std::uint32_t count = chance(3); count > 0; --count) {
        const auto says =
            chance.any(std::array{NeighbourSays::wait, NeighbourSays::mine, NeighbourSays::go});
        it.facts.neighbours->push_back(
            {ServiceId("fraud"), says, seconds{1} * static_cast<int>(chance(5) * chance(5))});
    }
    if (!chance.one_in(6)) {
        it.asked.heed_until =
            it.at + chance.any(std::array<Duration, 5>{seconds{30}, seconds{30}, seconds{1},
                                                       Duration{0}, -seconds{1}});
    }
}

/// Kinds of which one did not help, or helped too often at one target against one kind of symptom;
/// some of them a person has promoted since.
inline void draw_demotions(Chance& chance, Question& it) {
    it.limits.demotes = !chance.one_in(4);
    for (std::uint32_t count = 1 + chance(3); count > 0; --count) {
        Event event;
        event.kind = chance.one_in(3) ? EntryKind::promoted : EntryKind::demoted;
        event.of = incident_other;
        event.at = it.at;
        event.remedy = chance.one_in(2)
                           ? it.asked.remedy
                           : chance.any(std::array{restart_0, rollback, eject_0, invalidate_quotes,
                                                   run_purge, run_rebuild});
        if (event.kind == EntryKind::demoted && chance.one_in(2)) {
            event.relapse = Relapse{target_of(event.remedy), it.asked.symptom.kind};
            chance.upset(event.relapse->target, std::array{std::string("payments-9")});
            chance.upset(event.relapse->symptom,
                         std::array{SymptomKind::errors, SymptomKind::latency});
        }
        it.story.push_back(std::move(event));
    }
}

[[nodiscard]] inline Question draw_question(Chance& chance) {
    Question it;
    draw_limits(chance, it.limits);
    draw_facts(chance, it);
    draw_reason(chance, it);
    Case& asked = it.asked;
    if (chance.one_in(3)) {
        asked.refused_since = chance.any(instants_lately);
    }
    if (instance_of(asked.remedy) != nullptr && chance.one_in(3)) {
        draw_reflex(chance, it);
    }
    for (std::uint32_t count = chance.one_in(2) ? chance(3) : 0; count > 0; --count) {
        draw_episode(chance, it,
                     chance.any(std::array{incident, incident_other, IncidentId("i-3")}));
    }
    if (traits_of(kind_of(asked.remedy)).is_temporary && chance.one_in(8)) {
        draw_hold(chance, it);
    }
    if (chance.one_in(3)) {
        draw_spending(chance, it);
    }
    if (chance.one_in(4)) {
        draw_own(chance, it);
    }
    if (chance.one_in(3)) {
        draw_neighbours(chance, it);
    }
    if (chance.one_in(4)) {
        draw_demotions(chance, it);
    }
    chance.upset(asked.is_undo, std::array{!asked.is_undo});
    chance.upset(asked.is_reflex, std::array{!asked.is_reflex});
    chance.upset(asked.is_contained, std::array{!asked.is_contained});
    chance.upset(asked.is_held_back, std::array{true});
    if (chance.one_in(8)) {  // As many as serve, one more or one fewer.
        it.limits.min_healthy = serving_count(it.facts) + chance(3);
        it.limits.min_healthy -= std::min(it.limits.min_healthy, 1U);
    }
    if (chance.one_in(2)) {
        it.step = draw_step(chance, asked.remedy, it.facts);
        chance.upset(it.effect, std::array{EffectId(), EffectId("i-2.e0"), EffectId("i-1.e101")});
    }
    return it;
}

/// Of a resize: what it says, or the way back.
[[nodiscard]] inline std::optional<Step> draw_memory(Chance& chance, const Remedy& remedy) {
    const auto* resize = std::get_if<Resize>(&remedy);
    if (resize == nullptr) {
        return std::nullopt;
    }
    const bool is_back = chance.one_in(3);
    const std::string pod = chance.is_odd() ? "uid-9" : pod_0;
    return is_back ? SetMemory{resize->instance, pod, resize->to_bytes, resize->from_bytes}
                   : SetMemory{resize->instance, pod, resize->from_bytes, resize->to_bytes};
}

/// Of a resize: whose memory it is about, and what of that is known.
inline void draw_limit(Chance& chance, Question& it) {
    const InstanceId* named = instance_of(it.asked.remedy);
    for (InstanceFacts& instance : it.facts.instances) {
        if (named == nullptr || instance.runtime.instance != *named) {
            continue;
        }
        hold_to_memory(instance);
        MemoryFacts& memory = *instance.runtime.memory;
        chance.upset(memory.limit_bytes, std::array{96 * mebibyte, 80 * mebibyte});
        chance.upset(memory.limit_bytes_max, std::array{96 * mebibyte - 1, std::uint64_t{0}});
        chance.upset(memory.is_in_force, std::array{false});
        chance.upset(memory.was_killed, std::array{false});
        chance.upset(memory.effect, std::array{EffectId("i-1.e101")});
        chance.upset(instance.runtime.memory, std::array{std::optional<MemoryFacts>{}});
    }
}

/// The same question, about more memory for one instance, or about taking that back.
inline void turn_to_resize(Chance& chance, Question& it) {
    const InstanceId one = chance.any(std::array{payments_0, payments_1, payments_2});
    const Remedy grow = Resize{one, 64 * mebibyte, 96 * mebibyte};
    Case& asked = it.asked;
    asked.remedy = grow;
    asked.is_undo = chance.one_in(4);
    draw_limit(chance, it);
    if (asked.is_undo || chance.one_in(4)) {
        Event event = announced(asked.incident, grow, *draw_memory(chance, grow));
        event.at = chance.any(instants_lately);
        event.effect = EffectId("i-1.e103");
        it.story.push_back(event);
        event.kind = EntryKind::outcome;
        it.story.push_back(event);
        for (InstanceFacts& instance : it.facts.instances) {
            std::optional<MemoryFacts>& memory = instance.runtime.memory;
            if (instance.runtime.instance == one && memory && !chance.is_odd()) {
                memory->limit_bytes = 96 * mebibyte;
                memory->effect = event.effect;
            }
        }
    }
    asked.remedy = asked.is_undo ? *inverse_of(grow) : grow;
    if (it.step) {
        it.step = draw_memory(chance, asked.remedy);
    }
}

}  // namespace homeostat::guard::for_test
