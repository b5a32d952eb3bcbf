#pragma once

// Scene: all that guard is asked with, in one place, and the questions that tests ask of it.
//
// Pure. For tests only.

#include "homeostat/guard/case_for_test.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace homeostat::guard::for_test {

/// A case in which guard agrees unless the test changes something.
struct Scene {
    Case asked{case_of(rollback)};
    Facts facts{serving_facts()};
    History history;
    Limits limits{acting_limits()};
    Instant at{now};

    [[nodiscard]] Verdict verdict() const { return check(asked, facts, history, limits, at); }

    [[nodiscard]] std::expected<Permit, Verdict> ask(const Step& step,
                                                     const std::string& effect = "i-1.e9") const {
        return Gate::ask(asked, step, EffectId(effect), facts, history, limits, at);
    }

    [[nodiscard]] bool is_permitted() const { return verdict().kind == VerdictKind::permit; }

    [[nodiscard]] bool refuses(std::string_view rule) const {
        const Verdict answer = verdict();
        return answer.kind == VerdictKind::refusal && answer.rule == rule;
    }

    [[nodiscard]] bool refuses(const Step& step, std::string_view rule) const {
        const auto answer = ask(step);
        return !answer && answer.error().kind == VerdictKind::refusal &&
               answer.error().rule == rule;
    }

    [[nodiscard]] bool escalates(std::string_view rule) const {
        const Verdict answer = verdict();
        return answer.kind == VerdictKind::escalation && answer.rule == rule;
    }
};

inline Scene scene_of(const Remedy& remedy) {
    Scene scene;
    scene.asked = case_of(remedy);
    return scene;
}

/// payments-0 has ended and a reflex asks to start it.
inline Scene reflex_scene() {
    Scene scene;
    scene.asked = reflex_case();
    end_process(scene.facts.instances[0]);
    return scene;
}

/// payments-0 answers slowly and a reflex asks to take it out of rotation.
inline Scene eject_scene() {
    Scene scene;
    scene.asked = eject_case();
    for (InstanceFacts& instance : scene.facts.instances) {
        instance.latency_ms = 10;
    }
    scene.facts.instances[0].latency_ms = 500;
    return scene;
}

/// How many of the 400 requests since the incident opened failed at the edge.
inline void let_edge_count(Scene& scene, std::uint64_t errors) {
    scene.facts.edge.errors_total = scene.asked.edge_errors_at_open + errors;
}
inline constexpr std::uint64_t errors_of_a_real_fault = 20;  ///< One in 20.

inline const Step swap_step = SwapVersion{payments, v2, v1};
inline const Step config_swap_step = SwapVersion{payments, c2, c1, Artifact::config};
inline const Step drain_0 = Drain{payments_0};
inline const Step undrain_0 = Undrain{payments_0};
inline const Step open_step = SetCircuit{ServiceId("fraud"), true};
inline const Step close_step = SetCircuit{ServiceId("fraud"), false};
inline const Step route_step = SetRoute{quotes, true};
inline const Step route_back_step = SetRoute{quotes, false};
inline const Step invalidate_step = Invalidate{quotes};
inline const Step purge_step = Run{purge.task, purge.declaration, false, true};
inline const Step purge_back_step = Run{purge.task, purge.declaration, true, true};
inline const Step rebuild_step = Run{rebuild.task, rebuild.declaration, false};
inline const Step replace_0 = Replace{payments_0, {10, 1000}, v2, c2};
inline const Step start_0 = Replace{payments_0, {}, v2, c2};

inline constexpr std::string_view switch_rule = "the kill switch is released";
inline constexpr std::string_view facts_rule = "the facts are complete and fresh";
inline constexpr std::string_view catalogue_rule =
    "the catalogue holds this remedy for this target";
inline constexpr std::string_view freeze_rule =
    "where much looks dead, two kinds of observers agree, except on what is out already";
inline constexpr std::string_view step_rule =
    "the step belongs to the remedy and its precondition holds";
inline constexpr std::string_view own_drain_rule = "only what we have drained is put back";
inline constexpr std::string_view autonomy_rule = "the autonomy of the remedy is ask or act";
inline constexpr std::string_view proven_rule = "a task is done as it was tried";
inline constexpr std::string_view destructive_rule = "what nothing brings back is allowed here";
inline constexpr std::string_view symptom_rule = "the executor sees the symptom itself";
inline constexpr std::string_view one_rule = "one remedy is in hand at a time";
inline constexpr std::string_view held_rule = "no other incident holds the same";
inline constexpr std::string_view taken_back_rule = "nobody else takes it back";
inline constexpr std::string_view cool_down_rule = "the target has cooled down";
inline constexpr std::string_view attempts_rule = "the attempts are not used up";
inline constexpr std::string_view back_off_rule = "the reflex backs off";
inline constexpr std::string_view floor_rule = "the group stays above its floor";
inline constexpr std::string_view budget_rule = "the budget holds the effects";
inline constexpr std::string_view neighbours_rule = "no neighbour goes first";
inline constexpr std::string_view approval_rule = "a person has agreed, where one is asked";

}  // namespace homeostat::guard::for_test
