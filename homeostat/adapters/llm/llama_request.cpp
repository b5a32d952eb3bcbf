#include "homeostat/adapters/llm/llama_request.hpp"

#include "homeostat/base/json.hpp"

namespace homeostat::adapters::llm {

namespace {

// Lifts the labels above every other token: no logit of a language model comes near it, and single
// precision still tells logits apart to 1e-5 at this size.
constexpr int label_bias = 100;

}  // namespace

std::string score_request(std::string_view prompt, std::span<const TokenId> permitted) {
    json::object request;
    request["prompt"] = json::value(prompt);
    request["n_predict"] = 1;
    request["cache_prompt"] = true;
    request["id_slot"] = 0;
    request["response_fields"] = {"completion_probabilities", "timings", "truncated"};
    json::array biases;
    for (const TokenId id : permitted) {
        biases.push_back(json::array{id, label_bias});
    }
    request["logit_bias"] = std::move(biases);
    request["temperature"] = 1;
    request["samplers"] = json::array{"top_k"};
    request["top_k"] = permitted.size();
    request["n_probs"] = permitted.size();
    request["post_sampling_probs"] = true;
    return to_text(request);
}

}  // namespace homeostat::adapters::llm
