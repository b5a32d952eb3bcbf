#include "homeostat/adapters/llm/openai_messages.hpp"

#include "homeostat/adapters/llm/llama_reply.hpp"
#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::adapters::llm {

namespace {

constexpr std::size_t listed_max = 20;  // What vLLM permits without being told otherwise.
constexpr int label_bias = 100;         // OpenAI's largest.
/// Of a logarithm, when the same prompt is read in other pieces, and some more.
constexpr double rounding_max = 0.5;
constexpr std::size_t model_bytes_max = 256;
constexpr std::size_t models_told_max = 5;

std::unexpected<Error> broken(std::string text) {
    return fail(Fault::broken, "the model server's reply: " + std::move(text));
}

const json::value* member(const json::value& value, std::string_view name) {
    return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}

const json::array* list(const json::value* value) {
    return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

std::optional<std::uint32_t> count_in(const json::value& object, std::string_view name) {
    const json::value* count = member(object, name);
    if (count == nullptr || !count->is_int64() ||
        !std::in_range<std::uint32_t>(count->get_int64())) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(count->get_int64());
}

/// A natural logarithm of a probability. Minus infinity comes as a large negative number (vLLM).
std::optional<double> log_probability_in(const json::value& value) {
    if (!value.is_number()) {
        return std::nullopt;
    }
    const double logarithm = value.to_number<double>();
    const bool is_one = std::isfinite(logarithm) && logarithm <= std::log1p(sum_error_max);
    return is_one ? std::optional(logarithm) : std::nullopt;
}

/// Takes one token of a list.
Result<void> take(std::string_view token,
                  const json::value& value,
                  std::span<const std::string> permitted,
                  ListedLabels& listed) {
    const std::optional<double> logarithm = log_probability_in(value);
    if (!logarithm) {
        return broken("a token without a log probability");
    }
    listed.log_probability_min = std::min(listed.log_probability_min, *logarithm);
    for (std::size_t place = 0; place < permitted.size(); ++place) {
        if (permitted[place] != token) {
            continue;
        }
        if (listed.log_probabilities[place]) {
            return broken(fmt::format("the token \"{}\" comes twice", token));
        }
        listed.log_probabilities[place] = logarithm;
    }
    return {};
}

/// {" restart": -0.1, …}
Result<void> take_texts(const json::object& texts,
                        std::span<const std::string> permitted,
                        ListedLabels& listed) {
    for (const auto& [token, logarithm] : texts) {
        Result<void> taken = take(token, logarithm, permitted, listed);
        if (!taken) {
            return taken;
        }
    }
    return {};
}

/// [{"token": " restart", "logprob": -0.1}, …]
Result<void> take_objects(const json::array& objects,
                          std::span<const std::string> permitted,
                          ListedLabels& listed) {
    for (const json::value& one : objects) {
        const json::value* token = member(one, "token");
        const json::value* logarithm = member(one, "logprob");
        if (token == nullptr || !token->is_string() || logarithm == nullptr) {
            return broken("a token without its text or its log probability");
        }
        Result<void> taken = take(token->get_string(), *logarithm, permitted, listed);
        if (!taken) {
            return taken;
        }
    }
    return {};
}

/// The one element of a list; nullptr if there is none, or more.
const json::value* only(const json::array* values) {
    return values != nullptr && values->size() == 1 ? &values->front() : nullptr;
}

Result<void> take_list(const json::value& log_probabilities,
                       std::span<const std::string> permitted,
                       ListedLabels& listed) {
    // As OpenAI's chat has it, then as its completions had it.
    if (const json::value* position = only(list(member(log_probabilities, "content")))) {
        const json::array* objects = list(member(*position, "top_logprobs"));
        if (objects != nullptr && objects->size() <= 2 * listed_max) {
            return take_objects(*objects, permitted, listed);
        }
    }
    const json::value* position = only(list(member(log_probabilities, "top_logprobs")));
    if (position != nullptr && position->is_object() &&
        position->get_object().size() <= 2 * listed_max) {
        return take_texts(position->get_object(), permitted, listed);
    }
    return broken("no list of the likeliest tokens of exactly one position");
}

Result<json::value> parse_body(std::string_view body) {
    const JsonLimits limits{.bytes_max = reply_bytes_max, .depth_max = 12};
    Result<json::value> value = parse_json(body, limits);
    if (!value) {
        return broken("not JSON (" + value.error().text + ")");
    }
    return value;
}

json::object question_about(std::string_view model, std::string_view prompt) {
    json::object request;
    request["model"] = json::value(model);
    request["prompt"] = json::value(prompt);
    request["max_tokens"] = 1;
    request["logprobs"] = listed_max;
    request["temperature"] = 0;
    return request;
}

}  // namespace

std::string completion_request(std::string_view model,
                               std::string_view prompt,
                               std::span<const TokenId> labels) {
    json::object request = question_about(model, prompt);
    if (!labels.empty()) {
        request["logprob_token_ids"] = json::array(labels.begin(), labels.end());
    }
    return to_text(request);
}

std::string forced_request(std::string_view model, std::string_view prompt, TokenId token) {
    json::object request = question_about(model, prompt);
    json::object bias;
    bias[std::to_string(token)] = label_bias;
    request["logit_bias"] = std::move(bias);
    return to_text(request);
}

namespace {

/// The log probabilities of the only choice.
Result<json::value> log_probabilities_in(const json::value& reply) {
    const json::value* choice = only(list(member(reply, "choices")));
    if (choice == nullptr) {
        return broken("no list of exactly one choice");
    }
    const json::value* log_probabilities = member(*choice, "logprobs");
    if (log_probabilities == nullptr || !log_probabilities->is_object()) {
        return broken("a choice without logprobs; the server has to permit them");
    }
    return *log_probabilities;
}

Result<void> take_usage(const json::value& reply, ListedLabels& listed) {
    const json::value* usage = member(reply, "usage");
    const auto tokens = usage == nullptr ? std::nullopt : count_in(*usage, "prompt_tokens");
    if (!tokens) {
        return broken("no usage with prompt_tokens");
    }
    listed.tokens_count = *tokens;
    if (const json::value* details = member(*usage, "prompt_tokens_details")) {
        listed.tokens_cached_count = count_in(*details, "cached_tokens");
    }
    if (listed.tokens_cached_count.value_or(0) > *tokens) {
        return broken("more tokens of the prompt were known than it has");
    }
    return {};
}

/// What was generated, and its log probability; nullptr where the reply has no such.
struct Generated {
    const json::value* token{nullptr};
    const json::value* log_probability{nullptr};
};

Generated generated_in(const json::value& log_probabilities) {
    if (const json::value* position = only(list(member(log_probabilities, "content")))) {
        return {member(*position, "token"), member(*position, "logprob")};
    }
    return {only(list(member(log_probabilities, "tokens"))),
            only(list(member(log_probabilities, "token_logprobs")))};
}

}  // namespace

Result<ListedLabels> parse_listed(std::string_view body, std::span<const std::string> permitted) {
    const Result<json::value> reply = parse_body(body);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    const Result<json::value> log_probabilities = log_probabilities_in(*reply);
    if (!log_probabilities) {
        return std::unexpected(log_probabilities.error());
    }
    ListedLabels listed;
    listed.log_probabilities.resize(permitted.size());
    const Result<void> taken = take_list(*log_probabilities, permitted, listed);
    if (!taken) {
        return std::unexpected(taken.error());
    }
    const Result<void> counted = take_usage(*reply, listed);
    if (!counted) {
        return std::unexpected(counted.error());
    }
    return listed;
}

Result<double> parse_forced(std::string_view body, std::string_view label) {
    const Result<json::value> reply = parse_body(body);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    const Result<json::value> log_probabilities = log_probabilities_in(*reply);
    if (!log_probabilities) {
        return std::unexpected(log_probabilities.error());
    }
    const Generated generated = generated_in(*log_probabilities);
    const bool is_label = generated.token != nullptr && generated.token->is_string() &&
                          std::string_view(generated.token->get_string()) == label;
    const std::optional<double> logarithm = is_label && generated.log_probability != nullptr
                                                ? log_probability_in(*generated.log_probability)
                                                : std::nullopt;
    if (!logarithm) {
        return broken(
            fmt::format("\"{}\" was asked for, and is not what was generated with its "
                        "log probability",
                        label));
    }
    return *logarithm;
}

Result<void> take_forced(ListedLabels& listed, std::size_t place, double log_probability) {
    if (log_probability > listed.log_probability_min + rounding_max) {
        return broken(
            "a label that is not listed is likelier than what is; the server tells chances with "
            "its bias");
    }
    listed.log_probabilities.at(place) = log_probability;
    return {};
}

Result<ScoredLabels> scored_of(const ListedLabels& listed) {
    std::vector<double> shares;
    double sum = 0;
    for (const std::optional<double>& logarithm : listed.log_probabilities) {
        shares.push_back(logarithm ? std::exp(*logarithm) : 0);
        sum += shares.back();
    }
    if (sum <= 0) {
        return broken("none of its likeliest tokens is a label; this model answers in other words");
    }
    if (sum > 1 + sum_error_max) {
        return broken(fmt::format("the labels' probabilities sum to {:.4f}", sum));
    }
    for (double& share : shares) {
        share /= sum;
    }
    return ScoredLabels{
        .probabilities = std::move(shares),
        .tokens_cached_count = listed.tokens_cached_count,
        .tokens_fresh_count = listed.tokens_count - listed.tokens_cached_count.value_or(0)};
}

Result<std::string> parse_models(std::string_view body, std::string_view wanted) {
    const Result<json::value> reply = parse_body(body);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    const json::array* models = list(member(*reply, "data"));
    if (models == nullptr || models->empty()) {
        return broken("/v1/models names no model");
    }
    std::string told;
    std::size_t told_count = 0;
    for (const json::value& model : *models) {
        const json::value* id = member(model, "id");
        if (id == nullptr || !id->is_string() || id->get_string().empty() ||
            id->get_string().size() > model_bytes_max) {
            return broken("/v1/models names a model without an id of 1 to 256 bytes");
        }
        if (wanted.empty() || wanted == std::string_view(id->get_string())) {
            return std::string(id->get_string());
        }
        if (told_count++ < models_told_max) {
            told += (told.empty() ? "" : ", ") + plain_text(id->get_string(), 64);
        }
    }
    return fail(Fault::absent, fmt::format("the server has no model \"{}\"; it has {}",
                                           plain_text(wanted, 64), told));
}

}  // namespace homeostat::adapters::llm
