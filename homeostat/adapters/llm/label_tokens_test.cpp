#include "homeostat/adapters/llm/label_tokens.hpp"

#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

namespace homeostat::adapters::llm {

TEST_CASE("text is tokenised without commands by either server") {
    const auto request = parse_json(tokenize_request("m", " restart"));
    REQUIRE(request);
    const json::object& object = request->get_object();
    CHECK(object.at("model") == "m");
    CHECK(object.at("prompt") == " restart");
    CHECK(object.at("content") == " restart");
    CHECK(object.at("add_special_tokens") == false);
    CHECK(object.at("add_special") == false);
    CHECK(object.at("parse_special") == false);
    const auto nameless = parse_json(tokenize_request("", " restart"));
    REQUIRE(nameless);
    CHECK_FALSE(nameless->get_object().contains("model"));
}

}  // namespace homeostat::adapters::llm
