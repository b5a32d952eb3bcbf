#pragma once

// RuntimeWorld: a Deployment "pay" of three pods on a FakeApi, and the runtime that acts on it. For
// unit tests only: it stands in for guard.

#include "homeostat/adapters/kubernetes/api_for_test.hpp"
#include "homeostat/adapters/kubernetes/json_for_test.hpp"
#include "homeostat/adapters/kubernetes/kubernetes_runtime.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/domain/permit.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::guard {

/// Stands in for guard's own: these tests link no guard, and only a Gate can make a Permit.
class Gate {
  public:
    static Permit permit(EffectId effect, Step step) {
        return Permit{std::move(effect), std::move(step)};
    }
};

}  // namespace homeostat::guard

namespace homeostat::adapters::kubernetes {

struct RuntimeWorld {
    SkippingClock clock;
    FakeApi api{clock};
    net::TemporaryDirectory directory;
    Options options;
    std::optional<Slots> slots;
    std::unique_ptr<KubernetesRuntime> runtime;

    const std::string deployments = "/apis/apps/v1/namespaces/shop/deployments";
    const std::string pods = "/api/v1/namespaces/shop/pods";

    RuntimeWorld() {
        options.service = ServiceId{"pay"};
        options.name_space = "shop";
        options.deployment = "pay";
        options.slots_count = 6;
        const Result<json::value> made = parse_json(
            R"({"metadata":{"name":"pay"},"spec":{"replicas":3,"selector":{"matchLabels":)"
            R"({"app":"pay"}},"template":{"metadata":{"labels":{"app":"pay"}},"spec":)"
            R"({"containers":[{"name":"c","image":"lab.local/pay:v1","command":["a && b"]}]}}}})");
        api.create(deployments, *made);
        api.settle();
        clock.pass(std::chrono::minutes{1});
        come();
    }

    /// A successor that knows what was kept.
    void come() {
        runtime.reset();
        slots.emplace(
            Slots::open(options.service, options.slots_count, directory.file("slots.json"))
                .value());
        runtime = std::make_unique<KubernetesRuntime>(options, api, *slots, clock);
    }

    [[nodiscard]] Instant soon() const { return clock.now() + std::chrono::seconds{5}; }
    [[nodiscard]] json::value& deployment() { return *api.find(deployments + "/pay"); }
    [[nodiscard]] std::string image() {
        const json::value& containers =
            at(deployment(), {"spec", "template", "spec", "containers"});
        return text_at(containers.as_array().at(0), {"image"});
    }

    void deploy(const std::string& image_tag) {
        json::value& containers = at(deployment(), {"spec", "template", "spec", "containers"});
        at(containers.as_array().at(0), {"image"}) = "lab.local/pay:" + image_tag;
        at(deployment(), {"metadata", "generation"}) =
            number_at(deployment(), {"metadata", "generation"}) + 1;
        api.touch(deployment());
        api.settle();
    }

    void budget(int available_min) {
        json::value made;
        at(made, {"metadata", "name"}) = "pay";
        at(made, {"spec", "minAvailable"}) = available_min;
        at(made, {"spec", "selector", "matchLabels", "app"}) = "pay";
        api.create("/apis/policy/v1/namespaces/shop/poddisruptionbudgets", std::move(made));
    }

    [[nodiscard]] Result<RuntimeFacts> try_read() {
        Result<FactsPart> part = run_at_once(runtime->read(soon()));
        if (!part) {
            return std::unexpected(part.error());
        }
        return std::get<RuntimeFacts>(*std::move(part));
    }
    [[nodiscard]] RuntimeFacts facts() {
        Result<RuntimeFacts> facts = try_read();
        REQUIRE_MESSAGE(facts.has_value(), (facts ? "" : facts.error().text));
        return *std::move(facts);
    }
    [[nodiscard]] RuntimeInstance instance(std::size_t index = 0) {
        return facts().instances.at(index);
    }
    [[nodiscard]] VersionId current() { return facts().versions.deploy.current; }
    /// Of the image's tag.
    [[nodiscard]] VersionId version(const std::string& tag) {
        const std::vector<VersionId> present = facts().versions.deploy.present;
        const auto found = std::ranges::find_if(
            present, [&](const VersionId& one) { return one.text().starts_with(tag + "-"); });
        return found == present.end() ? VersionId{"none"} : *found;
    }
    [[nodiscard]] std::vector<std::string> pod_uids() {
        std::vector<std::string> uids;
        for (const json::value* pod : api.all(pods)) {
            uids.push_back(text_at(*pod, {"metadata", "uid"}));
        }
        return uids;
    }
    [[nodiscard]] json::value& pod_of(std::size_t index = 0) {
        return pod_now(instance(index).identity.pod);
    }
    [[nodiscard]] json::value& pod_now(const std::string& uid) {
        for (json::value* pod : api.all(pods)) {
            if (text_at(*pod, {"metadata", "uid"}) == uid) {
                return *pod;
            }
        }
        FAIL("there is no such pod");
        return deployment();
    }

    /// What there is goes into the slots, at this moment; nobody's fields are told of.
    void take_as_a_watch_does() {
        const ApiReply list =
            run_at_once(api.get(pods + "?labelSelector=app%3Dpay", soon())).value();
        std::vector<PodView> views;
        for (json::value pod : list.body.at("items").as_array()) {
            at(pod, {"metadata"}).as_object().erase("managedFields");
            views.push_back(parse_pod(pod, "").value());
        }
        const std::string version = text_at(list.body, {"metadata", "resourceVersion"});
        REQUIRE(slots->take(views, 3, std::stoull(version)));
    }

    Outcome perform(Step step, const std::string& effect = "i-1.e1") {
        return run_at_once(runtime->perform(
            Request(guard::Gate::permit(EffectId{effect}, std::move(step))), soon()));
    }
    [[nodiscard]] Replace replacement(std::size_t index = 0) {
        const RuntimeInstance seen = instance(index);
        return Replace{seen.instance, seen.identity, seen.version};
    }
    /// From what is in force to the version of that tag.
    [[nodiscard]] SwapVersion rollback(const std::string& tag = "v1") {
        return SwapVersion{options.service, current(), version(tag)};
    }
};

[[nodiscard]] inline Trouble answered(int status) {
    return Trouble{.answer = status_reply(status, "Reason", "the words of the server")};
}
[[nodiscard]] inline Trouble lost(Fault fault, bool has_effect) {
    return Trouble{.answer = fail(fault, "the connection was cut"), .has_effect = has_effect};
}

[[nodiscard]] inline std::size_t count_of(const RuntimeFacts& facts, bool RuntimeInstance::* flag) {
    return static_cast<std::size_t>(std::ranges::count(facts.instances, true, flag));
}

/// The uid of who follows the pod of the first slot.
inline void check_replaced(RuntimeWorld& world, const Replace& step, const std::string& effect) {
    const RuntimeInstance now = world.instance();
    CHECK(now.identity.pod != step.expected.pod);
    CHECK_FALSE(now.identity.pod.empty());
    CHECK(now.effect.text() == effect);
}

inline void check_untouched(RuntimeWorld& world, const Replace& step) {
    const RuntimeInstance now = world.instance();
    CHECK(now.identity == step.expected);
    CHECK(now.effect.empty());
    CHECK(now.is_answering);
}

}  // namespace homeostat::adapters::kubernetes
