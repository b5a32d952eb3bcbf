#include "homeostat/net/refused_address.hpp"

#include "homeostat/net/http_client.hpp"
#include "homeostat/net/https_address.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/net/name_lookup.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace homeostat;
using namespace homeostat::net;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> refused{
    "169.254.169.254", "169.254.0.0", "169.254.255.255", "169.254.170.2",
    // The same in every form that IPv6 has for it.
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::169.254.169.254", "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "fe80::1", "fe80::1%1", "febf::1", "fd00:ec2::254",
    "fd00:ec2::23", "fd20:ce::254", "168.63.129.16", "::ffff:168.63.129.16", "100.100.100.200",
    "192.0.0.192", "224.0.0.1", "239.255.255.255", "::ffff:224.0.0.1", "ff02::1", "255.255.255.255",
    "0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"};

const std::vector<std::string> allowed{"127.0.0.1",
                                       "::1",
                                       "::ffff:127.0.0.1",
                                       "10.0.0.1",
                                       "172.16.0.1",
                                       "192.168.1.1",
                                       "100.64.0.1",
                                       "100.100.100.201",
                                       "168.63.129.15",
                                       "169.253.255.255",
                                       "169.255.0.0",
                                       "223.255.255.255",
                                       "192.0.2.7",
                                       "2001:db8::1",
                                       "fd00::1",
                                       "fd00:ec3::254",
                                       "fd20:ce::255",
                                       "fec0::1",
                                       "fe7f::1",
                                       "64:ff9b::10.0.0.1",
                                       "2002:a00:1::1",
                                       "kube.example",
                                       "metadata.google.internal",
                                       ""};

}  // namespace

TEST_CASE("metadata, link-local, multicast and unspecified addresses are refused, others are not") {
    for (const std::string& host : refused) {
        CAPTURE(host);
        CHECK_FALSE(why_refused(host).empty());
    }
    for (const std::string& host : allowed) {
        CAPTURE(host);
        CHECK(why_refused(host).empty());
    }
    CHECK(check_target(UnixEndpoint{"/run/169.254.169.254"}));
}

TEST_CASE("a refusal names the address and the reason, and that is no fault of the peer's") {
    const Result<void> checked = check_target(TcpEndpoint{"169.254.169.254", 80});
    REQUIRE_FALSE(checked);
    CHECK(checked.error().fault == Fault::invalid);
    CHECK(checked.error().text ==
          "169.254.169.254:80 is never asked: it is link-local, where clouds keep a machine's "
          "credentials");
}

TEST_CASE("no connection is made to a refused address, by whichever client") {
    for (const std::string& host : refused) {
        CAPTURE(host);
        boost::asio::io_context context;
        const auto executor = context.get_executor();
        const auto reply = run_for_test(
            context, request_once(executor, TcpEndpoint{host, 80}, {}, now_for_test() + 1s));
        REQUIRE_FALSE(reply);
        CHECK(reply.error().fault == Fault::invalid);
        CHECK(reply.error().text.contains("is never asked"));
        const LineExchange line = run_for_test(
            context,
            exchange_line(executor, TcpEndpoint{host, 80}, "show stat", now_for_test() + 1s, 64));
        REQUIRE_FALSE(line.reply);
        CHECK_FALSE(line.is_sent);
        CHECK(line.reply.error().fault == Fault::invalid);
    }
}

TEST_CASE("a name that leads to a refused address is refused whole, also beside a good one") {
    for (const std::string& host : refused) {
        CAPTURE(host);
        boost::asio::io_context context;
        const NameLookup lookup(
            context.get_executor(), "hooks.example", 443,
            [&](const std::string&, std::uint16_t, const NameLookup::Answer& answer) {
                answer(std::vector<TcpEndpoint>{{"10.0.0.1", 443}, {host, 443}});
            });
        const auto addresses = run_for_test(context, lookup.addresses(now_for_test() + 1s));
        REQUIRE_FALSE(addresses);
        CHECK(addresses.error().fault == Fault::invalid);
        CHECK(addresses.error().text.starts_with("the name 'hooks.example' leads to "));
    }
}

TEST_CASE("an https address that names a refused one is no address") {
    CHECK_FALSE(parse_https_address("https://169.254.169.254/latest/meta-data"));
    CHECK_FALSE(parse_https_address("https://[::ffff:169.254.169.254]/latest"));
    CHECK_FALSE(parse_https_address("https://[fd00:ec2::254]/"));
    CHECK(parse_https_address("https://10.0.0.1/hook"));
}
