// A real CrowdSec as a list of sources.

#include "homeostat/adapters/crowdsec/crowdsec_feed.hpp"
#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/heal/immune_role.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/os/child.hpp"

#include "crowdsec_server.hpp"
#include "threat_feed_conformance.hpp"

#include <doctest/doctest.h>

using namespace homeostat;
using namespace homeostat::conformance;

TEST_CASE("CrowdSec tells what is new, what has ended, and all of it again" *
          doctest::skip(!has_crowdsec())) {
    check_what_a_list_tells<CrowdsecServer>();
}

TEST_CASE("a key that CrowdSec does not know, and that it is gone, are told apart" *
          doctest::skip(!has_crowdsec())) {
    check_what_a_list_refuses<CrowdsecServer>();
}

TEST_CASE(
    "what CrowdSec decides is denied at the edge after its trial, also when it dies, and let in "
    "again once it is taken back" *
    doctest::skip(!has_crowdsec() || !has_haproxy())) {
    check_a_list_at_the_edge<CrowdsecServer>();
}
