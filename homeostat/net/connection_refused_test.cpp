#include "homeostat/net/connection_refused.hpp"

#include "homeostat/net/http_client.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>

using namespace homeostat;
using namespace std::chrono_literals;

namespace {

Error error_at(const net::Endpoint& endpoint) {
    boost::asio::io_context context;
    const Result<net::HttpResponse> reply = net::run_for_test(
        context, net::request_once(context.get_executor(), endpoint, {}, net::now_for_test() + 2s));
    REQUIRE_FALSE(reply);
    return reply.error();
}

}  // namespace

TEST_CASE("a port on which nobody listens refuses; a socket that is not there does not") {
    boost::asio::io_context context;
    // Bound and not listening: nobody else gets this port meanwhile.
    const boost::asio::ip::tcp::endpoint any(boost::asio::ip::address_v4::loopback(), 0);
    const boost::asio::ip::tcp::socket bound(context, any);
    const std::uint16_t port = bound.local_endpoint().port();
    CHECK(net::is_connection_refused(error_at(net::TcpEndpoint{"127.0.0.1", port})));

    const Error absent = error_at(net::UnixEndpoint{"/nonexistent/x.sock"});
    CHECK(absent.fault == Fault::unreachable);
    CHECK_FALSE(net::is_connection_refused(absent));
    CHECK_FALSE(net::is_connection_refused({Fault::late, "x: Connection refused"}));
}
