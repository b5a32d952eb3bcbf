#include "homeostat/console/web_address.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace homeostat;
using namespace homeostat::console;

TEST_CASE("an address of the web is taken apart, and its origin is all that is shown of it") {
    struct Case {
        const char* text;
        WebAddress address;
        const char* origin;
    };
    for (const auto& [text, address, origin] :
         {Case{"https://Hooks.Example/T0/b?x=1",
               {true, "hooks.example", 443, "/T0/b?x=1"},
               "https://hooks.example"},
          Case{"https://hooks.example:8443",
               {true, "hooks.example", 8443, "/"},
               "https://hooks.example:8443"},
          Case{"https://[fd00::1]/x", {true, "fd00::1", 443, "/x"}, "https://[fd00::1]"},
          Case{
              "http://127.0.0.1:7443/x", {false, "127.0.0.1", 7443, "/x"}, "http://127.0.0.1:7443"},
          Case{"http://[::1]:7443", {false, "::1", 7443, "/"}, "http://[::1]:7443"}}) {
        CAPTURE(text);
        const Result<WebAddress> parsed = parse_web_address(text);
        REQUIRE(parsed);
        CHECK(*parsed == address);
        CHECK(origin_of(*parsed) == origin);
    }
}

TEST_CASE("what others could read, or what names nobody, is refused, and is not repeated") {
    for (const std::string text :
         {"http://secret.example/x", "http://10.0.0.7/secret", "https://secret:word@hooks.example/",
          "https://hooks.example/secret#here", "https://hooks.example/se cret", "ftp://secret/",
          "https://", "https:///secret", "https://hooks.example:0/secret",
          "https://hooks.example:99999/secret", "unix:/run/secret.sock", "secret", ""}) {
        CAPTURE(text);
        const Result<WebAddress> parsed = parse_web_address(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().fault == Fault::invalid);
        CHECK_FALSE(parsed.error().text.contains("secret"));
    }
    CHECK_FALSE(parse_web_address("https://x.example/" + std::string(2000, 'x')));
}
