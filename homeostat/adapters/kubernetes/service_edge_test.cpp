#include "homeostat/adapters/kubernetes/service_edge.hpp"

#include "homeostat/adapters/kubernetes/group_for_test.hpp"
#include "homeostat/adapters/kubernetes/own_requests.hpp"
#include "homeostat/adapters/kubernetes/service_object.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <memory>

using namespace homeostat;
using namespace homeostat::adapters::kubernetes;
using namespace std::chrono_literals;
using net::ScriptLine;
using End = OwnRequest::End;

namespace {

json::value service_object(const std::string& spec) {
    return object_of(R"({"metadata":{"name":"payments"},"spec":)" + spec + "}");
}

std::string lines_of(std::initializer_list<std::string> lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += line;
        text += "\r\n";
    }
    return text + "\r\n";
}

ScriptLine status_line(int status) {
    return {lines_of({"HTTP/1.1 " + std::to_string(status) + " So", "Content-Length: 0"}),
            ScriptLine::Then::closes};
}

/// The real time, and as much later as a test says.
class ShiftedClock final : public ports::Clock {
  public:
    Duration shift{};

    [[nodiscard]] Instant now() const override { return net::now_for_test() + shift; }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    Task<void> sleep_until(Instant /*at*/) override { co_return; }
};

/// An edge that asks a scripted peer each millisecond, beside a group whose clock stands still.
struct Edged : GroupWorld {
    explicit Edged(std::deque<ScriptLine> script) : peer(context, std::move(script)) {}
    Edged(const Edged&) = delete;
    Edged& operator=(const Edged&) = delete;
    // NOLINTNEXTLINE(bugprone-exception-escape): what does not end here ends the test program.
    ~Edged() {
        if (edge) {
            edge->stop();
            net::run_until_for_test(context, [&] { return has_ended; });
        }
    }

    void run(ServiceEdgeOptions given) {
        given.every = 1ms;
        given.timeout = 300ms;
        given.path = "/pay?dry=1";
        given.log = [this](const std::string& line) { told.push_back(line); };
        edge = std::make_unique<ServiceEdge>(context.get_executor(), api, group, real_clock,
                                             std::move(given));
        boost::asio::co_spawn(context, edge->run(),
                              [this](std::exception_ptr) { has_ended = true; });
    }
    void run_at_peer() { run({.endpoint = peer.endpoint()}); }
    template <class Condition>
    void run_until(Condition is_met) {
        net::run_until_for_test(context, is_met);
    }
    void run_turns(int count) {
        run_until([&] { return count-- <= 0; });
    }
    [[nodiscard]] EdgeCounters counters() const { return edge->reading().counters; }
    void make_unready() {
        for (const char* pod : {"payments-a", "payments-b"}) {
            tell(PodSample{.name = pod, .is_ready = false, .ready_since = "2026-11-28T23:59:59Z"});
        }
    }

    net::ScriptedPeer peer;
    ShiftedClock real_clock;
    std::vector<std::string> told;
    bool has_ended{false};
    std::unique_ptr<ServiceEdge> edge;
};

/// A loopback port on which nobody listens, kept from others.
struct ClosedPort {
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket{context, {boost::asio::ip::address_v4::loopback(), 0}};
    [[nodiscard]] net::Endpoint endpoint() const {
        return net::TcpEndpoint{"127.0.0.1", socket.local_endpoint().port()};
    }
};

}  // namespace

TEST_CASE("which requests of ours count, and which of them as errors") {
    struct Case {
        OwnRequest request;
        Readiness readiness;
        bool counts;
        bool is_error;
    };
    using enum Readiness;
    const std::vector<Case> cases{
        {{End::answered, 200}, some_ready, true, false},
        {{End::answered, 404}, some_ready, true, false},
        {{End::answered, 499}, none_ready, true, false},
        {{End::answered, 500}, some_ready, true, true},
        {{End::answered, 503}, unknown, true, true},
        {{End::refused}, some_ready, true, true},
        {{End::refused}, none_ready, true, true},
        {{End::refused}, unknown, true, true},
        {{End::refused}, none_wanted, false, false},
        {{End::answered, 500}, none_wanted, false, false},
        {{End::nothing}, some_ready, false, false},
        {{End::nothing}, unknown, false, false},
        {{End::nothing}, none_wanted, false, false},
        {{End::nothing}, none_ready, true, true},
    };
    for (const Case& given : cases) {
        CAPTURE(static_cast<int>(given.request.end));
        CAPTURE(given.request.status);
        CAPTURE(static_cast<int>(given.readiness));
        OwnRequests requests;
        CHECK(requests.note(given.request, given.readiness) == given.counts);
        CHECK(requests.counters().requests_total == (given.counts ? 1 : 0));
        CHECK(requests.counters().errors_total == (given.is_error ? 1 : 0));
    }
}

TEST_CASE("a request that we ourselves spoilt says nothing of anybody") {
    struct Case {
        Error error;
        Duration latency;
        std::optional<End> end;
    };
    for (const Case& given : {
             Case{{Fault::full, "no descriptors"}, 0ms, std::nullopt},
             Case{{Fault::invalid, "no path"}, 0ms, std::nullopt},
             Case{{Fault::late, "no reply"}, 1'251ms, std::nullopt},
             Case{{Fault::late, "no reply"}, 1'250ms, End::nothing},
             Case{{Fault::broken, "cut"}, 2s, End::nothing},
             Case{{Fault::unreachable, "x: No route to host"}, 1ms, End::nothing},
             Case{{Fault::unreachable, "x: Connection refused"}, 1ms, End::refused},
         }) {
        CAPTURE(given.error.text);
        const auto request = own_request_of(std::unexpected(given.error), given.latency, 1s);
        CHECK(request.has_value() == given.end.has_value());
        if (request && given.end) {
            CHECK(request->end == *given.end);
        }
    }
    const auto answered = own_request_of(net::HttpResponse{.status = 503}, 7ms, 1s);
    REQUIRE(answered);
    CHECK(answered->end == End::answered);
    CHECK(answered->status == 503);
    CHECK(answered->latency == 7ms);
}

TEST_CASE("the mean of latency forgets, and only answers are in it") {
    OwnRequests requests;
    requests.note({End::answered, 200, 10ms}, Readiness::some_ready);
    requests.note({End::answered, 500, 30ms}, Readiness::some_ready);
    CHECK(requests.counters().latency_ms == doctest::Approx(20));
    requests.note({End::refused}, Readiness::some_ready);
    CHECK(requests.counters().latency_ms == doctest::Approx(20));
    for (int count = 0; count < 300; ++count) {
        requests.note({End::answered, 200, 50ms}, Readiness::some_ready);
    }
    CHECK(requests.counters().latency_ms == doctest::Approx(50).epsilon(0.01));
    // Twice as many as it remembers: an eighth of what was before is left, of 302 nearly all.
    for (int count = 0; count < 64; ++count) {
        requests.note({End::answered, 200, 10ms}, Readiness::some_ready);
    }
    CHECK(requests.counters().latency_ms < 20);
    CHECK(requests.counters().latency_answers_max == OwnRequests::answers_max);
}

TEST_CASE("a Service is reached at its cluster IP and one of its TCP ports") {
    struct Case {
        std::string spec;
        std::string port;
        std::string host;
        std::uint16_t number;
    };
    const std::string two = R"({"clusterIP":"10.96.0.7","ports":[{"name":"http","port":80},)"
                            R"({"name":"admin","port":9000,"protocol":"TCP"}]})";
    for (const Case& given : {
             Case{R"({"clusterIP":"10.96.0.7","ports":[{"port":80}]})", "", "10.96.0.7", 80},
             Case{R"({"clusterIP":"fd00::7","ports":[{"port":80}]})", "", "fd00::7", 80},
             Case{R"({"clusterIP":"10.96.0.7","ports":[{"port":53,"protocol":"UDP"},{"port":80}]})",
                  "", "10.96.0.7", 80},
             Case{two, "admin", "10.96.0.7", 9000},
             Case{two, "80", "10.96.0.7", 80},
         }) {
        CAPTURE(given.spec);
        const auto endpoint = parse_service(service_object(given.spec), given.port);
        REQUIRE(endpoint);
        CHECK(*endpoint == net::Endpoint(net::TcpEndpoint{given.host, given.number}));
    }
}

TEST_CASE("a Service that leads nowhere certain is refused with the mend") {
    struct Case {
        std::string spec;
        std::string port;
        std::string says;
    };
    const std::string two =
        R"({"clusterIP":"10.96.0.7","ports":[{"name":"a","port":80},{"name":"b","port":81}]})";
    for (const Case& given : {
             Case{R"({"clusterIP":"None","ports":[{"port":80}]})", "", "give the URL"},
             Case{R"({"ports":[{"port":80}]})", "", "give the URL"},
             Case{R"({"clusterIP":"10.96.0.7"})", "", "0 TCP ports"},
             Case{two, "", "2 TCP ports; say which"},
             Case{two, "c", "no TCP port c"},
             Case{R"({"clusterIP":"localhost","ports":[{"port":80}]})", "", "no literal address"},
             Case{R"({"clusterIP":"1.2.3.4.5","ports":[{"port":80}]})", "", "no literal address"},
             Case{R"({"clusterIP":"10.96.0.7","ports":[{"port":0}]})", "", "no literal address"},
             Case{R"({"clusterIP":"10.96.0.7","ports":[{"port":70000}]})", "", "ports[0].port"},
             Case{R"({"clusterIP":7,"ports":[{"port":80}]})", "", "clusterIP"},
             Case{R"([])", "", "spec"},
         }) {
        CAPTURE(given.spec);
        const auto endpoint = parse_service(service_object(given.spec), given.port);
        REQUIRE_FALSE(endpoint);
        CHECK(endpoint.error().fault == Fault::invalid);
        CHECK(endpoint.error().text.contains(given.says));
    }
    CHECK_FALSE(parse_service(nullptr, ""));
}

TEST_CASE("each request is a GET on a connection of its own, and its answer counts") {
    Edged world({status_line(200), status_line(500), status_line(404)});
    world.run_at_peer();
    world.run_until([&] { return world.counters().requests_total >= 3; });
    CHECK(world.counters().errors_total == 1);
    CHECK(world.peer.requests().front().starts_with("GET /pay?dry=1 HTTP/1.1\r\n"));
    CHECK(world.peer.connections_count() >= 3);
    CHECK(world.counters().latency_ms > 0);
    CHECK(world.told.empty());
}

TEST_CASE("what is not answered while a pod is ready is neither good nor bad") {
    Edged world({{"", ScriptLine::Then::closes}, {"", ScriptLine::Then::closes}, status_line(200)});
    world.run_at_peer();
    world.run_until([&] { return world.counters().requests_total >= 1; });
    CHECK(world.peer.requests().size() >= 3);
    CHECK(world.counters().errors_total == 0);
}

TEST_CASE("where the cluster says that no pod is ready, silence is an error of the service") {
    Edged world({{"", ScriptLine::Then::closes}});
    world.make_unready();
    world.run_at_peer();
    world.run_until([&] { return world.counters().errors_total >= 1; });
    CHECK(world.counters().requests_total >= 1);
}

TEST_CASE("a port on which nobody listens is an error though pods are ready") {
    const ClosedPort port;
    Edged world({});
    world.run({.endpoint = port.endpoint()});
    world.run_until([&] { return world.counters().errors_total >= 3; });
    CHECK(world.counters().errors_total == world.counters().requests_total);
}

TEST_CASE("nobody is asked for whom nobody is wanted") {
    Edged world({status_line(200)});
    world.tell(DeploymentSample{.replicas = 0});
    world.tell_gone("payments-a");
    world.tell_gone("payments-b");
    world.run_at_peer();
    world.run_turns(20);
    CHECK(world.peer.requests().empty());
    CHECK(world.counters().requests_total == 0);
}

TEST_CASE("the Service's address is asked of the server once") {
    Edged world({status_line(200), status_line(200), status_line(200)});
    const std::uint16_t port = std::get<net::TcpEndpoint>(world.peer.endpoint()).port;
    world.api.on_get = [port](const std::string&) {
        return ApiReply{.status = 200,
                        .body = service_object(fmt::format(
                            R"({{"clusterIP":"127.0.0.1","ports":[{{"port":{}}}]}})", port))};
    };
    world.run({});
    world.run_until([&] { return world.counters().requests_total >= 3; });
    CHECK(world.api.paths_asked ==
          std::vector<std::string>{"/api/v1/namespaces/shop/services/payments"});
}

TEST_CASE("a Service that is not there is asked for now and then, and nothing counts") {
    Edged world({});
    world.api.on_get = [](const std::string&) {
        return ApiReply{.status = 404, .body = json::object{}};
    };
    world.run({});
    world.run_turns(20);
    CHECK(world.api.paths_asked.size() == 1);
    CHECK(world.counters().requests_total == 0);
    CHECK(world.peer.requests().empty());
}

TEST_CASE("an address that leads to nobody any more is asked for again") {
    const ClosedPort port;
    Edged world({status_line(200)});
    std::deque<net::Endpoint> addresses{port.endpoint(), world.peer.endpoint()};
    world.api.on_get = [&](const std::string&) {
        const std::uint16_t number = std::get<net::TcpEndpoint>(addresses.front()).port;
        addresses.pop_front();
        return ApiReply{.status = 200,
                        .body = service_object(fmt::format(
                            R"({{"clusterIP":"127.0.0.1","ports":[{{"port":{}}}]}})", number))};
    };
    world.run({});
    world.run_until([&] { return world.counters().errors_total >= 20; });
    CHECK(world.api.paths_asked.size() == 1);
    world.real_clock.shift = 11s;
    world.run_until([&] { return !world.peer.requests().empty(); });
    CHECK(world.api.paths_asked.size() == 2);
}

TEST_CASE("once the Service is gone its old address is left alone") {
    const ClosedPort port;
    Edged world({});
    const std::uint16_t number = std::get<net::TcpEndpoint>(port.endpoint()).port;
    world.api.on_get = [&](const std::string&) {
        const bool is_first = world.api.paths_asked.size() == 1;
        return is_first ? ApiReply{.status = 200,
                                   .body = service_object(fmt::format(
                                       R"({{"clusterIP":"127.0.0.1","ports":[{{"port":{}}}]}})",
                                       number))}
                        : ApiReply{.status = 404, .body = json::object{}};
    };
    world.run({});
    world.run_until([&] { return world.counters().errors_total >= 20; });
    world.real_clock.shift = 11s;
    world.run_until([&] { return world.api.paths_asked.size() == 2; });
    // Those under way end; each is refused at once.
    world.run_turns(50);
    const std::uint64_t total = world.counters().requests_total;
    world.run_turns(50);
    CHECK(world.counters().requests_total == total);
}

TEST_CASE("the server is asked for the address by one request at a time") {
    Edged world({});
    world.api.is_holding = true;
    world.api.on_get = [](const std::string&) { return ApiReply{.status = 503}; };
    world.run({});
    const Instant until = net::now_for_test() + 30ms;  // Thirty turns, of which each would ask.
    world.run_until([&] { return net::now_for_test() >= until; });
    CHECK(world.api.paths_asked.size() == 1);
    world.api.is_holding = false;
}

TEST_CASE("that nothing counts is told once it has lasted, and when it is over") {
    // More than a thousand requests a second for as long as a test may take.
    Edged world(std::deque<ScriptLine>(20'000, {"", ScriptLine::Then::closes}));
    world.run_at_peer();
    world.run_until([&] { return !world.peer.requests().empty(); });
    CHECK(world.told.empty());
    world.real_clock.shift = 6s;
    world.run_until([&] { return !world.told.empty(); });
    REQUIRE(world.told.size() == 1);
    CHECK(world.told.front().starts_with("service of payments: none of our requests"));
    REQUIRE(world.edge->trouble());
    CHECK(world.edge->trouble()->fault == Fault::late);
    CHECK(world.counters().requests_total == 0);

    world.make_unready();
    world.run_until([&] { return world.told.size() > 1; });
    CHECK(world.told.back() == "service of payments: our requests count again");
    CHECK_FALSE(world.edge->trouble());
    CHECK(world.counters().errors_total > 0);
}

TEST_CASE("a reading has the service's counters and the rotation of each wanted slot") {
    Edged world({});
    world.run_at_peer();
    world.tell(PodSample{.name = "payments-b", .is_ready = false});
    world.tell(DeploymentSample{.replicas = 3});
    const EdgeReading reading = world.edge->reading();
    CHECK(reading.subject == Subject{SubjectKind::service, "payments"});
    REQUIRE(reading.servers.size() == 3);
    CHECK(reading.servers[0].rotation == Rotation::in);
    CHECK(reading.servers[1].rotation == Rotation::down);
    CHECK(reading.servers[2].instance == InstanceId("payments-2"));
    CHECK(reading.servers[2].rotation == Rotation::down);

    world.clock.pass(106s);
    CHECK(world.edge->reading().servers.empty());
}

namespace {

json::object list_of(json::array items) {
    return {{"metadata", {{"resourceVersion", "900"}}}, {"items", std::move(items)}};
}

/// The three direct reads, of what a test puts in.
Result<ApiReply> direct(const std::string& path, const json::array& pods) {
    if (path.contains("/pods")) {
        return ApiReply{.status = 200, .body = list_of(pods)};
    }
    if (path.contains("/replicasets")) {
        return ApiReply{.status = 200,
                        .body = list_of({replica_set_object(1, "2026-11-28T20:00:00Z")})};
    }
    return ApiReply{.status = 200, .body = deployment_object({})};
}

Result<FactsPart> facts_of(Edged& world) {
    return net::run_for_test(world.context, world.edge->read(Instant::max()));
}

}  // namespace

TEST_CASE("before an effect the rotation of every slot is what the server says now") {
    Edged world({});
    world.run_at_peer();
    // The watches still tell of a ready pod that has gone, and not yet of its successor.
    REQUIRE(world.group.look());
    world.api.on_get = [](const std::string& path) {
        return direct(path, {pod_object({.name = "payments-b", .is_ready = false}),
                             pod_object({.name = "payments-c"})});
    };
    const Result<FactsPart> part = facts_of(world);
    REQUIRE(part);
    const auto& facts = std::get<EdgeFacts>(*part);
    REQUIRE(facts.instances.size() == 4);
    CHECK(facts.instances[0].rotation == Rotation::in);
    CHECK(world.slots->find(InstanceId("payments-0"))->pod->name == "payments-c");
    CHECK(facts.instances[1].rotation == Rotation::down);
    CHECK(facts.instances[2].rotation == Rotation::down);
    CHECK(facts.instances[3].rotation == Rotation::down);
    CHECK(facts.circuits.empty());
}

TEST_CASE("a glance tells of every slot as a read does, and of none that was seen too long ago") {
    Edged world({});
    world.run_at_peer();
    const auto glance = [&] { return world.edge->glance(Instant::max()); };
    const Result<FactsPart> part = net::run_for_test(world.context, glance());
    REQUIRE(part);
    // Two are wanted. Facts that leave the others out would be incomplete.
    CHECK(std::get<EdgeFacts>(*part).instances.size() == 4);
    world.clock.pass(106s);
    CHECK_FALSE(net::run_for_test(world.context, glance()));
}

TEST_CASE("a read that fails gives no facts") {
    Edged world({});
    world.run_at_peer();
    for (const std::string failing : {"/deployments", "/replicasets", "/pods"}) {
        world.api.on_get = [&](const std::string& path) -> Result<ApiReply> {
            return path.contains(failing) ? fail(Fault::late, "the server hangs")
                                          : direct(path, {});
        };
        const Result<FactsPart> part = facts_of(world);
        REQUIRE_FALSE(part);
        CHECK(part.error().fault == Fault::late);
    }
}

TEST_CASE("a server that asks for patience is not asked who is in rotation meanwhile") {
    Edged world({});
    world.run_at_peer();
    std::size_t asked_count = 0;
    world.api.on_get = [&](const std::string&) -> Result<ApiReply> {
        ++asked_count;
        return ApiReply{.status = 429, .body = {}, .retry_after = 30s};
    };
    CHECK_FALSE(facts_of(world));
    CHECK_FALSE(facts_of(world));
    CHECK(asked_count == 1);
    world.real_clock.shift += 31s;
    CHECK_FALSE(facts_of(world));
    CHECK(asked_count == 2);
}

TEST_CASE("a Service performs no step") {
    Edged world({});
    world.run_at_peer();
    CHECK_FALSE(world.edge->performs(Drain{InstanceId("payments-0")}));
    CHECK_FALSE(world.edge->performs(SwapVersion{}));
}
