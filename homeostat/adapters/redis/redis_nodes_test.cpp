// What becomes of keys on their way through nodes that say anything; a real cluster stands in
// tests/conformance.

#include "homeostat/adapters/redis/redis_nodes.hpp"

#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::redis {

namespace {

using namespace std::chrono_literals;
using enum net::ScriptLine::Then;

std::uint16_t port_of(const net::ScriptedPeer& peer) {
    return std::get<net::TcpEndpoint>(peer.endpoint()).port;
}

/// What a seed says of a cluster whose only node is `keeper`.
std::string slots_at(const net::ScriptedPeer& keeper) {
    return "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:" +
           std::to_string(port_of(keeper)) + "\r\n$2\r\nid\r\n";
}

std::string moved_to(const net::ScriptedPeer& peer) {
    return "-MOVED 1 127.0.0.1:" + std::to_string(port_of(peer)) + "\r\n";
}

RedisPlace cluster_at(const std::vector<const net::ScriptedPeer*>& seeds) {
    RedisPlace place;
    for (const net::ScriptedPeer* seed : seeds) {
        place.cluster.push_back(seed->endpoint());
    }
    return place;
}

constexpr const char* one_copy = "*1\r\n$1\r\n7\r\n";
constexpr const char* one_dropped = ":1\r\n";
const std::vector<std::string> one_key{"fx:USD"};

/// Nodes in a row, each of which redirects to the one before it; the first drops what it is asked
/// to.
struct Row {
    boost::asio::io_context context;
    std::deque<net::ScriptedPeer> peers;

    explicit Row(int redirections) {
        peers.emplace_back(context, std::deque<net::ScriptLine>{{one_dropped}});
        for (int count = 0; count < redirections; ++count) {
            const std::string says = moved_to(peers.back());
            peers.emplace_back(context, std::deque<net::ScriptLine>{{says}});
        }
        const std::string slots = slots_at(peers.back());
        peers.emplace_back(context, std::deque<net::ScriptLine>{{slots}});
    }
    Unlinked unlink() {
        RedisNodes nodes(context.get_executor(), cluster_at({&peers.back()}));
        return net::run_for_test(context, nodes.unlink(one_key, net::now_for_test() + 2s));
    }
};

}  // namespace

TEST_CASE("redirections are followed so often, and not once more") {
    Row long_row(redirections_max);
    CHECK(long_row.unlink().keys_count == 1);
    CHECK(long_row.peers.front().requests().size() == 1);

    Row longer_row(redirections_max + 1);
    const Unlinked unlinked = longer_row.unlink();
    CHECK(unlinked.keys_count == 0);
    REQUIRE(unlinked.troubles.size() == 1);
    CHECK(unlinked.troubles.front().error.fault == Fault::refused);
    CHECK_FALSE(unlinked.troubles.front().may_have_done);
    CHECK(longer_row.peers.front().connections_count() == 0);
}

TEST_CASE("where a slot is on its way to is asked for this once, behind ASKING") {
    boost::asio::io_context context;
    net::ScriptedPeer target(context, {{std::string("+OK\r\n") + one_copy}});
    net::ScriptedPeer keeper(
        context, {{"-ASK 1 127.0.0.1:" + std::to_string(port_of(target)) + "\r\n"}, {one_copy}});
    net::ScriptedPeer seed(context, {{slots_at(keeper)}});
    RedisNodes nodes(context.get_executor(), cluster_at({&seed}));
    for (int round = 0; round < 2; ++round) {
        const CopiesRead read =
            net::run_for_test(context, nodes.read(one_key, net::now_for_test() + 2s));
        CHECK(read.is_whole());
        CHECK(read.keys.front().at_primary == "7");
    }
    CHECK(target.requests().front().starts_with("*1\r\n$6\r\nASKING\r\n*2\r\n$4\r\nMGET\r\n"));
    CHECK(target.requests().size() == 1);
    CHECK(seed.requests().size() == 1);
}

TEST_CASE(
    "who keeps what is asked again after a redirection, and of the next seed if one is mute") {
    boost::asio::io_context context;
    net::ScriptedPeer keeper(context, {{one_copy}, {one_copy}});
    net::ScriptedPeer former(context, {{moved_to(keeper)}});
    net::ScriptedPeer mute(context, {{"", closes}, {"", closes}});
    net::ScriptedPeer seed(context, {{slots_at(former)}, {slots_at(keeper)}});
    RedisNodes nodes(context.get_executor(), cluster_at({&mute, &seed}));
    for (int round = 0; round < 2; ++round) {
        const CopiesRead read =
            net::run_for_test(context, nodes.read(one_key, net::now_for_test() + 2s));
        CHECK(read.is_whole());
    }
    CHECK(former.requests().size() == 1);
    CHECK(mute.requests().size() == 1);  // Whoever knew it last is asked first.
    CHECK(seed.requests().size() == 2);
}

TEST_CASE("a cluster of which no node says who keeps what is asked to drop nothing") {
    for (const char* says : {"-ERR This instance has cluster support disabled\r\n", "rubbish\r\n",
                             "*0\r\n", "*0\r\n:1\r\n"}) {
        CAPTURE(says);
        boost::asio::io_context context;
        net::ScriptedPeer seed(context, {{says}});
        RedisNodes nodes(context.get_executor(), cluster_at({&seed}));
        const Unlinked unlinked =
            net::run_for_test(context, nodes.unlink(one_key, net::now_for_test() + 2s));
        CHECK(unlinked.keys_count == 0);
        REQUIRE(unlinked.troubles.size() == 1);
        CHECK_FALSE(unlinked.troubles.front().may_have_done);
        CHECK(unlinked.troubles.front().node == seed.endpoint());
        CHECK(seed.requests().size() == 1);
    }
}

TEST_CASE("of keys sent together those that were answered are known, and the others are not") {
    boost::asio::io_context context;
    net::ScriptedPeer redis(context, {{":1\r\n:0\r\n", closes}});
    RedisNodes nodes(context.get_executor(), RedisPlace{.address = redis.endpoint()});
    const Unlinked unlinked = net::run_for_test(
        context, nodes.unlink({"fx:USD", "fx:GBP", "fx:SEK"}, net::now_for_test() + 2s));
    CHECK(unlinked.keys_count == 2);
    CHECK(unlinked.there_count == 1);
    REQUIRE(unlinked.troubles.size() == 1);
    CHECK(unlinked.troubles.front().keys_count == 1);
    CHECK(unlinked.troubles.front().may_have_done);
}

TEST_CASE("whoever answers otherwise than asked may have done anything, and is believed nothing") {
    for (const char* says : {":1\r\n:1\r\n", "rubbish\r\n", "*1\r\n$1\r\n7\r\n", "+OK\r\n"}) {
        CAPTURE(says);
        boost::asio::io_context context;
        net::ScriptedPeer redis(context, {{says}});
        RedisNodes nodes(context.get_executor(), RedisPlace{.address = redis.endpoint()});
        const Unlinked unlinked =
            net::run_for_test(context, nodes.unlink(one_key, net::now_for_test() + 2s));
        CHECK(unlinked.keys_count == 0);
        REQUIRE(unlinked.troubles.size() == 1);
        CHECK(unlinked.troubles.front().may_have_done);
        CHECK(unlinked.troubles.front().error.fault == Fault::broken);
    }
}

TEST_CASE("one Redis follows no redirection, and is asked nothing of a cluster") {
    boost::asio::io_context context;
    net::ScriptedPeer other(context, {{one_dropped}});
    net::ScriptedPeer redis(context, {{moved_to(other)}});
    RedisNodes nodes(context.get_executor(), RedisPlace{.address = redis.endpoint()});
    const Unlinked unlinked =
        net::run_for_test(context, nodes.unlink(one_key, net::now_for_test() + 2s));
    REQUIRE(unlinked.troubles.size() == 1);
    CHECK(unlinked.troubles.front().error.text.contains("MOVED"));
    CHECK(other.connections_count() == 0);
    CHECK(redis.requests() == std::vector<std::string>{"*2\r\n$6\r\nUNLINK\r\n$6\r\nfx:USD\r\n"});
}

TEST_CASE("a replica is read beside its primary, and one that is silent spoils nothing") {
    boost::asio::io_context context;
    net::ScriptedPeer primary(context, {{one_copy}, {one_copy}});
    net::ScriptedPeer replica(context, {{"*1\r\n$1\r\n8\r\n"}, {"", closes}});
    RedisNodes nodes(context.get_executor(),
                     RedisPlace{.address = primary.endpoint(), .replicas = {replica.endpoint()}});
    const CopiesRead both =
        net::run_for_test(context, nodes.read(one_key, net::now_for_test() + 2s));
    CHECK(both.troubles.empty());
    REQUIRE(both.keys.front().at_replicas.size() == 1);
    CHECK(both.keys.front().at_replicas.front().value == "8");
    const CopiesRead one =
        net::run_for_test(context, nodes.read(one_key, net::now_for_test() + 2s));
    CHECK(one.is_whole());
    CHECK(one.keys.front().at_primary == "7");
    CHECK(one.keys.front().at_replicas.empty());
    REQUIRE(one.troubles.size() == 1);
    CHECK(one.troubles.front().is_replica);
    CHECK(one.troubles.front().node == replica.endpoint());
}

TEST_CASE("what is dropped with replicas to look after is followed by a wait that has an end") {
    boost::asio::io_context context;
    net::ScriptedPeer replica(context, {});
    net::ScriptedPeer primary(context, {{":1\r\n:0\r\n"}});
    RedisNodes nodes(context.get_executor(),
                     RedisPlace{.address = primary.endpoint(), .replicas = {replica.endpoint()}});
    CHECK(net::run_for_test(context, nodes.unlink(one_key, net::now_for_test() + 2s)).keys_count ==
          1);
    CHECK(primary.requests().front().ends_with("*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$2\r\n50\r\n"));
    CHECK(replica.connections_count() == 0);
}

}  // namespace homeostat::adapters::redis
