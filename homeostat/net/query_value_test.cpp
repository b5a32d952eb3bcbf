#include "homeostat/net/query_value.hpp"

#include <doctest/doctest.h>

namespace homeostat::net {

TEST_CASE("whatever a text holds, it stays one value of a query") {
    CHECK(to_query_value("a b&c=\xc3\xa4~._-") == "a%20b%26c%3D%C3%A4~._-");
    CHECK(to_query_value("").empty());
}

}  // namespace homeostat::net
