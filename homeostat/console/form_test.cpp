#include "homeostat/console/form.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace homeostat;
using namespace homeostat::console;

TEST_CASE("a form is read as a browser writes it") {
    const Result<Form> form = parse_form("because=I+look+at+it%2C+%E2%9C%93&says=denied&empty=");
    REQUIRE(form);
    CHECK(value_in(*form, "because") == "I look at it, ✓");
    CHECK(value_in(*form, "says") == "denied");
    CHECK(value_in(*form, "empty").empty());
    CHECK(value_in(*form, "nothing").empty());
    CHECK(parse_form(""));
}

TEST_CASE("a form that two readers could read as two is refused") {
    for (const std::string body :
         {"says=denied&says=approved", "says", "says=%", "says=%4", "says=%zz", "says=%+1",
          "=denied", "sa%79s=denied", "says=denied&&x=1", "s ays=denied", "<b>=1",
          "a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1"}) {
        CAPTURE(body);
        const Result<Form> form = parse_form(body);
        REQUIRE_FALSE(form);
        CHECK(form.error().fault == Fault::invalid);
    }
    CHECK(parse_form("a=" + std::string(form_bytes_max - 2, 'x')));
    CHECK_FALSE(parse_form("a=" + std::string(form_bytes_max - 1, 'x')));
}
