#include "homeostat/net/header_file.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::net {

TEST_CASE("a file of headers is lines of a name and a value") {
    const Result<HttpHeaders> headers =
        parse_header_file("Authorization: Bearer a:b c\r\n\n  X-Team:\tpayments \n");
    REQUIRE(headers);
    CHECK(*headers == HttpHeaders{{"Authorization", "Bearer a:b c"}, {"X-Team", "payments"}});
    CHECK(parse_header_file("")->empty());
}

TEST_CASE("a line that is no header is told of by its number, and never repeated") {
    std::string many;
    for (std::size_t index = 0; index <= headers_max; ++index) {
        many += "X-S3cret: s3cret\n";
    }
    for (const std::string& text :
         {std::string("s3cret"), std::string("A: 1\nB s3cret: x"), std::string(": s3cret"),
          std::string("S3cret:"), std::string("content-type: s3cret"), std::string("HOST: s3cret"),
          std::string("A: s3cret\x01"), many,
          "A: s3cret" + std::string(header_file_bytes_max, 'x')}) {
        const Result<HttpHeaders> headers = parse_header_file(text);
        CAPTURE(text.substr(0, 40));
        REQUIRE_FALSE(headers);
        CHECK(headers.error().fault == Fault::invalid);
        CHECK_FALSE(headers.error().text.contains("s3cret"));
    }
    CHECK(parse_header_file("A: 1\nno header").error().text.contains("line 2"));
}

}  // namespace homeostat::net
