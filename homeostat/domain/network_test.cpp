#include "homeostat/domain/network.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat {

namespace {

Network of(const std::string& text) {
    const Result<Network> network = parse_network(text);
    REQUIRE_MESSAGE(network, text);
    return *network;
}

}  // namespace

TEST_CASE("a network is written as the kernel writes it, whatever form it was read in") {
    struct Case {
        std::string read;
        std::string written;
        std::string as_v6;
    };
    for (const Case& one :
         std::vector<Case>{{"192.0.2.7", "192.0.2.7", "::ffff:192.0.2.7"},
                           {"192.0.2.7/32", "192.0.2.7", "::ffff:192.0.2.7"},
                           {"192.0.2.0/24", "192.0.2.0/24", "::ffff:192.0.2.0"},
                           {"::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.7"},
                           {"::ffff:c000:0207", "192.0.2.7", "::ffff:192.0.2.7"},
                           {"0.0.0.0/0", "0.0.0.0/0", "::ffff:0.0.0.0"},
                           {"2001:DB8::1", "2001:db8::1", "2001:db8::1"},
                           {"2001:db8:0:0:0:0:0:0/48", "2001:db8::/48", "2001:db8::"},
                           {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
                           {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "2001:0:0:1::1"},
                           {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
                           {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
                           {"::1", "::1", "::1"},
                           {"::", "::", "::"},
                           {"::1.2.3.4", "::1.2.3.4", "::1.2.3.4"},
                           {"64:ff9b::192.0.2.33", "64:ff9b::c000:221", "64:ff9b::c000:221"},
                           {"::/0", "::/0", "::"}}) {
        CAPTURE(one.read);
        CHECK(to_text(of(one.read)) == one.written);
        CHECK(to_v6_text(of(one.read)) == one.as_v6);
        CHECK(of(to_text(of(one.read))) == of(one.read));
    }
}

TEST_CASE("what is no network, or could be read in two ways, is refused") {
    for (const std::string text : {"",
                                   " ",
                                   "1",
                                   "1.2.3",
                                   "1.2.3.4.5",
                                   "1.2.3.256",
                                   "01.2.3.4",
                                   "1.2.3.4 ",
                                   " 1.2.3.4",
                                   "1.2.3.-4",
                                   "+1.2.3.4",
                                   "1.2.3.4/",
                                   "1.2.3.4/33",
                                   "1.2.3.4/-1",
                                   "1.2.3.4/24",
                                   "a.b.c.d",
                                   ":",
                                   ":::",
                                   "1::2::3",
                                   "1:2:3:4:5:6:7",
                                   "1:2:3:4:5:6:7:8:9",
                                   "1:2:3:4:5:6:7:8::",
                                   "12345::",
                                   "g::",
                                   "::1/129",
                                   "2001:db8::1/48",
                                   "1.2.3.4::",
                                   "::1.2.3.4:5",
                                   "1:2:",
                                   ":1:2",
                                   "::ffff:192.0.2.0/24",
                                   "fe80::1%eth0",
                                   "localhost",
                                   "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_network(text));
    }
}

TEST_CASE("a network holds what has its prefix, and no more") {
    CHECK(contains(of("192.0.2.0/24"), of("192.0.2.255")));
    CHECK(contains(of("192.0.2.0/24"), of("192.0.2.0/25")));
    CHECK_FALSE(contains(of("192.0.2.0/25"), of("192.0.2.0/24")));
    CHECK_FALSE(contains(of("192.0.2.0/24"), of("192.0.3.0")));
    CHECK(contains(of("::/0"), of("192.0.2.7")));
    CHECK(contains(of("2001:db8::/33"), of("2001:db8:7fff::1")));
    CHECK_FALSE(contains(of("2001:db8::/33"), of("2001:db8:8000::1")));
    CHECK(overlap(of("192.0.2.7"), of("192.0.0.0/16")));
    CHECK(prefix_of(of("192.0.2.7"), 120) == of("192.0.2.0/24"));
}

TEST_CASE("addresses that nobody out there has are reserved, and so is what holds some of them") {
    for (const std::string text : {"0.0.0.0/0",
                                   "0.1.2.3",
                                   "10.1.2.3",
                                   "100.64.0.1",
                                   "100.127.255.255",
                                   "127.0.0.1",
                                   "169.254.169.254",
                                   "172.16.0.1",
                                   "172.31.255.255",
                                   "192.0.0.9",
                                   "192.168.0.1",
                                   "198.18.0.1",
                                   "198.19.255.255",
                                   "224.0.0.1",
                                   "239.1.1.1",
                                   "240.0.0.1",
                                   "255.255.255.255",
                                   "192.0.0.0/8",
                                   "::",
                                   "::1",
                                   "::/0",
                                   "::1.2.3.4",
                                   "64:ff9b::1",
                                   "64:ff9b:1::1",
                                   "100::1",
                                   "fc00::1",
                                   "fd12::1",
                                   "fe80::1",
                                   "fec0::1",
                                   "ff02::1"}) {
        CAPTURE(text);
        CHECK(is_reserved(of(text)));
    }
    for (const std::string text :
         {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
          "172.32.0.0", "192.0.1.0", "192.0.2.0/24", "192.167.255.255", "198.17.0.0", "198.20.0.0",
          "223.255.255.255", "2001:db8::/48", "2a00::1", "64:ff9d::1"}) {
        CAPTURE(text);
        CHECK_FALSE(is_reserved(of(text)));
    }
}

}  // namespace homeostat
