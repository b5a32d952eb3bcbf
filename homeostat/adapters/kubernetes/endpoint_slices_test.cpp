#include "homeostat/adapters/kubernetes/endpoint_slices.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/service_edge.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

std::string endpoint_text(const std::string& uid, const std::string& conditions) {
    return fmt::format(R"({{"addresses":["10.244.1.7"],"conditions":{},"nodeName":"n1",)"
                       R"("zone":"a","hints":{{"forZones":[{{"name":"a"}}]}},)"
                       R"("targetRef":{{"kind":"Pod","name":"x","uid":"{}"}}}})",
                       conditions, uid);
}

json::value slice(const std::string& endpoints, const std::string& ports = R"([{"port":8080}])") {
    return object_of(fmt::format(R"({{"metadata":{{"name":"payments-1","resourceVersion":"9",)"
                                 R"("labels":{{"kubernetes.io/service-name":"payments"}}}},)"
                                 R"("addressType":"IPv4","endpoints":{},"ports":{}}})",
                                 endpoints, ports));
}

Result<ServicePlaces> places_in(const json::value& object) {
    ServicePlaces places;
    if (const Result<void> added = add_slice(places, object); !added) {
        return std::unexpected(added.error());
    }
    return places;
}

}  // namespace

TEST_CASE("who is sent to is ready, serving and not going away, as far as it is told") {
    struct Case {
        std::string conditions;
        bool is_in;
    };
    for (const Case& given : {
             Case{R"({"ready":true,"serving":true,"terminating":false})", true},
             Case{R"({"ready":false,"serving":false,"terminating":false})", false},
             Case{R"({"ready":true,"serving":false,"terminating":false})", false},
             Case{R"({"ready":false,"serving":true,"terminating":true})", false},
             Case{R"({"ready":true,"serving":true,"terminating":true})", false},
             Case{R"({"ready":true})", true},
             Case{R"({"ready":false})", false},
             Case{R"({"serving":false})", false},
             Case{R"({"ready":null,"serving":null,"terminating":null})", true},
             Case{"{}", true},
             Case{"null", true},
         }) {
        CAPTURE(given.conditions);
        json::value told = slice("[" + endpoint_text("uid-a", given.conditions) + "]");
        const auto places = places_in(told);
        REQUIRE(places);
        CHECK(places->pods.contains("uid-a") == given.is_in);
        CHECK(places->are_none() != given.is_in);
        // What is kept of it says the same.
        trim_slice(told);
        CHECK_FALSE(to_text(told).contains("zone"));
        const auto kept = places_in(told);
        REQUIRE(kept);
        CHECK(kept->pods == places->pods);
    }
}

TEST_CASE("what is no pod's is told by its address, and a slice without a port leads nowhere") {
    PodView pod;
    pod.uid = "uid-a";
    pod.ip = "10.244.1.7";
    const std::string bare = R"([{"addresses":["10.244.1.7","10.244.1.8"]}])";
    for (const std::string target : {R"(null)", R"({})", R"({"kind":"Pod","name":"a"})",
                                     R"({"kind":"VirtualMachine","uid":"uid-b"})"}) {
        CAPTURE(target);
        json::value by_hand = slice(R"([{"addresses":["10.244.1.7"],"targetRef":)" + target + "}]");
        CHECK(places_in(by_hand)->send_to(pod));
        trim_slice(by_hand);
        CHECK(places_in(by_hand)->send_to(pod));
    }
    // As the controller writes it where the Service's port names none of the pod's.
    const std::string ready = "[" + endpoint_text("uid-a", "{}") + "]";
    CHECK(places_in(slice(ready))->send_to(pod));
    for (const std::string ports : {"[]", "null"}) {
        CHECK(places_in(slice(ready, ports))->are_none());
    }
    CHECK(places_in(slice("[]"))->are_none());
    CHECK(places_in(slice("null"))->are_none());
    CHECK(places_in(object_of("{}"))->are_none());
    // A pod without an address is nobody's endpoint.
    pod.uid = "uid-b";
    pod.ip.clear();
    CHECK_FALSE(places_in(slice(bare))->send_to(pod));
}

TEST_CASE("a slice that is none is refused by its field, and nothing of it counts") {
    std::string many = "[{}";
    for (int count = 0; count < 1000; ++count) {
        many += ",{}";
    }
    const std::string good = endpoint_text("uid-a", "{}");
    for (const auto& [object, says] : std::deque<std::pair<json::value, std::string>>{
             {slice("{}"), "endpoints"},
             {slice(many + "]"), "endpoints"},
             {slice("[" + good + ",7]"), "endpoints[1]"},
             {slice("[" + good + R"(,{"addresses":"x"}])"), "addresses"},
             {slice("[" + good + R"(,{"conditions":[]}])"), "conditions"},
             {slice("[" + good + R"(,{"conditions":{"ready":"yes"}}])"), "ready"},
             {slice("[" + good + R"(,{"targetRef":{"kind":"Pod","uid":7}}])"), "uid"},
             {slice("[" + endpoint_text(std::string(254, 'u'), "{}") + "]"), "uid"},
             {slice("[" + good + "]", R"("http")"), "ports"},
             {object_of("[]"), "EndpointSlice"},
             {object_of("null"), "EndpointSlice"},
         }) {
        json::value told = object;
        for (int turn = 0; turn < 2; ++turn) {
            ServicePlaces places;
            const Result<void> added = add_slice(places, told);
            REQUIRE_FALSE(added);
            CHECK(added.error().fault == Fault::invalid);
            CHECK_MESSAGE(added.error().text.contains(says), added.error().text);
            CHECK(places.are_none());
            trim_slice(told);  // Is nothing that is refused made good by what is dropped?
        }
    }
}

namespace {

/// An edge that asks a port on which nobody listens, each millisecond, and slices as told.
struct Sliced : GroupWorld {
    Sliced() {
        options.endpoint = peer.endpoint();
        options.every = 1ms;
        options.timeout = 300ms;
        options.slices = &slices;
        edge = std::make_unique<ServiceEdge>(context.get_executor(), api, group, edge_clock,
                                             std::move(options));
        telemetry = std::make_unique<ServiceEdgeTelemetry>(*edge, ServiceId("payments"));
        boost::asio::co_spawn(context, edge->run(),
                              [this](std::exception_ptr) { has_ended = true; });
    }
    // NOLINTNEXTLINE(bugprone-exception-escape): what does not end here ends the test program.
    ~Sliced() {
        edge->stop();
        net::run_until_for_test(context, [&] { return has_ended; });
    }
    Sliced(const Sliced&) = delete;
    Sliced& operator=(const Sliced&) = delete;

    void tell_slice(const std::string& endpoints) {
        tell(objects, slice(endpoints));
        objects.heard_at = clock.now();
    }
    void tell_both_in() {
        tell_slice("[" + endpoint_text("uid-payments-a", "{}") + "," +
                   endpoint_text("uid-payments-b", "{}") + "]");
    }
    /// Until some more requests were asked, each of which looks at the pods first.
    void run_asks() {
        const std::size_t asked = peer.requests().size() + 3;
        net::run_until_for_test(context, [&] { return peer.requests().size() >= asked; });
    }
    void wait(std::chrono::milliseconds span) {
        run_asks();
        edge_clock.shift += span;
    }
    [[nodiscard]] std::vector<Rotation> rotations() const {
        std::vector<Rotation> found;
        for (const EdgeServerReading& server : edge->reading().servers) {
            found.push_back(server.rotation);
        }
        return found;
    }
    std::vector<ObstacleReading> obstacles() {
        std::vector<ObstacleReading> found;
        const auto readings = net::run_for_test(context, telemetry->read(Instant::max()));
        REQUIRE(readings);
        for (const Reading& reading : *readings) {
            if (const auto* obstacle = std::get_if<ObstacleReading>(&reading)) {
                found.push_back(*obstacle);
            }
        }
        return found;
    }
    Result<FactsPart> read() { return net::run_for_test(context, edge->read(Instant::max())); }

    struct ShiftedClock final : ports::Clock {
        Duration shift{};
        [[nodiscard]] Instant now() const override { return net::now_for_test() + shift; }
        [[nodiscard]] WallTime wall_now() const override { return {}; }
        Task<void> sleep_until(Instant /*at*/) override { co_return; }
    };

    net::ScriptedPeer peer{
        context, std::deque<net::ScriptLine>(20'000, {"", net::ScriptLine::Then::closes})};
    ObjectsSeen objects;
    std::optional<Error> slices_trouble;
    std::vector<std::string> told;
    EndpointSlices slices{
        GroupWorld::options, {&objects, &slices_trouble}, clock, [this](const std::string& line) {
            told.push_back(line);
        }};
    ShiftedClock edge_clock;
    ServiceEdgeOptions options;
    std::unique_ptr<ServiceEdge> edge;
    std::unique_ptr<ServiceEdgeTelemetry> telemetry;
    bool has_ended{false};
};

constexpr std::array both_in{Rotation::in, Rotation::in};

json::object list_of(json::array items) {
    return {{"metadata", {{"resourceVersion", "900"}}}, {"items", std::move(items)}};
}

/// The direct reads, of which that of slices is answered by the test.
std::function<Result<ApiReply>(const std::string&)> world_with(Result<ApiReply> slices) {
    return [slices](const std::string& path) -> Result<ApiReply> {
        if (path.contains("/endpointslices?labelSelector=kubernetes.io/service-name=payments")) {
            return slices;
        }
        if (path.contains("/pods")) {
            return ApiReply{.status = 200,
                            .body = list_of({pod_object({.name = "payments-a"}),
                                             pod_object({.name = "payments-b"})})};
        }
        if (path.contains("/replicasets")) {
            return ApiReply{.status = 200,
                            .body = list_of({replica_set_object(1, "2026-11-28T20:00:00Z")})};
        }
        return ApiReply{.status = 200, .body = deployment_object({})};
    };
}

}  // namespace

TEST_CASE("rotation is what the Service says, and not that a pod is ready") {
    Sliced world;
    world.tell_both_in();
    CHECK(std::ranges::equal(world.rotations(), both_in));
    world.tell_slice("[" + endpoint_text("uid-payments-b", "{}") + "]");
    CHECK(world.rotations() == std::vector{Rotation::down, Rotation::in});
    // It is sent to before we have heard that it is ready.
    world.tell(PodSample{.name = "payments-b", .is_ready = false});
    CHECK(world.rotations() == std::vector{Rotation::down, Rotation::in});
    CHECK(world.told.empty());
}

TEST_CASE("where slices are not told rotation follows from readiness, and that is told once") {
    Sliced world;
    CHECK(std::ranges::equal(world.rotations(), both_in));
    CHECK(world.told.empty());  // They are on their way.
    world.slices_trouble = Error{Fault::refused, R"(403: cannot list resource "endpointslices")"};
    for (int turn = 0; turn < 3; ++turn) {
        CHECK(std::ranges::equal(world.rotations(), both_in));
    }
    REQUIRE(world.told.size() == 1);
    CHECK(world.told.front() ==
          "EndpointSlices of the Service payments: 403: cannot list resource \"endpointslices\"; "
          "who is in rotation is taken from the pods' readiness");
    // The right was given.
    world.slices_trouble.reset();
    world.tell_slice("[]");
    CHECK(world.rotations() == std::vector{Rotation::down, Rotation::down});
    REQUIRE(world.told.size() == 2);
    CHECK(world.told.back() == "EndpointSlices of the Service payments: told again");
    // It was taken away, and what is known is of long ago.
    world.slices_trouble = Error{Fault::refused, "403"};
    world.pass(6s);
    CHECK(std::ranges::equal(world.rotations(), both_in));
    CHECK(world.told.size() == 3);
    CHECK(world.obstacles().empty());
    // What cannot be read is no word of anybody.
    world.slices_trouble.reset();
    world.tell_slice(R"([{"conditions":7}])");
    CHECK(std::ranges::equal(world.rotations(), both_in));
    CHECK(world.told.size() == 4);
}

TEST_CASE("that there is no slice at all says nothing of anybody") {
    Sliced world;
    world.tell_slice("[]");
    world.wait(4s);
    REQUIRE(world.obstacles().size() == 1);
    world.objects.objects.clear();  // The Service, or who writes them, has gone.
    world.objects.resource_version += 1;
    CHECK(std::ranges::equal(world.rotations(), both_in));
    CHECK(world.obstacles().front().count == 0);
    CHECK(world.told == std::vector<std::string>{
                            "EndpointSlices of the Service payments: there is none; who is in "
                            "rotation is taken from the pods' readiness"});
    // They may be listed and not watched: by turns there is none, and they are not heard of.
    for (int turn = 0; turn < 3; ++turn) {
        world.slices_trouble = Error{Fault::refused, "cannot watch"};
        world.pass(6s);
        CHECK(std::ranges::equal(world.rotations(), both_in));
        world.slices_trouble.reset();
        world.objects.heard_at = world.clock.now();
        CHECK(std::ranges::equal(world.rotations(), both_in));
    }
    REQUIRE(world.told.size() == 2);
    CHECK(world.told.back().contains("cannot watch"));
}

TEST_CASE("a Service that sends to nobody though pods are ready is told, once they have been") {
    Sliced world;
    world.tell_slice("[]");
    world.run_asks();
    CHECK(world.obstacles().empty());  // As far as we know they have become ready just now.
    world.wait(4s);
    const auto found = world.obstacles();
    REQUIRE(found.size() == 1);
    CHECK(found.front().obstacle == Obstacle::sends_to_nobody);
    CHECK(found.front().subject == Subject{SubjectKind::service, "payments"});
    CHECK(found.front().count == 2);
    CHECK(world.obstacles().empty());  // That has not changed.
    world.tell(PodSample{.name = "payments-b", .is_ready = false});
    CHECK(world.obstacles().front().count == 1);
    world.run_asks();
    world.tell(PodSample{.name = "payments-b"});
    world.run_asks();
    CHECK(world.obstacles().empty());  // Ready anew: not for long enough.
    world.tell_both_in();
    REQUIRE(world.obstacles().size() == 1);
}

TEST_CASE("what nobody is sent to does not answer, and that is an error of the service") {
    Sliced world;
    world.tell_both_in();
    world.run_asks();
    const auto total = [&] { return world.edge->reading().counters.errors_total; };
    CHECK(total() == 0);  // It may be our own network.
    world.tell_slice("[]");
    net::run_until_for_test(world.context, [&] { return total() > 3; });
    CHECK(world.edge->reading().counters.requests_total == total());
}

TEST_CASE("before an effect the server is asked whom the Service sends to") {
    Sliced world;
    world.tell_both_in();
    REQUIRE(world.group.look());
    const auto one = slice("[" + endpoint_text("uid-payments-b", "{}") + "]");
    world.api.on_get = world_with(ApiReply{.status = 200, .body = list_of({one})});
    const auto part = world.read();
    REQUIRE(part);
    const auto& facts = std::get<EdgeFacts>(*part);
    REQUIRE(facts.instances.size() == 4);
    CHECK(facts.instances[0].rotation == Rotation::down);
    CHECK(facts.instances[1].rotation == Rotation::in);
    CHECK(facts.instances[2].rotation == Rotation::down);
}

TEST_CASE("what is ready in vain stays under the floor, as behind a Service that is right") {
    Sliced world;
    world.tell_slice("[]");
    world.api.on_get = world_with(ApiReply{.status = 200, .body = list_of({slice("[]")})});
    const auto rotation = [&] {
        const auto part = world.read();
        REQUIRE(part);
        return std::get<EdgeFacts>(*part).instances.front().rotation;
    };
    REQUIRE(world.group.look());
    CHECK(rotation() == Rotation::down);
    world.wait(4s);
    CHECK(rotation() == Rotation::in);
    // People see what is the case.
    const auto glance = net::run_for_test(world.context, world.edge->glance(Instant::max()));
    REQUIRE(glance);
    CHECK(std::get<EdgeFacts>(*glance).instances.front().rotation == Rotation::down);
}

TEST_CASE("by rights of before facts are read as before, and what fails gives none") {
    Sliced world;
    REQUIRE(world.group.look());
    for (const ApiReply& reply : std::deque<ApiReply>{
             {.status = 403, .body = json::object{}},
             {.status = 404, .body = json::object{}},
             {.status = 200,
              .body = list_of({})},  // Of a Service that selects nobody there is one.
         }) {
        world.api.on_get = world_with(reply);
        const auto part = world.read();
        REQUIRE(part);
        CHECK(std::get<EdgeFacts>(*part).instances.front().rotation == Rotation::in);
    }
    for (const Result<ApiReply>& failing :
         std::deque<Result<ApiReply>>{ApiReply{.status = 503, .body = json::object{}},
                                      ApiReply{.status = 200, .body = list_of({slice("7")})},
                                      fail(Fault::late, "the server hangs")}) {
        world.api.on_get = world_with(failing);
        CHECK_FALSE(world.read());
    }
}
