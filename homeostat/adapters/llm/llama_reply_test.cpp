#include "homeostat/adapters/llm/llama_reply.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace homeostat::adapters::llm {

namespace {

constexpr std::array<TokenId, 3> permitted{23475, 19519, 166836};

std::string reply_with(std::string_view candidates,
                       std::string_view timings = R"({"cache_n":85,"prompt_n":7})") {
    return fmt::format(R"({{"completion_probabilities":[{{"id":1,"prob":0.1,"top_probs":[{}]}}],)"
                       R"("timings":{},"truncated":false}})",
                       candidates, timings);
}

constexpr std::string_view good = R"({"id":166836,"token":" rollback","bytes":[32],"prob":0.7},)"
                                  R"({"id":23475,"token":" restart","bytes":[32],"prob":0.2},)"
                                  R"({"id":19519,"token":" rolling","bytes":[32],"prob":0.1})";

struct Bad {
    std::string_view what;
    std::string body;
};

}  // namespace

TEST_CASE("a good reply gives each label its probability, in the order asked") {
    const Result<ScoredLabels> scored = parse_scored_labels(reply_with(good), permitted);
    REQUIRE(scored);
    REQUIRE(scored->probabilities.size() == 3);
    CHECK(scored->probabilities[0] == doctest::Approx(0.2));
    CHECK(scored->probabilities[1] == doctest::Approx(0.1));
    CHECK(scored->probabilities[2] == doctest::Approx(0.7));
    CHECK(scored->tokens_cached_count == 85);
    CHECK(scored->tokens_fresh_count == 7);
}

TEST_CASE("a sum within the tolerance is made exactly 1") {
    const auto scored = parse_scored_labels(
        reply_with(R"({"id":23475,"prob":0.5004},{"id":19519,"prob":0.5},{"id":166836,"prob":0})"),
        permitted);
    REQUIRE(scored);
    CHECK(scored->probabilities[0] + scored->probabilities[1] == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("a reply that is not exactly what was asked for is refused as broken") {
    const std::string a = R"({"id":23475,"prob":0.2})";
    const std::string b = R"({"id":19519,"prob":0.1})";
    const std::string c = R"({"id":166836,"prob":0.7})";
    const auto with = [&](std::string_view last) {
        return reply_with(a + "," + b + "," + std::string(last));
    };
    const std::array bad{
        Bad{"nothing", ""},
        Bad{"not JSON", "<html>502</html>"},
        Bad{"cut in the middle", reply_with(good).substr(0, 80)},
        Bad{"not an object", "[1,2,3]"},
        Bad{"no probabilities", R"({"content":" rollback","timings":{"cache_n":1,"prompt_n":1}})"},
        Bad{"probabilities of another form", R"({"completion_probabilities":{"top_probs":[]}})"},
        Bad{"no position", R"({"completion_probabilities":[]})"},
        Bad{"a position that is no object", R"({"completion_probabilities":[7]})"},
        Bad{"before sampling", R"({"completion_probabilities":[{"top_logprobs":[]}]})"},
        Bad{"a foreign token", with(R"({"id":5,"prob":0.7})")},
        Bad{"a missing token", reply_with(a + "," + b)},
        Bad{"one too many", with(c + R"(,{"id":5,"prob":0})")},
        Bad{"a token twice", with(R"({"id":19519,"prob":0.7})")},
        Bad{"a token as text", with(R"({"id":"166836","prob":0.7})")},
        Bad{"a token that is a fraction", with(R"({"id":166836.5,"prob":0.7})")},
        Bad{"a token out of range", with(R"({"id":99999999999,"prob":0.7})")},
        Bad{"no probability", with(R"({"id":166836})")},
        Bad{"null, as NaN is written", with(R"({"id":166836,"prob":null})")},
        Bad{"NaN as such", with(R"({"id":166836,"prob":NaN})")},
        Bad{"infinity", with(R"({"id":166836,"prob":1e999})")},
        Bad{"negative", with(R"({"id":166836,"prob":-0.7})")},
        Bad{"more than 1", with(R"({"id":166836,"prob":700})")},
        Bad{"a candidate that is no object", with("0.7")},
        Bad{"sum too small", with(R"({"id":166836,"prob":0.698})")},
        Bad{"sum too large", with(R"({"id":166836,"prob":0.702})")},
        Bad{"a key twice", with(R"({"id":166836,"id":166836,"prob":0.7})")},
        Bad{"no timings", reply_with(good, "null")},
        Bad{"timings without counts", reply_with(good, R"({"cache_n":85})")},
        Bad{"a negative count", reply_with(good, R"({"cache_n":-1,"prompt_n":7})")},
        Bad{"deep nesting", std::string(10'000, '[')},
        Bad{"huge", reply_with(good) + std::string(reply_bytes_max, ' ')},
    };
    for (const Bad& each : bad) {
        CAPTURE(each.what);
        const Result<ScoredLabels> scored = parse_scored_labels(each.body, permitted);
        REQUIRE_FALSE(scored);
        CHECK(scored.error().fault == Fault::broken);
    }
}

TEST_CASE("a truncated prompt is refused: the model did not read all of it") {
    std::string body = reply_with(good);
    body.replace(body.find("false"), 5, "true");
    CHECK_FALSE(parse_scored_labels(body, permitted));
}

TEST_CASE("tokens are whole numbers, and few") {
    CHECK(parse_tokens(R"({"tokens":[23475]})") == std::vector<TokenId>{23475});
    CHECK(parse_tokens(R"({"tokens":[]})")->empty());
    CHECK_FALSE(parse_tokens(R"({"tokens":[-1]})"));
    CHECK_FALSE(parse_tokens(R"({"tokens":["a"]})"));
    CHECK_FALSE(parse_tokens(R"({"tokens":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]})"));
    CHECK_FALSE(parse_tokens(R"([1])"));
}

TEST_CASE("a label is the one token that it adds behind the question") {
    constexpr std::array<TokenId, 2> question{5, 6};
    constexpr std::array<TokenId, 3> one{5, 6, 7};
    constexpr std::array<TokenId, 4> two{5, 6, 7, 8};
    constexpr std::array<TokenId, 3> merged{5, 9, 7};
    CHECK(token_of_label(" scale", question, one) == 7);
    for (const std::span<const TokenId> bad :
         {std::span<const TokenId>(question), std::span<const TokenId>(two),
          std::span<const TokenId>(merged)}) {
        const auto token = token_of_label(" scale", question, bad);
        REQUIRE_FALSE(token);
        CHECK(token.error().fault == Fault::broken);
        CHECK(token.error().text.starts_with("\" scale\" is not one token"));
    }
}

TEST_CASE("a model is known by its file's name, in plain bytes") {
    CHECK(parse_model_name(R"({"model_path":"/a/b/gemma.gguf"})") == "gemma.gguf");
    CHECK(parse_model_name(R"({"model_path":"x\u001b[31m.gguf"})") == "x  31m.gguf");
    CHECK_FALSE(parse_model_name(R"({"model_path":7})"));
}

TEST_CASE("a refusal is told in one bounded line") {
    CHECK(describe_refusal(503, "Loading") == "the model server answered status 503");
    CHECK(describe_refusal(400, R"({"error":{"code":400,"message":"too\nlong"}})") ==
          "the model server answered status 400: too long");
    const std::string shout = R"({"error":{"message":")" + std::string(5'000, 'A') + R"("}})";
    CHECK(describe_refusal(500, shout).size() < 300);
}

}  // namespace homeostat::adapters::llm
