// Any bytes for a model server's reply: the parsers refuse or return what they promise.

#include "homeostat/adapters/llm/llama_reply.hpp"
#include "homeostat/adapters/llm/openai_messages.hpp"
#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/base/ensure.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>

namespace llm = homeostat::adapters::llm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    constexpr std::array<llm::TokenId, 3> permitted{7, 8, 9};
    if (const auto scored = llm::parse_scored_labels(body, permitted)) {
        const auto& found = scored->probabilities;
        homeostat::ensure(found.size() == permitted.size(), "every permitted label is scored");
        const double sum = std::accumulate(found.begin(), found.end(), 0.0);
        homeostat::ensure(std::abs(sum - 1) < 1e-9, "the probabilities sum to 1");
    }
    const std::array<std::string, 2> labels{" restart", " scale"};
    if (const auto listed = llm::parse_listed(body, labels)) {
        if (const auto scored = llm::scored_of(*listed)) {
            const auto& found = scored->probabilities;
            homeostat::ensure(found.size() == labels.size(), "every permitted label is scored");
            homeostat::ensure(std::abs(found[0] + found[1] - 1) < 1e-9, "they sum to 1");
        }
    }
    if (const auto logarithm = llm::parse_forced(body, labels.front())) {
        homeostat::ensure(*logarithm < 0.01, "a probability is at most 1");
    }
    if (const auto name = llm::parse_models(body, "")) {
        homeostat::ensure(!name->empty() && name->size() <= 256,
                          "a model can be asked by its name");
    }
    if (const auto tokens = llm::parse_tokens(body)) {
        homeostat::ensure(tokens->size() <= 16, "a label's tokens are few");
    }
    if (const auto name = llm::parse_model_name(body)) {
        homeostat::ensure(name->size() <= 64, "a model's name is short");
    }
    homeostat::ensure(llm::describe_refusal(500, body).size() < 512, "a refusal is short");
    homeostat::ensure(llm::plain_text(body, 64).size() <= 64, "plain text keeps its maximum");
    return 0;
}
