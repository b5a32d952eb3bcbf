#include "homeostat/net/http_client.hpp"

#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <sys/resource.h>

#include <array>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;
using enum ScriptLine::Then;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok";

struct World {
    boost::asio::io_context context;
    ScriptedPeer peer;

    explicit World(std::deque<ScriptLine> script) : peer(context, std::move(script)) {}

    Result<HttpResponse> once(Duration within = 2s, HttpLimits limits = {}) {
        return run_for_test(context, request_once(context.get_executor(), peer.endpoint(), {},
                                                  now_for_test() + within, limits));
    }
    Result<HttpResponse> ask(HttpClient& client, HttpRequest request = {}) {
        return run_for_test(context, client.request(std::move(request), now_for_test() + 2s));
    }
    HttpClient client() { return {context.get_executor(), peer.endpoint()}; }
};

Fault fault_of(const Result<HttpResponse>& reply) {
    REQUIRE_FALSE(reply);
    return reply.error().fault;
}

}  // namespace

TEST_CASE("a reply comes back whole, whatever its status") {
    World world({{ok}, {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"}});
    const auto good = world.once();
    REQUIRE(good);
    CHECK(good->status == 200);
    CHECK(good->body == "ok");
    CHECK(good->content_type == "text/plain");
    const auto bad = world.once();
    REQUIRE(bad);
    CHECK(bad->status == 503);
    CHECK(bad->body.empty());
}

TEST_CASE("a redirect is given back, not followed") {
    World world(
        {{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"}});
    const auto reply = world.once();
    REQUIRE(reply);
    CHECK(reply->status == 302);
    CHECK(world.peer.connections_count() == 1);
}

TEST_CASE("every way in which a peer can spoil a reply is broken, and never takes long") {
    const std::array spoiled{
        ScriptLine{"", closes},
        ScriptLine{"HTTP/1.1 200 OK\r\nContent-", closes},
        ScriptLine{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", closes},
        ScriptLine{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", closes},
        ScriptLine{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", listens},
        ScriptLine{"\x16\x03\x01 rubbish {{{[[[\r\n\r\n", listens},
        ScriptLine{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
                   listens},
        ScriptLine{"HTTP/1.1 100 Continue\r\n\r\n", listens},
        ScriptLine{"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", listens},
        ScriptLine{"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", listens},
        ScriptLine{"HTTP/1.1 200 OK\r\n\r\n" + std::string(5'000, 'x'), closes},
    };
    for (const ScriptLine& line : spoiled) {
        CAPTURE(line.say.substr(0, 80));
        World world({line});
        const auto reply = world.once(5s, {.body_bytes_max = 4096});
        CHECK(fault_of(reply) == Fault::broken);
        CHECK(reply.error().text.size() < 300);
    }
}

TEST_CASE("a peer that hangs costs the deadline and no more") {
    const std::array<std::string, 3> said{"", "HTTP/1.1 200 OK\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"};
    for (const std::string& text : said) {
        World world({{text, hangs}});
        const Instant began_at = now_for_test();
        CHECK(fault_of(world.once(50ms)) == Fault::late);
        CHECK(now_for_test() - began_at < 1s);
    }
}

TEST_CASE("a deadline in the past sends nothing") {
    World world({{ok}});
    CHECK(fault_of(world.once(-1s)) == Fault::late);
    CHECK(world.peer.connections_count() == 0);
}

TEST_CASE("an address where nobody listens is unreachable") {
    boost::asio::io_context context;
    boost::asio::ip::tcp::acceptor gone(context, {boost::asio::ip::address_v4::loopback(), 0});
    const Endpoint endpoint = TcpEndpoint{"127.0.0.1", gone.local_endpoint().port()};
    gone.close();
    const auto refused = run_for_test(
        context, request_once(context.get_executor(), endpoint, {}, now_for_test() + 2s));
    CHECK(fault_of(refused) == Fault::unreachable);
    const auto absent = run_for_test(
        context, request_once(context.get_executor(), UnixEndpoint{"/nonexistent/x.sock"}, {},
                              now_for_test() + 2s));
    CHECK(fault_of(absent) == Fault::unreachable);
}

TEST_CASE("a connection is kept between requests") {
    World world({{ok}, {ok}, {ok}});
    HttpClient client = world.client();
    for (int round = 0; round < 3; ++round) {
        CHECK(world.ask(client));
    }
    CHECK(world.peer.connections_count() == 1);
}

TEST_CASE("a kept connection that has ended is replaced before anything is sent") {
    World world({{ok, closes}, {ok, closes}, {ok}});
    HttpClient client = world.client();
    CHECK(world.ask(client));
    CHECK(world.ask(client, {.method = "POST", .body = "x"}));
    CHECK(world.ask(client));
    CHECK(world.peer.connections_count() == 3);
    CHECK(world.peer.requests().size() == 3);
}

TEST_CASE("a GET whose kept connection ends in the moment of sending is sent once more") {
    World world({{ok}, {"", closes}, {ok}});
    HttpClient client = world.client();
    CHECK(world.ask(client));
    const auto reply = world.ask(client);
    REQUIRE(reply);
    CHECK(reply->status == 200);
    CHECK(world.peer.connections_count() == 2);
}

TEST_CASE("a GET is sent at most twice") {
    World world({{ok}, {"", closes}, {"", closes}, {ok}});
    HttpClient client = world.client();
    CHECK(world.ask(client));
    CHECK(fault_of(world.ask(client)) == Fault::broken);
    CHECK(world.peer.requests().size() == 3);
}

TEST_CASE("what is not a GET is never sent twice") {
    World world({{ok}, {"", closes}, {ok}});
    HttpClient client = world.client();
    CHECK(world.ask(client));
    CHECK(fault_of(world.ask(client, {.method = "POST", .body = "pay"})) == Fault::broken);
    CHECK(world.peer.requests().size() == 2);
}

TEST_CASE("a GET is not sent again once a byte of a reply has come") {
    World world({{ok}, {"HTTP/1.1 200", closes}, {ok}});
    HttpClient client = world.client();
    CHECK(world.ask(client));
    CHECK(fault_of(world.ask(client)) == Fault::broken);
    CHECK(world.peer.requests().size() == 2);
}

TEST_CASE("bytes that nobody asked for end a kept connection") {
    World world({{ok + ok}, {ok}});
    HttpClient client = world.client();
    CHECK(world.ask(client));
    CHECK(world.ask(client));
    CHECK(world.peer.connections_count() == 2);
}

TEST_CASE("a request that could become two is refused before it is sent") {
    World world({});
    HttpClient client = world.client();
    const std::array<HttpRequest, 7> hostile{
        HttpRequest{.path = "/a\r\nX: y"},
        HttpRequest{.path = "/a b"},
        HttpRequest{.path = "no-slash"},
        HttpRequest{.method = "GET / HTTP/1.1\r\n"},
        HttpRequest{.content_type = "text/plain\r\nX: y"},
        HttpRequest{.headers = {{"X", "a\r\nY: b"}}},
        HttpRequest{.headers = {{"X: a", "b"}}},
    };
    for (const HttpRequest& request : hostile) {
        CHECK(fault_of(world.ask(client, request)) == Fault::invalid);
    }
    CHECK(world.peer.connections_count() == 0);
}

TEST_CASE("method, path, headers and body arrive as they were given") {
    World world({{ok}});
    HttpClient client = world.client();
    CHECK(world.ask(client, {.method = "POST",
                             .path = "/v1/x?y=1",
                             .body = "{}",
                             .content_type = "application/json",
                             .headers = {{"X-One", "1"}}}));
    const std::string& sent = world.peer.requests().front();
    CHECK(sent.starts_with("POST /v1/x?y=1 HTTP/1.1\r\n"));
    CHECK(sent.contains("Host: 127.0.0.1:"));
    CHECK(sent.contains("Content-Type: application/json\r\n"));
    CHECK(sent.contains("X-One: 1\r\n"));
    CHECK(sent.contains("Content-Length: 2\r\n"));
    CHECK(sent.ends_with("\r\n\r\n{}"));
}

TEST_CASE("a second request while one is in flight is told so") {
    World world({{"", hangs}});
    HttpClient client = world.client();
    bool has_ended = false;
    boost::asio::co_spawn(world.context, client.request({}, now_for_test() + 200ms),
                          [&](std::exception_ptr, Result<HttpResponse> reply) {
                              has_ended = true;
                              CHECK(fault_of(reply) == Fault::late);
                          });
    run_until_for_test(world.context, [&] { return !world.peer.requests().empty(); });
    CHECK(fault_of(world.ask(client)) == Fault::busy);
    run_until_for_test(world.context, [&] { return has_ended; });
}

TEST_CASE("a cancelled request ends at once") {
    World world({{"", hangs}});
    HttpClient client = world.client();
    boost::asio::cancellation_signal stop;
    bool has_ended = false;
    boost::asio::co_spawn(
        world.context, client.request({}, Instant::max()),
        boost::asio::bind_cancellation_slot(
            stop.slot(), [&](std::exception_ptr, Result<HttpResponse>) { has_ended = true; }));
    run_until_for_test(world.context, [&] { return !world.peer.requests().empty(); });
    CHECK_FALSE(has_ended);
    stop.emit(boost::asio::cancellation_type::terminal);
    run_until_for_test(world.context, [&] { return has_ended; });
}

TEST_CASE("a client that is destroyed cuts its request in flight") {
    World world({{"", hangs}});
    auto client = std::make_unique<HttpClient>(world.context.get_executor(), world.peer.endpoint());
    std::optional<Fault> fault;
    boost::asio::co_spawn(
        world.context, client->request({}, now_for_test() + 5s),
        [&](std::exception_ptr, Result<HttpResponse> reply) { fault = fault_of(reply); });
    run_until_for_test(world.context, [&] { return !world.peer.requests().empty(); });
    client.reset();
    run_until_for_test(world.context, [&] { return fault.has_value(); });
    CHECK(*fault == Fault::late);
}

TEST_CASE("an io_context may die with a request in flight, after the client") {
    auto context = std::make_unique<boost::asio::io_context>();
    ScriptedPeer peer(*context, {{"", hangs}});
    auto client = std::make_unique<HttpClient>(context->get_executor(), peer.endpoint());
    boost::asio::co_spawn(*context, client->request({}, now_for_test() + 5s),
                          boost::asio::detached);
    run_until_for_test(*context, [&] { return !peer.requests().empty(); });
    client.reset();
    CHECK(peer.connections_count() == 1);
}

TEST_CASE("our own lack of descriptors is not blamed on the peer") {
    World world({{ok}});
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const auto reply = world.once();
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(fault_of(reply) == Fault::full);
}
