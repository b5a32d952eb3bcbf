#include "homeostat/app/scoped_pods.hpp"

#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/app/config_for_test.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace roles = adapters::roles;

/// Pods of payments, and one that answers on the loopback.
struct World {
    boost::asio::io_context context{1};
    adapters::system::SystemClock clock{context.get_executor()};
    int asked_count{0};
    int status{200};
    std::function<void()> while_asked{};
    net::HttpServer server{context.get_executor(),
                           [this](net::HttpRequest request) { return answer(std::move(request)); }};
    Config config{};
    std::unique_ptr<ScopedPods> pods{};
    std::vector<ports::Telemetry*> sources{};

    explicit World(roles::Scope scope) {
        REQUIRE(server.listen(net::TcpEndpoint{"127.0.0.1", 0}));
        const ConfigReport report = parse_config(
            "service: payments\nruntime: { kubernetes: { namespace: shop, deployment: payments, "
            "slots: 2 } }\nsignals: [ { http: { path: /healthz, timeout: 500ms } } ]\n"
            "roles: { url: 'http://10.0.0.5:7091' }\n",
            file_for_test);
        REQUIRE_MESSAGE(report.config, describe(report));
        config = *report.config;
        config.roles->scope = std::move(scope);
        auto made = ScopedPods::make(config, context.get_executor(), clock);
        REQUIRE(made);
        pods = *std::move(made);
        pods->add_watchers(sources, {});
        REQUIRE(sources.size() == 2);
    }
    // NOLINTNEXTLINE(bugprone-exception-escape): a test that throws here has failed.
    ~World() { net::run_for_test(context, server.stop(net::now_for_test())); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Task<net::HttpResponse> answer(net::HttpRequest request) {
        asked_count += request.path == "/healthz" ? 1 : 0;
        if (while_asked) {
            while_asked();
        }
        co_return net::HttpResponse{.status = status, .body = "{}"};
    }
    /// The executor says that this pod stands for the instance, and where.
    void tell(std::size_t index, std::string pod, std::optional<std::string> address) const {
        pods->follow({{InstanceId(fmt::format("payments-{}", index)), std::move(pod), true,
                       std::move(address)}});
    }
    /// What is read of one instance when the executor says that it is there.
    std::vector<Reading> read(std::size_t index, std::optional<std::string> address) {
        tell(index, "uid", std::move(address));
        Result<std::vector<Reading>> readings = net::run_for_test(
            context, sources.at(index)->read(clock.now() + std::chrono::seconds{2}));
        REQUIRE(readings);
        return *std::move(readings);
    }
    [[nodiscard]] bool has_seen_well(std::string instance) const {
        return pods->has_seen_well({.kind = SymptomKind::instance_not_answering,
                                    .subject = {SubjectKind::instance, std::move(instance)}});
    }
    [[nodiscard]] std::string at(const std::string& host) const {
        return fmt::format("{}:{}", host, server.port());
    }
};

}  // namespace

TEST_CASE("beside a pod its loopback is asked, whatever address a reply names") {
    World world({roles::ScopeKind::pod, "payments-7d9f-x2x"});
    const std::vector<Reading> readings = world.read(1, world.at("10.255.255.1"));
    REQUIRE(readings.size() == 1);
    const auto& probe = std::get<ProbeReading>(readings[0]);
    CHECK((probe.subject.name == "payments-1" && probe.has_answered));
    CHECK(world.asked_count == 1);
}

TEST_CASE(
    "on a node each pod is asked where the executor says, and nowhere where it says nothing") {
    World world({roles::ScopeKind::node, "node-3"});
    CHECK(world.read(0, world.at("127.0.0.1")).size() == 1);
    for (const std::optional<std::string>& address :
         {std::optional<std::string>(), std::optional<std::string>(""),
          std::optional<std::string>("nonsense"), std::optional<std::string>("unix:/run/x.sock")}) {
        CHECK(world.read(0, address).empty());
    }
    CHECK(world.asked_count == 1);
    // One that is told of no more is nowhere.
    CHECK(world.read(0, world.at("127.0.0.1")).size() == 1);
    world.pods->follow({});
    const auto readings = net::run_for_test(
        world.context, world.sources[0]->read(world.clock.now() + std::chrono::seconds{2}));
    CHECK((readings && readings->empty()));
}

TEST_CASE("a pod has been seen well while its last request was answered with 2xx") {
    World world({roles::ScopeKind::node, "node-3"});
    CHECK_FALSE(world.has_seen_well("payments-0"));
    for (const auto& [status, is_well] :
         {std::pair{500, false}, std::pair{200, true}, std::pair{404, false}, std::pair{201, true},
          std::pair{503, false}}) {
        world.status = status;
        (void)world.read(0, world.at("127.0.0.1"));
        CHECK(world.has_seen_well("payments-0") == is_well);
        CHECK_FALSE(world.has_seen_well("payments-1"));
    }
    world.status = 200;
    (void)world.read(0, world.at("127.0.0.1"));
    net::run_for_test(world.context, world.server.stop(net::now_for_test()));
    (void)world.read(0, world.at("127.0.0.1"));
    CHECK_FALSE(world.has_seen_well("payments-0"));
}

TEST_CASE("what was seen of a slot's pod says nothing of the one that takes the slot") {
    World world({roles::ScopeKind::node, "node-3"});
    const std::string here = world.at("127.0.0.1");
    struct Case {
        std::string pod;
        std::optional<std::string> address;
        bool is_the_same;
    };
    for (const Case& next : {Case{"uid", here, true}, Case{"uid-2", here, false},
                             Case{"uid", world.at("127.0.0.2"), false}, Case{"uid", {}, false}}) {
        (void)world.read(0, here);
        REQUIRE(world.has_seen_well("payments-0"));
        world.tell(0, next.pod, next.address);
        CHECK(world.has_seen_well("payments-0") == next.is_the_same);
        world.tell(0, "uid", here);  // And comes back, unprobed.
        CHECK(world.has_seen_well("payments-0") == next.is_the_same);
    }
    (void)world.read(0, here);
    world.pods->follow({});
    CHECK_FALSE(world.has_seen_well("payments-0"));
}

TEST_CASE("an answer that comes after its pod has gone is not its successor's") {
    World world({roles::ScopeKind::pod, "payments-7d9f-x2x"});
    const std::string here = world.at("10.0.0.7");
    world.while_asked = [&] { world.tell(0, "uid-2", here); };
    CHECK(world.read(0, here).size() == 1);
    CHECK_FALSE(world.has_seen_well("payments-0"));
    // Of the successor it is one.
    (void)net::run_for_test(world.context,
                            world.sources[0]->read(world.clock.now() + std::chrono::seconds{2}));
    CHECK(world.has_seen_well("payments-0"));
}

TEST_CASE(
    "an agent of some pods without a probe of its own would see nothing, and does not begin") {
    World world({roles::ScopeKind::pod, "payments-7d9f-x2x"});
    world.config.http_signal.reset();
    const auto made = ScopedPods::make(world.config, world.context.get_executor(), world.clock);
    REQUIRE_FALSE(made);
    CHECK(made.error().text.contains("signals: [ { http:"));
}

}  // namespace homeostat::app
