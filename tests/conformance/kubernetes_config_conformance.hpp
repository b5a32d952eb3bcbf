#pragma once

// What going back to earlier contents of a ConfigMap is held to, on every cluster. For tests only.

#include "homeostat/adapters/kubernetes/config_history.hpp"
#include "homeostat/adapters/kubernetes/configs.hpp"

#include "kubernetes_fate_conformance.hpp"
#include "kubernetes_scene.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::conformance {

/// A scene whose pods are configured by a ConfigMap.
class ConfiguredScene : public KubernetesScene {
  public:
    explicit ConfiguredScene(Cluster& cluster) : KubernetesScene(cluster), cluster_(cluster) {
        options.configs = {"pay-config"};
        // What JSON can be written in several ways of, and bytes.
        post(maps(),
             R"({"metadata":{"name":"pay-config"},"data":{"app.yaml":"pool: 20\n","odd":)"
             R"("a && b <c> \u2028 \"d\" \u0001\b\u007f/\\ é"},"binaryData":{"key":"AAEC"}})");
        come_with_configs();
        good = config();
    }

    void come_with_configs() {
        come();
        history.emplace(kubernetes::ConfigHistory::open(options.service, options.configs,
                                                        directory.file("configs.json"))
                            .value());
        configs = std::make_unique<kubernetes::Configs>(
            options, std::vector<kubernetes::KindSeen>{}, *history, cluster_.clock());
        runtime->know(*configs);
    }

    [[nodiscard]] std::string maps() const {
        return "/api/v1/namespaces/" + name_space + "/configmaps";
    }
    [[nodiscard]] json::value map() { return cluster_.get(maps() + "/pay-config").body; }
    [[nodiscard]] std::string text() { return kubernetes::text_at(map(), {"data", "app.yaml"}); }
    [[nodiscard]] VersionId config() { return complete_facts().versions.config.current; }
    /// By somebody else's hand.
    void edit(const std::string& text) {
        cluster_.write({.method = "PATCH",
                        .path = maps() + "/pay-config",
                        .content_type = "application/json-patch+json",
                        .body = R"([{"op":"replace","path":"/data/app.yaml","value":")" + text +
                                R"("},{"op":"add","path":"/data/more","value":"x"}])"});
        static_cast<void>(complete_facts());
    }
    [[nodiscard]] SwapVersion back() {
        return SwapVersion{options.service, config(), good, Artifact::config};
    }

    VersionId good;
    std::optional<kubernetes::ConfigHistory> history;
    std::unique_ptr<kubernetes::Configs> configs;

  private:
    Cluster& cluster_;
};

inline void check_revert(Cluster& cluster) {
    ConfiguredScene scene(cluster);
    const json::value before = scene.map();
    scene.edit("pool: 2");
    const SwapVersion step = scene.back();
    CHECK(step.from != step.to);
    const Outcome outcome = scene.perform(step);
    CHECK_MESSAGE(outcome.kind == OutcomeKind::done, outcome.because);
    const json::value after = scene.map();
    CHECK(after.at("data") == before.at("data"));
    CHECK(after.at("binaryData") == before.at("binaryData"));
    CHECK(kubernetes::text_at(after, {"metadata", "annotations", kubernetes::effect_annotation}) ==
          "i-1.e1 " + step.from.text() + " " + step.to.text());
    CHECK(scene.config() == scene.good);
    CHECK(scene.perform(step).kind == OutcomeKind::refused);
    CHECK(scene.answering_count() == 3);
}

inline void check_revert_yields(Cluster& cluster) {
    ConfiguredScene scene(cluster);
    for (const bool is_at_rehearsal : {true, false}) {
        CAPTURE(is_at_rehearsal);
        scene.edit("pool: 2");
        const SwapVersion step = scene.back();
        scene.api.before_write = [&](const kubernetes::ApiWrite& write) {
            if (write.is_dry_run == is_at_rehearsal) {
                scene.api.before_write = nullptr;
                scene.edit("pool: 3");
            }
        };
        const Outcome outcome = scene.perform(step);
        scene.api.before_write = nullptr;
        CHECK_MESSAGE(outcome.kind == OutcomeKind::refused, outcome.because);
        CHECK(scene.text() == "pool: 3");
    }
    const SwapVersion step = scene.back();
    scene.remove(scene.maps() + "/pay-config");
    CHECK(scene.perform(step).kind == OutcomeKind::refused);
    CHECK(scene.config().empty());
    scene.post(scene.maps(), R"({"metadata":{"name":"pay-config"},"data":{"app.yaml":"pool: 2"},)"
                             R"("immutable":true})");
    const Outcome fixed = scene.perform(scene.back());
    CHECK_MESSAGE(fixed.kind == OutcomeKind::refused, fixed.because);
    CHECK(scene.text() == "pool: 2");
}

inline void check_revert_fates(Cluster& cluster) {
    using kubernetes::Phase;
    ConfiguredScene scene(cluster);
    const auto outcome_read = [&](const Step& step) {
        scene.come_with_configs();
        return act::resolve(step, EffectId{"i-1.e1"}, scene.complete_facts()).kind;
    };
    for (const MeddledApi::Loss loss :
         {MeddledApi::Loss::of_the_request, MeddledApi::Loss::of_the_reply}) {
        const bool has_effect = loss == MeddledApi::Loss::of_the_reply;
        CAPTURE(has_effect);
        scene.edit("pool: 2");
        const SwapVersion step = scene.back();
        scene.api.loss = loss;
        CHECK(scene.perform(step).kind == OutcomeKind::unknown);
        scene.api.loss = MeddledApi::Loss::none;
        CHECK(outcome_read(step) == (has_effect ? OutcomeKind::done : OutcomeKind::refused));
        CHECK((scene.text() == "pool: 20\n") == has_effect);
    }
    for (const Phase phase : {Phase::checked, Phase::rehearsed, Phase::sent}) {
        CAPTURE(static_cast<int>(phase));
        scene.edit("pool: 2");
        const SwapVersion step = scene.back();
        bool is_killed = false;
        scene.options.on_phase_for_test = [phase](kubernetes::Phase reached) {
            if (reached == phase) {
                throw KilledForTest{};
            }
        };
        scene.come_with_configs();
        try {
            scene.perform(step);
        } catch (const KilledForTest&) {
            is_killed = true;
        }
        scene.options.on_phase_for_test = nullptr;
        CHECK(is_killed);
        const bool is_sent = phase == Phase::sent;
        CHECK(outcome_read(step) == (is_sent ? OutcomeKind::done : OutcomeKind::refused));
        CHECK((scene.text() == "pool: 20\n") == is_sent);
    }
}

}  // namespace homeostat::conformance
