#include "homeostat/adapters/llm/openai_messages.hpp"

#include "homeostat/adapters/llm/llama_reply.hpp"
#include "homeostat/base/json.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>
#include <string_view>

namespace homeostat::adapters::llm {

namespace {

const std::array<std::string, 3> permitted{" restart", " scale", " rollback"};

/// As vLLM answers.
std::string texts_with(std::string_view listed,
                       std::string_view usage = R"({"prompt_tokens":92,"completion_tokens":1})") {
    return fmt::format(R"({{"id":"cmpl-1","object":"text_completion","model":"m","choices":[)"
                       R"({{"index":0,"text":" scale","logprobs":{{"text_offset":[0],)"
                       R"("token_logprobs":[-0.5],"tokens":[" scale"],"top_logprobs":[{}]}},)"
                       R"("finish_reason":"length"}}],"usage":{}}})",
                       listed, usage);
}

/// As llama-server answers.
std::string objects_with(std::string_view listed) {
    return fmt::format(R"({{"choices":[{{"text":" scale","index":0,"logprobs":{{"content":[)"
                       R"({{"id":1,"token":" scale","logprob":-0.5,"top_logprobs":[{}]}}]}},)"
                       R"("finish_reason":"length"}}],"usage":{{"completion_tokens":1,)"
                       R"("prompt_tokens":92,"prompt_tokens_details":{{"cached_tokens":85}}}}}})",
                       listed);
}

/// The whole way from a reply to shares.
Result<ScoredLabels> score(std::string_view body) {
    const Result<ListedLabels> listed = parse_listed(body, permitted);
    return listed ? scored_of(*listed) : std::unexpected(listed.error());
}

struct Bad {
    std::string_view what;
    std::string body;
};

}  // namespace

TEST_CASE(
    "the permitted labels share the whole, in the order asked; other words count for nothing") {
    // e^-1 and e^-2 of the whole.
    const std::array bodies{
        texts_with(R"({" scale":-1,"\n":-1.5," rollback":-2," observe":-3})"),
        objects_with(R"({"id":7,"token":" scale","logprob":-1},{"token":"\n","logprob":-1.5},)"
                     R"({"token":" rollback","logprob":-2},{"token":" observe","logprob":-3})")};
    for (const std::string& body : bodies) {
        CAPTURE(body);
        const Result<ScoredLabels> scored = score(body);
        REQUIRE_MESSAGE(scored, scored.error().text);
        REQUIRE(scored->probabilities.size() == 3);
        CHECK(scored->probabilities[0] == 0);
        CHECK(scored->probabilities[1] / scored->probabilities[2] ==
              doctest::Approx(std::exp(1.0)));
        CHECK(scored->probabilities[1] + scored->probabilities[2] == doctest::Approx(1));
    }
}

TEST_CASE("what was read anew is told where the server says it") {
    const auto silent = score(texts_with(R"({" scale":-1})"));
    REQUIRE(silent);
    CHECK_FALSE(silent->tokens_cached_count);
    CHECK(silent->tokens_fresh_count == 92);
    const auto null = score(
        texts_with(R"({" scale":-1})", R"({"prompt_tokens":92,"prompt_tokens_details":null})"));
    REQUIRE(null);
    CHECK_FALSE(null->tokens_cached_count);
    const auto told = score(objects_with(R"({"token":" scale","logprob":-1})"));
    REQUIRE(told);
    CHECK(told->tokens_cached_count == 85U);
    CHECK(told->tokens_fresh_count == 7);
}

TEST_CASE("a token that the server rules out has a probability of nothing") {
    // vLLM writes minus infinity so.
    const auto scored = score(texts_with(R"({" scale":0," restart":-9999.0})"));
    REQUIRE(scored);
    CHECK(scored->probabilities[1] == 1);
    CHECK(scored->probabilities[0] == 0);
}

TEST_CASE("an answer that is not exactly what was asked for is refused as broken") {
    const std::array bad{
        Bad{"nothing", ""},
        Bad{"not JSON", "<html>502</html>"},
        Bad{"cut in the middle", texts_with(R"({" scale":-1})").substr(0, 90)},
        Bad{"not an object", "[1,2,3]"},
        Bad{"no choices", R"({"usage":{"prompt_tokens":1}})"},
        Bad{"two choices", R"({"choices":[{},{}],"usage":{"prompt_tokens":1}})"},
        Bad{"no logprobs", R"({"choices":[{"text":" scale"}],"usage":{"prompt_tokens":1}})"},
        Bad{"null logprobs",
            R"({"choices":[{"text":" scale","logprobs":null}],"usage":{"prompt_tokens":1}})"},
        Bad{"two positions", texts_with(R"({" scale":-1},{" scale":-1})")},
        Bad{"a position that is null", texts_with("null")},
        Bad{"other words alone", texts_with(R"({"The":-0.1," I":-3})")},
        Bad{"labels without their space", texts_with(R"({"scale":-0.1,"restart":-3})")},
        Bad{"every label ruled out", texts_with(R"({" scale":-9999})")},
        Bad{"a key twice", texts_with(R"({" scale":-1," scale":-2})")},
        Bad{"a token twice", objects_with(R"({"token":" scale","logprob":-1},)"
                                          R"({"token":" scale","logprob":-2})")},
        Bad{"a probability above 1", texts_with(R"({" scale":0.5})")},
        Bad{"labels together above 1", texts_with(R"({" scale":-0.1," restart":-0.1})")},
        Bad{"null, as NaN is written", texts_with(R"({" scale":null})")},
        Bad{"NaN as such", texts_with(R"({" scale":NaN})")},
        Bad{"infinity", texts_with(R"({" scale":1e999})")},
        Bad{"a text", texts_with(R"({" scale":"-1"})")},
        Bad{"a token that is no text", objects_with(R"({"token":7,"logprob":-1})")},
        Bad{"no log probability", objects_with(R"({"token":" scale"})")},
        Bad{"no usage", texts_with(R"({" scale":-1})", "null")},
        Bad{"a negative count", texts_with(R"({" scale":-1})", R"({"prompt_tokens":-1})")},
        Bad{"more known than there is",
            texts_with(R"({" scale":-1})", R"({"prompt_tokens":5,)"
                                           R"("prompt_tokens_details":{"cached_tokens":6}})")},
        Bad{"deep nesting", std::string(10'000, '[')},
        Bad{"huge", texts_with(R"({" scale":-1})") + std::string(reply_bytes_max, ' ')},
    };
    for (const Bad& each : bad) {
        CAPTURE(each.what);
        const Result<ScoredLabels> scored = score(each.body);
        REQUIRE_FALSE(scored);
        CHECK(scored.error().fault == Fault::broken);
    }
}

TEST_CASE("a label that is forced is told with the chance that it had without") {
    const std::string texts = texts_with(R"({"\n":-1})");
    CHECK(parse_forced(texts, " scale") == -0.5);
    const std::string objects = objects_with(R"({"token":"\n","logprob":-1})");
    CHECK(parse_forced(objects, " scale") == -0.5);
    for (const std::string& body : {texts, objects}) {
        const auto other = parse_forced(body, " restart");
        REQUIRE_FALSE(other);
        CHECK(other.error().fault == Fault::broken);
        CHECK(other.error().text.contains("\" restart\" was asked for"));
    }
    for (const std::string_view bad :
         {"", "[]", R"({"choices":[]})", R"({"choices":[{"logprobs":{}}]})",
          R"({"choices":[{"logprobs":{"tokens":[" scale"]}}]})",
          R"({"choices":[{"logprobs":{"tokens":[" scale"],"token_logprobs":[null]}}]})",
          R"({"choices":[{"logprobs":{"tokens":[" scale"],"token_logprobs":[0.5]}}]})",
          R"({"choices":[{"logprobs":{"tokens":[7],"token_logprobs":[-1]}}]})",
          R"({"choices":[{"logprobs":{"content":[{"token":" scale"}]}}]})"}) {
        CAPTURE(bad);
        const auto refused = parse_forced(bad, " scale");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().fault == Fault::broken);
    }
}

TEST_CASE("a server that tells chances with its bias is found out: each label would be certain") {
    const auto scored =
        scored_of({.log_probabilities = {0.0, 0.0, 0.0}, .tokens_cached_count = {}});
    REQUIRE_FALSE(scored);
    CHECK(scored.error().fault == Fault::broken);
    CHECK(scored.error().text.contains("sum to 3.0000"));
}

TEST_CASE(
    "a label that is not listed is not likelier than what is, unless its chance has the bias") {
    auto listed = parse_listed(texts_with(R"({"\n":-0.1," scale":-8})"), permitted);
    REQUIRE(listed);
    CHECK(listed->log_probability_min == -8);
    const auto refused = take_forced(*listed, 0, 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().fault == Fault::broken);
    CHECK_FALSE(listed->log_probabilities[0]);
    CHECK(take_forced(*listed, 0, -9));
    CHECK(listed->log_probabilities[0] == -9.0);
    CHECK(scored_of(*listed));
}

TEST_CASE("a list that is longer than was asked for is refused") {
    std::string listed = R"({" scale":-1)";
    for (int other = 0; other < 100; ++other) {
        listed += fmt::format(R"(,"w{}":-20)", other);
    }
    CHECK_FALSE(parse_listed(texts_with(listed + "}"), permitted));
}

TEST_CASE("the model that is wanted is found, or the first, or those that there are are named") {
    constexpr std::string_view models =
        R"({"object":"list","data":[{"id":"/weights/a","object":"model"},{"id":"b"}]})";
    CHECK(parse_models(models, "") == "/weights/a");
    CHECK(parse_models(models, "b") == "b");
    const auto other = parse_models(models, "c\x1b[31m");
    REQUIRE_FALSE(other);
    CHECK(other.error().fault == Fault::absent);
    CHECK(other.error().text == "the server has no model \"c  31m\"; it has /weights/a, b");
    for (const std::string_view bad : {R"({"data":[]})", R"({"data":{}})", R"({"data":[{"id":7}]})",
                                       R"({"data":[{"id":""}]})", R"({"data":["a"]})", "[]", ""}) {
        CAPTURE(bad);
        const auto refused = parse_models(bad, "");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().fault == Fault::broken);
    }
    CHECK_FALSE(parse_models(R"({"data":[{"id":")" + std::string(300, 'a') + R"("}]})", ""));
}

TEST_CASE("a question asks for one token, and for the labels by name where they are known") {
    const std::array<TokenId, 2> labels{7, 9};
    const auto request = parse_json(completion_request("m", "text", labels));
    REQUIRE(request);
    const json::object& object = request->get_object();
    CHECK(object.at("model") == "m");
    CHECK(object.at("prompt") == "text");
    CHECK(object.at("max_tokens") == 1);
    CHECK(object.at("logprobs") == 20);
    CHECK(object.at("temperature") == 0);
    CHECK(to_text(object.at("logprob_token_ids")) == "[7,9]");
    CHECK_FALSE(object.contains("logit_bias"));
    const auto unknown = parse_json(completion_request("m", "text", {}));
    REQUIRE(unknown);
    CHECK_FALSE(unknown->get_object().contains("logprob_token_ids"));
    const auto forced = parse_json(forced_request("m", "text", 7));
    REQUIRE(forced);
    CHECK(to_text(forced->get_object().at("logit_bias")) == R"({"7":100})");
    CHECK(forced->get_object().at("prompt") == "text");
    CHECK_FALSE(forced->get_object().contains("logprob_token_ids"));
}

}  // namespace homeostat::adapters::llm
