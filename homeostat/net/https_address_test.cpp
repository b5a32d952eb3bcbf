#include "homeostat/net/https_address.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace homeostat::net {

TEST_CASE("an https address is a host, a port and a path with its query") {
    CHECK(parse_https_address("https://audit.example") == HttpsAddress{"audit.example", 443, "/"});
    CHECK(parse_https_address("https://audit.example:8443/in?from=eu%20west") ==
          HttpsAddress{"audit.example", 8443, "/in?from=eu%20west"});
    CHECK(parse_https_address("https://[2001:db8::1]:9/x") == HttpsAddress{"2001:db8::1", 9, "/x"});
    CHECK(parse_https_address("https://10.0.0.7?x=1") == HttpsAddress{"10.0.0.7", 443, "/?x=1"});
}

TEST_CASE("what is no https address is refused, and never repeated") {
    for (const std::string& text :
         {std::string("http://a.example"), std::string("https://"), std::string("https://a b/"),
          std::string("https://name:s3cret@a.example/"), std::string("https://a.example/#s3cret"),
          std::string("https://a.example:0/s3cret"), std::string("https://a.example:99999/s3cret"),
          std::string("https://a%20b/s3cret"), std::string("audit.example"), std::string(),
          "https://a.example/" + std::string(4096, 'x')}) {
        const Result<HttpsAddress> address = parse_https_address(text);
        CAPTURE(text);
        REQUIRE_FALSE(address);
        CHECK(address.error().fault == Fault::invalid);
        CHECK_FALSE(address.error().text.contains("s3cret"));
    }
}

}  // namespace homeostat::net
