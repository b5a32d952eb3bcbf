// The keys of runtime.kubernetes, and what of the rest a Deployment's pods cannot have.

#include "homeostat/app/config_check.hpp"
#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/kubernetes_place.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

/// Five lines that are right.
constexpr std::string_view pods_for_test = R"(service: payments
runtime:
  kubernetes: { namespace: shop, deployment: payments-api, kubeconfig: lab.conf }
signals: [ { http: { path: /healthz } } ]
guard: { min_healthy: 1 }
)";

std::string with_pods(std::string_view rest) {
    return std::string(pods_for_test) + std::string(rest);
}

Config config_of(std::string_view text) {
    const ConfigReport report = parse_config(text, file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    return *report.config;
}

}  // namespace

TEST_CASE("a short configuration of a Deployment gets defaults, and every one of them is safe") {
    const Config config = config_of(pods_for_test);
    REQUIRE(config.kubernetes);
    CHECK(config.kubernetes->name_space == "shop");
    CHECK(config.kubernetes->deployment == "payments-api");
    CHECK(config.kubernetes->container.empty());
    CHECK(config.kubernetes->port == 0);
    CHECK(config.kubernetes->slots == 16);
    CHECK(config.kubernetes->kubeconfig == "/srv/shop/lab.conf");
    CHECK_FALSE(config.kubernetes->service);
    CHECK(config.run_directory == "/srv/shop/var/payments/run");
    CHECK(config.guard.autonomy_of(RemedyKind::rollback) == Autonomy::watch);
    CHECK(config.guard.autonomy_of(RemedyKind::restart) == Autonomy::watch);
}

TEST_CASE(
    "slots are the instances, ReplicaSets the versions, and the Service is an edge without "
    "orders") {
    Inventory inventory = inventory_of(config_of(pods_for_test));
    REQUIRE(inventory.instances.size() == 16);
    CHECK(inventory.instances.back() == InstanceId("payments-15"));
    CHECK(inventory.has_versions);
    CHECK_FALSE(inventory.has_configs);
    CHECK_FALSE(inventory.has_edge);

    const Config seen = config_of(R"(
service: payments
runtime:
  kubernetes:
    namespace: shop
    deployment: payments
    container: app
    port: 8080
    slots: 4
    context: "admin@lab"
    run: /run/payments
    service: { name: payments, port: 80, path: "/pay?amount=1", every: 50ms, timeout: 200ms }
)");
    CHECK(seen.kubernetes->service->name == "payments");
    CHECK(seen.kubernetes->service->every == 50ms);
    CHECK(seen.kubernetes->container == "app");
    CHECK(seen.kubernetes->context == "admin@lab");
    CHECK(seen.run_directory == "/run/payments");
    inventory = inventory_of(seen);
    CHECK(inventory.instances.size() == 4);
    CHECK(inventory.has_edge);
    CHECK_FALSE(inventory.may_drain);
    CHECK_FALSE(inventory.may_eject);
}

TEST_CASE("a configuration of a Deployment that is written again reads as the same") {
    const Config config = config_of(R"(
service: payments
runtime:
  kubernetes:
    { namespace: shop, deployment: payments, port: 8080, service: { name: payments, port: 80 } }
)");
    const ConfigFile file = to_file(config);
    CHECK_FALSE(file.runtime.process);
    REQUIRE(file.runtime.kubernetes);
    CHECK(file.runtime.kubernetes->config.port == 8080);
    REQUIRE(file.runtime.kubernetes->service);
    CHECK(file.runtime.kubernetes->service->config.port == 80);
    CHECK(file.runtime.kubernetes->run == config.run_directory);
}

TEST_CASE("what runs the instances is one of both") {
    CHECK(problems_of("service: a\nruntime: {}\n")
              .find("2:1: runtime: neither process nor kubernetes — write one\n") !=
          std::string::npos);
    CHECK(problems_of("service: a\nruntime: { process: { command: [x], ports: [1] }, kubernetes: { "
                      "namespace: shop, deployment: a } }\nsignals: [ { http: { path: / } } ]\n")
              .starts_with("2:1: runtime: both process and kubernetes — keep one of both\n"));
}

TEST_CASE("what cannot be done for pods is refused where it stands") {
    struct Row {
        std::string_view rest;
        std::string_view problem;
    };
    const std::vector<Row> rows{
        {"edge: { haproxy: { socket: s, backend: b, servers: \"p{index}\" } }\n",
         "6:1: edge: a proxy's servers cannot be told from pods"},
        {"journey: { url: \"http://127.0.0.1:80/\" }\n",
         "6:1: journey: the Service is asked instead"},
        {"autonomy: { scale: act }\n", "6:13: autonomy.scale: how far a Deployment may be scaled"},
        {"autonomy: { eject: act }\n", "6:13: autonomy.eject: there is no edge to take"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.rest);
        const std::string problems = problems_of(with_pods(row.rest));
        CAPTURE(problems);
        CHECK(problems.find(row.problem) != std::string::npos);
    }
    const std::string logs = problems_of(
        "service: a\nruntime: { kubernetes: { namespace: shop, deployment: a } }\n"
        "signals: [ { logs: { from: stdout } } ]\n");
    CHECK(logs.find("signals.logs: logs of pods are not read") != std::string::npos);
    CHECK(logs.find("runtime.kubernetes: nothing is asked whether it serves") != std::string::npos);
}

TEST_CASE("a Deployment is scaled where its configuration says how far, and no further") {
    const auto with = [](std::string_view more, std::string_view autonomy) {
        return "service: payments\nruntime: { kubernetes: { namespace: shop, deployment: payments" +
               std::string(more) + " } }\nsignals: [ { http: { path: / } } ]\n" +
               std::string(autonomy);
    };
    const Config config = config_of(with(", replicas_max: 5", "autonomy: { scale: ask }\n"));
    CHECK(config.kubernetes->replicas_max == 5);
    CHECK(inventory_of(config).instances_max == 5);
    CHECK(kubernetes_options_of(config).replicas_max == 5);
    const auto uses_scale = [](const Config& one) {
        return std::ranges::count(kubernetes_uses_of(one), adapters::kubernetes::Use::scale) == 1;
    };
    CHECK(uses_scale(config));
    CHECK_FALSE(uses_scale(config_of(with(", replicas_max: 5", ""))));
    CHECK(inventory_of(config_of(with("", ""))).instances_max == 0);
    CHECK(problems_of(with(", replicas_max: 17", ""))
              .contains("runtime.kubernetes.replicas_max: more than there are slots"));
    CHECK(problems_of(with(", replicas_max: 1", "")).contains("runtime.kubernetes.replicas_max"));
}

TEST_CASE("a rollout is paused where there is one, by the right that a rollback needs") {
    const auto paused_at = [](std::string_view level) {
        return config_of(
            "service: payments\nruntime: { kubernetes: { namespace: shop, deployment: payments } "
            "}\nsignals: [ { http: { path: / } } ]\nautonomy: { pause_rollout: " +
            std::string(level) + " }\n");
    };
    const auto patches = [&](std::string_view level) {
        const std::vector<adapters::kubernetes::Use> uses = kubernetes_uses_of(paused_at(level));
        return std::ranges::count(uses, adapters::kubernetes::Use::rollback) == 1;
    };
    CHECK(patches("act"));
    CHECK(patches("ask"));
    CHECK_FALSE(patches("recommend"));
    CHECK(inventory_of(paused_at("inform")).may_pause);
    CHECK_FALSE(inventory_of(paused_at("watch")).may_pause);
}

TEST_CASE("a pod is resized where its configuration says how far, in memory and in nothing else") {
    const auto with = [](std::string_view more, std::string_view autonomy) {
        return "service: payments\nruntime: { kubernetes: { namespace: shop, deployment: payments" +
               std::string(more) + " } }\nsignals: [ { http: { path: / } } ]\n" +
               std::string(autonomy);
    };
    constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
    const std::string text = with(", resize_max: { memory: 0.5Gi }", "autonomy: { resize: act }\n");
    const Config config = config_of(text);
    CHECK(config.kubernetes->memory_bytes_max == 512 * mebibyte);
    CHECK(inventory_of(config).memory_bytes_max == 512 * mebibyte);
    CHECK(kubernetes_options_of(config).memory_bytes_max == 512 * mebibyte);
    const ConfigFile file = to_file(config);
    CHECK(file.runtime.kubernetes->resize_max->memory_bytes == 512 * mebibyte);
    const auto uses_resize = [](const Config& one) {
        return std::ranges::count(kubernetes_uses_of(one), adapters::kubernetes::Use::resize) == 1;
    };
    CHECK(uses_resize(config));
    CHECK_FALSE(uses_resize(config_of(with(", resize_max: { memory: 1Gi }", ""))));
    CHECK(inventory_of(config_of(with("", ""))).memory_bytes_max == 0);
    struct Row {
        std::string_view more;
        std::string_view problem;
    };
    for (const Row& row :
         {Row{", resize_max: { memory: 512 }",
              "512' is less than a process needs — write the unit"},
          Row{", resize_max: { memory: much }", "much' is no quantity of memory"},
          Row{", resize_max: { memory: 9Ei }", "is no quantity of memory"},
          Row{", resize_max: { memory: 512Mi, cpu: 1 }",
              "runtime.kubernetes.resize_max: unknown key 'cpu'"},
          Row{", resize_max: {}", "runtime.kubernetes.resize_max.memory: missing"}}) {
        const std::string problems = problems_of(with(row.more, ""));
        CHECK_MESSAGE(problems.contains(row.problem), problems);
        CHECK_MESSAGE(problems.starts_with("2:"), problems);
    }
    CHECK(problems_of(with("", "autonomy: { resize: act }\n"))
              .contains("4:13: autonomy.resize: how far a pod may be resized is not said"));
}

TEST_CASE("a Deployment is told from one on this machine by every key that must be there") {
    CHECK(problems_of("service: a\nruntime: { kubernetes: { deployment: a } }\n"
                      "signals: [ { http: { path: / } } ]\n")
              .find("runtime.kubernetes.namespace: missing") != std::string::npos);
    CHECK(problems_of("service: a\nruntime: { kubernetes: { namespace: ../x, deployment: a } }\n"
                      "signals: [ { http: { path: / } } ]\n")
              .find("runtime.kubernetes.namespace") != std::string::npos);
}

}  // namespace homeostat::app
