// What is sensed of a Deployment, held against a real API server with its real controllers: the one
// that HOMEOSTAT_KUBECONFIG names (`make k8s-lab`), in a namespace that goes with the test. All of
// it is done by a service account that has the Role which permissions.hpp writes, and no more.

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/cluster_events.hpp"
#include "homeostat/adapters/kubernetes/endpoint_slices.hpp"
#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/adapters/kubernetes/http_api_client.hpp"
#include "homeostat/adapters/kubernetes/kubeconfig.hpp"
#include "homeostat/adapters/kubernetes/object_watch.hpp"
#include "homeostat/adapters/kubernetes/obstacle_telemetry.hpp"
#include "homeostat/adapters/kubernetes/permissions.hpp"
#include "homeostat/adapters/kubernetes/pod_telemetry.hpp"
#include "homeostat/adapters/kubernetes/rollout_telemetry.hpp"
#include "homeostat/adapters/kubernetes/service_edge.hpp"
#include "homeostat/adapters/kubernetes/service_object.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

const std::vector<Use> all_uses{Use::watching, Use::obstacles, Use::service, Use::rollback,
                                Use::restart};

/// A namespace of a real server with one Deployment, and who may do what there.
class Shop {
  public:
    explicit Shop(ClusterAccess its_access) : access(std::move(its_access)) {
        const ApiReply made =
            post("/api/v1/namespaces", R"({"metadata":{"generateName":"senses-"}})");
        options.service = ServiceId("payments");
        options.name_space = made.body.at("metadata").at("name").as_string();
        options.deployment = "payments";
        options.service_object = "payments";
        options.slots_count = 4;
        post("/api/v1/namespaces/" + options.name_space + "/serviceaccounts",
             R"({"metadata":{"name":"homeostat"}})");
        // Pods need an account that the controllers make a moment after the namespace.
        net::run_until_for_test(context, [&] {
            return get("/api/v1/namespaces/" + options.name_space + "/serviceaccounts/default")
                .is_ok();
        });
        post("/apis/apps/v1/namespaces/" + options.name_space + "/deployments",
             R"({"metadata":{"name":"payments"},"spec":{"replicas":2,"selector":{"matchLabels":)"
             R"({"app":"payments"}},"template":{"metadata":{"labels":{"app":"payments"}},"spec":)"
             R"({"containers":[{"name":"svc","image":"lab.local/service:v1"}]}}}})");
        post("/api/v1/namespaces/" + options.name_space + "/services",
             R"({"metadata":{"name":"payments"},"spec":{"selector":{"app":"payments"},)"
             R"("ports":[{"port":80}]}})");
    }
    // NOLINTNEXTLINE(bugprone-exception-escape): what does not end here ends the test program.
    ~Shop() { write({.method = "DELETE", .path = "/api/v1/namespaces/" + options.name_space}); }
    Shop(const Shop&) = delete;
    Shop& operator=(const Shop&) = delete;

    [[nodiscard]] std::unique_ptr<HttpApiClient> client_of(const ClusterAccess& whom) {
        auto made = HttpApiClient::make(context.get_executor(), whom);
        REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().text));
        return *std::move(made);
    }
    [[nodiscard]] Instant soon() const { return clock.now() + 8s; }
    ApiReply get(const std::string& path) {
        return net::run_for_test(context, admin->get(path, soon())).value();
    }
    ApiReply write(ApiWrite what) {
        return net::run_for_test(context, admin->write(std::move(what), soon())).value();
    }
    ApiReply post(const std::string& path, const std::string& body) {
        const ApiReply made = write(
            {.method = "POST", .path = path, .content_type = "application/json", .body = body});
        REQUIRE_MESSAGE(made.status == 201, describe(made));
        return made;
    }
    void patch(const std::string& body) {
        const ApiReply done = write({.method = "PATCH",
                                     .path = deployment_path(options),
                                     .content_type = "application/merge-patch+json",
                                     .body = body});
        REQUIRE_MESSAGE(done.is_ok(), describe(done));
    }
    /// Our account with a Role of these uses, as it stands in YAML.
    [[nodiscard]] std::unique_ptr<HttpApiClient> agent_with(const std::vector<Use>& uses) {
        const std::string roles =
            "/apis/rbac.authorization.k8s.io/v1/namespaces/" + options.name_space + "/";
        const ApiReply role = write(
            {.method = "POST",
             .path = roles + "roles",
             .content_type = "application/yaml",
             .body = role_yaml("homeostat", options.name_space, permissions_for(options, uses))});
        REQUIRE_MESSAGE(role.status == 201, describe(role));
        post(roles + "rolebindings",
             R"({"metadata":{"name":"homeostat"},"roleRef":{"apiGroup":)"
             R"("rbac.authorization.k8s.io","kind":"Role","name":"homeostat"},"subjects":)"
             R"([{"kind":"ServiceAccount","name":"homeostat"}]})");
        const ApiReply token =
            post("/api/v1/namespaces/" + options.name_space + "/serviceaccounts/homeostat/token",
                 R"({"spec":{"expirationSeconds":600}})");
        ClusterAccess account = access;
        account.tls.certificate.clear();
        account.tls.key.clear();
        account.token = token.body.at("status").at("token").as_string();
        std::unique_ptr<HttpApiClient> agent = client_of(account);
        // What is granted is known to the server's authorizer a moment later.
        net::run_until_for_test(context, [&] { return missing_of(*agent, uses).empty(); });
        return agent;
    }
    std::vector<Permission> missing_of(HttpApiClient& api, const std::vector<Use>& uses) {
        const auto missing = net::run_for_test(
            context,
            missing_permissions(api, options.name_space, permissions_for(options, uses), soon()));
        REQUIRE_MESSAGE(missing.has_value(), (missing ? "" : missing.error().text));
        return *missing;
    }

    ClusterAccess access;
    boost::asio::io_context context;
    adapters::system::SystemClock clock{context.get_executor()};
    std::unique_ptr<HttpApiClient> admin{client_of(access)};
    Options options;
};

/// All that senses, running beside a test; ended when this ends.
class Senses {
  public:
    Senses(Shop& of, HttpApiClient& client) : shop(of), api(client) {
        for (ObjectWatch* watch : {&deployments, &replica_sets, &pods, &slice_objects}) {
            ++running_count_;
            boost::asio::co_spawn(shop.context, watch->run(),
                                  [this](const std::exception_ptr&) { --running_count_; });
        }
        cluster_events.follow(shop.options.deployment);
        ++running_count_;
        boost::asio::co_spawn(shop.context, cluster_events.run(),
                              [this](const std::exception_ptr&) { --running_count_; });
    }
    // NOLINTNEXTLINE(bugprone-exception-escape): what does not end here ends the test program.
    ~Senses() {
        for (ObjectWatch* watch : {&deployments, &replica_sets, &pods, &slice_objects}) {
            watch->stop();
        }
        cluster_events.stop();
        net::run_until_for_test(shop.context, [this] { return running_count_ == 0; });
    }
    Senses(const Senses&) = delete;
    Senses& operator=(const Senses&) = delete;

    /// Nothing: the view is not whole.
    std::optional<std::vector<Reading>> read(ports::Telemetry& source) {
        auto readings = net::run_for_test(shop.context, source.read(shop.soon()));
        return readings ? std::optional(*std::move(readings)) : std::nullopt;
    }
    /// Runs until `is_met` says so of what is told of the pods.
    template <class Condition>
    void wait_for_pods(Condition is_met) {
        net::run_until_for_test(shop.context, [&] {
            std::vector<ProcessReading> seen;
            for (const Reading& reading : read(pod_telemetry).value_or(std::vector<Reading>{})) {
                seen.push_back(std::get<ProcessReading>(reading));
            }
            return is_met(seen);
        });
    }

    Shop& shop;
    HttpApiClient& api;
    net::TemporaryDirectory directory;
    Slots slots =
        Slots::open(shop.options.service, shop.options.slots_count, directory.file("slots.json"))
            .value();
    ObjectWatch deployments = watch(deployments_path(shop.options));
    ObjectWatch replica_sets = watch(replica_sets_path(shop.options, "app=payments"));
    ObjectWatch pods = watch(pods_path(shop.options, "app=payments"));
    Group group{shop.options,
                {seen_by(deployments), seen_by(replica_sets), seen_by(pods)},
                slots,
                shop.clock};
    ObjectWatch slice_objects = watch(slices_path(shop.options));
    std::vector<std::string> told;
    EndpointSlices slices{shop.options, seen_by(slice_objects), shop.clock,
                          [this](const std::string& line) { told.push_back(line); }};
    ClusterEvents cluster_events{api,
                                 api,
                                 shop.clock,
                                 shop.context.get_executor(),
                                 {.path = warnings_path(shop.options)},
                                 [this](const std::string& line) { told.push_back(line); }};
    PodTelemetry pod_telemetry{group, pods, shop.clock};
    ObstacleTelemetry obstacles{group, cluster_events, shop.clock};
    RolloutTelemetry rollouts{group, VersionId(), shop.clock};

  private:
    ObjectWatch watch(std::string path) {
        return {api,   api, shop.clock, shop.context.get_executor(), {.path = std::move(path)},
                Rng(1)};
    }

    int running_count_{0};
};

bool is_serving(const ProcessReading& reading) {
    return reading.is_wanted && reading.is_alive && reading.version.text().starts_with("v1-");
}

void in_real_shop(void (*check)(Shop&)) {
    const char* path = std::getenv("HOMEOSTAT_KUBECONFIG");
    if (path == nullptr || *path == '\0') {
        std::cout
            << "SKIPPED: HOMEOSTAT_KUBECONFIG names no server; `make k8s-lab` brings one up\n";
        return;
    }
    const Result<ClusterAccess> access = read_kubeconfig(path);
    REQUIRE_MESSAGE(access.has_value(), (access ? "" : access.error().text));
    Shop shop(*access);
    check(shop);
}

}  // namespace

TEST_CASE(
    "by the written Role alone all is sensed: pods in slots, a bad rollout, a change of scale") {
    in_real_shop([](Shop& shop) {
        const std::unique_ptr<HttpApiClient> agent = shop.agent_with(all_uses);
        CHECK(shop.missing_of(*agent, all_uses).empty());
        Senses senses(shop, *agent);
        senses.wait_for_pods(
            [](const auto& seen) { return std::ranges::count_if(seen, is_serving) == 2; });
        CHECK(senses.group.readiness() == Readiness::some_ready);
        CHECK(senses.group.ip_of(InstanceId("payments-0")));
        CHECK(senses.read(senses.rollouts)->empty());

        shop.patch(R"({"spec":{"template":{"spec":{"containers":[{"name":"svc",)"
                   R"("image":"lab.local/service:v2-crash"}]}}}})");
        std::vector<Reading> changes;
        net::run_until_for_test(shop.context, [&] {
            changes = senses.read(senses.rollouts).value_or(std::vector<Reading>{});
            return !changes.empty();
        });
        const Change change = std::get<ChangeReading>(changes.front()).change;
        CHECK(change.kind == ChangeKind::deploy);
        CHECK(change.from.text().starts_with("v1-"));
        CHECK(change.to.text().starts_with("v2-crash-"));
        CHECK(change.is_first_hand);
        CHECK(change.reference.empty());
        // The old pods go on serving, and the new one is seen to be down.
        senses.wait_for_pods([](const auto& seen) {
            return std::ranges::any_of(seen, [](const ProcessReading& reading) {
                return reading.is_wanted && !reading.is_alive && reading.exit_status == 1 << 8 &&
                       reading.version.text().starts_with("v2-crash-");
            });
        });
        CHECK(senses.group.readiness() == Readiness::some_ready);

        shop.patch(R"({"spec":{"replicas":3}})");
        net::run_until_for_test(shop.context, [&] {
            changes = senses.read(senses.rollouts).value_or(std::vector<Reading>{});
            return !changes.empty();
        });
        CHECK(std::get<ChangeReading>(changes.front()).change.reference == "replicas-2-to-3");
    });
}

TEST_CASE("the Service's rotation is what its pods' readiness says, and its address is found") {
    in_real_shop([](Shop& shop) {
        const std::unique_ptr<HttpApiClient> agent = shop.agent_with({Use::watching, Use::service});
        Senses senses(shop, *agent);
        senses.wait_for_pods(
            [](const auto& seen) { return std::ranges::count_if(seen, is_serving) == 2; });
        const auto object =
            net::run_for_test(shop.context, agent->get(service_path(shop.options), shop.soon()));
        REQUIRE(object);
        const auto endpoint = parse_service(object->body, "");
        REQUIRE_MESSAGE(endpoint.has_value(), (endpoint ? "" : endpoint.error().text));
        CHECK(std::get<net::TcpEndpoint>(*endpoint).port == 80);
        ServiceEdge edge(shop.context.get_executor(), *agent, senses.group, shop.clock, {});
        const auto part = net::run_for_test(shop.context, edge.read(shop.soon()));
        REQUIRE_MESSAGE(part.has_value(), (part ? "" : part.error().text));
        const auto& facts = std::get<EdgeFacts>(*part);
        REQUIRE(facts.instances.size() == 4);
        CHECK(facts.instances[0].rotation == Rotation::in);
        CHECK(facts.instances[1].rotation == Rotation::in);
        CHECK(facts.instances[2].rotation == Rotation::down);
        CHECK(edge.reading().servers.size() == 2);
    });
}

TEST_CASE("whom a Service sends to is what its slices say, and that it sends to nobody is seen") {
    in_real_shop([](Shop& shop) {
        const std::unique_ptr<HttpApiClient> agent = shop.agent_with({Use::watching, Use::service});
        Senses senses(shop, *agent);
        ServiceEdge edge(shop.context.get_executor(), *agent, senses.group, shop.clock,
                         {.slices = &senses.slices});
        senses.wait_for_pods(
            [](const auto& seen) { return std::ranges::count_if(seen, is_serving) == 2; });
        const auto rotations = [&] {
            const auto part = net::run_for_test(shop.context, edge.read(shop.soon()));
            REQUIRE_MESSAGE(part.has_value(), (part ? "" : part.error().text));
            return std::ranges::count(std::get<EdgeFacts>(*part).instances, Rotation::in,
                                      &EdgeInstance::rotation);
        };
        const auto serving = [&] {
            return std::ranges::count(edge.reading().servers, Rotation::in,
                                      &EdgeServerReading::rotation);
        };
        // Nobody writes them in a quick lab, whose pods have addresses that no slice may have.
        CHECK(rotations() == 2);
        CHECK(senses.slices.look() == nullptr);
        const std::string path =
            "/apis/discovery.k8s.io/v1/namespaces/" + shop.options.name_space + "/endpointslices";
        shop.post(path, R"({"metadata":{"name":"payments-1","labels":)"
                        R"({"kubernetes.io/service-name":"payments"}},"addressType":"IPv4",)"
                        R"("endpoints":[],"ports":[]})");
        shop.post(path, R"({"metadata":{"name":"cart-1","labels":)"
                        R"({"kubernetes.io/service-name":"cart"}},"addressType":"IPv4",)"
                        R"("endpoints":[{"addresses":["10.244.1.9"]}],"ports":[{"port":80}]})");
        net::run_until_for_test(shop.context, [&] { return serving() == 0; });
        CHECK(senses.slices.look()->are_none());
        // They have been ready for three seconds by then, as the reads have seen.
        net::run_until_for_test(shop.context, [&] { return edge.unreached_count() == 2; });
        CHECK(rotations() == 2);  // What serves as soon as somebody mends it is not taken away.

        const Slot& first = senses.slots.all().front();
        const ApiReply told = shop.write(
            {.method = "PATCH",
             .path = path + "/payments-1",
             .content_type = "application/merge-patch+json",
             .body = fmt::format(
                 R"({{"endpoints":[{{"addresses":["10.244.1.7"],"conditions":{{"ready":true,)"
                 R"("serving":true,"terminating":false}},"targetRef":{{"kind":"Pod",)"
                 R"("name":"{}","uid":"{}"}}}}],"ports":[{{"port":80}}]}})",
                 first.pod->name, first.pod->uid)});
        REQUIRE_MESSAGE(told.is_ok(), describe(told));
        net::run_until_for_test(shop.context, [&] { return serving() == 1; });
        CHECK(edge.reading().servers.front().rotation == Rotation::in);
        CHECK(rotations() == 1);
        CHECK(edge.unreached_count() == 0);
    });
}

TEST_CASE("without the right to slices rotation is what readiness says, as before") {
    in_real_shop([](Shop& shop) {
        const std::unique_ptr<HttpApiClient> agent = shop.agent_with({Use::watching});
        Senses senses(shop, *agent);
        ServiceEdge edge(shop.context.get_executor(), *agent, senses.group, shop.clock,
                         {.slices = &senses.slices});
        senses.wait_for_pods(
            [](const auto& seen) { return std::ranges::count_if(seen, is_serving) == 2; });
        net::run_until_for_test(shop.context, [&] {
            CHECK(senses.slices.look() == nullptr);
            return !senses.told.empty();
        });
        CHECK(
            senses.told.front().contains(R"(cannot list resource "endpointslices" in API group)"));
        const auto part = net::run_for_test(shop.context, edge.read(shop.soon()));
        REQUIRE_MESSAGE(part.has_value(), (part ? "" : part.error().text));
        CHECK(std::get<EdgeFacts>(*part).instances[0].rotation == Rotation::in);
        CHECK(edge.reading().servers[1].rotation == Rotation::in);
    });
}

TEST_CASE(
    "that no node takes a pod, and that a quota is used up, is told by Events and the objects") {
    in_real_shop([](Shop& shop) {
        const std::unique_ptr<HttpApiClient> agent =
            shop.agent_with({Use::watching, Use::obstacles});
        Senses senses(shop, *agent);
        senses.wait_for_pods(
            [](const auto& seen) { return std::ranges::count_if(seen, is_serving) == 2; });
        const auto wait_for = [&](SubjectKind kind, Obstacle obstacle, std::uint32_t count) {
            net::run_until_for_test(shop.context, [&] {
                const auto readings =
                    senses.read(senses.obstacles).value_or(std::vector<Reading>{});
                return std::ranges::any_of(readings, [&](const Reading& reading) {
                    const auto& told = std::get<ObstacleReading>(reading);
                    return told.subject.kind == kind && told.obstacle == obstacle &&
                           told.count == count;
                });
            });
        };
        const auto select_node = [&](const std::string& labels) {
            shop.patch(R"({"spec":{"template":{"spec":{"nodeSelector":)" + labels + "}}}}");
        };
        select_node(R"({"no":"where"})");
        wait_for(SubjectKind::instance, Obstacle::no_room, 1);
        select_node(R"({"no":null})");
        wait_for(SubjectKind::instance, Obstacle::no_room, 0);

        shop.post("/api/v1/namespaces/" + shop.options.name_space + "/resourcequotas",
                  R"({"metadata":{"name":"two"},"spec":{"hard":{"pods":"2"}}})");
        net::run_until_for_test(shop.context, [&] {
            return shop.get("/api/v1/namespaces/" + shop.options.name_space + "/resourcequotas/two")
                .body.at("status")
                .as_object()
                .contains("used");
        });
        shop.patch(R"({"spec":{"replicas":3}})");
        wait_for(SubjectKind::service, Obstacle::quota_used_up, 1);
        shop.patch(R"({"spec":{"replicas":2}})");
        wait_for(SubjectKind::service, Obstacle::quota_used_up, 0);
        CHECK(senses.told.empty());
    });
}

TEST_CASE("exactly what a Role lacks is missing, and a watch without it says so") {
    in_real_shop([](Shop& shop) {
        const std::unique_ptr<HttpApiClient> agent = shop.agent_with({Use::service, Use::rollback});
        const std::vector<Permission> expected =
            permissions_for(shop.options, {Use::watching, Use::obstacles, Use::restart});
        CHECK(shop.missing_of(*agent, all_uses) == expected);
        Senses senses(shop, *agent);
        net::run_until_for_test(shop.context, [&] { return senses.pods.trouble().has_value(); });
        const Result<const GroupView*> view = senses.group.look();
        REQUIRE_FALSE(view);
        CHECK_FALSE(senses.slots.all().front().pod);
    });
}
