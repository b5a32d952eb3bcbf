#include "homeostat/adapters/llm/openai_client.hpp"

#include "homeostat/adapters/llm/label_tokens.hpp"
#include "homeostat/adapters/llm/prompt.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace homeostat::adapters::llm {

Task<Result<void>> OpenAiClient::health(Instant deadline) {
    const Result<std::string> model = co_await learn_model(deadline);
    if (!model) {
        co_return std::unexpected(model.error());
    }
    co_return Result<void>{};
}

Task<Result<std::string>> OpenAiClient::model_name(Instant deadline) {
    constexpr std::size_t name_bytes_max = 64;
    const Result<std::string> model = co_await learn_model(deadline);
    if (!model) {
        co_return std::unexpected(model.error());
    }
    co_return plain_text(std::string_view(*model).substr(model->find_last_of('/') + 1),
                         name_bytes_max);
}

Task<Result<std::string>> OpenAiClient::learn_model(Instant deadline) {
    const Result<std::string> body = co_await get_body(server_, "/v1/models", deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    Result<std::string> model = parse_models(*body, wanted_);
    if (model) {
        model_ = *model;
    }
    co_return model;
}

Task<Result<void>> OpenAiClient::learn_labels(std::string question,
                                              std::vector<std::string> labels,
                                              Instant deadline) {
    LabelsAsked asked{.model = model_, .question = std::move(question), .labels = labels};
    Result<std::vector<TokenId>> learned =
        co_await tokens_of_labels(server_, std::move(asked), deadline);
    if (!learned && learned.error().fault != Fault::absent) {
        co_return std::unexpected(learned.error());
    }
    if (!learned) {
        spdlog::warn("model_labels_unchecked text=\"{}\"", learned.error().text);
    }
    labels_ = std::move(labels);
    tokens_of_labels_ = learned ? std::move(*learned) : std::vector<TokenId>{};
    co_return Result<void>{};
}

Task<Result<ScoredLabels>> OpenAiClient::score(std::string prompt,
                                               std::vector<std::size_t> permitted,
                                               Instant deadline) {
    std::vector<std::string> words;
    std::vector<TokenId> ids;
    for (const std::size_t place : permitted) {
        words.push_back(labels_.at(place));
        if (!tokens_of_labels_.empty()) {
            ids.push_back(tokens_of_labels_.at(place));
        }
    }
    std::string request = completion_request(model_, prompt, ids);
    const Result<std::string> body =
        co_await post_json(server_, "/v1/completions", std::move(request), deadline);
    if (!body) {
        co_return std::unexpected(body.error());
    }
    Result<ListedLabels> listed = parse_listed(*body, words);
    if (!listed) {
        co_return std::unexpected(listed.error());
    }
    const Result<void> completed = co_await ask_one_by_one(prompt, permitted, *listed, deadline);
    if (!completed) {
        co_return std::unexpected(completed.error());
    }
    co_return scored_of(*listed);
}

Task<Result<void>> OpenAiClient::ask_one_by_one(const std::string& prompt,
                                                const std::vector<std::size_t>& permitted,
                                                ListedLabels& listed,
                                                Instant deadline) {
    for (std::size_t index = 0; index < permitted.size(); ++index) {
        if (listed.log_probabilities[index] || tokens_of_labels_.empty()) {
            continue;
        }
        const std::size_t place = permitted[index];
        std::string request = forced_request(model_, prompt, tokens_of_labels_.at(place));
        const Result<std::string> body =
            co_await post_json(server_, "/v1/completions", std::move(request), deadline);
        if (!body) {
            co_return std::unexpected(body.error());
        }
        const Result<double> logarithm = parse_forced(*body, labels_.at(place));
        if (!logarithm) {
            co_return std::unexpected(logarithm.error());
        }
        const Result<void> taken = take_forced(listed, index, *logarithm);
        if (!taken) {
            co_return std::unexpected(taken.error());
        }
    }
    co_return Result<void>{};
}

}  // namespace homeostat::adapters::llm
