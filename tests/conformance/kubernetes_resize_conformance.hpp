#pragma once

// What resizing a pod is held to, on every cluster. For tests only.

#include "homeostat/adapters/kubernetes/pod_resize.hpp"

#include "kubernetes_fate_conformance.hpp"
#include "kubernetes_scale_conformance.hpp"
#include "kubernetes_scene.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace homeostat::conformance {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;

/// The pods are of a template with 64 MiB, and one may have 128.
inline void let_it_have_more(KubernetesScene& scene) {
    scene.options.memory_bytes_max = 128 * mebibyte;
    scene.come();
    scene.patch("add", "/spec/template/spec/containers/0/resources",
                R"({"limits":{"memory":"64Mi"},"requests":{"memory":"64Mi"}})");
    scene.wait_until("three pods have a limit", [&] {
        const Facts facts = scene.facts();
        const bool is_so =
            facts.is_complete && serving_count(facts) == 3 && facts.instances.size() == 3 &&
            std::ranges::all_of(facts.instances, [](const InstanceFacts& one) {
                return one.runtime.memory && one.runtime.memory->limit_bytes == 64 * mebibyte;
            });
        if (is_so) {  // In which slots a rollout leaves them is the cluster's doing.
            scene.usual = facts.instances.front().runtime.instance.text();
        }
        return is_so;
    });
}

inline SetMemory more_memory(KubernetesScene& scene, std::uint64_t to_mib = 96) {
    const RuntimeInstance seen = scene.instance();
    REQUIRE(seen.memory);
    return SetMemory{seen.instance, seen.identity.pod, seen.memory->limit_bytes, to_mib * mebibyte};
}

inline MemoryFacts memory_of(KubernetesScene& scene) {
    return scene.instance().memory.value();
}

/// By somebody else's hand.
inline void resize_by_hand(KubernetesScene& scene, const std::string& limit) {
    const std::string name = scene.slots->find(scene.instance().instance)->pod->name;
    scene.write({.method = "PATCH",
                 .path = scene.pods() + "/" + name + "/resize",
                 .content_type = "application/json-patch+json",
                 .body = R"([{"op":"replace","path":"/spec/containers/0/resources/limits/memory",)"
                         R"("value":")" +
                         limit +
                         R"("},{"op":"replace","path":)"
                         R"("/spec/containers/0/resources/requests/memory","value":")" +
                         limit + R"("}])",
                 .manager = "by-hand"});
}

inline void check_resize(Cluster& cluster) {
    KubernetesScene scene(cluster);
    let_it_have_more(scene);
    const SetMemory step = more_memory(scene);
    perform_done(scene, step);
    const RuntimeInstance now = scene.instance();
    CHECK(now.identity.pod == step.pod);
    CHECK(now.memory->limit_bytes == 96 * mebibyte);
    CHECK(now.memory->effect.text() == "i-1.e1");
    const kubernetes::PodMemory memory = scene.slots->find(step.instance)->pod->memory.value();
    CHECK(memory.request_bytes == 96 * mebibyte);  // Guaranteed it was, and so it stays.
    CHECK(memory.manager == "homeostat i-1.e1 from 67108864");
    CHECK(scene.perform(step).kind == OutcomeKind::refused);
    CHECK(scene.perform(more_memory(scene, 129)).kind == OutcomeKind::refused);
    perform_done(scene, more_memory(scene, 64));
    CHECK(memory_of(scene).limit_bytes == 64 * mebibyte);
    CHECK(memory_of(scene).effect.text() == "i-1.e1");
}

inline void check_resize_yields(Cluster& cluster) {
    KubernetesScene scene(cluster);
    let_it_have_more(scene);
    const SetMemory early = more_memory(scene);
    scene.api.before_write = [&](const kubernetes::ApiWrite& write) {
        if (!write.is_dry_run && write.manager != "by-hand") {
            resize_by_hand(scene, "80Mi");
        }
    };
    const Outcome late = scene.perform(early);
    scene.api.before_write = nullptr;
    CHECK_MESSAGE(late.kind == OutcomeKind::refused, late.because);
    CHECK(memory_of(scene).limit_bytes == 80 * mebibyte);
    CHECK(memory_of(scene).effect.empty());
    for (const std::uint64_t mib : {120U, 64U}) {
        const Outcome outcome = scene.perform(more_memory(scene, mib));
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK_MESSAGE(outcome.because.contains("by-hand"), outcome.because);
    }
    CHECK(memory_of(scene).limit_bytes == 80 * mebibyte);
}

inline void check_resize_fates(Cluster& cluster) {
    using kubernetes::Phase;
    KubernetesScene scene(cluster);
    let_it_have_more(scene);
    for (const MeddledApi::Loss loss :
         {MeddledApi::Loss::of_the_request, MeddledApi::Loss::of_the_reply}) {
        const bool has_effect = loss == MeddledApi::Loss::of_the_reply;
        CAPTURE(has_effect);
        const SetMemory step = more_memory(scene);
        scene.api.loss = loss;
        perform_lost(scene, step);
        scene.api.loss = MeddledApi::Loss::none;
        CHECK(resolved(scene, step) == (has_effect ? OutcomeKind::done : OutcomeKind::refused));
        CHECK(memory_of(scene).limit_bytes == (has_effect ? 96 : 64) * mebibyte);
    }
    perform_done(scene, more_memory(scene, 64));
    for (const Phase phase : {Phase::checked, Phase::rehearsed}) {
        CAPTURE(static_cast<int>(phase));
        const SetMemory step = more_memory(scene);
        scene.wait_until("it is killed there", [&] { return is_killed_at(scene, phase, step); });
        CHECK(memory_of(scene).limit_bytes == 64 * mebibyte);
    }
    const SetMemory step = more_memory(scene);
    scene.wait_until("it is killed there", [&] { return is_killed_at(scene, Phase::sent, step); });
    CHECK(resolved(scene, step) == OutcomeKind::done);
    CHECK(memory_of(scene).limit_bytes == 96 * mebibyte);
}

}  // namespace homeostat::conformance
