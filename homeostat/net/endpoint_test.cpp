#include "homeostat/net/endpoint.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace homeostat;
using namespace homeostat::net;

TEST_CASE("an address is split into endpoint and path") {
    struct Case {
        std::string_view text;
        Endpoint endpoint;
        std::string path;
    };
    const std::array cases{
        Case{"http://127.0.0.1:8080/healthz", TcpEndpoint{"127.0.0.1", 8080}, "/healthz"},
        Case{"http://127.0.0.1", TcpEndpoint{"127.0.0.1", 80}, "/"},
        Case{"http://127.0.0.1:81?x=1", TcpEndpoint{"127.0.0.1", 81}, "/?x=1"},
        Case{"http://localhost:81/a%20b?c=d&e", TcpEndpoint{"127.0.0.1", 81}, "/a%20b?c=d&e"},
        Case{"http://[::1]:9/x", TcpEndpoint{"::1", 9}, "/x"},
        Case{"http://10.0.0.7:9/x", TcpEndpoint{"10.0.0.7", 9}, "/x"},
        Case{"unix:/run/x.sock", UnixEndpoint{"/run/x.sock"}, "/"},
        Case{"unix:run/x.sock", UnixEndpoint{"run/x.sock"}, "/"},
    };
    for (const Case& given : cases) {
        CAPTURE(given.text);
        const Result<Address> address = parse_endpoint(given.text);
        REQUIRE(address);
        CHECK(address->endpoint == given.endpoint);
        CHECK(address->path == given.path);
    }
}

TEST_CASE("what is not an address that we may talk to is refused with the reason") {
    const std::array<std::string, 14> refused{
        "",
        "127.0.0.1:80",
        "http://",
        "https://127.0.0.1/",
        "http:/x",
        "http://u:p@127.0.0.1",
        "http://127.0.0.1/#x",
        "http://payments.internal/",
        "unix:",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1/a b",
        "unix:" + std::string(108, 'x'),
    };
    for (const std::string& text : refused) {
        CAPTURE(text);
        const Result<Address> address = parse_endpoint(text);
        REQUIRE_FALSE(address);
        CHECK(address.error().fault == Fault::invalid);
        CHECK(address.error().text.size() < 400);
    }
    CHECK_FALSE(parse_endpoint("http://127.0.0.1/" + std::string(4096, 'x')));
    CHECK_FALSE(unix_endpoint(std::string_view("a\0b", 3)));
}

TEST_CASE("an endpoint is written as it is read") {
    CHECK(to_text(TcpEndpoint{"127.0.0.1", 80}) == "127.0.0.1:80");
    CHECK(to_text(TcpEndpoint{"::1", 80}) == "[::1]:80");
    CHECK(to_text(UnixEndpoint{"/run/x.sock"}) == "unix:/run/x.sock");
}

TEST_CASE("loopback and UNIX sockets are local, all else is not") {
    CHECK(is_local(UnixEndpoint{"x"}));
    CHECK(is_local(TcpEndpoint{"127.8.0.1", 1}));
    CHECK(is_local(TcpEndpoint{"::1", 1}));
    CHECK_FALSE(is_local(TcpEndpoint{"0.0.0.0", 1}));
    CHECK_FALSE(is_local(TcpEndpoint{"10.0.0.1", 1}));
    CHECK_FALSE(is_local(TcpEndpoint{"nonsense", 1}));
}
