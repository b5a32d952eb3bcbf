#include "homeostat/net/http_server.hpp"

#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/server_world_for_test.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;

Task<HttpResponse> tell(HttpRequest request) {
    const std::string uid = request.peer ? std::to_string(request.peer->uid) : "nobody";
    const std::string pid = request.peer ? std::to_string(request.peer->pid) : "none";
    co_return HttpResponse{
        .status = 200,
        .body = request.method + " " + request.path + " " + request.body + " " + uid + " " + pid,
        .content_type = "text/plain"};
}

Task<HttpResponse> sleep_then_tell(HttpRequest request) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, request.path == "/long" ? 1h : 60ms);
    co_await timer.async_wait(asio::use_awaitable);
    HttpResponse response = co_await tell(std::move(request));
    co_return response;
}

Task<HttpResponse> fail_to_tell(HttpRequest) {
    throw std::runtime_error("secret");
    co_return HttpResponse{};
}

struct World : ServerWorld {
    explicit World(HttpAnswer answer = tell, HttpServerLimits limits = {})
        : ServerWorld(std::move(answer), std::move(limits)) {}
};

}  // namespace

TEST_CASE("a request reaches the answer and its reply the client, by TCP and by UNIX socket") {
    World world;
    const auto by_tcp = world.ask(world.listen(), {.method = "POST", .path = "/a?b", .body = "c"});
    REQUIRE(by_tcp);
    CHECK(by_tcp->body == "POST /a?b c nobody none");
    const auto by_unix = world.ask(world.listen_unix());
    REQUIRE(by_unix);
    CHECK(by_unix->body ==
          "GET /  " + std::to_string(::getuid()) + " " + std::to_string(::getpid()));
}

TEST_CASE("a connection serves several requests") {
    World world;
    HttpClient client(world.context.get_executor(), world.listen());
    for (int round = 0; round < 3; ++round) {
        CHECK(run_for_test(world.context, client.request({}, now_for_test() + 2s)));
    }
}

TEST_CASE("a UNIX socket is for its owner alone") {
    World world;
    const UnixEndpoint endpoint = world.listen_unix();
    struct stat found{};
    REQUIRE(::stat(endpoint.path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600U);
}

TEST_CASE("a socket on which somebody answers is not taken over") {
    World first;
    const UnixEndpoint endpoint = first.listen_unix();
    World second;
    const Result<void> listened = second.server.listen(endpoint);
    REQUIRE_FALSE(listened);
    CHECK(listened.error().fault == Fault::busy);
    CHECK(first.ask(endpoint));
}

TEST_CASE("a socket file that a dead process left is replaced") {
    World world;
    const UnixEndpoint endpoint{world.directory.file("control.sock")};
    {
        asio::local::stream_protocol::acceptor dead(world.context, endpoint.path);
    }
    REQUIRE(std::filesystem::exists(endpoint.path));
    CHECK(world.server.listen(endpoint));
    CHECK(world.ask(endpoint));
}

TEST_CASE("a file that is no socket is left alone") {
    World world;
    const UnixEndpoint endpoint{world.directory.file("control.sock")};
    std::ofstream(endpoint.path) << "precious";
    const Result<void> listened = world.server.listen(endpoint);
    REQUIRE_FALSE(listened);
    CHECK(listened.error().fault == Fault::busy);
    CHECK(std::filesystem::file_size(endpoint.path) == 8);
}

TEST_CASE("a directory that takes no socket is named with the mend") {
    World world;
    const UnixEndpoint endpoint{world.directory.file("nowhere/control.sock")};
    const Result<void> listened = world.server.listen(endpoint);
    REQUIRE_FALSE(listened);
    CHECK(listened.error().fault == Fault::full);
    CHECK(listened.error().text.contains(endpoint.path));
    CHECK(listened.error().text.contains("make its directory writable"));
}

TEST_CASE("a port in use and an address that is not local are refused") {
    World first;
    const TcpEndpoint taken = first.listen();
    World second;
    const Result<void> busy = second.server.listen(taken);
    REQUIRE_FALSE(busy);
    CHECK(busy.error().fault == Fault::busy);
    const Result<void> open_to_all = second.server.listen(TcpEndpoint{"0.0.0.0", 0});
    REQUIRE_FALSE(open_to_all);
    CHECK(open_to_all.error().fault == Fault::invalid);
}

TEST_CASE("a successor's socket file outlives us") {
    World first;
    const UnixEndpoint endpoint = first.listen_unix();
    std::filesystem::remove(endpoint.path);
    World second;
    REQUIRE(second.server.listen(endpoint));
    first.stop();
    CHECK(second.ask(endpoint));
}

TEST_CASE("what is no request gets a reason or an end, never an answer") {
    World world(tell, {.body_bytes_max = 100, .request_for_max = 200ms});
    const TcpEndpoint endpoint = world.listen();
    CHECK(world.say_raw(endpoint, "rubbish\r\n\r\n").starts_with("HTTP/1.1 400 "));
    CHECK(world.say_raw(endpoint, "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n")
              .starts_with("HTTP/1.1 431 "));
    CHECK(world.say_raw(endpoint, "POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n")
              .starts_with("HTTP/1.1 413 "));
    CHECK(world
              .say_raw(endpoint,
                       "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
              .starts_with("HTTP/1.1 400 "));
    CHECK(world.ask(endpoint));
}

TEST_CASE("a request that does not arrive whole in time is cut") {
    for (const std::string& bytes :
         {std::string(), std::string("GET / HT"),
          std::string("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx")}) {
        World world(tell, {.request_for_max = 50ms});
        const Instant began_at = now_for_test();
        CHECK(world.say_raw(world.listen(), bytes).empty());
        CHECK(now_for_test() - began_at < 2s);
    }
}

namespace {

Task<int> drip(TcpEndpoint endpoint) {
    const auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::socket socket(executor);
    const asio::ip::tcp::endpoint target(asio::ip::make_address(endpoint.host), endpoint.port);
    co_await socket.async_connect(target, asio::use_awaitable);
    int sent_count = 0;
    boost::system::error_code error;
    while (!error && sent_count < 1000) {
        const std::string byte = "x";
        co_await asio::async_write(socket, asio::buffer(byte),
                                   asio::redirect_error(asio::use_awaitable, error));
        ++sent_count;
        asio::steady_timer timer(executor, 5ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return sent_count;
}

}  // namespace

TEST_CASE("a client that drips its request byte by byte is cut at the request's deadline") {
    World world(tell, {.request_for_max = 100ms});
    const int sent_count = run_for_test(world.context, drip(world.listen()));
    CHECK(sent_count < 200);
}

TEST_CASE("a full house makes room for the next client by ending the longest silence") {
    World world(tell, {.connections_max = 2});
    const TcpEndpoint endpoint = world.listen();
    HttpClient first(world.context.get_executor(), endpoint);
    HttpClient second(world.context.get_executor(), endpoint);
    CHECK(run_for_test(world.context, first.request({}, now_for_test() + 2s)));
    CHECK(run_for_test(world.context, second.request({}, now_for_test() + 2s)));
    CHECK(world.ask(endpoint));
    CHECK(run_for_test(world.context, first.request({}, now_for_test() + 2s)));
}

TEST_CASE("what an answer throws is a 500 that gives nothing away") {
    World world(fail_to_tell);
    const auto reply = world.ask(world.listen());
    REQUIRE(reply);
    CHECK(reply->status == 500);
    CHECK_FALSE(reply->body.contains("secret"));
}

TEST_CASE("a request in hand is answered before the server stops") {
    World world(sleep_then_tell);
    std::optional<int> status;
    asio::co_spawn(
        world.context,
        request_once(world.context.get_executor(), world.listen(), {}, now_for_test() + 5s),
        [&](std::exception_ptr, Result<HttpResponse> reply) {
            status = reply ? reply->status : -1;
        });
    const Instant began_at = now_for_test();
    run_until_for_test(world.context, [&] { return now_for_test() - began_at > 30ms; });
    world.stop(5s);
    run_until_for_test(world.context, [&] { return status.has_value(); });
    CHECK(*status == 200);
}

TEST_CASE("a request that outlives the stop's deadline is cut") {
    World world(sleep_then_tell);
    std::optional<bool> has_reply;
    asio::co_spawn(
        world.context,
        request_once(world.context.get_executor(), world.listen(), {.path = "/long"},
                     now_for_test() + 9s),
        [&](std::exception_ptr, Result<HttpResponse> reply) { has_reply = reply.has_value(); });
    const Instant began_at = now_for_test();
    run_until_for_test(world.context, [&] { return now_for_test() - began_at > 30ms; });
    world.stop(50ms);
    run_until_for_test(world.context, [&] { return has_reply.has_value(); });
    CHECK_FALSE(*has_reply);
    CHECK(now_for_test() - began_at < 3s);
}

TEST_CASE("a stopped server leaves no socket file behind") {
    World world;
    const UnixEndpoint endpoint = world.listen_unix();
    world.stop();
    CHECK_FALSE(std::filesystem::exists(endpoint.path));
}

TEST_CASE("a silent kept connection does not hold up the stop") {
    World world;
    HttpClient client(world.context.get_executor(), world.listen());
    CHECK(run_for_test(world.context, client.request({}, now_for_test() + 2s)));
    const Instant began_at = now_for_test();
    world.stop(8s);
    CHECK(now_for_test() - began_at < 1s);
}
