#include "homeostat/base/list_fields.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat {

namespace {

struct Point {
    static constexpr bool is_list = true;
    double at{0};
    std::string name;

    static void fields(auto& self, auto&& field) {
        field("at", self.at);
        field("name", self.name);
    }
};

}  // namespace

TEST_CASE("a struct that is a list is written and read as one, and of its length only") {
    const Result<Point> point = from_json<Point>(*parse_json(R"([1.5,"here"])"));
    REQUIRE(point);
    CHECK(point->at == 1.5);
    CHECK(point->name == "here");
    CHECK(to_json(*point) == *parse_json(R"([1.5,"here"])"));
    for (const char* const wrong : {R"([1.5])", R"([1.5,"a","b"])", R"({"at":1,"name":"a"})"}) {
        CHECK_FALSE(from_json<Point>(*parse_json(wrong)));
    }
    CHECK(from_json<Point>(*parse_json("[1,2]")).error().text.find("name") != std::string::npos);
}

}  // namespace homeostat
