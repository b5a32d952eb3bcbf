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

TEST_CASE("a reply that says itself where it ends is read so far, though the peer stays") {
    World world({{"3:abc", listens}, {"3:ab", closes}, {"3:ab", hangs}, {"9:abcdefghi", listens}});
    const auto ask = [&](Duration within) {
        ReplyEnd end{.bytes_max = 8,
                     .is_whole = [](std::string_view text) { return text.size() >= 5; }};
        return run_for_test(world.context,
                            exchange_bytes(world.context.get_executor(), world.peer.endpoint(),
                                           "two\r\nlines\r\n", now_for_test() + within, end));
    };
    const LineExchange whole = ask(2s);
    CHECK(whole.is_sent);
    REQUIRE(whole.reply);
    CHECK(*whole.reply == "3:abc");
    CHECK(world.peer.requests().front() == "two\r\nlines\r\n");
    const LineExchange cut = ask(2s);
    CHECK(cut.is_sent);
    CHECK_FALSE(cut.reply);
    const LineExchange hung = ask(100ms);
    CHECK(hung.is_sent);
    REQUIRE_FALSE(hung.reply);
    CHECK(hung.reply.error().fault == Fault::late);
}

TEST_CASE(
    "each of several commands waits for the reply to the one before, and for leave to go on") {
    const auto send = [](World& world) {
        ReplyEnd end{.bytes_max = 64};
        end.is_whole = [](std::string_view text) { return text.ends_with('\n'); };
        end.goes_on = [](std::string_view reply) { return reply == "yes\n"; };
        return run_for_test(world.context,
                            exchange_in_turn(world.context.get_executor(), world.peer.endpoint(),
                                             {"one", "two", "three"}, now_for_test() + 2s, end));
    };
    World willing({{"yes\n"}, {"yes\n"}, {"no\n"}});
    CHECK(send(willing).reply == "no\n");
    CHECK(willing.peer.requests() == std::vector<std::string>{"one", "two", "three"});
    CHECK(willing.peer.connections_count() == 1);
    World unwilling({{"yes\n"}, {"no\n"}, {"yes\n"}});
    CHECK(send(unwilling).reply == "no\n");
    CHECK(unwilling.peer.requests() == std::vector<std::string>{"one", "two"});
}
