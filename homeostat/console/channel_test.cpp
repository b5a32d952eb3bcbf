#include "homeostat/console/channel.hpp"

#include "homeostat/net/certificates_for_test.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/net/scripted_tls_peer_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <variant>

using namespace homeostat;
using namespace homeostat::console;
using namespace std::chrono_literals;

namespace {

std::string reply(int status, const std::string& headers = "") {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

struct World {
    boost::asio::io_context context;
    net::ScriptedPeer peer;

    explicit World(const std::string& answer) : peer(context, {{answer}}) {}

    [[nodiscard]] Target target() const {
        const auto endpoint = std::get<net::TcpEndpoint>(peer.endpoint());
        return {{false, endpoint.host, endpoint.port, "/T0/secret"}, nullptr};
    }
    Delivery send() {
        return net::run_for_test(context, deliver(context.get_executor(), target(), R"({"a":1})",
                                                  Shape::slack, net::now_for_test() + 2s));
    }
};

}  // namespace

TEST_CASE("a message is posted whole, to the path of the address") {
    World world(reply(200));
    const Delivery delivery = world.send();
    CHECK(delivery.is_taken);
    REQUIRE(world.peer.requests().size() == 1);
    const std::string& request = world.peer.requests().front();
    CHECK(request.starts_with("POST /T0/secret HTTP/1.1\r\n"));
    CHECK(request.contains("Content-Type: application/json\r\n"));
}

TEST_CASE("what the receiver answers says whether to send it again") {
    struct Case {
        int status;
        bool is_taken;
        bool is_worth_another;
    };
    for (const auto& [status, is_taken, is_worth_another] :
         {Case{200, true, false}, Case{204, true, false}, Case{301, false, false},
          Case{307, false, false}, Case{400, false, false}, Case{404, false, false},
          Case{408, false, true}, Case{429, false, true}, Case{500, false, true},
          Case{503, false, true}}) {
        CAPTURE(status);
        World world(reply(status, "Location: http://169.254.169.254/\r\nRetry-After: 7\r\n"));
        const Delivery delivery = world.send();
        CHECK(delivery.is_taken == is_taken);
        CHECK(delivery.is_worth_another == is_worth_another);
        CHECK(delivery.trouble.empty() == is_taken);
        CHECK_FALSE(delivery.trouble.contains("secret"));
        CHECK(world.peer.connections_count() == 1);  // A redirect is not followed.
        if (status == 429) {
            CHECK(delivery.pause_min == 7s);
        }
    }
}

TEST_CASE("where nobody answers the message is worth another try, and its address is not told") {
    World world(reply(200));
    Target target = world.target();
    target.address.port = 1;
    const Delivery delivery = net::run_for_test(
        world.context,
        deliver(world.context.get_executor(), target, "{}", Shape::json, net::now_for_test() + 2s));
    CHECK_FALSE(delivery.is_taken);
    CHECK(delivery.is_worth_another);
    CHECK_FALSE(delivery.trouble.contains("secret"));
}

TEST_CASE("a receiver that does not prove its name gets nothing") {
    const net::AuthorityForTest authority;
    for (const auto& [names, is_taken] :
         {std::pair{"IP:127.0.0.1", true}, std::pair{"DNS:hooks.example", false}}) {
        CAPTURE(names);
        boost::asio::io_context context;
        net::ScriptedTlsPeer peer(context, {.identity = authority.issue({.names = names})},
                                  {{reply(200)}});
        const Result<Target> target =
            target_of({true, "127.0.0.1", peer.port(), "/x"}, authority.certificate());
        REQUIRE(target);
        const Delivery delivery = net::run_for_test(
            context,
            deliver(context.get_executor(), *target, "{}", Shape::json, net::now_for_test() + 2s));
        CHECK(delivery.is_taken == is_taken);
        CHECK(peer.requests().size() == (is_taken ? 1 : 0));
    }
    CHECK_FALSE(target_of({}, "no certificate"));
}

TEST_CASE("to try a receiver tells it nothing") {
    World world(reply(404));
    CHECK(net::run_for_test(world.context, try_target(world.context.get_executor(), world.target(),
                                                      net::now_for_test() + 2s)));
    REQUIRE(world.peer.requests().size() == 1);
    CHECK(world.peer.requests().front().starts_with("GET / HTTP/1.1\r\n"));
    CHECK_FALSE(world.peer.requests().front().contains("secret"));
}
