#include "homeostat/net/http_server.hpp"
#include "homeostat/net/server_world_for_test.hpp"

#include <boost/asio/steady_timer.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;

Task<HttpResponse> tell_headers(HttpRequest request) {
    HttpResponse response{.body = {}, .content_type = "text/plain"};
    for (const auto& [name, value] : request.headers) {
        response.body.append(name).append("=").append(value).append(";");
    }
    response.headers = {{"ETag", "\"7\""}, {"Cache-Control", "max-age=60"}};
    co_return response;
}

Task<HttpResponse> tell_two_headers_in_one(HttpRequest) {
    HttpResponse response;
    response.headers = {{"ETag", "a\r\nSet-Cookie: b"}};
    co_return response;
}

Task<HttpResponse> tell_nothing_new(HttpRequest) {
    HttpResponse response{.status = 304, .body = {}, .content_type = {}};
    response.headers = {{"ETag", "\"7\""}};
    co_return response;
}

/// What a stream gives: so many pieces, one every few milliseconds, then silence or an end.
struct Tale {
    int pieces_count{3};
    bool has_end{true};
    std::string piece{"one "};
    int told_count{0};
};

Task<HttpPiece> tell_piece(std::shared_ptr<Tale> tale, Instant deadline) {
    const auto executor = co_await asio::this_coro::executor;
    if (tale->told_count == tale->pieces_count) {
        asio::steady_timer timer(executor, std::max(Duration{0}, deadline - now_for_test()));
        co_await timer.async_wait(asio::use_awaitable);
        co_return HttpPiece{.bytes = {}, .is_last = tale->has_end};
    }
    ++tale->told_count;
    const bool is_last = tale->has_end && tale->told_count == tale->pieces_count;
    co_return HttpPiece{tale->piece, is_last};
}

Task<HttpResponse> begin_tale(std::shared_ptr<Tale> tale, HttpRequest) {
    HttpResponse response{.content_type = "text/event-stream"};
    response.more = [tale = std::move(tale)](Instant deadline) {
        return tell_piece(tale, deadline);
    };
    co_return response;
}

/// The tale is held by the streams that tell it, and by whoever made it.
HttpAnswer answer_with(const std::shared_ptr<Tale>& tale) {
    return [tale](HttpRequest request) { return begin_tale(tale, std::move(request)); };
}

HttpServerLimits few(Duration stream_for_max = 10s) {
    return {.streams_max = 2, .stream_for_max = stream_for_max, .stream_wait_max = 20ms};
}

constexpr auto ask_for_tale = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr auto last_chunk = "0\r\n\r\n";

}  // namespace

TEST_CASE("of a request's headers the answer gets those that are kept, and no others") {
    ServerWorld world(tell_headers, {.headers_kept = {"A2A-Version", "Accept"}});
    const auto reply =
        world.ask(world.listen(), {.headers = {{"a2a-version", "1.0"}, {"X-Other", "y"}}},
                  {.headers_kept = {"etag", "cache-control"}});
    REQUIRE(reply);
    CHECK(reply->body == "A2A-Version=1.0;");
    CHECK(header_of(reply->headers, "ETag") == "\"7\"");
    CHECK(header_of(reply->headers, "CACHE-CONTROL") == "max-age=60");
    CHECK(header_of(reply->headers, "Content-Length").empty());
}

TEST_CASE("a header that stands twice is kept twice") {
    ServerWorld world(tell_headers, {.headers_kept = {"Accept"}});
    const std::string reply = world.say_raw(
        world.listen(), "GET / HTTP/1.1\r\nAccept: a\r\naccept: b\r\nConnection: close\r\n\r\n");
    CHECK(reply.ends_with("Accept=a;Accept=b;"));
}

TEST_CASE("a header that would become two is never sent") {
    ServerWorld world(tell_two_headers_in_one);
    const std::string reply =
        world.say_raw(world.listen(), "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(reply.starts_with("HTTP/1.1 500 "));
    CHECK_FALSE(reply.contains("Set-Cookie"));
}

TEST_CASE("a 304 has neither a body nor the length of one, and its connection goes on") {
    ServerWorld world(tell_nothing_new);
    const TcpEndpoint endpoint = world.listen();
    const std::string raw = world.say_raw(endpoint, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(raw.starts_with("HTTP/1.1 304 "));
    CHECK_FALSE(raw.contains("Content-Length"));
    HttpClient client(world.context.get_executor(), endpoint);
    for (int round = 0; round < 2; ++round) {
        const auto reply = run_for_test(world.context, client.request({}, now_for_test() + 2s));
        REQUIRE(reply);
        CHECK(reply->status == 304);
    }
}

TEST_CASE("pieces reach the client in their order and the last one ends the reply") {
    const auto tale = std::make_shared<Tale>();
    ServerWorld world(answer_with(tale), few());
    const auto reply = world.ask(world.listen());
    REQUIRE(reply);
    CHECK(reply->body == "one one one ");
    CHECK(reply->content_type == "text/event-stream");
}

TEST_CASE("a client can tell a reply that was cut from one that has ended") {
    SUBCASE("by its time") {
        const auto tale = std::make_shared<Tale>(Tale{.has_end = false});
        ServerWorld world(answer_with(tale), few(100ms));
        const std::string reply = world.say_raw(world.listen(), ask_for_tale);
        CHECK(reply.contains("one "));
        CHECK_FALSE(reply.ends_with(last_chunk));
    }
    SUBCASE("by its size") {
        const auto tale = std::make_shared<Tale>(Tale{.pieces_count = 1000});
        HttpServerLimits limits = few();
        limits.stream_bytes_max = 10;
        ServerWorld world(answer_with(tale), limits);
        const std::string reply = world.say_raw(world.listen(), ask_for_tale);
        CHECK(std::ranges::count(reply, 'o') < 1000);
        CHECK(tale->told_count == 3);
        CHECK_FALSE(reply.ends_with(last_chunk));
    }
    SUBCASE("or not cut at all") {
        const auto tale = std::make_shared<Tale>();
        ServerWorld world(answer_with(tale), few());
        CHECK(world.say_raw(world.listen(), ask_for_tale).ends_with(last_chunk));
    }
}

TEST_CASE("a client that cannot take chunks is told so") {
    const auto tale = std::make_shared<Tale>();
    ServerWorld world(answer_with(tale), few());
    const std::string reply = world.say_raw(world.listen(), "GET / HTTP/1.0\r\n\r\n");
    CHECK(reply.starts_with("HTTP/1.1 505 "));
    CHECK(tale->told_count == 0);
}

namespace {

/// A client that asks, hears how the reply begins and then only holds its connection.
struct Follower {
    asio::ip::tcp::socket socket;
    std::string begins{};
};

Task<void> follow(TcpEndpoint endpoint, std::shared_ptr<Follower> client) {
    const asio::ip::tcp::endpoint target(asio::ip::make_address(endpoint.host), endpoint.port);
    co_await client->socket.async_connect(target, asio::use_awaitable);
    const std::string bytes = ask_for_tale;
    co_await asio::async_write(client->socket, asio::buffer(bytes), asio::use_awaitable);
    client->begins.resize(std::string_view("HTTP/1.1 200").size());
    co_await asio::async_read(client->socket, asio::buffer(client->begins), asio::use_awaitable);
}

std::shared_ptr<Follower> begin_to_follow(ServerWorld& world, const TcpEndpoint& endpoint) {
    auto client = std::make_shared<Follower>(asio::ip::tcp::socket(world.context));
    run_for_test(world.context, follow(endpoint, client));
    return client;
}

}  // namespace

TEST_CASE("more followers than allowed are turned away until one is gone") {
    const auto tale = std::make_shared<Tale>(Tale{.has_end = false});
    ServerWorld world(answer_with(tale), few());
    const TcpEndpoint endpoint = world.listen();
    const auto first = begin_to_follow(world, endpoint);
    const auto second = begin_to_follow(world, endpoint);
    CHECK(first->begins == "HTTP/1.1 200");
    CHECK(second->begins == "HTTP/1.1 200");
    CHECK(begin_to_follow(world, endpoint)->begins == "HTTP/1.1 503");
    first->socket.close();
    const Instant began_at = now_for_test();
    std::string begins;
    while (begins != "HTTP/1.1 200" && now_for_test() - began_at < 5s) {
        begins = begin_to_follow(world, endpoint)->begins;
    }
    CHECK(begins == "HTTP/1.1 200");
}

TEST_CASE("stop cuts what is sent in pieces and does not wait for it") {
    const auto tale = std::make_shared<Tale>(Tale{.has_end = false});
    HttpServerLimits limits = few();
    limits.stream_wait_max = 1h;
    ServerWorld world(answer_with(tale), limits);
    const auto held = begin_to_follow(world, world.listen());
    const Instant began_at = now_for_test();
    world.stop(8s);
    CHECK(now_for_test() - began_at < 2s);
}

TEST_CASE("an address that other machines reach is served where that is asked for") {
    ServerWorld world(tell_headers);
    REQUIRE(world.server.listen_openly(TcpEndpoint{"0.0.0.0", 0}));
    CHECK(world.ask(TcpEndpoint{"127.0.0.1", world.server.port()}));
}
