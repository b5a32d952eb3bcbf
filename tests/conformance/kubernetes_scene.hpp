#pragma once

// KubernetesScene: a Deployment of three pods in a namespace of its own, the runtime that acts on
// it, and what somebody else may do there. The same on every cluster. For tests only.

#include "homeostat/adapters/kubernetes/kubernetes_runtime.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/heal/facts_merge.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include "kubernetes_cluster.hpp"
#include "meddled_api.hpp"
#include "permit_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::conformance {

/// What stands in its command is what JSON can be written in several ways of.
constexpr std::string_view deployment_of_three =
    R"({"metadata":{"name":"pay"},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"pay"}},)"
    R"("strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},"template":{"metadata":)"
    R"({"labels":{"app":"pay"}},"spec":{"terminationGracePeriodSeconds":1,"containers":)"
    R"([{"name":"c","image":"lab.local/svc:v1","command":)"
    R"(["/svc","a && b <c> \u2028 \"d\"","\u0001\b\f\u001f\u007f/\\ é"]}]}}}})";

class KubernetesScene {
  public:
    explicit KubernetesScene(Cluster& cluster) : cluster_(cluster), api(cluster.api()) {
        static int scenes_count = 0;
        name_space = fmt::format("homeostat-{}-{}", ::getpid(), ++scenes_count);
        options.service = ServiceId{"pay"};
        options.name_space = name_space;
        options.deployment = "pay";
        options.slots_count = 6;
        make_namespace();
        post(apps("deployments"), std::string(deployment_of_three));
        come();
        wait_until("three pods are ready", [this] { return answering_count() == 3; });
    }
    ~KubernetesScene() {  // NOLINT(bugprone-exception-escape): a test ends with it.
        cluster_.write({.method = "DELETE",
                        .path = "/api/v1/namespaces/" + name_space,
                        .content_type = "application/json",
                        .body = "{}"});
    }
    KubernetesScene(const KubernetesScene&) = delete;
    KubernetesScene& operator=(const KubernetesScene&) = delete;

    /// A successor that knows what was kept.
    void come() {
        runtime.reset();
        slots.emplace(kubernetes::Slots::open(options.service, options.slots_count,
                                              directory.file("slots.json"))
                          .value());
        runtime =
            std::make_unique<kubernetes::KubernetesRuntime>(options, api, *slots, cluster_.clock());
    }

    [[nodiscard]] Result<FactsPart> try_read() {
        return cluster_.run(runtime->read(cluster_.soon()));
    }
    /// Incomplete while something is not known.
    [[nodiscard]] Facts facts() {
        Inventory inventory;
        inventory.service = options.service;
        for (const kubernetes::Slot& slot : slots->all()) {
            inventory.instances.push_back(slot.instance);
        }
        return heal::merge_facts(inventory, {try_read()}, cluster_.clock().now());
    }
    [[nodiscard]] Facts complete_facts() {
        Facts seen;
        wait_until("the facts are complete", [&] {
            seen = facts();
            return seen.is_complete;
        });
        return seen;
    }
    [[nodiscard]] std::size_t answering_count() { return serving_count(facts()); }
    [[nodiscard]] RuntimeInstance instance() { return instance(usual); }
    [[nodiscard]] RuntimeInstance instance(const std::string& name) {
        const Facts seen = complete_facts();
        const InstanceFacts* found = find_instance(seen, InstanceId{name});
        return found == nullptr ? RuntimeInstance{} : found->runtime;
    }
    [[nodiscard]] VersionId current() { return complete_facts().versions.deploy.current; }
    [[nodiscard]] VersionId version(const std::string& tag) {
        const std::vector<VersionId> present = complete_facts().versions.deploy.present;
        const auto found = std::ranges::find_if(
            present, [&](const VersionId& one) { return one.text().starts_with(tag + "-"); });
        return found == present.end() ? VersionId{"none"} : *found;
    }
    [[nodiscard]] Replace replacement() {
        const RuntimeInstance seen = instance();
        return Replace{seen.instance, seen.identity, seen.version};
    }
    [[nodiscard]] SwapVersion rollback() {
        return SwapVersion{options.service, current(), version("v1")};
    }
    Outcome perform(const Step& step) {
        return cluster_.run(runtime->perform(request_for_test(step), cluster_.soon()));
    }

    void deploy(const std::string& tag) {
        patch("replace", "/spec/template/spec/containers/0/image", "\"lab.local/svc:" + tag + "\"");
    }
    void patch(const std::string& operation, const std::string& path, const std::string& value) {
        ask({.method = "PATCH",
             .path = apps("deployments") + "/pay",
             .content_type = "application/json-patch+json",
             .body =
                 fmt::format(R"([{{"op":"{}","path":"{}","value":{}}}])", operation, path, value)});
    }
    void post(const std::string& path, const std::string& body) {
        ask({.method = "POST", .path = path, .content_type = "application/json", .body = body});
    }
    void write(kubernetes::ApiWrite write) { ask(std::move(write)); }
    void remove(const std::string& path) {
        ask({.method = "DELETE",
             .path = path,
             .content_type = "application/json",
             .body = R"({"gracePeriodSeconds":0})"});
    }
    [[nodiscard]] std::string apps(const std::string& kind) const {
        return "/apis/apps/v1/namespaces/" + name_space + "/" + kind;
    }
    [[nodiscard]] std::string pods() const { return "/api/v1/namespaces/" + name_space + "/pods"; }
    [[nodiscard]] json::value deployment() {
        return cluster_.get(apps("deployments") + "/pay").body;
    }
    [[nodiscard]] std::string image() {
        const json::value now = deployment();
        return kubernetes::text_at(
            now.at("spec").at("template").at("spec").at("containers").as_array().at(0), {"image"});
    }

    void wait_until(const std::string& what, const std::function<bool()>& holds) {
        constexpr int pauses_max = 400;  // Twenty seconds, where they pass.
        for (int count = 0; count < pauses_max; ++count) {
            if (holds()) {
                return;
            }
            cluster_.pause();
        }
        FAIL("it did not come about that ", what);
    }

  private:
    void ask(kubernetes::ApiWrite write) {
        const kubernetes::ApiReply reply = cluster_.write(std::move(write));
        REQUIRE_MESSAGE(reply.is_ok(), kubernetes::describe(reply));
    }
    /// The real server makes pods only where there is an account for them.
    void make_namespace() {
        post("/api/v1/namespaces", R"({"metadata":{"name":")" + name_space + R"("}})");
        const std::string account = "/api/v1/namespaces/" + name_space + "/serviceaccounts/default";
        wait_until("there is an account",
                   [&] { return !cluster_.has_accounts() || cluster_.get(account).is_ok(); });
    }

    Cluster& cluster_;

  public:
    std::string name_space;
    net::TemporaryDirectory directory;
    kubernetes::Options options;
    MeddledApi api;
    std::optional<kubernetes::Slots> slots;
    std::unique_ptr<kubernetes::KubernetesRuntime> runtime;
    std::string usual{"pay-0"};  ///< The instance that is meant where none is named.
};

}  // namespace homeostat::conformance
