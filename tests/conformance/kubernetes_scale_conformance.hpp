#pragma once

// What scaling a Deployment is held to, on every cluster. For tests only.

#include "homeostat/adapters/kubernetes/scaling.hpp"

#include "kubernetes_fate_conformance.hpp"
#include "kubernetes_scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace homeostat::conformance {

/// Four replicas at most, three wanted.
inline void let_it_grow(KubernetesScene& scene) {
    scene.options.replicas_max = 4;
    scene.come();
}

inline Replace start_of_spare(KubernetesScene& scene) {
    const Facts facts = scene.complete_facts();
    const auto spare = std::ranges::find_if(
        facts.spares, [](const InstanceFacts& one) { return one.runtime.is_spare; });
    REQUIRE(spare != facts.spares.end());
    return Replace{spare->runtime.instance, spare->runtime.present(),
                   facts.versions.deploy.current};
}

inline Stop stop_of_spare(KubernetesScene& scene) {
    const Facts facts = scene.complete_facts();
    const auto spare = std::ranges::find_if(
        facts.instances, [](const InstanceFacts& one) { return one.runtime.is_spare; });
    REQUIRE(spare != facts.instances.end());
    return Stop{spare->runtime.instance, spare->runtime.present()};
}

/// A server that writes the Deployment's status meanwhile refuses, and is asked again.
inline void perform_done(KubernetesScene& scene, const Step& step) {
    scene.wait_until("the number is written", [&] {
        const Outcome outcome = scene.perform(step);
        INFO(outcome.because);
        CHECK(outcome.kind != OutcomeKind::unknown);
        return outcome.kind == OutcomeKind::done;
    });
}

/// Likewise, of one whose reply is lost.
inline void perform_lost(KubernetesScene& scene, const Step& step) {
    scene.wait_until("its reply is lost", [&] {
        const Outcome outcome = scene.perform(step);
        INFO(outcome.because);
        CHECK(outcome.kind != OutcomeKind::done);
        return outcome.kind == OutcomeKind::unknown;
    });
}

inline std::int64_t replicas_of(KubernetesScene& scene) {
    return kubernetes::number_at(scene.deployment(), {"spec", "replicas"});
}

inline std::string replicas_manager_of(KubernetesScene& scene) {
    return kubernetes::parse_deployment(scene.deployment()).value().replicas_manager;
}

inline void check_scale(Cluster& cluster) {
    KubernetesScene scene(cluster);
    let_it_grow(scene);
    const Replace start = start_of_spare(scene);
    CHECK(start.expected.is_none());
    perform_done(scene, start);
    CHECK(replicas_of(scene) == 4);
    CHECK(replicas_manager_of(scene) == "homeostat i-1.e1 from 3");
    scene.wait_until("four pods are ready", [&] { return scene.answering_count() == 4; });
    const RuntimeInstance started = scene.instance(start.instance.text());
    CHECK(started.effect.text() == "i-1.e1");
    CHECK(started.is_spare);
    CHECK(scene.perform(start).kind == OutcomeKind::refused);
    const Facts full = scene.complete_facts();
    CHECK(std::ranges::none_of(full.spares,
                               [](const InstanceFacts& one) { return one.runtime.is_spare; }));
    const Stop stop = stop_of_spare(scene);
    perform_done(scene, stop);
    CHECK(replicas_of(scene) == 3);
    scene.wait_until("three pods are left", [&] {
        const Facts now = scene.facts();
        return now.instances.size() == 3 && serving_count(now) == 3;
    });
    CHECK(replicas_manager_of(scene) == "homeostat i-1.e1 from 3");
    const RuntimeInstance one = scene.instance();
    CHECK(scene.perform(Stop{one.instance, one.present()}).kind == OutcomeKind::refused);
    CHECK(replicas_of(scene) == 3);
}

inline void check_scale_yields(Cluster& cluster) {
    KubernetesScene scene(cluster);
    let_it_grow(scene);
    for (const bool is_at_rehearsal : {true, false}) {
        CAPTURE(is_at_rehearsal);
        const Replace step = start_of_spare(scene);
        const std::string rivals = is_at_rehearsal ? "2" : "3";
        scene.api.before_write = [&](const kubernetes::ApiWrite& write) {
            if (write.is_dry_run == is_at_rehearsal) {
                scene.patch("replace", "/spec/replicas", rivals);
            }
        };
        const Outcome outcome = scene.perform(step);
        scene.api.before_write = nullptr;
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(std::to_string(replicas_of(scene)) == rivals);
        scene.wait_until("so many pods are ready",
                         [&] { return std::to_string(scene.answering_count()) == rivals; });
    }
    perform_done(scene, start_of_spare(scene));
    scene.wait_until("four pods are ready", [&] { return scene.answering_count() == 4; });
    const Stop stop = stop_of_spare(scene);
    const std::string autoscalers =
        "/apis/autoscaling/v2/namespaces/" + scene.name_space + "/horizontalpodautoscalers";
    scene.post(autoscalers,
               R"({"metadata":{"name":"pay"},"spec":{"minReplicas":1,"maxReplicas":9,)"
               R"("scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"pay"}}})");
    const Outcome owned = scene.perform(stop);
    CHECK_MESSAGE(owned.kind == OutcomeKind::refused, owned.because);
    CHECK_MESSAGE(owned.because.contains("HorizontalPodAutoscaler pay"), owned.because);
    scene.remove(autoscalers + "/pay");
    // The same number by another's hand is theirs, and so is what we had added.
    scene.patch("replace", "/spec/replicas", "3");
    scene.patch("replace", "/spec/replicas", "4");
    const Outcome theirs = scene.perform(stop);
    CHECK_MESSAGE(theirs.kind == OutcomeKind::refused, theirs.because);
    CHECK(replicas_of(scene) == 4);
}

inline void check_scale_fates(Cluster& cluster) {
    using kubernetes::Phase;
    KubernetesScene scene(cluster);
    let_it_grow(scene);
    const auto settle = [&](std::size_t count) {
        scene.wait_until("the pods are ready", [&] { return scene.answering_count() == count; });
    };
    const auto back = [&] {
        perform_done(scene, stop_of_spare(scene));
        settle(3);
    };
    for (const MeddledApi::Loss loss :
         {MeddledApi::Loss::of_the_request, MeddledApi::Loss::of_the_reply}) {
        const bool has_effect = loss == MeddledApi::Loss::of_the_reply;
        CAPTURE(has_effect);
        settle(3);
        const Replace step = start_of_spare(scene);
        scene.api.loss = loss;
        perform_lost(scene, step);
        scene.api.loss = MeddledApi::Loss::none;
        CHECK(resolved(scene, step) == (has_effect ? OutcomeKind::done : OutcomeKind::refused));
        CHECK(replicas_of(scene) == (has_effect ? 4 : 3));
    }
    settle(4);
    const Stop stop = stop_of_spare(scene);
    scene.api.loss = MeddledApi::Loss::of_the_reply;
    perform_lost(scene, stop);
    scene.api.loss = MeddledApi::Loss::none;
    CHECK(resolved(scene, stop) == OutcomeKind::done);
    for (const Phase phase : {Phase::checked, Phase::noted, Phase::rehearsed, Phase::sent}) {
        CAPTURE(static_cast<int>(phase));
        settle(3);
        const Replace step = start_of_spare(scene);
        scene.wait_until("it is killed there", [&] { return is_killed_at(scene, phase, step); });
        const bool is_sent = phase == Phase::sent;
        CHECK(resolved(scene, step) == (is_sent ? OutcomeKind::done : OutcomeKind::refused));
        CHECK(replicas_of(scene) == (is_sent ? 4 : 3));
    }
    settle(4);
    back();
}

}  // namespace homeostat::conformance
