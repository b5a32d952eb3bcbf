#include "homeostat/app/init_config.hpp"

#include "homeostat/app/config_load.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

json::value parsed(std::string_view text) {
    const Result<json::value> value = parse_json(text, {.bytes_max = 1U << 20U, .depth_max = 32});
    REQUIRE_MESSAGE(value, value.error().text);
    return *value;
}

std::string deployment_of(std::string_view replicas, std::string_view containers) {
    return R"({"spec":{)" + std::string(replicas) +
           R"("template":{"metadata":{"labels":{"app":"payments","tier":"web"}},)"
           R"("spec":{"containers":[)" +
           std::string(containers) + "]}}}}";
}

constexpr std::string_view probed =
    R"({"name":"web","ports":[{"containerPort":8080,"name":"http"},{"containerPort":9090}],)"
    R"("readinessProbe":{"httpGet":{"path":"/readyz","port":"http"}},)"
    R"("livenessProbe":{"httpGet":{"path":"/healthz","port":8080}}})";

constexpr std::string_view services =
    R"([{"metadata":{"name":"none"},"spec":{"clusterIP":"10.96.0.2","ports":[{"port":80}]}},)"
    R"({"metadata":{"name":"other"},"spec":{"clusterIP":"10.96.0.3","selector":{"app":"cart"},)"
    R"("ports":[{"port":80}]}},)"
    R"({"metadata":{"name":"pods"},"spec":{"clusterIP":"None","selector":{"app":"payments"},)"
    R"("ports":[{"port":80}]}},)"
    R"({"metadata":{"name":"web"},"spec":{"clusterIP":"10.96.0.5","selector":{"app":"payments",)"
    R"("tier":"web"},"ports":[{"port":9,"targetPort":9090},{"port":80,"targetPort":"http"}]}},)"
    R"({"metadata":{"name":"zz"},"spec":{"clusterIP":"10.96.0.6","selector":{"app":"payments"},)"
    R"("ports":[{"port":81,"protocol":"UDP"},{"port":82}]}}])";

const InitPlace place{.name_space = "shop", .deployment = "payments"};

Result<std::string> written(std::string_view deployment, std::string_view of = services) {
    return config_for_deployment(parsed(deployment), parsed(of).get_array(), place);
}

Config config_of(std::string_view deployment, std::string_view of = services) {
    const Result<std::string> text = written(deployment, of);
    REQUIRE_MESSAGE(text, text.error().text);
    const ConfigReport report = parse_config(*text, "/srv/homeostat.yaml");
    REQUIRE_MESSAGE(report.config, *text, describe(report));
    return *report.config;
}

}  // namespace

TEST_CASE("a first configuration has what the Deployment says, and the reason beside it") {
    const Result<std::string> text = written(deployment_of(R"("replicas":3,)", probed));
    REQUIRE_MESSAGE(text, text.error().text);
    CHECK(*text ==
          R"(# By `homeostat init --from deployment/payments`, of what the cluster says of it.
# docs/kubernetes.md says what each line means; `homeostat validate` checks it.
service: payments
runtime:
  kubernetes:
    namespace: shop
    deployment: payments
    # It is asked ten times a second. Better than the probe's path is one that users ask, if it
    # is safe to ask again and again.
    service: { name: web, port: 80, path: /readyz }
    # "zz" selects its pods, too.
signals:
  # As its readiness probe asks it.
  - http: { path: /readyz, every: 500ms, timeout: 500ms }
# Of 3 replicas: so many serve after every step. A PodDisruptionBudget counts as well.
guard: { min_healthy: 2 }
# It watches, and `homeostat incidents` tells what it would do. Raise one after the other,
# and give it the rights: homeostat rbac -c FILE | kubectl apply -f -
autonomy: { restart: watch, rolling_restart: watch, rollback: watch }
oracle: rules
)");
    const Config config = config_of(deployment_of(R"("replicas":3,)", probed));
    CHECK(config.kubernetes->service->port == 80);
    CHECK(config.http_signal->path == "/readyz");
}

TEST_CASE("whatever may act in it later, nothing may now") {
    const Config config = config_of(deployment_of("", probed));
    for (const RemedyKind kind :
         {RemedyKind::restart, RemedyKind::rolling_restart, RemedyKind::rollback}) {
        CHECK(config.guard.autonomy_of(kind) == Autonomy::watch);
    }
}

TEST_CASE("so many must serve that a remedy is possible, and no fewer") {
    struct Case {
        std::string_view replicas;
        std::uint32_t min_healthy;
        std::uint32_t slots;
    };
    for (const Case& one :
         {Case{"", 0, 16}, Case{R"("replicas":0,)", 0, 16}, Case{R"("replicas":1,)", 0, 16},
          Case{R"("replicas":2,)", 1, 16}, Case{R"("replicas":4,)", 3, 16},
          Case{R"("replicas":8,)", 6, 16}, Case{R"("replicas":12,)", 9, 24},
          Case{R"("replicas":40,)", 30, 64}, Case{R"("replicas":86,)", 48, 64},
          Case{R"("replicas":1000,)", 48, 64}}) {
        CAPTURE(one.replicas);
        const Config config = config_of(deployment_of(one.replicas, probed));
        CHECK(config.guard.min_healthy == one.min_healthy);
        CHECK(config.kubernetes->slots == one.slots);
    }
}

TEST_CASE("it asks as the kubelet asks, and where") {
    struct Case {
        std::string_view name;
        std::string_view container;
        std::string_view path;  ///< Empty: pods are not asked.
        std::uint16_t port;     ///< 0: the container's first.
    };
    const std::vector<Case> cases{
        {"readiness goes first", probed, "/readyz", 0},
        {"liveness alone",
         R"({"name":"a","ports":[{"containerPort":1}],)"
         R"("livenessProbe":{"httpGet":{"path":"/l","port":1}}})",
         "/l", 0},
        {"another port than the first",
         R"({"name":"a","ports":[{"containerPort":1},{"containerPort":2,"name":"m"}],)"
         R"("readinessProbe":{"httpGet":{"path":"/r","port":"m"}}})",
         "/r", 2},
        {"a port that is not declared",
         R"({"name":"a","readinessProbe":{"httpGet":{"path":"/r","port":8081}}})", "/r", 8081},
        {"no path is the root", R"({"name":"a","readinessProbe":{"httpGet":{"port":80}}})", "/",
         80},
        {"TLS is passed over for what can be asked",
         R"({"name":"a","readinessProbe":{"httpGet":{"path":"/r","port":1,"scheme":"HTTPS"}},)"
         R"("livenessProbe":{"httpGet":{"path":"/l","port":2}}})",
         "/l", 2},
        {"a name that is no port's",
         R"({"name":"a","readinessProbe":{"httpGet":{"path":"/r","port":"gone"}}})", "", 0},
        {"a command", R"({"name":"a","readinessProbe":{"exec":{"command":["x"]}}})", "", 0},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        const Config config = config_of(deployment_of("", one.container));
        CHECK(config.http_signal.has_value() == !one.path.empty());
        if (config.http_signal) {
            CHECK(config.http_signal->path == one.path);
        }
        CHECK(config.kubernetes->port == one.port);
    }
}

TEST_CASE("of several containers it is the one that kubectl would take") {
    const std::string two = R"({"name":"proxy"},)" + std::string(probed);
    CHECK(config_of(deployment_of("", two)).kubernetes->container == "proxy");
    std::string annotated = deployment_of("", two);
    annotated.replace(annotated.find(R"({"labels")"), 1,
                      R"({"annotations":{"kubectl.kubernetes.io/default-container":"web"},)");
    CHECK(config_of(annotated).kubernetes->container == "web");
    CHECK(config_of(annotated).http_signal->path == "/readyz");
}

TEST_CASE("of what nothing can be asked nothing is written, with the mend") {
    const std::string mute = deployment_of("", R"({"name":"a"})");
    const Result<std::string> refused = written(mute, "[]");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::refused);
    CHECK(refused.error().text.contains("give it either"));
    // With a Service it can, by that alone.
    CHECK(config_of(mute).kubernetes->service->name == "web");
}

TEST_CASE("how it was reached is written down where somebody has said it") {
    InitPlace outside = place;
    outside.kubeconfig = "/home/a b/.kube/config: #";
    outside.context = "lab";
    const Result<std::string> text = config_for_deployment(parsed(deployment_of("", probed)),
                                                           parsed(services).get_array(), outside);
    REQUIRE(text);
    const ConfigReport report = parse_config(*text, "/srv/homeostat.yaml");
    REQUIRE_MESSAGE(report.config, describe(report));
    CHECK(report.config->kubernetes->kubeconfig == outside.kubeconfig);
    CHECK(report.config->kubernetes->context == "lab");
}

TEST_CASE("words of the cluster cannot break out of their place") {
    const std::string evil =
        R"({"name":"a","ports":[{"containerPort":1}],"readinessProbe":{"httpGet":{"port":1,)"
        R"("path":"/x }\nautonomy: { restart: act }\n# \u0000 \" ' \\ : {"}}})";
    const Result<std::string> text = written(deployment_of("", evil));
    REQUIRE(text);
    CHECK_FALSE(text->contains("\nautonomy: { restart: act }"));
    const ConfigReport report = parse_config(*text, "/srv/homeostat.yaml");
    // It is no path of a request, and no other key than that says so.
    REQUIRE_FALSE(report.config);
    CHECK(describe(report).contains("is not a path of a request"));
    // Words that YAML takes for something else.
    for (const char* name : {"true", "null", "8080", "1e3", "0x10", "no"}) {
        CAPTURE(name);
        const std::string container = R"({"name":")" + std::string(name) + R"("},{"name":"b"})";
        CHECK(config_of(deployment_of("", container)).kubernetes->container == name);
    }
}

TEST_CASE("an object that is none is refused with its place") {
    for (const std::string_view object :
         {"{}", "[]", R"({"spec":[]})", R"({"spec":{"replicas":"many"}})",
          R"({"spec":{"template":{"spec":{"containers":{}}}}})"}) {
        const Result<std::string> text = written(object);
        REQUIRE_FALSE(text);
        CHECK(text.error().text.contains("Deployment"));
    }
    const Result<std::string> service =
        written(deployment_of("", probed), R"([{"spec":{"selector":7}}])");
    REQUIRE_FALSE(service);
    CHECK(service.error().text.contains("Service"));
}

}  // namespace homeostat::app
