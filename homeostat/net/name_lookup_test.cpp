#include "homeostat/net/name_lookup.hpp"

#include "homeostat/net/run_for_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;

namespace {

/// A resolver that answers when the test says so.
struct Resolver {
    boost::asio::io_context context;
    std::vector<NameLookup::Answer> asked;
    NameLookup lookup{context.get_executor(), "kube.test", 6443,
                      [this](const std::string&, std::uint16_t, NameLookup::Answer answer) {
                          asked.push_back(std::move(answer));
                      }};

    Result<std::vector<TcpEndpoint>> ask(Duration within) {
        return run_for_test(context, lookup.addresses(now_for_test() + within));
    }
};

const std::vector<TcpEndpoint> found{{"10.0.0.1", 6443}};

}  // namespace

TEST_CASE("an address is itself and nobody is asked") {
    boost::asio::io_context context;
    for (const char* host : {"127.0.0.1", "::1"}) {
        const NameLookup lookup(context.get_executor(), host, 443,
                                [](auto&&...) { FAIL("asked"); });
        const auto addresses = run_for_test(context, lookup.addresses(now_for_test() + 1s));
        REQUIRE(addresses);
        CHECK(*addresses == std::vector<TcpEndpoint>{{host, 443}});
    }
}

TEST_CASE("a name is asked of the system") {
    boost::asio::io_context context;
    const NameLookup lookup(context.get_executor(), "localhost", 443);
    const auto addresses = run_for_test(context, lookup.addresses(now_for_test() + 5s));
    REQUIRE(addresses);
    CHECK(std::ranges::all_of(*addresses, [](const TcpEndpoint& one) {
        return (one.host == "127.0.0.1" || one.host == "::1") && one.port == 443;
    }));
}

TEST_CASE("a resolver that hangs costs the deadline, and is asked no second time meanwhile") {
    Resolver resolver;
    for (int round = 0; round < 3; ++round) {
        const auto addresses = resolver.ask(20ms);
        REQUIRE_FALSE(addresses);
        CHECK(addresses.error().fault == Fault::late);
    }
    REQUIRE(resolver.asked.size() == 1);
    resolver.asked[0](found);  // Nobody waits for it any more.
    resolver.context.poll();
    static_cast<void>(resolver.ask(20ms));
    CHECK(resolver.asked.size() == 2);
}

TEST_CASE("all who wait get the answer to one question") {
    Resolver resolver;
    int answered_count = 0;
    for (int asker = 0; asker < 3; ++asker) {
        boost::asio::co_spawn(
            resolver.context, resolver.lookup.addresses(now_for_test() + 5s),
            [&](const std::exception_ptr&, Result<std::vector<TcpEndpoint>> told) {
                CHECK(told == found);
                ++answered_count;
            });
    }
    resolver.context.poll();
    REQUIRE(resolver.asked.size() == 1);
    resolver.asked[0](found);
    run_until_for_test(resolver.context, [&] { return answered_count == 3; });
}

TEST_CASE("a name that has no address is told as that, and a deadline in the past asks nobody") {
    Resolver resolver;
    CHECK_FALSE(resolver.ask(-1s));
    CHECK(resolver.asked.empty());
    boost::asio::io_context context;
    const NameLookup lookup(
        context.get_executor(), "kube.test", 443,
        [](const std::string&, std::uint16_t, const NameLookup::Answer& answer) {
            answer(fail(Fault::unreachable, "no such name"));
        });
    const auto addresses = run_for_test(context, lookup.addresses(now_for_test() + 1s));
    REQUIRE_FALSE(addresses);
    CHECK(addresses.error().fault == Fault::unreachable);
}
