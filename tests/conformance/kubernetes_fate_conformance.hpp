#pragma once

// What act::resolve makes, on every cluster, of a step whose reply was lost or whose author was
// killed: what is read afterwards has to be enough. For tests only.

#include "homeostat/act/act.hpp"

#include "kubernetes_conformance.hpp"
#include "kubernetes_scene.hpp"

#include <doctest/doctest.h>

#include <exception>

namespace homeostat::conformance {

struct KilledForTest : std::exception {};

/// What a successor makes of the step.
inline OutcomeKind resolved(KubernetesScene& scene, const Step& step) {
    scene.come();
    const Outcome outcome = act::resolve(step, EffectId{"i-1.e1"}, scene.complete_facts());
    INFO(outcome.because);
    return outcome.kind;
}

inline void check_lost_replies(Cluster& cluster) {
    for (const MeddledApi::Loss loss :
         {MeddledApi::Loss::of_the_request, MeddledApi::Loss::of_the_reply}) {
        const bool has_effect = loss == MeddledApi::Loss::of_the_reply;
        const OutcomeKind truth = has_effect ? OutcomeKind::done : OutcomeKind::refused;
        CAPTURE(has_effect);
        KubernetesScene scene(cluster);
        const Replace replacement = scene.replacement();
        scene.api.loss = loss;
        CHECK(scene.perform(replacement).kind == OutcomeKind::unknown);
        CHECK(resolved(scene, replacement) == truth);
        scene.api.loss = MeddledApi::Loss::none;
        scene.wait_until("three pods are ready", [&] { return scene.answering_count() == 3; });
        roll_out(scene, "crash");
        const SwapVersion swap = scene.rollback();
        scene.api.loss = loss;
        CHECK(scene.perform(swap).kind == OutcomeKind::unknown);
        CHECK(resolved(scene, swap) == truth);
        CHECK(scene.image() == (has_effect ? "lab.local/svc:v1" : "lab.local/svc:crash"));
    }
}

inline bool is_killed_at(KubernetesScene& scene, kubernetes::Phase phase, const Step& step) {
    scene.options.on_phase_for_test = [phase](kubernetes::Phase reached) {
        if (reached == phase) {
            throw KilledForTest{};
        }
    };
    scene.come();
    bool is_killed = false;
    try {
        scene.perform(step);
    } catch (const KilledForTest&) {
        is_killed = true;
    }
    scene.options.on_phase_for_test = nullptr;
    return is_killed;
}

inline void check_killed(Cluster& cluster) {
    using kubernetes::Phase;
    KubernetesScene scene(cluster);
    for (const Phase phase : {Phase::checked, Phase::noted, Phase::sent}) {
        CAPTURE(static_cast<int>(phase));
        const Replace step = scene.replacement();
        CHECK(is_killed_at(scene, phase, step));
        const bool is_sent = phase == Phase::sent;
        CHECK(resolved(scene, step) == (is_sent ? OutcomeKind::done : OutcomeKind::refused));
        CHECK((scene.instance().identity.pod != step.expected.pod) == is_sent);
    }
    scene.wait_until("three pods are ready", [&] { return scene.answering_count() == 3; });
    roll_out(scene, "crash");
    for (const Phase phase : {Phase::checked, Phase::rehearsed, Phase::sent}) {
        CAPTURE(static_cast<int>(phase));
        const SwapVersion step = scene.rollback();
        CHECK(is_killed_at(scene, phase, step));
        const bool is_sent = phase == Phase::sent;
        CHECK(resolved(scene, step) == (is_sent ? OutcomeKind::done : OutcomeKind::refused));
        CHECK(scene.image() == (is_sent ? "lab.local/svc:v1" : "lab.local/svc:crash"));
    }
}

}  // namespace homeostat::conformance
