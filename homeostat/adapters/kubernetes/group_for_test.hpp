#pragma once

// A Deployment with its ReplicaSets and pods as the API server tells of them, and what asks it. For
// tests only.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/group.hpp"
#include "homeostat/adapters/kubernetes/object_watch.hpp"
#include "homeostat/adapters/kubernetes/slots.hpp"
#include "homeostat/adapters/kubernetes/watch_stream.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

class SetClock final : public ports::Clock {
  public:
    Instant at{std::chrono::hours{1}};
    WallTime wall_at{std::chrono::sys_days{std::chrono::year{2026} / 11 / 29}};

    [[nodiscard]] Instant now() const override { return at; }
    [[nodiscard]] WallTime wall_now() const override { return wall_at; }
    /// No time passes, but others run: whoever sleeps and tries again must not keep the loop.
    Task<void> sleep_until(Instant /*at*/) override {
        co_await boost::asio::post(boost::asio::use_awaitable);
    }

    void pass(std::chrono::milliseconds span) {
        at += span;
        wall_at += span;
    }
};

/// A stream that the server has accepted and says nothing on.
class SilentLines final : public EventLines {
  public:
    explicit SilentLines(const boost::asio::any_io_executor& strand)
        : closed_(strand, boost::asio::steady_timer::time_point::max()) {}

    Task<Result<std::optional<std::string>>> next(Instant /*deadline*/) override {
        boost::system::error_code ignored;
        co_await closed_.async_wait(
            boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        co_return fail(Fault::late, "closed");
    }
    void close() override { closed_.expires_at(boost::asio::steady_timer::time_point::min()); }

  private:
    boost::asio::steady_timer closed_;
};

/// Answers as a test says; a watch of it is silent.
class ScriptedApi final : public ApiClient, public WatchSource {
  public:
    std::function<Result<ApiReply>(const std::string& path)> on_get;
    std::function<Result<ApiReply>(const ApiWrite& write)> on_write;
    std::vector<std::string> paths_asked;
    bool is_holding{false};  ///< No answer to a get while this is so.

    Task<Result<ApiReply>> get(std::string path, Instant /*deadline*/) override {
        paths_asked.push_back(path);
        while (is_holding) {
            co_await boost::asio::post(boost::asio::use_awaitable);
        }
        co_return on_get(path);
    }
    Task<Result<ApiReply>> write(ApiWrite write, Instant /*deadline*/) override {
        co_return on_write(write);
    }
    Task<Result<WatchOpened>> watch(std::string /*path*/, Instant /*deadline*/) override {
        const boost::asio::any_io_executor strand = co_await boost::asio::this_coro::executor;
        WatchOpened opened;
        opened.reply.status = 200;
        opened.lines = std::make_unique<SilentLines>(strand);
        co_return opened;
    }
};

struct PodSample {
    std::string name{"payments-a"};
    std::string owner{"rs1"};  ///< The uid of its ReplicaSet.
    bool is_ready{true};
    std::string state{R"({"running":{"startedAt":"2026-11-28T23:59:50Z"}})"};
    std::string last_state{"{}"};
    int restarts_count{0};
    std::string ready_since{"2026-11-28T23:59:52Z"};
    bool is_deleting{false};
    std::string ip{"10.244.1.7"};
    std::string memory{};  ///< The limit of its container, wanted and in force; empty: none.
};

inline json::value object_of(const std::string& text) {
    const Result<json::value> value = parse_json(text);
    REQUIRE(value);
    return *value;
}

inline json::value pod_object(const PodSample& pod) {
    const std::string resources =
        pod.memory.empty()
            ? std::string()
            : fmt::format(R"(,"resources":{{"limits":{{"memory":"{}"}}}})", pod.memory);
    return object_of(fmt::format(
        R"({{"metadata":{{"name":"{0}","uid":"uid-{0}","resourceVersion":"7",)"
        R"("creationTimestamp":"2026-11-28T23:59:40Z",{1}"labels":{{"app":"payments"}},)"
        R"("ownerReferences":[{{"kind":"ReplicaSet","uid":"{2}","controller":true}}]}},)"
        R"("spec":{{"nodeName":"n1","containers":[{{"name":"svc"{9}}}]}},)"
        R"("status":{{"phase":"Running","podIP":"{3}","conditions":[{{"type":"Ready",)"
        R"("status":"{4}","lastTransitionTime":"{5}"}}],"containerStatuses":[{{"name":"svc",)"
        R"("restartCount":{6},"state":{7},"lastState":{8}{9}}}]}}}})",
        pod.name, pod.is_deleting ? R"("deletionTimestamp":"2026-11-29T00:00:00Z",)" : "",
        pod.owner, pod.ip, pod.is_ready ? "True" : "False", pod.ready_since, pod.restarts_count,
        pod.state, pod.last_state, resources));
}

/// `version`: "v1"; the ReplicaSet is "rs1" then and the hash of its template "hash1".
inline json::value replica_set_object(int version,
                                      const std::string& created_at,
                                      const std::string& owner = "uid-payments") {
    return object_of(fmt::format(
        R"({{"metadata":{{"name":"payments-hash{0}","uid":"rs{0}","resourceVersion":"5",)"
        R"("creationTimestamp":"{1}","labels":{{"pod-template-hash":"hash{0}"}},)"
        R"("ownerReferences":[{{"kind":"Deployment","uid":"{2}","controller":true}}]}},)"
        R"("spec":{{"replicas":1,"template":{{"metadata":{{"labels":{{"app":"payments",)"
        R"("pod-template-hash":"hash{0}"}}}},"spec":{{"containers":[{{"name":"svc",)"
        R"("image":"lab.local/svc:v{0}"}}]}}}}}}}})",
        version, created_at, owner));
}

struct DeploymentSample {
    int version{1};
    int generation{3};
    int observed_generation{3};
    int replicas{2};
    std::string effect{};
    bool is_paused{false};
};

inline json::value deployment_object(const DeploymentSample& deployment) {
    return object_of(fmt::format(
        R"({{"metadata":{{"name":"payments","uid":"uid-payments","resourceVersion":"6",)"
        R"("generation":{0},"annotations":{{"homeostat.dev/effect":"{1}"}}}},)"
        R"("spec":{{"replicas":{2},"paused":{5},)"
        R"("selector":{{"matchLabels":{{"app":"payments"}}}},)"
        R"("template":{{"metadata":{{"labels":{{"app":"payments"}}}},"spec":{{"containers":)"
        R"([{{"name":"svc","image":"lab.local/svc:v{3}"}}]}}}}}},)"
        R"("status":{{"observedGeneration":{4}}}}})",
        deployment.generation, deployment.effect, deployment.replicas, deployment.version,
        deployment.observed_generation, deployment.is_paused));
}

/// What three watches have told, and a group over it.
class GroupWorld {
  public:
    GroupWorld() {
        tell(DeploymentSample{});
        tell_replica_set(1, "2026-11-28T20:00:00Z");
        tell(PodSample{.name = "payments-a"});
        tell(PodSample{.name = "payments-b", .ip = "10.244.2.9"});
    }

    void tell(const DeploymentSample& deployment) {
        tell(deployments, deployment_object(deployment));
    }
    void tell_replica_set(int version, const std::string& created_at) {
        tell(replica_sets, replica_set_object(version, created_at));
    }
    void tell(const PodSample& pod) { tell(pods, pod_object(pod)); }
    /// Of an object what a watch keeps.
    void tell(ObjectsSeen& seen, json::value object) {
        const json::object event{{"type", "MODIFIED"}, {"object", std::move(object)}};
        Result<WatchEvent> told = parse_watch_event(homeostat::to_text(json::value(event)));
        REQUIRE(told);
        seen.objects.insert_or_assign(told->told.name, std::move(told->told.object));
        seen.resource_version = ++version_;
        bookmark();
    }
    void tell_gone(const std::string& pod) {
        pods.objects.erase(pod);
        pods.resource_version = ++version_;
    }
    /// The server says that nothing has changed.
    void bookmark() {
        for (ObjectsSeen* seen : {&deployments, &replica_sets, &pods}) {
            seen->heard_at = clock.now();
        }
    }
    void pass(std::chrono::milliseconds span) {
        clock.pass(span);
        bookmark();
    }

    net::TemporaryDirectory directory;
    SetClock clock;
    boost::asio::io_context context;
    ScriptedApi api;
    ObjectsSeen deployments;
    ObjectsSeen replica_sets;
    ObjectsSeen pods;
    std::optional<Error> pods_trouble;
    std::optional<Error> no_trouble;
    Options options{.service = ServiceId("payments"),
                    .name_space = "shop",
                    .deployment = "payments",
                    .service_object = "payments",
                    .slots_count = 4,
                    .memory_bytes_max = std::uint64_t{128} << 20U,
                    .run_directory = directory.file("run")};
    Result<Slots> slots =
        Slots::open(options.service, options.slots_count, directory.file("slots"));
    Group group{options,
                {{&deployments, &no_trouble}, {&replica_sets, &no_trouble}, {&pods, &pods_trouble}},
                *slots,
                clock};
    /// Never run: what wakes, and who asks it.
    ObjectWatch pods_watch{api, api, clock, context.get_executor(), {.path = "/pods"}, Rng{1}};

  private:
    std::uint64_t version_{100};
};

}  // namespace homeostat::adapters::kubernetes
