#include "homeostat/net/query_value.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::net {

TEST_CASE("whatever a text holds, it stays one value of a query") {
    CHECK(to_query_value("a b&c=\xc3\xa4~._-") == "a%20b%26c%3D%C3%A4~._-");
    CHECK(to_query_value("").empty());
}

TEST_CASE("a value is read back as it was, and what is none is refused") {
    std::string every_byte;
    for (int byte = 0; byte < 256; ++byte) {
        every_byte += static_cast<char>(byte);
    }
    CHECK(parse_query_value(to_query_value(every_byte)) == every_byte);
    CHECK(parse_query_value("").value_or("x").empty());
    for (const char* value : {"%", "%4", "%zz", "a%2"}) {
        CAPTURE(value);
        CHECK_FALSE(parse_query_value(value));
    }
}

}  // namespace homeostat::net
