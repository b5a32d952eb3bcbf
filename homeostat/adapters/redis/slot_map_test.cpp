#include "homeostat/adapters/redis/slot_map.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::adapters::redis {

namespace {

const net::Endpoint asked_for_test = net::TcpEndpoint{"10.0.0.9", 7000};

net::Endpoint node(std::uint16_t port) {
    return net::TcpEndpoint{"127.0.0.1", port};
}

std::string value(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

/// A node as Redis 7 tells of it, with what else it knows.
std::string told(std::string_view host, int port, const std::string& more = "*0\r\n") {
    return "*4\r\n" + value(host) + ":" + std::to_string(port) + "\r\n" +
           value("40-digits-that-nobody-reads") + more;
}

std::string range(int first, int last, const std::vector<std::string>& nodes) {
    std::string text = "*" + std::to_string(nodes.size() + 2) + "\r\n:" + std::to_string(first) +
                       "\r\n:" + std::to_string(last) + "\r\n";
    for (const std::string& each : nodes) {
        text += each;
    }
    return text;
}

/// The whole of `text` as one map.
SlotMap map_in(std::string_view text) {
    const Result<std::optional<SlotsReply>> reply = take_slots(text, asked_for_test);
    REQUIRE(reply);
    REQUIRE(*reply);
    CHECK(text.empty());
    return std::get<SlotMap>(**reply);
}

const std::string three_for_test =
    "*3\r\n" + range(5461, 10922, {told("127.0.0.1", 7001)}) +
    range(0, 5460, {told("127.0.0.1", 7000), told("127.0.0.1", 7003)}) +
    range(10923, 16383, {told("127.0.0.1", 7002)});

}  // namespace

TEST_CASE("a key's slot is that of its hash tag, if it has one with anything in it") {
    // SOURCE: CLUSTER KEYSLOT of Redis 7.0.15.
    for (const auto& [key, slot] : {std::pair<std::string_view, std::uint16_t>{"", 0},
                                    {"123456789", 12739},
                                    {"foo", 12182},
                                    {"fx:USD", 12162},
                                    {"{user1000}.following", 3443},
                                    {"foo{}{bar}", 8363},
                                    {"foo{{bar}}zap", 4015},
                                    {"foo{bar}{zap}", 5061},
                                    {"bar", 5061},
                                    {"a}b{bar}", 5061}}) {
        CAPTURE(key);
        CHECK(slot_of(key) == slot);
    }
}

TEST_CASE("a map says who keeps a slot, in whatever order it came, and where nobody does") {
    const SlotMap map = map_in(three_for_test);
    REQUIRE(map.ranges().size() == 3);
    for (const auto& [slot, port] : {std::pair<std::uint16_t, std::uint16_t>{0, 7000},
                                     {5460, 7000},
                                     {5461, 7001},
                                     {10922, 7001},
                                     {10923, 7002},
                                     {16383, 7002}}) {
        CAPTURE(slot);
        REQUIRE(map.find(slot) != nullptr);
        CHECK(map.find(slot)->primary == node(port));
    }
    CHECK(map.find(0)->replicas == std::vector{node(7003)});
    const SlotMap gap = map_in("*1\r\n" + range(10, 20, {told("127.0.0.1", 7000)}));
    CHECK(gap.find(9) == nullptr);
    CHECK(gap.find(21) == nullptr);
    CHECK(map_in("*0\r\n").find(0) == nullptr);
}

TEST_CASE("nodes are told of in several ways") {
    for (const auto& [text, host] :
         {std::pair<std::string, std::string>{told("::1", 7000), "::1"},
          {told("", 7000), "10.0.0.9"},
          {told("127.0.0.1", 7000, "*2\r\n" + value("hostname") + value("redis-0")), "127.0.0.1"},
          {"*3\r\n" + value("127.0.0.1") + ":7000\r\n" + value("id"), "127.0.0.1"},
          {"*3\r\n$-1\r\n:7000\r\n" + value("id"), "10.0.0.9"}}) {
        CAPTURE(text);
        const SlotMap map = map_in("*1\r\n" + range(0, 1, {text}));
        CHECK(map.find(1)->primary == net::Endpoint{net::TcpEndpoint{host, 7000}});
    }
}

TEST_CASE("what has not come whole is left alone, and a complaint is none of a map") {
    for (std::size_t size = 0; size < three_for_test.size(); ++size) {
        CAPTURE(size);
        std::string_view rest = std::string_view(three_for_test).substr(0, size);
        const Result<std::optional<SlotsReply>> taken = take_slots(rest, asked_for_test);
        REQUIRE(taken);
        CHECK_FALSE(*taken);
        CHECK(rest.size() == size);
    }
    std::string_view text = "-ERR This instance has cluster support disabled\r\n";
    const Result<std::optional<SlotsReply>> reply = take_slots(text, asked_for_test);
    REQUIRE(reply);
    REQUIRE(*reply);
    CHECK(std::get<Complaint>(**reply).text.contains("disabled"));
}

TEST_CASE("a map that contradicts itself, has no bounds or names its nodes is broken") {
    const std::string plain = told("127.0.0.1", 7000);
    for (const std::string& text :
         {std::string("+OK\r\n"), std::string("$3\r\nabc\r\n"), std::string("*-1\r\n"),
          std::string("*2049\r\n"), "*1\r\n" + range(0, 16384, {plain}),
          "*1\r\n" + range(-1, 5, {plain}), "*1\r\n" + range(7, 5, {plain}),
          "*2\r\n" + range(0, 5, {plain}) + range(5, 9, {plain}), "*1\r\n" + range(0, 5, {}),
          "*1\r\n" + range(0, 5, std::vector<std::string>(17, plain)),
          "*1\r\n" + range(0, 5, {told("redis-0.local", 7000)}),
          "*1\r\n" + range(0, 5, {told("127.0.0.1/x", 7000)}),
          "*1\r\n" + range(0, 5, {told("127.0.0.1", 0)}),
          "*1\r\n" + range(0, 5, {told("127.0.0.1", 65536)}),
          "*1\r\n" + range(0, 5, {told("127.0.0.1", 7000, "*17\r\n")}),
          "*1\r\n" + range(0, 5, {told("127.0.0.1", 7000, "*1\r\n*0\r\n")})}) {
        CAPTURE(text);
        std::string_view rest = text;
        const Result<std::optional<SlotsReply>> reply = take_slots(rest, asked_for_test);
        REQUIRE_FALSE(reply);
        CHECK(reply.error().fault == Fault::broken);
    }
}

TEST_CASE("a redirection says where to, and any other complaint is none") {
    const std::optional<Redirection> moved =
        parse_redirection("MOVED 3999 127.0.0.1:6381", asked_for_test);
    REQUIRE(moved);
    CHECK(moved->node == node(6381));
    CHECK_FALSE(moved->is_asking);
    const std::optional<Redirection> asking =
        parse_redirection("ASK 3999 ::1:6381", asked_for_test);
    REQUIRE(asking);
    CHECK(asking->node == net::Endpoint{net::TcpEndpoint{"::1", 6381}});
    CHECK(asking->is_asking);
    const std::optional<Redirection> same = parse_redirection("MOVED 1 :6381", asked_for_test);
    REQUIRE(same);
    CHECK(same->node == net::Endpoint{net::TcpEndpoint{"10.0.0.9", 6381}});
    for (const char* text : {"", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 ", "MOVED 1 127.0.0.1",
                             "MOVED 1 127.0.0.1:", "MOVED 1 127.0.0.1:0", "MOVED 1 127.0.0.1:70000",
                             "MOVED 1 127.0.0.1:6381x", "MOVED 1 redis-0:6381",
                             "ASKING 1 127.0.0.1:6381", "NOAUTH 1 127.0.0.1:6381"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_redirection(text, asked_for_test));
    }
}

}  // namespace homeostat::adapters::redis
