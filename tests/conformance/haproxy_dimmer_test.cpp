// Dimmers on a real HAProxy: what every edge promises of one, and what becomes of an order when the
// stick table is not as it should be.

#include "homeostat/adapters/haproxy/haproxy_dimmer.hpp"

#include "homeostat/domain/permit.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "haproxy_world.hpp"
#include "proxy_dimmer.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<DimmerWorld> make_world(std::chrono::milliseconds lasts) {
    const DimmerMaker<HaproxyWorld> make = [](HaproxyWorld& world) {
        return std::make_unique<haproxy::HaproxyDimmer>(world.context.get_executor(),
                                                        world.options());
    };
    return std::make_unique<ProxyDimmer<HaproxyWorld>>(make, lasts);
}

Outcome dim(HaproxyWorld& world,
            haproxy::HaproxyDimmer& dimmer,
            std::uint32_t permille,
            Duration lasts) {
    const Instant now = net::now_for_test();
    return net::run_for_test(
        world.context,
        dimmer.dim(dim_request_for_test({ServiceId("fraud"), permille, now + lasts}, 1), now + 5s));
}

}  // namespace

TEST_CASE("HAProxy keeps what every edge promises of a dimmer" * doctest::skip(!has_haproxy())) {
    check_dimmer_conformance(make_world);
}

TEST_CASE("an order for longer than its table keeps it is refused, and what was before holds" *
          doctest::skip(!has_haproxy())) {
    const std::unique_ptr<DimmerWorld> world = make_world(2s);
    for (const std::uint32_t before : {0U, 250U}) {
        REQUIRE(dim_kind(*world, order_of(*world, before, 1s)) == OutcomeKind::done);
        const Outcome outcome = world->dim({order_of(*world, 1000, 3s)}, dim_within).front();
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(outcome.because.contains("raise the `expire` of stick table 'dimmers'"));
        CHECK(dimmer_in(*world).permille == before);
    }
}

TEST_CASE("a dimmer whose stick table HAProxy does not have is refused and left out" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    haproxy::Options options = world.options();
    for (const char* table : {"strangers", "payments"}) {  // The second has no stick table.
        options.neighbours.front().dimmer = table;
        haproxy::HaproxyDimmer dimmer(world.context.get_executor(), options);
        const Outcome outcome = dim(world, dimmer, 1000, 10s);
        CHECK(outcome.kind == OutcomeKind::refused);
        CHECK(outcome.because.contains(table));
        const auto facts =
            net::run_for_test(world.context, dimmer.read_dimmers(net::now_for_test() + 2s));
        REQUIRE(facts);
        CHECK(facts->empty());
    }
}

TEST_CASE("a dimmer and a circuit are turned each by itself, also in one table" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    haproxy::HaproxyDimmer dimmer(world.context.get_executor(), world.options());
    REQUIRE(world.perform(SetCircuit{ServiceId("fraud"), true}).kind == OutcomeKind::done);
    CHECK(dim(world, dimmer, 1000, 10s).kind == OutcomeKind::done);
    CHECK(dim(world, dimmer, 0, 10s).kind == OutcomeKind::done);
    CHECK(world.read()->circuits.front().is_open);
    CHECK(world.call_fraud()->body == "fallback");
    REQUIRE(world.perform(SetCircuit{ServiceId("fraud"), false}).kind == OutcomeKind::done);
    CHECK(dim(world, dimmer, 1000, 10s).kind == OutcomeKind::done);
    CHECK_FALSE(world.read()->circuits.front().is_open);
    CHECK(world.call_fraud()->body == "fallback");
}

TEST_CASE("an operator's own hand on the dimmer is seen, and taken off by an order" *
          doctest::skip(!has_haproxy())) {
    HaproxyWorld world;
    haproxy::HaproxyDimmer dimmer(world.context.get_executor(), world.options());
    world.command("set table dimmers key fraud data.gpt0 5000");
    const auto facts =
        net::run_for_test(world.context, dimmer.read_dimmers(net::now_for_test() + 2s));
    REQUIRE(facts);
    CHECK(facts->front().permille == permille_max);
    CHECK(world.call_fraud()->body == "fallback");
    CHECK(dim(world, dimmer, 0, 10s).kind == OutcomeKind::done);
    CHECK(world.call_fraud()->body == "payments-0");
}
