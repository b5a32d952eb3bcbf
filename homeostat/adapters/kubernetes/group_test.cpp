#include "homeostat/adapters/kubernetes/group.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/group_for_test.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

InstanceId slot(int index) {
    return InstanceId("payments-" + std::to_string(index));
}

Error error_of(GroupWorld& world) {
    const Result<const GroupView*> view = world.group.look();
    REQUIRE_FALSE(view);
    return view.error();
}

}  // namespace

TEST_CASE("a view has the Deployment, its ReplicaSets and their pods, each in a slot") {
    GroupWorld world;
    const Result<const GroupView*> view = world.group.look();
    REQUIRE(view);
    CHECK((*view)->deployment.replicas == 2);
    CHECK((*view)->replica_sets.size() == 1);
    CHECK((*view)->pods.size() == 2);
    CHECK(version_of(**view, (*view)->pods.front()) == VersionId("v1-hash1"));
    REQUIRE(world.slots->find(slot(0))->pod);
    REQUIRE(world.slots->find(slot(1))->pod);
    CHECK(world.slots->find(slot(0))->pod->name == "payments-a");
    CHECK_FALSE(world.slots->find(slot(2))->is_wanted);
}

TEST_CASE("what another controls, or nobody, is none of ours") {
    GroupWorld world;
    world.replica_sets.objects["other"] = replica_set_object(9, "2026-11-28T20:00:00Z", "uid-x");
    world.tell(PodSample{.name = "other-a", .owner = "rs9"});
    world.pods.objects["orphan"] =
        object_of(R"({"metadata":{"name":"orphan","uid":"uid-orphan","resourceVersion":"7"}})");
    const Result<const GroupView*> view = world.group.look();
    REQUIRE(view);
    CHECK((*view)->replica_sets.size() == 1);
    CHECK((*view)->pods.size() == 2);
    CHECK_FALSE(world.slots->find(slot(2))->pod);
}

TEST_CASE("there is no view before each kind was listed, and it says which was not") {
    for (const char* kind : {"Deployment", "ReplicaSets", "pods"}) {
        GroupWorld world;
        ObjectsSeen& seen = std::string_view(kind) == "Deployment"    ? world.deployments
                            : std::string_view(kind) == "ReplicaSets" ? world.replica_sets
                                                                      : world.pods;
        seen = {};
        const Error error = error_of(world);
        CHECK(error.fault == Fault::late);
        CHECK(error.text.contains(kind));
        CHECK(error.text.contains("not listed yet"));
        CHECK_FALSE(world.slots->find(slot(0))->pod);
    }
}

TEST_CASE("why one kind may not be read is told before another one has been listed") {
    GroupWorld world;
    world.deployments = {};
    world.pods = {};
    world.pods_trouble = Error{Fault::refused, "403: no right to list pods"};
    CHECK(error_of(world).fault == Fault::refused);
    CHECK(error_of(world).text == "pods of shop/payments: 403: no right to list pods");
}

TEST_CASE("a server that is silent for longer than a watch waits and asks again ends the view") {
    GroupWorld world;
    REQUIRE(world.group.look());
    const WatchOptions watch{};
    world.clock.pass(
        std::chrono::floor<std::chrono::milliseconds>(watch.silent_for_max + watch.answer_within));
    CHECK(world.group.look());
    world.clock.pass(6s);
    CHECK(error_of(world).fault == Fault::late);
    CHECK(error_of(world).text.contains("106 s"));
    world.bookmark();
    CHECK(world.group.look());
}

TEST_CASE("of a watch in trouble the last word counts for seconds, then its trouble is told") {
    GroupWorld world;
    world.pods_trouble = Error{Fault::unreachable, "the server is away"};
    world.clock.pass(5s);
    CHECK(world.group.look());
    world.clock.pass(1s);
    const Error error = error_of(world);
    CHECK(error.fault == Fault::unreachable);
    CHECK(error.text == "pods of shop/payments: the server is away");
}

TEST_CASE("there is no view of a Deployment that is gone, or whose controller is behind") {
    GroupWorld world;
    world.tell(DeploymentSample{.generation = 4, .observed_generation = 3});
    CHECK(error_of(world).fault == Fault::late);
    CHECK(error_of(world).text.contains("generation 3 of 4"));
    // Moments after a change that is as it should be.
    CHECK(world.group.is_catching_up());
    world.clock.pass(std::chrono::seconds{6});
    CHECK_FALSE(error_of(world).text.empty());
    CHECK_FALSE(world.group.is_catching_up());
    world.tell(DeploymentSample{.generation = 4, .observed_generation = 4});
    CHECK(world.group.look());
    world.deployments.objects.clear();
    world.deployments.resource_version += 1'000;
    CHECK(error_of(world).fault == Fault::absent);
}

TEST_CASE("a pod keeps its slot while the watch of its ReplicaSet is behind that of the pods") {
    GroupWorld world;
    REQUIRE(world.group.look());
    world.tell(PodSample{.name = "payments-c", .owner = "rs2"});
    CHECK(error_of(world).text.contains("payments-c"));
    CHECK(world.slots->find(slot(1))->pod);
    world.tell_replica_set(2, "2026-11-28T23:59:00Z");
    REQUIRE(world.group.look());
    CHECK(world.slots->find(slot(2))->pod->name == "payments-c");

    // One that goes with its ReplicaSet holds nothing up.
    world.tell(PodSample{.name = "payments-d", .owner = "rs-gone", .is_deleting = true});
    CHECK(world.group.look());
}

TEST_CASE("an object that is none ends the view, and the slots stay as they are") {
    GroupWorld world;
    REQUIRE(world.group.look());
    world.pods.objects["payments-a"] = object_of(R"({"metadata":{"name":7}})");
    world.pods.resource_version += 1'000;
    const Error error = error_of(world);
    CHECK(error.fault == Fault::invalid);
    CHECK(error.text.contains("pod payments-a"));
    CHECK(world.slots->find(slot(0))->pod);
}

TEST_CASE("a slots' file that cannot be written blinds nobody") {
    GroupWorld world;
    std::filesystem::create_directories(world.directory.file("slots/is/a/directory"));
    REQUIRE(world.group.look());
    CHECK(world.slots->find(slot(0))->pod);
    REQUIRE(world.group.file_trouble());
    std::filesystem::remove_all(world.directory.file("slots"));
    world.tell(PodSample{.name = "payments-c"});
    REQUIRE(world.group.look());
    CHECK_FALSE(world.group.file_trouble());
}

TEST_CASE("readiness is what the cluster says of the pods taken together") {
    GroupWorld world;
    CHECK(world.group.readiness() == Readiness::some_ready);
    world.tell(PodSample{.name = "payments-a", .is_ready = false});
    CHECK(world.group.readiness() == Readiness::some_ready);
    world.tell(PodSample{.name = "payments-b", .is_deleting = true});
    CHECK(world.group.readiness() == Readiness::none_ready);
    world.tell_gone("payments-a");
    world.tell_gone("payments-b");
    CHECK(world.group.readiness() == Readiness::none_ready);
    world.tell(DeploymentSample{.replicas = 0});
    CHECK(world.group.readiness() == Readiness::none_wanted);
    world.clock.pass(106s);
    CHECK(world.group.readiness() == Readiness::unknown);
}

TEST_CASE("requests of ours go to a pod that ought to answer, and nowhere else") {
    GroupWorld world;
    const auto address = pod_address(world.group, slot(0), 8080, "/healthz");
    const net::Address expected{net::TcpEndpoint{"10.244.1.7", 8080}, "/healthz"};
    CHECK(address() == expected);
    CHECK_FALSE(pod_address(world.group, slot(2), 8080, "/")());
    CHECK_FALSE(pod_address(world.group, InstanceId("carts-0"), 8080, "/")());

    SUBCASE("not while it has never been ready") {
        world.tell(PodSample{.is_ready = false, .ready_since = "2026-11-28T23:59:40Z"});
        CHECK_FALSE(address());
    }
    SUBCASE("also once it is ready no more: that is what they are about") {
        world.tell(PodSample{.is_ready = false, .ready_since = "2026-11-28T23:59:59Z"});
        CHECK(address() == expected);
    }
    SUBCASE("not while its container does not run") {
        world.tell(PodSample{.state = R"({"waiting":{"reason":"CrashLoopBackOff"}})"});
        CHECK_FALSE(address());
    }
    SUBCASE("not while it has no address") {
        world.tell(PodSample{.ip = ""});
        CHECK_FALSE(address());
    }
    SUBCASE("not once it goes") {
        world.tell(PodSample{.is_deleting = true});
        CHECK_FALSE(address());
    }
    SUBCASE("not when the address may be another pod's by now") {
        world.clock.pass(106s);
        CHECK_FALSE(address());
    }
    SUBCASE("to its successor in the slot, once that was ready") {
        world.tell_gone("payments-a");
        CHECK_FALSE(address());
        world.tell(PodSample{.name = "payments-c", .ip = "10.244.1.8"});
        CHECK(address()->endpoint == net::Endpoint(net::TcpEndpoint{"10.244.1.8", 8080}));
    }
}

TEST_CASE("a wall time becomes one of ours, within what both clocks can hold") {
    const Instant now{1h};
    const WallTime wall_now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 29}};
    CHECK(to_instant(wall_now - 90s, now, wall_now) == now - 90s);
    CHECK(to_instant(wall_now + 90s, now, wall_now) == now);
    CHECK(to_instant(WallTime{}, now, wall_now) < now);
    const WallTime first{std::chrono::sys_days{std::chrono::year{0} / 1 / 1}};
    const WallTime last{std::chrono::sys_days{std::chrono::year{9999} / 12 / 31}};
    CHECK(to_instant(first, now, wall_now) < now);
    CHECK(to_instant(last, now, wall_now) == now);
}

TEST_CASE("paths name one namespace and encode what is not plain") {
    Options options;
    options.name_space = "shop";
    options.deployment = "payments";
    options.service_object = "pay";
    CHECK(deployment_path(options) == "/apis/apps/v1/namespaces/shop/deployments/payments");
    CHECK(deployments_path(options) ==
          "/apis/apps/v1/namespaces/shop/deployments?fieldSelector=metadata.name%3Dpayments");
    CHECK(replica_sets_path(options, "app=a") ==
          "/apis/apps/v1/namespaces/shop/replicasets?labelSelector=app=a");
    CHECK(pods_path(options, "app=a") == "/api/v1/namespaces/shop/pods?labelSelector=app=a");
    CHECK(service_path(options) == "/api/v1/namespaces/shop/services/pay");
}
