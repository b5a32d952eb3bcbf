#pragma once

// ServerWorld: an HttpServer on an io_context of its own, and clients that speak HTTP or anything.

#include "homeostat/net/http_client.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/read.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <string>
#include <utility>

namespace homeostat::net {

/// What a client gets that sends these bytes and then only listens.
inline Task<std::string> say(TcpEndpoint endpoint, std::string bytes) {
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::ip::tcp::socket socket(executor);
    const boost::asio::ip::tcp::endpoint target(boost::asio::ip::make_address(endpoint.host),
                                                endpoint.port);
    co_await socket.async_connect(target, boost::asio::use_awaitable);
    boost::system::error_code error;
    co_await boost::asio::async_write(
        socket, boost::asio::buffer(bytes),
        boost::asio::redirect_error(boost::asio::use_awaitable, error));
    std::string reply;
    co_await boost::asio::async_read(
        socket, boost::asio::dynamic_buffer(reply),
        boost::asio::redirect_error(boost::asio::use_awaitable, error));
    co_return reply;
}

struct ServerWorld {
    TemporaryDirectory directory;
    boost::asio::io_context context;
    HttpServer server;

    explicit ServerWorld(HttpAnswer answer, HttpServerLimits limits = {})
        : server(context.get_executor(), std::move(answer), std::move(limits)) {}
    ~ServerWorld() {
        try {
            stop();
        } catch (const std::exception& error) {
            FAIL_CHECK(error.what());
        }
    }
    ServerWorld(const ServerWorld&) = delete;
    ServerWorld& operator=(const ServerWorld&) = delete;

    TcpEndpoint listen() {
        REQUIRE(server.listen(TcpEndpoint{"127.0.0.1", 0}));
        return {"127.0.0.1", server.port()};
    }
    UnixEndpoint listen_unix() {
        const UnixEndpoint endpoint{directory.file("control.sock")};
        REQUIRE(server.listen(endpoint));
        return endpoint;
    }
    Result<HttpResponse> ask(Endpoint endpoint, HttpRequest request = {}, HttpLimits kept = {}) {
        return run_for_test(
            context, request_once(context.get_executor(), std::move(endpoint), std::move(request),
                                  now_for_test() + std::chrono::seconds{5}, std::move(kept)));
    }
    std::string say_raw(TcpEndpoint endpoint, std::string bytes) {
        return run_for_test(context, say(std::move(endpoint), std::move(bytes)));
    }
    void stop(Duration within = std::chrono::seconds{1}) {
        run_for_test(context, server.stop(now_for_test() + within));
    }
};

}  // namespace homeostat::net
