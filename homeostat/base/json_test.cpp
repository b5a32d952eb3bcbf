#include "homeostat/base/json.hpp"

#include "homeostat/base/rng.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

namespace homeostat {

TEST_CASE("JSON that two readers could understand differently is refused, with the place") {
    struct Case {
        const char* text;
        const char* says;
    };
    const std::vector<Case> cases{
        {R"({"a":1,"a":2})", "not valid JSON at byte 9: a key stands twice"},
        {R"({"a":1,"\u0061":2})", "not valid JSON at byte 14: a key stands twice"},
        {R"([{"b":{"c":1,"c":1}}])", "a key stands twice"},
        {R"({"a":1}x)", "not valid JSON at byte 7: extra data"},
        {R"({"a")", "incomplete JSON"},
        {"", "incomplete JSON"},
        {"[1e400]", "exponent overflow"},
        {"[NaN]", "not valid JSON"},
        {"{\"a\":\"\x01\"}", "not valid JSON"},
        {"[\"\xff\"]", "not valid JSON"},
        {"[1,]", "not valid JSON"},
        {"// no comments\n1", "not valid JSON"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.text);
        const Result<json::value> parsed = parse_json(one.text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().fault == Fault::invalid);
        CHECK(parsed.error().text.find(one.says) != std::string::npos);
    }
}

TEST_CASE("the same key in different objects is no duplicate") {
    CHECK(parse_json(R"([{"a":1},{"a":{"a":2}}])"));
}

TEST_CASE("input over its size or depth is refused before it costs anything") {
    CHECK_FALSE(parse_json("[1,2,3]", {.bytes_max = 6}));
    CHECK(parse_json("[1,2,3]", {.bytes_max = 7}));
    CHECK_FALSE(parse_json(std::string(100'000, '['), {.depth_max = 32}));
    CHECK(parse_json("[[1]]", {.depth_max = 2}));
    CHECK_FALSE(parse_json("[[[1]]]", {.depth_max = 2}));
}

TEST_CASE("what is written reads back as the same value, and is written again as the same bytes") {
    for (const char* text :
         {R"({"z":1,"a":[true,null,-5,2.5,"x\n\"\u0001ü"],"e":{},"f":[]})", R"(["",0,1e300,0.1])",
          "18446744073709551615", "-9223372036854775808", "3.0"}) {
        CAPTURE(text);
        const Result<json::value> value = parse_json(text);
        REQUIRE(value);
        const std::string written = to_text(*value);
        const Result<json::value> again = parse_json(written);
        REQUIRE(again);
        CHECK(*again == *value);
        CHECK(to_text(*again) == written);
        const Result<json::value> pretty = parse_json(to_pretty_text(*value));
        REQUIRE(pretty);
        CHECK(*pretty == *value);
    }
}

TEST_CASE("a number is read as the double that is nearest to its digits") {
    // The shortest digits of each; a reader that multiplies powers of ten misses some by a bit.
    CHECK(parse_json("4444444444444444444444444444444444444444444444.0")->as_double() ==
          4444444444444444444444444444444444444444444444.0);
    CHECK(parse_json("44444444444444444444444444444444444444444444444")->as_double() ==
          44444444444444444444444444444444444444444444444.0);
    CHECK(parse_json("5e-324")->as_double() == 5e-324);
    CHECK(parse_json("1E+2")->as_double() == 100);
    CHECK(parse_json("1e-400")->as_double() == 0);
    CHECK(std::signbit(parse_json("-1e-400")->as_double()));
    Rng rng(1);
    for (int count = 0; count < 10'000; ++count) {
        const auto number = std::bit_cast<double>(rng.next());
        if (std::isfinite(number)) {
            const std::string written = to_text(json::value(number));
            CAPTURE(written);
            REQUIRE(parse_json(written)->as_double() == number);
        }
    }
}

TEST_CASE("members keep the order in which they were added, and a whole double stays a double") {
    json::object object;
    object["z"] = 1;
    object["a"] = 3.0;
    CHECK(to_text(object) == R"({"z":1,"a":3.0})");
    CHECK(to_pretty_text(object) == "{\n  \"z\": 1,\n  \"a\": 3.0\n}\n");
}

}  // namespace homeostat
