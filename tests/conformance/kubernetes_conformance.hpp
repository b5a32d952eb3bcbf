#pragma once

// What acting on a Kubernetes cluster is held to, on every cluster: what is read, and what becomes
// of a step. For tests only.

#include "kubernetes_scene.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::conformance {

/// A version that cannot run is being rolled out, and gets no further than one pod.
inline void roll_out(KubernetesScene& scene, const std::string& tag) {
    scene.deploy(tag);
    scene.wait_until("a pod of " + tag + " backs off", [&] {
        const Facts seen = scene.facts();
        return std::ranges::any_of(seen.instances, [&](const InstanceFacts& one) {
            const RuntimeInstance& runtime = one.runtime;
            return runtime.version.text().starts_with(tag + "-") && !runtime.is_alive &&
                   !runtime.is_coming;
        });
    });
}

/// Another pod takes this one's name; nobody owns it. Empty: there was no such pod.
inline std::string make_anew(Cluster& cluster, KubernetesScene& scene, const std::string& uid) {
    const kubernetes::ApiReply list = cluster.get(scene.pods() + "?labelSelector=app%3Dpay");
    std::string path;
    for (const json::value& pod : list.body.at("items").as_array()) {
        const bool is_it = kubernetes::text_at(pod, {"metadata", "uid"}) == uid;
        path = is_it ? scene.pods() + "/" + kubernetes::text_at(pod, {"metadata", "name"}) : path;
    }
    if (!path.empty()) {
        scene.remove(path);
        scene.post(scene.pods(),
                   R"({"metadata":{"name":")" + path.substr(scene.pods().size() + 1) +
                       R"("},"spec":{"containers":[{"name":"c","image":"lab.local/svc:v1"}]}})");
    }
    return path;
}

inline void check_facts(Cluster& cluster) {
    KubernetesScene scene(cluster);
    const Facts facts = scene.complete_facts();
    CHECK(facts.is_orchestrated);
    CHECK(facts.instances.size() == 3);
    CHECK(facts.spares.size() == 3);
    const RuntimeInstance one = scene.instance();
    CHECK(one.is_alive);
    CHECK_FALSE(one.identity.pod.empty());
    CHECK(one.version == facts.versions.deploy.current);
    CHECK(one.version.text().starts_with("v1-"));
    CHECK(one.started_at <= cluster.clock().now());
    CHECK(one.started_at > cluster.clock().now() - std::chrono::minutes{5});
    CHECK(one.effect.empty());
    scene.remove(scene.apps("deployments") + "/pay");
    Result<FactsPart> part = scene.try_read();
    scene.wait_until("the Deployment is gone", [&] {
        part = scene.try_read();
        return !part && part.error().fault == Fault::absent;
    });
    CHECK_FALSE(scene.facts().is_complete);
}

inline void check_rollback(Cluster& cluster) {
    KubernetesScene scene(cluster);
    const VersionId good = scene.current();
    roll_out(scene, "crash");
    CHECK(scene.answering_count() == 3);
    const SwapVersion step = scene.rollback();
    CHECK(step.to == good);
    CHECK(step.from.text().starts_with("crash-"));
    const Outcome outcome = scene.perform(step);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    // The same hash as before, and so the same ReplicaSet.
    CHECK(scene.current() == good);
    scene.wait_until("the pod of the bad version is gone", [&] {
        const Facts facts = scene.facts();
        return facts.instances.size() == 3 && serving_count(facts) == 3;
    });
    CHECK(scene.complete_facts().versions.deploy.present.size() == 2);
    const json::value now = scene.deployment();
    CHECK(kubernetes::text_at(now, {"metadata", "annotations", kubernetes::effect_annotation}) ==
          "i-1.e1 " + step.from.text() + " " + step.to.text());
    // Once more finds another version in force.
    CHECK(scene.perform(step).kind == OutcomeKind::refused);
}

inline void check_rollback_refused(Cluster& cluster) {
    KubernetesScene scene(cluster);
    roll_out(scene, "nopull");
    const SwapVersion step = scene.rollback();
    SwapVersion gone = step;
    gone.to = VersionId{"v0-0000000000"};
    CHECK(scene.perform(gone).kind == OutcomeKind::refused);
    scene.patch("add", "/spec/paused", "true");
    static_cast<void>(scene.complete_facts());
    const Outcome paused = scene.perform(step);
    CHECK_MESSAGE(paused.kind == OutcomeKind::refused, paused.because);
    scene.patch("replace", "/spec/paused", "false");
    static_cast<void>(scene.complete_facts());
    for (const bool is_at_rehearsal : {true, false}) {
        CAPTURE(is_at_rehearsal);
        const SwapVersion now = scene.rollback();
        const std::string rivals = is_at_rehearsal ? "v2" : "v3";
        scene.api.before_write = [&](const kubernetes::ApiWrite& write) {
            if (write.is_dry_run == is_at_rehearsal) {
                scene.deploy(rivals);
            }
        };
        const Outcome outcome = scene.perform(now);
        scene.api.before_write = nullptr;
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(scene.image() == "lab.local/svc:" + rivals);
        CHECK(scene.current().text().starts_with(rivals + "-"));
    }
}

inline void check_replacement(Cluster& cluster) {
    KubernetesScene scene(cluster);
    const Replace step = scene.replacement();
    const Outcome outcome = scene.perform(step);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    CHECK(scene.instance().identity.pod != step.expected.pod);
    scene.wait_until("another pod answers there", [&] {
        const RuntimeInstance now = scene.instance();
        return now.is_answering && now.effect.text() == "i-1.e1";
    });
    CHECK(scene.instance("pay-1").effect.empty());
    CHECK(scene.perform(step).kind == OutcomeKind::refused);
}

inline void check_replacement_refused(Cluster& cluster) {
    KubernetesScene scene(cluster);
    const Replace step = scene.replacement();
    scene.post("/apis/policy/v1/namespaces/" + scene.name_space + "/poddisruptionbudgets",
               R"({"metadata":{"name":"pay"},"spec":{"minAvailable":3,"selector":)"
               R"({"matchLabels":{"app":"pay"}}}})");
    const Outcome at_limit = scene.perform(step);
    CHECK_MESSAGE(at_limit.kind == OutcomeKind::refused, at_limit.because);
    CHECK_MESSAGE(at_limit.because.contains("429"), at_limit.because);
    CHECK(scene.instance().identity == step.expected);
    CHECK(scene.answering_count() == 3);
    scene.remove("/apis/policy/v1/namespaces/" + scene.name_space + "/poddisruptionbudgets/pay");
    std::string made;
    scene.api.before_write = [&](const kubernetes::ApiWrite&) {
        made = make_anew(cluster, scene, step.expected.pod);
    };
    const Outcome another = scene.perform(step);
    scene.api.before_write = nullptr;
    CHECK_MESSAGE(another.kind == OutcomeKind::refused, another.because);
    CHECK_MESSAGE(another.because.contains("409"), another.because);
    const json::value stands = cluster.get(made).body;
    CHECK(kubernetes::text_at(stands, {"metadata", "uid"}) != step.expected.pod);
    CHECK_FALSE(kubernetes::is_deleting(stands));
    scene.wait_until("three pods are ready again", [&] { return scene.answering_count() == 3; });
    for (const InstanceFacts& one : scene.complete_facts().instances) {
        CHECK(one.runtime.effect.empty());
    }
}

inline void check_nobody_there(Cluster& cluster) {
    KubernetesScene scene(cluster);
    const Replace replacement = scene.replacement();
    roll_out(scene, "crash");
    const SwapVersion swap = scene.rollback();
    scene.api.lead_to(cluster.nobody());
    CHECK_FALSE(scene.try_read());
    CHECK_FALSE(scene.facts().is_complete);
    CHECK(scene.perform(swap).kind == OutcomeKind::refused);
    CHECK(scene.perform(replacement).kind == OutcomeKind::refused);
    // Gone between our look and the write.
    scene.api.lead_to(cluster.api());
    scene.api.before_write = [&](const kubernetes::ApiWrite&) {
        scene.api.lead_to(cluster.nobody());
    };
    CHECK(scene.perform(swap).kind == OutcomeKind::refused);
    scene.api.lead_to(cluster.api());
    CHECK(scene.perform(replacement).kind == OutcomeKind::refused);
    scene.api.before_write = nullptr;
    scene.api.lead_to(cluster.api());
    CHECK(scene.image() == "lab.local/svc:crash");
    CHECK(scene.instance().identity == replacement.expected);
    CHECK(scene.instance().effect.empty());
}

}  // namespace homeostat::conformance
