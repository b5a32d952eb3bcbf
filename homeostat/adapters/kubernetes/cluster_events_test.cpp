#include "homeostat/adapters/kubernetes/cluster_events.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/obstacle_telemetry.hpp"
#include "homeostat/adapters/kubernetes/watch_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <memory>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

struct EventSample {
    std::string reason{"FailedScheduling"};
    std::string note{"0/3 nodes are available: 3 Insufficient cpu."};
    std::string kind{"Pod"};
    std::string name{"payments-5d9f8c6b5d-x2x4z"};
    std::string uid{"uid-payments-a"};
    std::string times{R"("deprecatedLastTimestamp":"2026-11-29T00:00:00Z","eventTime":null)"};
    std::string event{"one"};
};

json::value event_object(const EventSample& event) {
    return object_of(fmt::format(
        R"({{"metadata":{{"name":"{}","resourceVersion":"7"}},"reason":"{}","note":"{}",)"
        R"("type":"Warning","regarding":{{"kind":"{}","namespace":"shop","name":"{}",)"
        R"("uid":"{}"}},{}}})",
        event.event, event.reason, event.note, event.kind, event.name, event.uid, event.times));
}

/// A server that lists Events and then says nothing more, and a group beside it.
struct Told : GroupWorld {
    explicit Told(const std::vector<json::value>& listed) {
        json::array items;
        for (const json::value& one : listed) {
            items.push_back(one);
        }
        api.on_get = [items](const std::string& path) -> Result<ApiReply> {
            CHECK(path ==
                  "/apis/events.k8s.io/v1/namespaces/shop/events?fieldSelector=type%3DWarning&"
                  "limit=500");
            return ApiReply{.status = 200,
                            .body = json::object{{"kind", "EventList"},
                                                 {"metadata", {{"resourceVersion", "900"}}},
                                                 {"items", items}}};
        };
        events.follow("payments");
    }
    // NOLINTNEXTLINE(bugprone-exception-escape): what does not end here ends the test program.
    ~Told() {
        events.stop();
        net::run_until_for_test(context, [&] { return has_ended || !has_begun; });
    }
    Told(const Told&) = delete;
    Told& operator=(const Told&) = delete;

    void run() {
        has_begun = true;
        boost::asio::co_spawn(context, events.run(),
                              [this](std::exception_ptr) { has_ended = true; });
    }
    /// Until the list was taken, and nothing goes on.
    void run_until_asked() {
        constexpr int turns_max = 1000;  // Whoever is refused tries again at once.
        run();
        context.restart();
        for (int turn = 0; turn < turns_max && context.poll_one() > 0; ++turn) {
        }
        REQUIRE_FALSE(api.paths_asked.empty());
    }
    /// As "instance payments-0: no_room 1".
    std::vector<std::string> read() {
        std::vector<std::string> found;
        const auto readings = net::run_for_test(context, telemetry.read(Instant::max()));
        REQUIRE(readings);
        for (const Reading& reading : *readings) {
            const auto& obstacle = std::get<ObstacleReading>(reading);
            found.push_back(fmt::format("{} {}: {} {}", to_text(obstacle.subject.kind),
                                        obstacle.subject.name, to_text(obstacle.obstacle),
                                        obstacle.count));
        }
        return found;
    }

    std::vector<std::string> told;
    ClusterEvents events{api,
                         api,
                         clock,
                         context.get_executor(),
                         {.path = "/apis/events.k8s.io/v1/namespaces/shop/events?"
                                  "fieldSelector=type%3DWarning"},
                         [this](const std::string& line) { told.push_back(line); }};
    ObstacleTelemetry telemetry{group, events, clock};
    bool has_begun{false};
    bool has_ended{false};
};

/// The pod of that name as the server has it while it has none of what it needs.
json::value pod_with(const PodSample& sample, const std::function<void(json::object&)>& change) {
    json::value pod = pod_object(sample);
    change(pod.get_object());
    return pod;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("of an Event one word of a list is kept, by its kind and its reason") {
    struct Case {
        EventSample event;
        std::optional<Obstacle> obstacle;
    };
    const std::string note = "Liveness probe failed: Readiness probe exceeded quota";
    for (const Case& given : std::deque<Case>{
             {{}, Obstacle::no_room},
             {{.reason = "FailedMount"}, Obstacle::volume_missing},
             {{.reason = "FailedAttachVolume"}, Obstacle::volume_missing},
             {{.reason = "Unhealthy", .note = note}, Obstacle::liveness_failing},
             {{.reason = "Unhealthy", .note = "Readiness probe failed: HTTP 500"},
              Obstacle::readiness_failing},
             {{.reason = "Unhealthy", .note = "Startup probe errored"}, Obstacle::startup_failing},
             {{.reason = "Unhealthy", .note = "something else"}, std::nullopt},
             {{.reason = "Unhealthy", .note = ""}, std::nullopt},
             {{.reason = "BackOff"}, Obstacle::backing_off},
             {{.reason = "Failed"}, Obstacle::image_missing},
             {{.reason = "Evicted"}, Obstacle::evicted},
             {{.reason = "Preempting"}, Obstacle::evicted},
             {{.reason = "Preempted"}, std::nullopt},  // Of the type Normal: it never comes.
             {{.reason = "FailedCreate",
               .note = "pods is forbidden: exceeded quota: q, requested: pods=1",
               .kind = "ReplicaSet"},
              Obstacle::quota_used_up},
             {{.reason = "FailedCreate", .note = "denied by a webhook", .kind = "ReplicaSet"},
              Obstacle::creation_refused},
             {{.reason = "FailedCreate"}, std::nullopt},  // Of a pod nobody says so.
             {{.kind = "ReplicaSet"}, std::nullopt},
             {{.kind = "Deployment"}, std::nullopt},
             {{.reason = "failedscheduling"}, std::nullopt},
             {{.reason = "FailedSchedulingX"}, std::nullopt},
             {{.reason = ""}, std::nullopt},
             {{.uid = ""}, std::nullopt},
             {{.times = R"("eventTime":null)"}, std::nullopt},
         }) {
        CAPTURE(given.event.reason);
        CAPTURE(given.event.note);
        const auto event = parse_event(event_object(given.event));
        REQUIRE(event.has_value() == given.obstacle.has_value());
        if (event) {
            CHECK(event->obstacle == *given.obstacle);
            CHECK(event->uid == "uid-payments-a");
        }
    }
}

TEST_CASE("an Event was last seen at the latest of its times") {
    for (const std::string times : {
             R"("eventTime":"2026-11-29T00:00:00.123456Z")",
             R"("series":{"count":3,"lastObservedTime":"2026-11-29T00:00:00.123456Z"},)"
             R"("eventTime":"2026-11-28T00:00:00.000000Z","deprecatedLastTimestamp":null)",
             R"("series":null,"deprecatedLastTimestamp":"2026-11-29T00:00:00Z")",
         }) {
        const auto event = parse_event(event_object({.times = times}));
        REQUIRE(event);
        CHECK(std::chrono::floor<std::chrono::seconds>(event->at) ==
              std::chrono::sys_days{std::chrono::year{2026} / 11 / 29});
    }
}

TEST_CASE("what is not as the API has it says nothing") {
    for (const std::string text : {
             "null",
             "[]",
             "7",
             "{}",
             R"({"reason":"FailedScheduling"})",
             R"({"reason":7,"regarding":{"kind":"Pod","uid":"u"},)"
             R"("eventTime":"2026-11-29T00:00:00Z"})",
             R"({"reason":"BackOff","regarding":[],"eventTime":"2026-11-29T00:00:00Z"})",
             R"({"reason":"BackOff","regarding":{"kind":"Pod","uid":[]},)"
             R"("eventTime":"2026-11-29T00:00:00Z"})",
             R"({"reason":"BackOff","regarding":{"kind":"Pod","uid":"u"},"eventTime":"soon"})",
             R"({"reason":"BackOff","regarding":{"kind":"Pod","uid":"u"},"series":[],)"
             R"("eventTime":"2026-11-29T00:00:00Z"})",
             R"({"reason":"BackOff","regarding":{"kind":"Pod","uid":"u"},"note":{},)"
             R"("eventTime":"2026-11-29T00:00:00Z"})",
         }) {
        CAPTURE(text);
        CHECK_FALSE(parse_event(object_of(text)));
    }
    CHECK_FALSE(parse_event(event_object({.uid = std::string(254, 'u')})));
    CHECK_FALSE(parse_event(event_object({.note = std::string(40'000, 'n')})));
}

TEST_CASE("only what is made for a Deployment that is guarded is kept, however long its name is") {
    const std::string longest(60, 'p');
    const std::set<std::string> deployments{"payments", "pay", longest};
    const auto is_ours = [&](const std::string& kind, const std::string& name) {
        return is_made_for({.kind = kind, .name = name}, deployments);
    };
    CHECK(is_ours("Pod", "payments-5d9f8c6b5d-x2x4z"));
    CHECK(is_ours("ReplicaSet", "payments-5d9f8c6b5d"));
    CHECK(is_ours("Pod", "pay-5d9f8c6b5d-x2x4z"));
    CHECK(is_ours("ReplicaSet", longest + "-5d9f8c6b5d"));
    CHECK(is_ours("Pod", std::string(58, 'p') + "x2x4z"));  // As the server cuts it.
    CHECK_FALSE(is_ours("Pod", "payments-5d9f8c6b5d"));
    CHECK_FALSE(is_ours("Pod", "payments-web-5d9f8c6b5d-x2x4z"));
    CHECK_FALSE(is_ours("ReplicaSet", "payments-web-5d9f8c6b5d"));
    for (const std::string odd : {"", "-", "--", "payments", "-payments-"}) {
        CHECK_FALSE(is_ours("Pod", odd));
    }
}

TEST_CASE("a pod that no node takes is an obstacle while it is on none, whoever says so") {
    Told world({event_object({}), event_object({.uid = "uid-payments-b", .event = "two"})});
    const auto without_node = [](json::object& pod) { pod["spec"].get_object().erase("nodeName"); };
    world.tell(world.pods, pod_with({.name = "payments-a", .is_ready = false}, without_node));
    world.run_until_asked();
    // Of the other one somebody says so as well, and it stands on a node.
    CHECK(world.read() == Texts{"instance payments-0: no_room 1"});
    CHECK(world.read().empty());  // Nothing new.
    world.tell(PodSample{.name = "payments-a"});
    CHECK(world.read() == Texts{"instance payments-0: no_room 0"});
    CHECK(world.told.empty());
}

TEST_CASE("each obstacle holds while the pod is as the Event says") {
    struct Case {
        EventSample event;
        PodSample pod;
        std::function<void(json::object&)> change;
        Texts says;
    };
    const auto nothing = [](json::object&) {};
    const auto ended = [](json::object& pod) { pod["status"].get_object()["phase"] = "Failed"; };
    const std::string coming = R"({"waiting":{"reason":"ContainerCreating"}})";
    const std::string no_image = R"({"waiting":{"reason":"ImagePullBackOff"}})";
    const std::string crashing = R"({"waiting":{"reason":"CrashLoopBackOff"}})";
    const PodSample waiting{.is_ready = false, .state = coming};
    const PodSample unready{.is_ready = false};
    for (const Case& given : std::deque<Case>{
             {{.reason = "FailedMount"},
              waiting,
              nothing,
              {"instance payments-0: volume_missing 1"}},
             {{.reason = "FailedMount"}, {}, nothing, {}},
             {{.reason = "Failed"},
              {.is_ready = false, .state = no_image},
              nothing,
              {"instance payments-0: image_missing 1"}},
             {{.reason = "Failed"}, {.is_ready = false, .state = crashing}, nothing, {}},
             {{.reason = "BackOff"},
              {.is_ready = false, .state = crashing},
              nothing,
              {"instance payments-0: backing_off 1"}},
             {{.reason = "BackOff"}, {.is_ready = false, .state = no_image}, nothing, {}},
             {{.reason = "BackOff"}, {}, nothing, {}},
             {{.reason = "Unhealthy", .note = "Readiness probe failed"},
              unready,
              nothing,
              {"instance payments-0: readiness_failing 1"}},
             {{.reason = "Unhealthy", .note = "Readiness probe failed"}, {}, nothing, {}},
             {{.reason = "Unhealthy", .note = "Startup probe failed"}, {}, nothing, {}},
             {{.reason = "Unhealthy", .note = "Liveness probe failed"},
              {},
              nothing,
              {"instance payments-0: liveness_failing 1"}},
             {{.reason = "Evicted"}, {}, nothing, {}},
             // It stands in no slot any more.
             {{.reason = "Evicted"}, unready, ended, {"service payments: evicted 1"}},
         }) {
        CAPTURE(given.event.reason);
        CAPTURE(given.pod.state);
        Told world({event_object(given.event)});
        world.tell(world.pods, pod_with(given.pod, given.change));
        world.run_until_asked();
        CHECK(world.read() == given.says);
    }
}

TEST_CASE("a ReplicaSet that may not make its pods is one while it has fewer than it wants") {
    const EventSample refused{
        .reason = "FailedCreate", .kind = "ReplicaSet", .name = "payments-hash1", .uid = "rs1"};
    EventSample by_quota = refused;
    by_quota.note = "exceeded quota: q";
    by_quota.times = R"("eventTime":"2026-11-28T23:59:00.000000Z")";
    by_quota.event = "two";
    Told world({event_object(refused), event_object(by_quota)});
    world.run_until_asked();
    CHECK(world.read().empty());  // It wants one, and has two.
    world.tell_gone("payments-a");
    world.tell_gone("payments-b");
    // What was said last counts.
    CHECK(world.read() == Texts{"service payments: creation_refused 1"});
    world.tell(PodSample{.name = "payments-c"});
    CHECK(world.read() == Texts{"service payments: creation_refused 0"});
}

TEST_CASE("what was said is forgotten in time, and the clock of who says so does not matter") {
    const std::string ahead = R"("eventTime":"2027-11-29T00:00:00.000000Z")";
    const std::string long_ago = R"("eventTime":"2026-11-28T23:39:00.000000Z")";
    Told world({event_object({.uid = "ahead", .times = ahead}),
                event_object({.uid = "past", .times = long_ago, .event = "two"})});
    world.run_until_asked();
    CHECK(world.events.said_at("ahead", Obstacle::no_room) == world.clock.now());
    CHECK_FALSE(world.events.said_at("past", Obstacle::no_room));
    CHECK_FALSE(world.events.said_at("ahead", Obstacle::evicted));
    world.clock.pass(20min);
    CHECK_FALSE(world.events.said_at("ahead", Obstacle::no_room));
}

TEST_CASE("however many Events there are little is kept of them, and nothing of others'") {
    std::vector<json::value> listed;
    for (int index = 0; index < 5000; ++index) {
        const bool is_ours = index % 2 == 0;
        listed.push_back(
            event_object({.name = is_ours ? "payments-5d9f8c6b5d-x2x4z" : "cart-5d9f8c6b5d-x2x4z",
                          .uid = fmt::format("uid-{}", index),
                          .event = fmt::format("event-{}", index)}));
    }
    Told world(listed);
    world.run_until_asked();
    CHECK(world.events.objects_kept() == ClusterEvents::objects_kept_max);
    CHECK(world.events.said_at("uid-0", Obstacle::no_room));
    CHECK_FALSE(world.events.said_at("uid-1", Obstacle::no_room));
}

TEST_CASE("that Events may not be read is told once, and nothing else suffers") {
    Told world({});
    world.api.on_get = [](const std::string&) {
        return ApiReply{.status = 403,
                        .body = object_of(R"({"message":"cannot list resource \"events\""})")};
    };
    CHECK(world.read().empty());
    CHECK(world.told.empty());  // They are on their way.
    world.run_until_asked();
    for (int turn = 0; turn < 3; ++turn) {
        CHECK(world.read().empty());
    }
    REQUIRE(world.told.size() == 1);
    CHECK(world.told.front().contains(R"(cannot list resource "events")"));
    CHECK(world.told.front().contains("why pods cannot run is not taken from Events"));
}

TEST_CASE("without a whole view nothing is told, and nothing is forgotten") {
    Told world({event_object({})});
    const auto without_node = [](json::object& pod) { pod["spec"].get_object().erase("nodeName"); };
    world.tell(world.pods, pod_with({.name = "payments-a", .is_ready = false}, without_node));
    world.run_until_asked();
    REQUIRE(world.read().size() == 1);
    world.clock.pass(106s);
    CHECK_FALSE(net::run_for_test(world.context, world.telemetry.read(Instant::max())));
    world.bookmark();
    CHECK(world.read().empty());
}
