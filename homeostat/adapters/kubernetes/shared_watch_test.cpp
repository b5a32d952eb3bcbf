#include "homeostat/adapters/kubernetes/shared_watch.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/scripted_server_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

std::string pod(const std::string& name, int version, const std::string& app) {
    return fmt::format(
        R"({{"metadata":{{"name":"{}","resourceVersion":"{}","labels":{{"app":"{}","x":"y"}}}}}})",
        name, version, app);
}

std::string event(const std::string& type, const std::string& object) {
    return fmt::format(R"({{"type":"{}","object":{}}})", type, object);
}

std::string bookmark(int version) {
    return event("BOOKMARK", fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}}}})", version));
}

ApiReply page(int version, const std::vector<std::string>& objects) {
    return {.status = 200,
            .body = *parse_json(fmt::format(R"({{"kind":"PodList","metadata":{{"resourceVersion":)"
                                            R"("{}","continue":""}},"items":[{}]}})",
                                            version, fmt::join(objects, ",")))};
}

std::string names(const WatchedKind& share) {
    std::string text;
    for (const auto& [name, object] : share.seen().objects) {
        text += name + " ";
    }
    return text;
}

struct World {
    boost::asio::io_context context;
    WaitedClock clock;
    ScriptedServer server{clock};
    SharedWatch watch{server, server, clock, context.get_executor(), {.path = "/pods"}, Rng(7)};
    std::unique_ptr<WatchedKind> cart = share("app=cart");
    std::unique_ptr<WatchedKind> fees = share("app=fees");

    World() {
        server.when_over = [this] { watch.stop(); };
    }
    std::unique_ptr<WatchedKind> share(const char* query) {
        return watch.share_of(parse_label_selector(query).value());
    }
    void run() { net::run_for_test(context, watch.run()); }
};

}  // namespace

TEST_CASE("each share of a watch has what its own selector fits, and nobody keeps the rest") {
    World world;
    world.server.pages = {
        page(10, {pod("c1", 5, "cart"), pod("f1", 6, "fees"), pod("s1", 7, "somebody-elses")})};
    bool has_looked = false;
    world.server.streams = {{{{.line = event("ADDED", pod("c2", 11, "cart"))},
                              {.line = event("ADDED", pod("s2", 12, "somebody-elses"))},
                              look_at(
                                  [&] {
                                      CHECK(names(*world.cart) == "c1 c2 ");
                                      CHECK(names(*world.fees) == "f1 ");
                                      // What has not changed is not read again: its version is
                                      // still the list's.
                                      CHECK(world.cart->seen().resource_version == 11);
                                      CHECK(world.fees->seen().resource_version == 10);
                                      CHECK(world.cart->changes_count() == 2);
                                      CHECK(world.fees->changes_count() == 1);
                                      has_looked = true;
                                  },
                                  event("DELETED", pod("c1", 13, "cart"))),
                              ends}}};
    world.run();
    CHECK(has_looked);
    CHECK(names(*world.cart) == "c2 ");
    CHECK(names(*world.fees) == "f1 ");
}

TEST_CASE("an object whose labels fit another selector now leaves the share that had it") {
    World world;
    world.server.pages = {page(10, {pod("p", 5, "cart")})};
    world.server.streams = {{{{.line = event("MODIFIED", pod("p", 11, "fees"))}, ends}}};
    world.run();
    CHECK(names(*world.cart).empty());
    CHECK(names(*world.fees) == "p ");
}

TEST_CASE("two that select the same object have it both") {
    World world;
    const auto all = world.share("x%20in%20(y,z)");
    const auto rest = world.share("app=cart,!canary");
    world.server.pages = {page(10, {pod("c1", 5, "cart"), pod("f1", 6, "fees")})};
    world.server.streams = {{{{.line = event("DELETED", pod("f1", 11, "fees"))}, ends}}};
    world.run();
    CHECK(names(*all) == "c1 ");
    CHECK(names(*rest) == "c1 ");
    CHECK(names(*world.cart) == "c1 ");
    CHECK(names(*world.fees).empty());
}

TEST_CASE("a share by name has the one object of that name") {
    World world;
    const auto one = world.watch.share_of("c1");
    world.server.pages = {page(10, {pod("c1", 5, "cart"), pod("c2", 6, "cart")})};
    world.server.streams = {{{ends}}};
    world.run();
    CHECK(names(*one) == "c1 ");
}

TEST_CASE("a share is as fresh as the watch, also where nothing of its own was told") {
    World world;
    CHECK(check_kind_heard("pods", seen_by(*world.fees), world.clock.now()).error().fault ==
          Fault::late);
    world.server.pages = {page(10, {pod("c1", 5, "cart")})};
    bool has_looked = false;
    world.server.streams = {{{{.line = bookmark(20), .after = 80s},
                              look_at(
                                  [&] {
                                      const Instant now = world.clock.now();
                                      CHECK(check_kind_heard("pods", seen_by(*world.fees), now));
                                      CHECK(names(*world.fees).empty());
                                      has_looked = true;
                                  },
                                  bookmark(21)),
                              is_cut}}};
    world.run();
    CHECK(has_looked);
    // Its trouble is that of all, and each is told.
    CHECK(world.fees->trouble());
    CHECK(world.fees->changes_count() > 1);
    CHECK_FALSE(check_kind_heard("pods", seen_by(*world.fees), world.clock.now() + 6s));
}

TEST_CASE("a new list takes from a share what is gone, and a share that has left is told nothing") {
    World world;
    world.server.pages = {page(10, {pod("c1", 5, "cart"), pod("f1", 6, "fees")}),
                          page(30, {pod("c9", 25, "cart")})};
    world.server.streams = {
        {{look_at([&] { world.fees.reset(); },
                  event("ERROR", R"({"kind":"Status","code":410,"message":"too old"})"))}},
        {{ends}}};
    world.run();
    CHECK(names(*world.cart) == "c9 ");
    CHECK(world.cart->seen().resource_version == 30);
}

TEST_CASE("of a pod what nobody reads is not kept") {
    json::value told = *parse_json(
        R"({"metadata":{"name":"p","annotations":{"a":"b",)"
        R"("kubectl.kubernetes.io/last-applied-configuration":"{}"}},"spec":{"nodeName":"n",)"
        R"("volumes":[1],"containers":[{"name":"svc","env":[1],"resources":{"limits":{}}}]}})");
    trim_object(told);
    CHECK(told == *parse_json(R"({"metadata":{"name":"p","annotations":{"a":"b"}},"spec":)"
                              R"({"nodeName":"n","containers":[{"name":"svc","resources":)"
                              R"({"limits":{}}}]}})"));
}

TEST_CASE("of templates it stays told which are equal, and what their images are") {
    const auto owner = [](const std::string& labels, const std::string& container) {
        return *parse_json(fmt::format(R"({{"metadata":{{"name":"a","uid":"u",)"
                                       R"("resourceVersion":"1"}},"spec":{{"selector":)"
                                       R"({{"matchLabels":{{"app":"a"}}}},"template":{{"metadata":)"
                                       R"({{"labels":{{{}}}}},"spec":{{"volumes":[1],)"
                                       R"("containers":[{{{}}}]}}}}}}}})",
                                       labels, container));
    };
    const std::string container = R"("name":"svc","image":"x:v1","env":[{"name":"A","value":"1"}])";
    const auto trimmed = [](json::value object) {
        trim_object(object);
        return object.at("spec").at("template");
    };
    const json::value deployment = trimmed(owner(R"("app":"a")", container));
    CHECK(deployment.at("spec").at("containers").at(0).at("image") == json::value("x:v1"));
    CHECK_FALSE(to_text(deployment).contains("env"));
    // Of the same template, as its ReplicaSet has it, in whatever order.
    CHECK(trimmed(owner(R"("pod-template-hash":"h","app":"a")",
                        R"("image":"x:v1","env":[{"value":"1","name":"A"}],"name":"svc")"))
              .at("digest") == deployment.at("digest"));
    for (const json::value& other :
         {owner(R"("app":"b")", container),
          owner(R"("app":"a")", R"("name":"svc","image":"x:v1","env":[{"name":"A","value":"2"}])"),
          owner(R"("app":"a")",
                R"("name":"svc","image":"x:v2","env":[{"name":"A","value":"1"}])")}) {
        CHECK(trimmed(other).at("digest") != deployment.at("digest"));
    }
}

TEST_CASE("what was trimmed is read as what it was made of") {
    GroupWorld whole;
    GroupWorld world;
    for (ObjectsSeen* seen : {&world.deployments, &world.replica_sets, &world.pods}) {
        for (auto& [name, object] : seen->objects) {
            json::value told = object.parsed();
            trim_object(told);
            object = told;
        }
    }
    const GroupView before = *whole.group.look().value();
    const GroupView after = *world.group.look().value();
    REQUIRE(current_of(after.deployment, after.replica_sets) != nullptr);
    CHECK(version_of(*current_of(after.deployment, after.replica_sets)) ==
          version_of(*current_of(before.deployment, before.replica_sets)));
    CHECK(after.pods.size() == before.pods.size());
    CHECK(after.deployment.selector == before.deployment.selector);
    world.tell(DeploymentSample{.version = 2});
    json::value payments = world.deployments.objects.at("payments").parsed();
    trim_object(payments);
    world.deployments.objects.at("payments") = payments;
    const GroupView rolled = *world.group.look().value();
    CHECK(current_of(rolled.deployment, rolled.replica_sets) == nullptr);
}
