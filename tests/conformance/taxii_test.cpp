// A real TAXII 2.1 server as a list of sources: medallion, which OASIS wrote beside the standard.

#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/adapters/taxii/taxii_feed.hpp"
#include "homeostat/heal/immune_role.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "medallion_server.hpp"
#include "threat_feed_conformance.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace homeostat;
using namespace homeostat::conformance;
using namespace std::chrono_literals;

TEST_CASE("a TAXII server tells what is new, what is revoked, and all of it again" *
          doctest::skip(!has_medallion())) {
    check_what_a_list_tells<MedallionServer>();
}

TEST_CASE("a login that a TAXII server does not know, and that it is gone, are told apart" *
          doctest::skip(!has_medallion())) {
    check_what_a_list_refuses<MedallionServer>();
}

TEST_CASE(
    "what a TAXII server lists is denied at the edge after its trial, also when it dies, and let "
    "in again once it is revoked" *
    doctest::skip(!has_medallion() || !has_haproxy())) {
    check_a_list_at_the_edge<MedallionServer>();
}

TEST_CASE("a collection of many pages is read to its end, and each object of it once" *
          doctest::skip(!has_medallion())) {
    boost::asio::io_context context{1};
    MedallionServer server(context);
    std::set<std::string> expected;
    // A page has two.
    for (int number = 1; number <= 9; ++number) {
        expected.insert("192.0.2." + std::to_string(number));
        server.add("192.0.2." + std::to_string(number), 1h);
    }
    const auto feed = server.feed();
    const Result<FeedUpdate> whole = poll(context, *feed, true);
    REQUIRE_MESSAGE(whole, (whole ? std::string() : whole.error().text));
    std::set<std::string> listed;
    for (const Listing& listing : whole->listed) {
        listed.insert(to_text(listing.network));
    }
    CHECK(listed == expected);
    CHECK(whole->listed.size() == expected.size());
    CHECK_FALSE(whole->has_more);
    const Result<FeedUpdate> nothing = poll(context, *feed, false);
    REQUIRE(nothing);
    CHECK(*nothing == FeedUpdate{});
}

TEST_CASE("what is about no address, or ended, lists nothing; a new version replaces the old one" *
          doctest::skip(!has_medallion())) {
    boost::asio::io_context context{1};
    MedallionServer server(context);
    server.add("192.0.2.1", 1h);
    server.add("192.0.2.2", -1s);
    server.post("domain", "[domain-name:value = 'a.example']", 1h);
    const auto feed = server.feed();
    const Result<FeedUpdate> whole = poll(context, *feed, true);
    REQUIRE(whole);
    CHECK(whole->listed.size() == 1);
    CHECK(whole->skipped == 1);
    server.post("192.0.2.1", "[ipv4-addr:value = '192.0.2.3']", 1h);
    const Result<FeedUpdate> changed = poll(context, *feed, false);
    REQUIRE(changed);
    REQUIRE(changed->listed.size() == 1);
    CHECK(to_text(changed->listed.front().network) == "192.0.2.3");
    REQUIRE(changed->removed.size() == 1);
    CHECK(to_text(changed->removed.front()) == "192.0.2.1");
}

TEST_CASE("a collection is looked at without reading it, and a stranger is refused" *
          doctest::skip(!has_medallion())) {
    boost::asio::io_context context{1};
    MedallionServer server(context);
    const auto look = [&](const auto& feed) {
        return net::run_for_test(context, feed->look(net::now_for_test() + 5s));
    };
    CHECK(look(server.feed()));
    const Result<void> refused = look(server.stranger());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::refused);
    const Result<void> gone = look(server.feed_of("/api1/collections/none/"));
    REQUIRE_FALSE(gone);
    CHECK(gone.error().text.contains("no such collection"));
}
