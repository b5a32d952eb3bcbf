#include "homeostat/app/executor_url.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>

namespace homeostat::app {

TEST_CASE("an executor is found by whatever address a cluster writes into its variables") {
    const std::array<std::pair<const char*, const char*>, 6> urls{{
        {"http://10.96.0.7:7091", "http://10.96.0.7:7091"},
        {"http://fd00::1a:7091", "http://[fd00::1a]:7091"},
        {"http://fd00:10:96::1a:7091/", "http://[fd00:10:96::1a]:7091/"},
        {"http://[fd00::1a]:7091", "http://[fd00::1a]:7091"},
        {"http://10.96.0.7", "http://10.96.0.7"},
        {"unix:/run/homeostat/a:b:c.sock", "unix:/run/homeostat/a:b:c.sock"},
    }};
    for (const auto& [given, wanted] : urls) {
        CAPTURE(std::string(given));
        const Result<std::string> url = parse_executor_url(given);
        REQUIRE(url);
        CHECK(*url == wanted);
    }
    for (const std::string given : {"http://a:b:7091", "http://fd00::1a::7091", "fd00::1a",
                                    "http://fd00::1a:7091/door", ""}) {
        CAPTURE(given);
        CHECK_FALSE(parse_executor_url(given));
    }
}

TEST_CASE("a variable that no Service has filled says of no executor where that is") {
    constexpr const char* open = "http://$(HOMEOSTAT_DOOR_SERVICE_HOST):7091";
    CHECK(is_left_open(open));
    CHECK_FALSE(is_left_open("http://10.96.0.7:7091"));
    const Result<std::string> url = parse_executor_url(open);
    REQUIRE_FALSE(url);
    CHECK(url.error().fault == Fault::invalid);
    CHECK(url.error().text.contains("no such Service was there"));
    CHECK(url.error().text.contains(open));
}

}  // namespace homeostat::app
