#include "homeostat/net/line_client.hpp"

#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;
using enum ScriptLine::Then;

namespace {

struct World {
    boost::asio::io_context context;
    ScriptedPeer peer;

    explicit World(std::deque<ScriptLine> script) : peer(context, std::move(script)) {}

    LineExchange send(std::string line, Duration within = 2s, std::size_t bytes_max = 64) {
        return run_for_test(context,
                            exchange_line(context.get_executor(), peer.endpoint(), std::move(line),
                                          now_for_test() + within, bytes_max));
    }
};

}  // namespace

TEST_CASE("a command is sent as one line and its reply read to the end") {
    World world({{"one\ntwo\n", closes}});
    const LineExchange exchange = world.send("show stat");
    CHECK(exchange.is_sent);
    REQUIRE(exchange.reply);
    CHECK(*exchange.reply == "one\ntwo\n");
    CHECK(world.peer.requests().front() == "show stat\n");
}

TEST_CASE("a command with a control byte in it never leaves") {
    World world({});
    for (const std::string& line :
         {std::string("a\nb"), std::string("a\rb"), std::string("a\0b", 3), std::string("a\tb"),
          std::string("\x7f"), std::string("\xff")}) {
        const LineExchange exchange = world.send(line);
        CHECK_FALSE(exchange.is_sent);
        REQUIRE_FALSE(exchange.reply);
        CHECK(exchange.reply.error().fault == Fault::invalid);
    }
    CHECK(world.peer.connections_count() == 0);
}

TEST_CASE("a peer that is not there has not been sent anything") {
    boost::asio::io_context context;
    const LineExchange exchange = run_for_test(
        context, exchange_line(context.get_executor(), UnixEndpoint{"/nonexistent/x.sock"}, "x",
                               now_for_test() + 1s, 64));
    CHECK_FALSE(exchange.is_sent);
    REQUIRE_FALSE(exchange.reply);
    CHECK(exchange.reply.error().fault == Fault::unreachable);
}

TEST_CASE(
    "a peer that hangs after the command costs the deadline, and the command counts as sent") {
    World world({{"half", hangs}});
    const LineExchange exchange = world.send("x", 50ms);
    CHECK(exchange.is_sent);
    REQUIRE_FALSE(exchange.reply);
    CHECK(exchange.reply.error().fault == Fault::late);
}

TEST_CASE("a reply over its size is broken, not cut short") {
    World world({{std::string(65, 'x'), closes}, {std::string(64, 'x'), closes}});
    const LineExchange over = world.send("x");
    REQUIRE_FALSE(over.reply);
    CHECK(over.reply.error().fault == Fault::broken);
    CHECK(world.send("x").reply);
}

TEST_CASE("a deadline in the past sends nothing") {
    World world({{"x", closes}});
    const LineExchange exchange = world.send("x", -1s);
    CHECK_FALSE(exchange.is_sent);
    CHECK(world.peer.connections_count() == 0);
}
