#include "homeostat/mesh/capacity_ledger.hpp"

#include "homeostat/mesh/flap_damping.hpp"
#include "homeostat/mesh/names_for_test.hpp"

#include <doctest/doctest.h>

namespace homeostat::mesh {

using namespace for_test;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const ShareKey of_cart{cart, cart_pay};
const ShareKey of_shop{shop, shop_pay};
const Instant end = now + seconds{10};

/// 90 requests a second to give, and the hold after its start is over.
CapacityLedger ledger_of_100() {
    CapacityLedger ledger(Limits{}, now - seconds{10});
    ledger.note_capacity(100);
    return ledger;
}

}  // namespace

TEST_CASE("grants stay within nine tenths of the capacity together") {
    CapacityLedger ledger = ledger_of_100();
    CHECK_FALSE(ledger.grant(of_cart, 91, end, now));
    CHECK(ledger.grant(of_cart, 60, end, now));
    CHECK_FALSE(ledger.grant(of_shop, 31, end, now));
    CHECK(ledger.grant(of_shop, 30, end, now));
    CHECK(ledger.free_for({vault, cart_pay}, now) == 0);
}

TEST_CASE("a grant ends by itself, and never gets smaller before") {
    CapacityLedger ledger = ledger_of_100();
    CHECK(ledger.grant(of_cart, 60, end, now));
    CHECK(ledger.grant(of_cart, 10, end + seconds{1}, now + seconds{1}));
    CHECK(ledger.free_for(of_shop, now + seconds{1}) == 30);
    CHECK(ledger.has_granted(end));
    CHECK_FALSE(ledger.has_granted(end + seconds{1}));
    CHECK(ledger.free_for(of_shop, end + seconds{1}) == 90);
}

TEST_CASE("after a start nothing is granted until the grants of the last life are over") {
    CapacityLedger ledger(Limits{}, now);
    ledger.note_capacity(100);
    CHECK_FALSE(ledger.grant(of_cart, 1, end + seconds{9}, end - seconds{1}));
    CHECK(ledger.has_granted(end - seconds{1}));
    CHECK(ledger.grant(of_cart, 1, end + seconds{10}, end));
}

TEST_CASE("without a known capacity nothing is granted") {
    CapacityLedger ledger(Limits{}, now - seconds{10});
    CHECK_FALSE(ledger.grant(of_cart, 1, end, now));
}

TEST_CASE("what is planned for a caller is not granted to another, and may shrink") {
    CapacityLedger ledger = ledger_of_100();
    ledger.plan(of_cart, 60, end, now);
    CHECK_FALSE(ledger.has_granted(now));
    CHECK_FALSE(ledger.grant(of_shop, 31, end, now));
    ledger.plan(of_cart, 20, end, now);
    CHECK(ledger.grant(of_shop, 31, end, now));
    ledger.end_plan(of_cart);
    CHECK(ledger.free_for(of_cart, now) == 59);
}

TEST_CASE("three changes in a minute are the last for another, then for two") {
    const Limits limits;
    FlapDamping flaps;
    Instant at = now;
    for (const int minutes_held : {1, 2, 4, 8, 10, 10}) {
        for (int change = 0; change < 3; ++change) {
            REQUIRE(flaps.permits(at));
            flaps.note_change(limits, at);
            at += seconds{1};
        }
        at += minutes{minutes_held} - seconds{2};
        CHECK_FALSE(flaps.permits(at));
        at += seconds{1};
        CHECK(flaps.permits(at));
    }
    at += limits.hold_down_max;
    flaps.hold_down(limits, at);
    CHECK(flaps.permits(at + minutes{1}));
}

TEST_CASE("changes that lie further apart than a minute are as many as you like") {
    FlapDamping flaps;
    for (int count = 0; count < 20; ++count) {
        const Instant at = now + count * seconds{31};
        CHECK(flaps.permits(at));
        flaps.note_change(Limits{}, at);
    }
}

}  // namespace homeostat::mesh
