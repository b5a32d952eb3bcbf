#include "homeostat/adapters/llm/llama_request.hpp"

#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>

#include <array>

namespace homeostat::adapters::llm {

TEST_CASE("a question biases the permitted labels alone, and all alike") {
    constexpr std::array<TokenId, 2> permitted{7, 9};
    const auto request = parse_json(score_request("text", permitted));
    REQUIRE(request);
    const json::object& object = request->get_object();
    CHECK(to_text(object.at("logit_bias")) == "[[7,100],[9,100]]");
    CHECK(to_text(object.at("samplers")) == R"(["top_k"])");
    CHECK(object.at("top_k") == 2);
    CHECK(object.at("n_probs") == 2);
    CHECK(object.at("n_predict") == 1);
    CHECK(object.at("post_sampling_probs") == true);
}

TEST_CASE("the menu does not touch the prompt") {
    constexpr std::array<TokenId, 2> some{7, 9};
    constexpr std::array<TokenId, 3> others{1, 2, 3};
    const auto one = parse_json(score_request("text", some));
    const auto other = parse_json(score_request("text", others));
    CHECK(one->get_object().at("prompt") == other->get_object().at("prompt"));
}

}  // namespace homeostat::adapters::llm
