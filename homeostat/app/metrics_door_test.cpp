#include "homeostat/app/metrics_door.hpp"

#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

/// A configuration names its port, so 0 is none; this one was free a moment ago.
std::string free_address() {
    boost::asio::io_context context;
    const boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::tcp::v4(), 0}, false);
    return "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
}

/// A door before something that would answer all it is asked, and counts.
struct DoorWorld {
    boost::asio::io_context context;
    std::vector<std::string> asked;
    MetricsDoor door{context.get_executor(),
                     [this](net::HttpRequest request) { return tell(std::move(request)); }};

    Task<net::HttpResponse> tell(net::HttpRequest request) {
        asked.push_back(request.method + " " + request.path);
        co_return net::HttpResponse{.status = 200, .body = "told", .content_type = "text/plain"};
    }
    net::HttpResponse ask(std::string method, std::string path, std::string body = "") {
        net::HttpRequest request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.body = std::move(body);
        const Result<net::HttpResponse> reply = net::run_for_test(
            context,
            net::request_once(context.get_executor(), net::TcpEndpoint{"127.0.0.1", door.port()},
                              std::move(request), net::now_for_test() + std::chrono::seconds{5}));
        REQUIRE_MESSAGE(reply, reply.error().text);
        return *reply;
    }
    DoorWorld() = default;
    DoorWorld(const DoorWorld&) = delete;
    DoorWorld& operator=(const DoorWorld&) = delete;
    ~DoorWorld() {
        try {
            net::run_for_test(context, door.stop(net::now_for_test() + std::chrono::seconds{1}));
        } catch (const std::exception& error) {
            FAIL_CHECK(error.what());
        }
    }
};

}  // namespace

TEST_CASE("strangers read three pages, and what is behind them is asked for nothing else") {
    DoorWorld world;
    REQUIRE(world.door.listen(free_address()));
    CHECK(world.ask("GET", "/metrics").body == "told");
    CHECK(world.ask("GET", "/healthz").status == 200);
    CHECK(world.ask("GET", "/readyz").status == 200);
    struct Case {
        const char* method;
        const char* path;
        int status;
    };
    for (const Case& one : {
             Case{"GET", "/v1/status", 404},
             Case{"GET", "/", 404},
             Case{"GET", "/metrics/../v1/status", 404},
             Case{"GET", "/metrics?x=/v1/status", 404},
             Case{"GET", "//metrics", 404},
             Case{"POST", "/v1/suspend", 404},
             Case{"POST", "/v1/approve", 404},
             Case{"POST", "/metrics", 405},
             Case{"DELETE", "/healthz", 405},
         }) {
        CAPTURE(one.path);
        CHECK(world.ask(one.method, one.path).status == one.status);
    }
    CHECK(world.asked == std::vector<std::string>{"GET /metrics", "GET /healthz", "GET /readyz"});
}

TEST_CASE("a body is refused at the door, whatever page it is for") {
    DoorWorld world;
    REQUIRE(world.door.listen(free_address()));
    CHECK(world.ask("GET", "/metrics", "x").status == 413);
    CHECK(world.asked.empty());
}

TEST_CASE("a door that cannot be opened says so") {
    DoorWorld world;
    CHECK(world.door.listen("nowhere").error().fault == Fault::invalid);
    REQUIRE(world.door.listen(free_address()));
    DoorWorld second;
    const Result<void> taken = second.door.listen("127.0.0.1:" + std::to_string(world.door.port()));
    CHECK(taken.error().fault == Fault::busy);
}

}  // namespace homeostat::app
