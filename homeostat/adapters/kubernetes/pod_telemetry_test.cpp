#include "homeostat/adapters/kubernetes/pod_telemetry.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/rollout_telemetry.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;

namespace {

struct Sensed : GroupWorld {
    PodTelemetry pod_telemetry{group, pods_watch, clock};

    std::vector<ProcessReading> read() {
        const auto readings = net::run_for_test(context, pod_telemetry.read(Instant::max()));
        REQUIRE(readings);
        std::vector<ProcessReading> found;
        for (const Reading& reading : *readings) {
            found.push_back(std::get<ProcessReading>(reading));
        }
        return found;
    }
    /// What is told of one slot; nothing: there is no reading.
    std::optional<ProcessReading> read(const std::string& instance) {
        const std::vector<ProcessReading> all = read();
        const auto found = std::ranges::find(all, InstanceId(instance), &ProcessReading::instance);
        return found == all.end() ? std::nullopt : std::optional(*found);
    }
};

constexpr const char* crash_loop = R"({"waiting":{"reason":"CrashLoopBackOff"}})";

std::string ended(int code) {
    return fmt::format(R"({{"terminated":{{"exitCode":{},"reason":"Error"}}}})", code);
}

}  // namespace

TEST_CASE("a pod that serves is alive, with its identity, version and age") {
    Sensed world;
    world.tell(PodSample{.restarts_count = 2});
    const std::optional<ProcessReading> reading = world.read("payments-0");
    REQUIRE(reading);
    CHECK(reading->is_wanted);
    CHECK(reading->is_alive);
    CHECK(reading->identity == ProcessIdentity{.start_ticks = 2, .pod = "uid-payments-a"});
    CHECK(reading->version == VersionId("v1-hash1"));
    CHECK(reading->started_at == world.clock.now() - 10s);
    CHECK_FALSE(reading->exit_status);
}

TEST_CASE(
    "a container that the kubelet has backed off from is not alive, and how it ended is told") {
    struct Case {
        int code;
        int status;
    };
    for (const Case& given : {Case{137, 9}, Case{143, 15}, Case{1, 1 << 8}, Case{0, 0},
                              Case{128, 128 << 8}, Case{255, 255 << 8}}) {
        CAPTURE(given.code);
        Sensed world;
        world.tell(PodSample{.is_ready = false,
                             .state = crash_loop,
                             .last_state = ended(given.code),
                             .restarts_count = 3});
        const std::optional<ProcessReading> reading = world.read("payments-0");
        REQUIRE(reading);
        CHECK_FALSE(reading->is_alive);
        CHECK(reading->is_wanted);
        CHECK(reading->exit_status == given.status);
        CHECK(reading->identity.start_ticks == 3);
    }
}

TEST_CASE("a limit of memory is told where it may be raised, and who reached it and when") {
    const std::string killed = R"({"terminated":{"exitCode":137,"reason":"OOMKilled",)"
                               R"("finishedAt":"2026-11-28T23:59:53Z"}})";
    const PodSample pod{
        .is_ready = false, .state = crash_loop, .last_state = killed, .memory = "64Mi"};
    Sensed world;
    world.tell(pod);
    const std::optional<ProcessReading> reading = world.read("payments-0");
    REQUIRE(reading);
    CHECK_FALSE(reading->is_alive);
    CHECK(reading->memory_limit_bytes == std::uint64_t{64} << 20U);
    CHECK(reading->memory_killed_at == world.clock.now() - 7s);
    CHECK_FALSE(world.read("payments-1")->memory_limit_bytes);
    CHECK_FALSE(world.read("payments-1")->memory_killed_at);
}

TEST_CASE("an end for an earlier limit is not told beside the one that was set since") {
    json::value pod = pod_object({.last_state = R"({"terminated":{"exitCode":137,)"
                                                R"("reason":"OOMKilled",)"
                                                R"("finishedAt":"2026-11-28T23:59:53Z"}})",
                                  .memory = "96Mi"});
    json::array& managers = pod.at("metadata").as_object()["managedFields"].emplace_array();
    managers.push_back(object_of(R"({"manager":"kubelet","subresource":"status"})"));
    managers.push_back(
        object_of(R"({"manager":"homeostat i-7.e2 from 67108864","subresource":"resize",)"
                  R"("time":"2026-11-28T23:59:54Z","fieldsV1":{"f:spec":{"f:containers":)"
                  R"({"k:{\"name\":\"svc\"}":{"f:resources":{"f:limits":{"f:memory":{}}}}}}}})"));
    Sensed world;
    world.tell(world.pods, std::move(pod));
    const std::optional<ProcessReading> reading = world.read("payments-0");
    REQUIRE(reading);
    CHECK(reading->memory_limit_bytes == std::uint64_t{96} << 20U);
    CHECK_FALSE(reading->memory_killed_at);
}

TEST_CASE("an image that cannot be pulled is not alive, and has no end") {
    Sensed world;
    world.tell(
        PodSample{.is_ready = false, .state = R"({"waiting":{"reason":"ImagePullBackOff"}})"});
    const std::optional<ProcessReading> reading = world.read("payments-0");
    REQUIRE(reading);
    CHECK_FALSE(reading->is_alive);
    CHECK_FALSE(reading->exit_status);
}

TEST_CASE("of what the cluster is still about nothing is told") {
    for (const PodSample& pod :
         {PodSample{.is_ready = false, .state = R"({"waiting":{"reason":"ContainerCreating"}})"},
          PodSample{.is_ready = false, .state = ended(1)},
          PodSample{.is_ready = false, .ready_since = "2026-11-28T23:59:40Z"},
          PodSample{.is_deleting = true}}) {
        Sensed world;
        REQUIRE(world.read("payments-0"));
        world.tell(pod);
        CHECK_FALSE(world.read("payments-0"));
        CHECK(world.read("payments-1"));
    }
}

TEST_CASE("an empty slot that is wanted says nothing, one that is not wanted says so") {
    Sensed world;
    world.tell_gone("payments-b");
    CHECK_FALSE(world.read("payments-1"));
    const std::optional<ProcessReading> spare = world.read("payments-2");
    REQUIRE(spare);
    CHECK_FALSE(spare->is_wanted);
    world.tell(DeploymentSample{.replicas = 1});
    REQUIRE(world.read("payments-1"));
    CHECK_FALSE(world.read("payments-1")->is_wanted);
}

TEST_CASE("a node whose clock is ahead starts nothing in the future") {
    Sensed world;
    world.tell(PodSample{.state = R"({"running":{"startedAt":"2026-11-29T00:05:00Z"}})"});
    CHECK(world.read("payments-0")->started_at == world.clock.now());
}

TEST_CASE("without a whole view there is no reading, and an error once that has lasted") {
    Sensed world;
    world.tell(DeploymentSample{.generation = 9});
    CHECK(world.read().empty());  // Its controller is behind for a moment after each change.
    world.clock.pass(6s);
    const auto readings =
        net::run_for_test(world.context, world.pod_telemetry.read(Instant::max()));
    REQUIRE_FALSE(readings);
    CHECK(readings.error().text.starts_with("pods of payments: "));
}

namespace {

/// A server that tells of one pod and then of no news.
struct Followed : Sensed {
    Followed() {
        api.on_get = [](const std::string&) -> Result<ApiReply> {
            const json::object list{{"kind", "PodList"},
                                    {"metadata", json::object{{"resourceVersion", "900"}}},
                                    {"items", json::array{pod_object(PodSample{})}}};
            return ApiReply{.status = 200, .body = list};
        };
        static_cast<void>(read());
    }
    Followed(const Followed&) = delete;
    Followed& operator=(const Followed&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): what does not end here ends the test program.
    ~Followed() {
        pods_watch.stop();
        net::run_until_for_test(context, [&] { return !is_followed; });
    }
    void follow() {
        is_followed = true;
        boost::asio::co_spawn(context, pods_watch.run(),
                              [this](std::exception_ptr) { is_followed = false; });
    }

    bool is_followed{false};
};

}  // namespace

TEST_CASE("news of a pod wake whoever waits") {
    Followed world;
    bool is_awake = false;
    boost::asio::co_spawn(world.context, world.pod_telemetry.wait_for_change(),
                          [&](std::exception_ptr) { is_awake = true; });
    world.context.restart();
    world.context.poll();
    CHECK_FALSE(is_awake);
    world.follow();
    net::run_until_for_test(world.context, [&] { return is_awake; });
}

TEST_CASE("news between a read and the wait are not missed, and wake once") {
    Followed world;
    world.follow();
    net::run_until_for_test(world.context, [&] { return world.pods_watch.changes_count() > 0; });
    net::run_for_test(world.context, world.pod_telemetry.wait_for_change());
    bool is_awake = false;
    boost::asio::co_spawn(world.context, world.pod_telemetry.wait_for_change(),
                          [&](std::exception_ptr) { is_awake = true; });
    world.context.restart();
    world.context.poll();
    CHECK_FALSE(is_awake);
    world.pods_watch.stop();
    net::run_until_for_test(world.context, [&] { return is_awake; });
}

namespace {

struct Watched : GroupWorld {
    std::vector<Change> read(RolloutTelemetry& telemetry) {
        const auto readings = net::run_for_test(context, telemetry.read(Instant::max()));
        REQUIRE(readings);
        std::vector<Change> changes;
        for (const Reading& reading : *readings) {
            if (const auto* change = std::get_if<ChangeReading>(&reading)) {
                changes.push_back(change->change);
            } else {
                old_counts.push_back(std::get<RolloutReading>(reading).old_count);
            }
        }
        return changes;
    }
    RolloutTelemetry telemetry(const std::string& known = "") {
        return {group, VersionId(known), clock};
    }

    std::vector<std::uint32_t> old_counts;  ///< As they were told.
};

}  // namespace

TEST_CASE("another template in force is a first-hand change, once, dated when it was made") {
    Watched world;
    RolloutTelemetry rollouts = world.telemetry();
    CHECK(world.read(rollouts).empty());
    world.pass(10s);
    world.tell_replica_set(2, "2026-11-29T00:00:04Z");
    CHECK(world.read(rollouts).empty());
    world.tell(DeploymentSample{.version = 2});
    const Instant read_at = world.clock.now();
    world.pass(250ms);
    const std::vector<Change> changes = world.read(rollouts);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().kind == ChangeKind::deploy);
    CHECK(changes.front().service == ServiceId("payments"));
    CHECK(changes.front().from == VersionId("v1-hash1"));
    CHECK(changes.front().to == VersionId("v2-hash2"));
    CHECK(changes.front().is_first_hand);
    CHECK(changes.front().reference.empty());
    // Its ReplicaSet is older than our last look, at which it was not in force.
    CHECK(changes.front().at == read_at);
    CHECK(world.read(rollouts).empty());
}

TEST_CASE("a rollout of the moment in which a watch was cut is dated when it was made") {
    Watched world;
    RolloutTelemetry rollouts = world.telemetry();
    CHECK(world.read(rollouts).empty());
    world.pass(10s);
    CHECK(world.read(rollouts).empty());  // What is known may be some seconds old by now.
    world.tell_replica_set(2, "2026-11-29T00:00:07Z");
    world.tell(DeploymentSample{.version = 2});
    const std::vector<Change> changes = world.read(rollouts);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().at == world.clock.now() - 3s);
}

TEST_CASE("a rollout in our absence is told against what the ledger knew") {
    Watched world;
    world.tell_replica_set(2, "2026-11-28T23:59:00Z");
    world.tell(DeploymentSample{.version = 2});
    RolloutTelemetry rollouts = world.telemetry("v1-hash1");
    const std::vector<Change> changes = world.read(rollouts);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().at == world.clock.now() - 60s);
    RolloutTelemetry same = world.telemetry("v2-hash2");
    CHECK(world.read(same).empty());
}

TEST_CASE("a rollback of ours is told with its effect, one that somebody followed is not") {
    Watched world;
    world.tell_replica_set(2, "2026-11-28T23:59:00Z");
    world.tell(DeploymentSample{.version = 2});
    RolloutTelemetry rollouts = world.telemetry();
    CHECK(world.read(rollouts).empty());
    world.tell(DeploymentSample{.version = 1, .effect = "i-7.e2 v2-hash2 v1-hash1"});
    const std::vector<Change> ours = world.read(rollouts);
    REQUIRE(ours.size() == 1);
    CHECK(ours.front().reference == "i-7.e2");
    world.tell(DeploymentSample{.version = 2, .effect = "i-7.e2 v2-hash2 v1-hash1"});
    const std::vector<Change> theirs = world.read(rollouts);
    REQUIRE(theirs.size() == 1);
    CHECK(theirs.front().reference.empty());
}

TEST_CASE("no change is told before its ReplicaSet is there, nor of pods that come and go") {
    Watched world;
    RolloutTelemetry rollouts = world.telemetry();
    CHECK(world.read(rollouts).empty());
    world.tell(DeploymentSample{.version = 2});
    CHECK(world.read(rollouts).empty());
    world.tell(DeploymentSample{.version = 1});
    world.tell_gone("payments-a");
    world.tell(PodSample{.name = "payments-c", .state = crash_loop, .restarts_count = 5});
    CHECK(world.read(rollouts).empty());
}

TEST_CASE("another number of wanted replicas is a change of scale") {
    Watched world;
    RolloutTelemetry rollouts = world.telemetry();
    CHECK(world.read(rollouts).empty());
    world.tell(DeploymentSample{.replicas = 4});
    const std::vector<Change> changes = world.read(rollouts);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().kind == ChangeKind::scale);
    CHECK(changes.front().is_first_hand);
    CHECK(changes.front().reference == "replicas-2-to-4");
    CHECK(changes.front().from.empty());
    CHECK(changes.front().at == world.clock.now());
    CHECK(world.read(rollouts).empty());
}

TEST_CASE("a scale of ours is told with its effect") {
    Watched world;
    RolloutTelemetry rollouts = world.telemetry();
    CHECK(world.read(rollouts).empty());
    json::value scaled = deployment_object({.replicas = 3});
    scaled.at("metadata").as_object()["managedFields"] =
        object_of(R"([{"manager":"kubectl","fieldsV1":{"f:spec":{"f:template":{}}}},)"
                  R"({"manager":"homeostat i-7.e2 from 2","subresource":"scale",)"
                  R"("fieldsV1":{"f:spec":{"f:replicas":{}}}}])");
    world.tell(world.deployments, std::move(scaled));
    const std::vector<Change> changes = world.read(rollouts);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().kind == ChangeKind::scale);
    CHECK(changes.front().reference == "i-7.e2");
}

TEST_CASE("how many old pods serve is told while a rollout is under way, each time it is another") {
    Watched world;
    RolloutTelemetry rollouts = world.telemetry();
    CHECK(world.read(rollouts).empty());
    CHECK(world.old_counts.empty());
    world.tell_replica_set(2, "2026-11-29T00:00:04Z");
    world.tell(DeploymentSample{.version = 2});
    for (int reads = 0; reads < 3; ++reads) {
        static_cast<void>(world.read(rollouts));
    }
    REQUIRE(world.old_counts.size() == 1);
    const std::uint32_t all = world.old_counts.back();
    CHECK(all > 0);
    world.tell(PodSample{.name = "payments-a", .is_ready = false});
    static_cast<void>(world.read(rollouts));
    CHECK(world.old_counts.back() == all - 1);
    // Nobody can let stand what stands already.
    world.tell(DeploymentSample{.version = 2, .is_paused = true});
    static_cast<void>(world.read(rollouts));
    CHECK(world.old_counts.back() == 0);
    CHECK(world.old_counts.size() <= 3);
}
