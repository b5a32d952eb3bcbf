#include "homeostat/adapters/llm/llama_reply.hpp"

#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

namespace homeostat::adapters::llm {

namespace {

constexpr std::size_t tokens_max = 16;  // A label is one token; more only serves the message.
constexpr std::size_t model_name_bytes_max = 64;
constexpr std::size_t words_bytes_max = 160;

std::unexpected<Error> broken(std::string text) {
    return fail(Fault::broken, "the model server's reply: " + std::move(text));
}

Result<json::object> parse_object(std::string_view body) {
    const JsonLimits limits{.bytes_max = reply_bytes_max, .depth_max = 12};
    Result<json::value> value = parse_json(body, limits);
    if (!value) {
        return broken("not JSON (" + value.error().text + ")");
    }
    if (!value->is_object()) {
        return broken("not an object");
    }
    return std::move(value->get_object());
}

// A member that is a whole number and fits; nullopt otherwise.
template <class Number>
std::optional<Number> number_in(const json::object& object, std::string_view name) {
    const json::value* member = object.if_contains(name);
    if (member == nullptr || !member->is_int64() || !std::in_range<Number>(member->get_int64())) {
        return std::nullopt;
    }
    return static_cast<Number>(member->get_int64());
}

std::optional<double> probability_in(const json::object& object) {
    const json::value* member = object.if_contains("prob");
    if (member == nullptr || !member->is_number()) {
        return std::nullopt;
    }
    const double value = member->to_number<double>();
    const bool is_probability = std::isfinite(value) && value >= 0 && value <= 1 + sum_error_max;
    return is_probability ? std::optional(value) : std::nullopt;
}

// The list of probabilities of the one position that was asked for; nullptr if there is none.
const json::array* candidates_in(const json::object& reply) {
    const json::value* positions = reply.if_contains("completion_probabilities");
    if (positions == nullptr || !positions->is_array() || positions->get_array().size() != 1) {
        return nullptr;
    }
    const json::value& position = positions->get_array().front();
    if (!position.is_object()) {
        return nullptr;
    }
    const json::value* candidates = position.get_object().if_contains("top_probs");
    return candidates != nullptr && candidates->is_array() ? &candidates->get_array() : nullptr;
}

Result<std::vector<double>> read_probabilities(const json::array& candidates,
                                               std::span<const TokenId> permitted) {
    if (candidates.size() != permitted.size()) {
        return broken(fmt::format("{} probabilities where {} labels were asked for",
                                  candidates.size(), permitted.size()));
    }
    // NaN marks a label without a probability yet; none is left when all ids are permitted and new.
    std::vector<double> found(permitted.size(), std::numeric_limits<double>::quiet_NaN());
    double sum = 0;
    for (const json::value& candidate : candidates) {
        if (!candidate.is_object()) {
            return broken("a candidate is not an object");
        }
        const auto id = number_in<TokenId>(candidate.get_object(), "id");
        const auto probability = probability_in(candidate.get_object());
        if (!id || !probability) {
            return broken("a candidate without a token and a probability from 0 to 1");
        }
        const auto place = std::ranges::find(permitted, *id);
        if (place == permitted.end()) {
            return broken(fmt::format("token {} is no permitted label", *id));
        }
        double& slot = found[static_cast<std::size_t>(place - permitted.begin())];
        if (!std::isnan(slot)) {
            return broken(fmt::format("token {} comes twice", *id));
        }
        slot = *probability;
        sum += *probability;
    }
    if (std::abs(sum - 1) > sum_error_max) {
        return broken(fmt::format("the probabilities sum to {:.4f}, not 1", sum));
    }
    for (double& probability : found) {
        probability /= sum;
    }
    return found;
}

Result<ScoredLabels> read_counts(const json::object& reply) {
    const json::value* truncated = reply.if_contains("truncated");
    if (truncated != nullptr && truncated->is_bool() && truncated->get_bool()) {
        return broken("the prompt did not fit the model's context");
    }
    const json::value* timings = reply.if_contains("timings");
    if (timings == nullptr || !timings->is_object()) {
        return broken("no timings, so whether the fixed prefix was read anew is not known");
    }
    const auto cached = number_in<std::uint32_t>(timings->get_object(), "cache_n");
    const auto fresh = number_in<std::uint32_t>(timings->get_object(), "prompt_n");
    if (!cached || !fresh) {
        return broken("timings without cache_n and prompt_n");
    }
    return ScoredLabels{
        .probabilities = {}, .tokens_cached_count = cached, .tokens_fresh_count = *fresh};
}

}  // namespace

Result<ScoredLabels> parse_scored_labels(std::string_view body,
                                         std::span<const TokenId> permitted) {
    Result<json::object> reply = parse_object(body);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    const json::array* candidates = candidates_in(*reply);
    if (candidates == nullptr) {
        return broken("no probabilities for exactly one position");
    }
    Result<std::vector<double>> probabilities = read_probabilities(*candidates, permitted);
    if (!probabilities) {
        return std::unexpected(probabilities.error());
    }
    Result<ScoredLabels> scored = read_counts(*reply);
    if (scored) {
        scored->probabilities = std::move(*probabilities);
    }
    return scored;
}

Result<std::vector<TokenId>> parse_tokens(std::string_view body) {
    Result<json::object> reply = parse_object(body);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    const json::value* tokens = reply->if_contains("tokens");
    if (tokens == nullptr || !tokens->is_array() || tokens->get_array().size() > tokens_max) {
        return broken("no short list of tokens");
    }
    std::vector<TokenId> ids;
    for (const json::value& token : tokens->get_array()) {
        const bool is_id =
            token.is_int64() && token.get_int64() >= 0 && std::in_range<TokenId>(token.get_int64());
        if (!is_id) {
            return broken("a token that is not a number");
        }
        ids.push_back(static_cast<TokenId>(token.get_int64()));
    }
    return ids;
}

Result<TokenId> token_of_label(std::string_view label,
                               std::span<const TokenId> question,
                               std::span<const TokenId> with_label) {
    const bool is_one_token = with_label.size() == question.size() + 1 &&
                              std::equal(question.begin(), question.end(), with_label.begin());
    if (!is_one_token) {
        return fail(Fault::broken,
                    fmt::format("\"{}\" is not one token of this model, so it cannot be asked; "
                                "choose another model",
                                label));
    }
    return with_label.back();
}

Result<std::string> parse_model_name(std::string_view body) {
    // Unlike the others this reply holds the model's chat template, which may be long.
    const JsonLimits limits{.bytes_max = std::size_t{1} << 20U, .depth_max = 32};
    Result<json::value> value = parse_json(body, limits);
    if (!value || !value->is_object()) {
        return broken("/props is not a JSON object");
    }
    const json::value* path = value->get_object().if_contains("model_path");
    if (path == nullptr || !path->is_string()) {
        return broken("/props names no model_path");
    }
    const std::string_view text(path->get_string());
    return plain_text(text.substr(text.find_last_of('/') + 1), model_name_bytes_max);
}

std::string describe_refusal(int status, std::string_view body) {
    std::string says = fmt::format("the model server answered status {}", status);
    const Result<json::object> reply = parse_object(body);
    const json::value* error = reply ? reply->if_contains("error") : nullptr;
    if (error == nullptr || !error->is_object()) {
        return says;
    }
    const json::value* message = error->get_object().if_contains("message");
    if (message == nullptr || !message->is_string()) {
        return says;
    }
    return says + ": " + plain_text(message->get_string(), words_bytes_max);
}

}  // namespace homeostat::adapters::llm
