#include "homeostat/net/http_lines.hpp"

#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_tls_peer_for_test.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;
using enum ScriptLine::Then;

namespace {

const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& text) {
    return fmt::format("{:x}\r\n{}\r\n", text.size(), text);
}

struct World {
    boost::asio::io_context context;
    ScriptedPeer peer;
    HttpLines lines;

    explicit World(ScriptLine line, LineLimits limits = {.reply = {.body_bytes_max = 4096}})
        : peer(context, {std::move(line)}),
          lines(context.get_executor(), peer.endpoint(), std::move(limits)) {}

    Result<HttpResponse> open() {
        return run_for_test(context, lines.open({.path = "/watch"}, now_for_test() + 5s));
    }
    Result<std::optional<std::string>> next(Duration within = 5s) {
        return run_for_test(context, lines.next(now_for_test() + within));
    }
    Fault fault_of_next(Duration within = 5s) {
        const auto line = next(within);
        REQUIRE_FALSE(line);
        return line.error().fault;
    }
};

}  // namespace

TEST_CASE("lines come one by one, however the server cuts them into chunks") {
    World world({head + chunk("one\ntw") + chunk("o") + chunk("\n\nfour\n") + "0\r\n\r\n"});
    const auto reply = world.open();
    REQUIRE(reply);
    CHECK(reply->status == 200);
    for (const char* text : {"one", "two", "", "four"}) {
        const auto line = world.next();
        REQUIRE(line);
        CHECK(*line == text);
    }
    const auto end = world.next();
    REQUIRE(end);
    CHECK_FALSE(*end);
    CHECK(world.fault_of_next() == Fault::broken);  // There is nothing after the end.
}

TEST_CASE("a line without its end is none, whether the stream ends or is cut") {
    World ended({head + chunk("one\nhal") + "0\r\n\r\n"});
    REQUIRE(ended.open());
    CHECK(*ended.next() == "one");
    CHECK(*ended.next() == std::nullopt);

    World cut({head + chunk("one\nhal"), closes});
    REQUIRE(cut.open());
    CHECK(*cut.next() == "one");
    CHECK(cut.fault_of_next() == Fault::broken);
}

TEST_CASE("a silent stream costs the deadline and is over then") {
    World world({head + chunk("one\n"), hangs});
    REQUIRE(world.open());
    CHECK(*world.next() == "one");
    CHECK(world.fault_of_next(20ms) == Fault::late);
    CHECK(world.fault_of_next() == Fault::broken);
}

TEST_CASE("a line longer than allowed ends the stream, and takes no more room than that") {
    World world({head + chunk(std::string(3000, 'x')) + chunk(std::string(3000, 'x')), hangs},
                {.line_bytes_max = 4096});
    REQUIRE(world.open());
    CHECK(world.fault_of_next() == Fault::broken);

    World at_once({head + chunk(std::string(16, 'x') + "\n" + std::string(17, 'x') + "\n")},
                  {.line_bytes_max = 16});
    REQUIRE(at_once.open());
    CHECK(*at_once.next() == std::string(16, 'x'));
    CHECK(at_once.fault_of_next() == Fault::broken);
}

TEST_CASE("a reply that is no 200 is given whole, and has no lines") {
    World world({"HTTP/1.1 410 Gone\r\nContent-Length: 3\r\nContent-Type: text/plain\r\n\r\nold"});
    const auto reply = world.open();
    REQUIRE(reply);
    CHECK(reply->status == 410);
    CHECK(reply->body == "old");
    CHECK(reply->content_type == "text/plain");
    CHECK(world.fault_of_next() == Fault::broken);
}

TEST_CASE("a reply that is no HTTP, or too large where it is no stream, is broken") {
    for (const std::string& said :
         {std::string("rubbish\r\n\r\n"),
          std::string("HTTP/1.1 500 Oh\r\nContent-Length: 5000\r\n\r\n"),
          "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"}) {
        World world({said, listens});
        const auto reply = world.open();
        REQUIRE_FALSE(reply);
        CHECK(reply.error().fault == Fault::broken);
    }
}

TEST_CASE("closing ends what is waited for, at once") {
    World world({head + chunk("one\n"), hangs});
    REQUIRE(world.open());
    CHECK(*world.next() == "one");
    std::optional<Result<std::optional<std::string>>> line;
    boost::asio::co_spawn(
        world.context, world.lines.next(now_for_test() + 1h),
        [&line](const std::exception_ptr&, auto told) { line = std::move(told); });
    world.context.poll();
    world.lines.close();
    run_until_for_test(world.context, [&line] { return line.has_value(); });
    REQUIRE_FALSE(*line);
    CHECK(line->error().fault == Fault::late);
    CHECK(world.fault_of_next() == Fault::late);
}

TEST_CASE("a stream that is closed before it is open never asks for anything") {
    World world({head});
    world.lines.close();
    CHECK_FALSE(world.open());
    CHECK(world.peer.requests().empty());
}

TEST_CASE("lines come over TLS, too, from a server that proves who it is") {
    const AuthorityForTest authority;
    boost::asio::io_context context;
    ScriptedTlsPeer peer(context, {.identity = authority.issue({})},
                         {{head + chunk("one\n") + chunk("two\n"), hangs}});
    auto tls = make_tls_context({.authorities = authority.certificate()});
    REQUIRE(tls);
    HttpLines lines(context.get_executor(), HttpsPeer{"127.0.0.1", peer.port(), *tls});
    REQUIRE(run_for_test(context, lines.open({.path = "/watch"}, now_for_test() + 5s)));
    for (const char* text : {"one", "two"}) {
        const auto line = run_for_test(context, lines.next(now_for_test() + 5s));
        REQUIRE(line);
        CHECK(*line == text);
    }
    const auto silent = run_for_test(context, lines.next(now_for_test() + 20ms));
    REQUIRE_FALSE(silent);
    CHECK(silent.error().fault == Fault::late);
}
