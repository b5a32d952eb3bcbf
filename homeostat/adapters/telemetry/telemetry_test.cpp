#include "homeostat/adapters/telemetry/http_probe.hpp"
#include "homeostat/adapters/telemetry/metrics_telemetry.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <sys/resource.h>

#include <array>
#include <exception>
#include <optional>
#include <thread>

using namespace homeostat;
using namespace homeostat::adapters::telemetry;
using namespace std::chrono_literals;
using net::ScriptLine;
using enum net::ScriptLine::Then;

namespace {

class RealClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return net::now_for_test(); }
    [[nodiscard]] WallTime wall_now() const override { return {}; }
    Task<void> sleep_until(Instant) override { co_return; }
};

ScriptLine reply(const std::string& status, const std::string& body = "") {
    return {"HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body,
            listens};
}

struct World {
    boost::asio::io_context context;
    RealClock clock;
    net::ScriptedPeer peer;

    explicit World(std::deque<ScriptLine> script) : peer(context, std::move(script)) {}

    HttpProbe probe(net::Endpoint endpoint, Duration timeout = 2s) {
        return {context.get_executor(),
                clock,
                {.observer = Observer::probe,
                 .subject = {SubjectKind::instance, "payments-0"},
                 .address = {std::move(endpoint), "/healthz"},
                 .every = 500ms,
                 .timeout = timeout}};
    }
    Result<std::vector<Reading>> read(ports::Telemetry& source, Duration within = 5s) {
        return net::run_for_test(context, source.read(clock.now() + within));
    }
    ProbeReading ask(Duration timeout = 2s) {
        HttpProbe source = probe(peer.endpoint(), timeout);
        const auto readings = read(source);
        REQUIRE(readings);
        REQUIRE(readings->size() == 1);
        return std::get<ProbeReading>(readings->front());
    }
};

}  // namespace

TEST_CASE("a probe reports the status, whatever it is, and how long it took") {
    for (const std::string& status : {"200 OK", "204 None", "302 Found", "503 Busy"}) {
        World world({reply(status)});
        const ProbeReading reading = world.ask();
        CHECK(reading.has_answered);
        CHECK(reading.status == std::stoi(status));
        CHECK(reading.subject == Subject{SubjectKind::instance, "payments-0"});
        CHECK(reading.observer == Observer::probe);
        CHECK(reading.latency > 0ns);
        CHECK(reading.latency < 2s);
        CHECK(world.peer.requests().front().starts_with("GET /healthz HTTP/1.1\r\n"));
    }
}

TEST_CASE("each probe is a connection of its own") {
    World world({reply("200 OK"), reply("200 OK")});
    HttpProbe probe = world.probe(world.peer.endpoint());
    CHECK(world.read(probe));
    CHECK(world.read(probe));
    CHECK(world.peer.connections_count() == 2);
}

TEST_CASE("no whole answer in time is a reading that says so") {
    for (const ScriptLine& line :
         {ScriptLine{"", hangs}, ScriptLine{"", closes},
          ScriptLine{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", closes},
          ScriptLine{"rubbish\r\n\r\n", closes}}) {
        World world({line});
        const ProbeReading reading = world.ask(100ms);
        CHECK_FALSE(reading.has_answered);
        CHECK(reading.status == 0);
    }
}

TEST_CASE("an instance on whose port nobody listens has not answered") {
    World world({});
    HttpProbe probe = world.probe(net::UnixEndpoint{"/nonexistent/x.sock"});
    const auto readings = world.read(probe);
    REQUIRE(readings);
    CHECK_FALSE(std::get<ProbeReading>(readings->front()).has_answered);
}

TEST_CASE("a probe that we called off early is an error, not a silence of the instance") {
    World world({{"", hangs}});
    HttpProbe probe = world.probe(world.peer.endpoint(), 2s);
    const auto readings = world.read(probe, 50ms);
    REQUIRE_FALSE(readings);
    CHECK(readings.error().fault == Fault::late);
}

TEST_CASE("while we ourselves are held up, silence says nothing of the instance") {
    World world({{"", hangs}});
    HttpProbe probe = world.probe(world.peer.endpoint(), 200ms);
    std::optional<Fault> fault;
    boost::asio::co_spawn(world.context, probe.read(world.clock.now() + 5s),
                          [&](std::exception_ptr, Result<std::vector<Reading>> readings) {
                              REQUIRE_FALSE(readings);
                              fault = readings.error().fault;
                          });
    net::run_until_for_test(world.context, [&] { return !world.peer.requests().empty(); });
    // Nobody runs the loop for a while, as under a debugger or on a starved machine.
    std::this_thread::sleep_for(600ms);
    net::run_until_for_test(world.context, [&] { return fault.has_value(); });
    CHECK(*fault == Fault::late);
}

TEST_CASE("our own lack of descriptors is an error, not a silence of the instance") {
    World world({reply("200 OK")});
    HttpProbe probe = world.probe(world.peer.endpoint());
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const auto readings = world.read(probe);
    ::setrlimit(RLIMIT_NOFILE, &before);
    REQUIRE_FALSE(readings);
    CHECK(readings.error().fault == Fault::full);
}

TEST_CASE("an instance that moves is asked where it is now, and not at all while it is nowhere") {
    World first({reply("200 OK")});
    net::ScriptedPeer second(first.context, {reply("503 Busy")});
    std::optional<net::Address> place = net::Address{first.peer.endpoint(), "/a"};
    HttpProbe probe(first.context.get_executor(), first.clock,
                    {.subject = {SubjectKind::instance, "payments-0"},
                     .timeout = 2s,
                     .address_now = [&] { return place; }});
    const auto here = first.read(probe);
    REQUIRE(here);
    CHECK(std::get<ProbeReading>(here->front()).status == 200);
    CHECK(first.peer.requests().front().starts_with("GET /a HTTP/1.1\r\n"));

    place.reset();
    const auto nowhere = first.read(probe);
    REQUIRE(nowhere);
    CHECK(nowhere->empty());

    place = net::Address{second.endpoint(), "/b"};
    const auto there = first.read(probe);
    REQUIRE(there);
    CHECK(std::get<ProbeReading>(there->front()).status == 503);
    CHECK(second.requests().front().starts_with("GET /b HTTP/1.1\r\n"));
    CHECK(first.peer.requests().size() == 1);
}

namespace {

Result<std::vector<Reading>> metrics_from(World& world, Duration timeout = 2s) {
    MetricsTelemetry source(world.context.get_executor(), world.clock,
                            {.instance = InstanceId("payments-0"),
                             .address = {world.peer.endpoint(), "/metrics"},
                             .every = 1s,
                             .timeout = timeout});
    return world.read(source);
}

}  // namespace

TEST_CASE("a metrics page becomes a reading of its numbers") {
    World world({reply("200 OK", "# TYPE up gauge\nup 1\nrequests_total{code=\"200\"} 5\n")});
    const auto readings = metrics_from(world);
    REQUIRE(readings);
    const auto& reading = std::get<MetricsReading>(readings->front());
    CHECK(reading.instance == InstanceId("payments-0"));
    CHECK(reading.values ==
          std::vector<std::pair<std::string, double>>{{"up", 1}, {"requests_total", 5}});
    CHECK(world.peer.requests().front().starts_with("GET /metrics HTTP/1.1\r\n"));
}

TEST_CASE("a metrics source that fails is an error, never a zero") {
    struct Case {
        ScriptLine line;
        Fault fault;
    };
    const std::array cases{
        Case{reply("503 Busy", "up 1\n"), Fault::refused},
        Case{reply("302 Found", ""), Fault::refused},
        Case{reply("200 OK", "<html>"), Fault::broken},
        Case{reply("200 OK", "up 1\nup"), Fault::broken},
        Case{reply("200 OK", std::string((256U << 10U) + 1, '#')), Fault::broken},
        Case{{"", hangs}, Fault::late},
        Case{{"", closes}, Fault::broken},
    };
    for (const Case& given : cases) {
        CAPTURE(given.line.say.substr(0, 60));
        World world({given.line});
        const auto readings = metrics_from(world, 200ms);
        REQUIRE_FALSE(readings);
        CHECK(readings.error().fault == given.fault);
        CHECK(readings.error().text.contains("payments-0"));
    }
}

TEST_CASE("the numbers of an instance that moves are read where it is now") {
    World first({reply("200 OK", "up 1\n"), reply("200 OK", "up 2\n")});
    net::ScriptedPeer second(first.context, {reply("200 OK", "up 3\n")});
    std::optional<net::Address> place = net::Address{first.peer.endpoint(), "/metrics"};
    MetricsTelemetry source(first.context.get_executor(), first.clock,
                            {.instance = InstanceId("payments-0"),
                             .timeout = 2s,
                             .address_now = [&] { return place; }});
    const auto up = [&] {
        const auto readings = first.read(source);
        REQUIRE(readings);
        return readings->empty() ? 0.0
                                 : std::get<MetricsReading>(readings->front()).values.at(0).second;
    };
    CHECK(up() == 1);
    CHECK(up() == 2);
    CHECK(first.peer.connections_count() == 1);
    place.reset();
    CHECK(up() == 0);
    place = net::Address{second.endpoint(), "/metrics"};
    CHECK(up() == 3);
}
