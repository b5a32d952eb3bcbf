#include "homeostat/adapters/peers/peer_links.hpp"

#include "homeostat/net/http_server.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::peers {

namespace {

using namespace std::chrono_literals;
using net::run_until_for_test;
using net::ScriptLine;

const std::string accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

/// An agent that hears.
class Hearing {
  public:
    explicit Hearing(boost::asio::io_context& context)
        : server_(context.get_executor(),
                  [this](net::HttpRequest request) { return hear(std::move(request)); }) {
        REQUIRE(server_.listen(net::TcpEndpoint{"127.0.0.1", 0}));
    }
    [[nodiscard]] net::Endpoint endpoint() const {
        return net::TcpEndpoint{"127.0.0.1", server_.port()};
    }
    std::vector<std::string> heard;

  private:
    Task<net::HttpResponse> hear(net::HttpRequest request) {
        heard.push_back(request.method + " " + request.path + " " + request.body);
        co_return net::HttpResponse{.status = 202};
    }
    net::HttpServer server_;
};

struct World {
    boost::asio::io_context context{1};
    std::vector<std::string> lines;

    PeerLinks links_to(const net::Endpoint& endpoint, LinkLimits limits = {}) {
        return {context.get_executor(),
                {{"fraud", endpoint}},
                [this](const std::string& line) { lines.push_back(line); },
                limits};
    }
};

}  // namespace

TEST_CASE("messages reach a neighbour in the order in which they were sent") {
    World world;
    Hearing fraud(world.context);
    PeerLinks links = world.links_to(fraud.endpoint());
    std::vector<std::string> expected;
    for (int number = 0; number < 20; ++number) {
        links.send("fraud", std::to_string(number));
        expected.push_back("POST /v1/pledges " + std::to_string(number));
    }
    links.send("nobody", "lost");
    run_until_for_test(world.context, [&] { return fraud.heard.size() == 20; });
    CHECK(fraud.heard == expected);
    CHECK(world.lines.empty());
}

TEST_CASE("all go over one connection, whatever the neighbour says to them") {
    World world;
    const std::string refused =
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 24\r\n\r\n{\"discarded\":\"replayed\"}";
    net::ScriptedPeer fraud(world.context, {{accepted}, {refused}, {accepted}});
    PeerLinks links = world.links_to(fraud.endpoint());
    for (const char* message : {"one", "two", "three"}) {
        links.send("fraud", message);
    }
    run_until_for_test(world.context, [&] { return fraud.requests().size() == 3; });
    CHECK(fraud.connections_count() == 1);
    CHECK(world.lines.empty());
}

TEST_CASE("a neighbour that is away is told of once, and again when it is back") {
    World world;
    std::optional<Hearing> fraud(std::in_place, world.context);
    const net::Endpoint endpoint = fraud->endpoint();
    fraud.reset();
    PeerLinks links = world.links_to(endpoint);
    for (int number = 0; number < 5; ++number) {
        links.send("fraud", "lost");
    }
    run_until_for_test(world.context, [&] { return !world.lines.empty(); });
    CHECK(world.lines.front().starts_with("neighbour fraud is not reached: "));
    CHECK(world.lines.size() == 1);
}

TEST_CASE("behind a neighbour that stands still what is too old is not sent, and little waits") {
    World world;
    net::ScriptedPeer fraud(world.context,
                            {{"", ScriptLine::Then::hangs}, {accepted}, {accepted}, {accepted}});
    PeerLinks links = world.links_to(
        fraud.endpoint(),
        {.waiting_max = 2, .request_for_max = 50ms, .waiting_for_max = std::chrono::hours{1}});
    for (const char* message : {"stuck", "pushed out", "third", "fourth"}) {
        links.send("fraud", message);
    }
    run_until_for_test(world.context, [&] { return world.lines.size() == 2; });
    CHECK(world.lines.back() == "neighbour fraud is reached again");
    run_until_for_test(world.context, [&] { return fraud.requests().size() >= 2; });
    for (const std::string& request : fraud.requests()) {
        CHECK(request.find("pushed out") == std::string::npos);
    }

    PeerLinks hasty = world.links_to(fraud.endpoint(),
                                     {.request_for_max = 50ms, .waiting_for_max = Duration{-1}});
    const std::size_t before = fraud.requests().size();
    hasty.send("fraud", "too old already");
    world.context.restart();
    world.context.poll();
    CHECK(fraud.requests().size() == before);
}

TEST_CASE("links that go while a message is under way leave nothing behind") {
    World world;
    net::ScriptedPeer fraud(world.context, {{"", ScriptLine::Then::hangs}});
    {
        PeerLinks links = world.links_to(fraud.endpoint(), {.request_for_max = 50ms});
        links.send("fraud", "one");
        links.send("fraud", "two");
        run_until_for_test(world.context, [&] { return fraud.requests().size() == 1; });
    }
    const Instant until = net::now_for_test() + 100ms;
    run_until_for_test(world.context, [&] { return net::now_for_test() > until; });
    CHECK(fraud.requests().size() == 1);
    CHECK(world.lines.empty());
}

}  // namespace homeostat::adapters::peers
