#include "homeostat/mesh/wire.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <system_error>

namespace homeostat::mesh {

namespace {

constexpr std::string_view signed_under = "homeostat pledge 1\n";
constexpr std::string_view before_signature = R"(,"signature":")";
constexpr std::string_view after_signature = R"("})";
constexpr JsonLimits limits{.bytes_max = message_bytes_max, .depth_max = 4};
constexpr std::size_t digits_per_byte = 2;
constexpr int hex_base = 16;

std::string to_hex(const Signature& signature) {
    std::string text;
    for (const std::uint8_t byte : signature) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::optional<Signature> parse_hex(std::string_view text) {
    const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    Signature signature{};
    if (!is_hex || text.size() != digits_per_byte * signature.size()) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < signature.size(); ++at) {
        const std::string_view digits = text.substr(digits_per_byte * at, digits_per_byte);
        std::from_chars(digits.data(), digits.data() + digits.size(), signature[at], hex_base);
    }
    return signature;
}

/// What the signature is over and the signature itself.
struct Parts {
    std::string text;  ///< The message without its last member.
    Signature signature{};
};

std::optional<Parts> parts_of(std::string_view bytes) {
    const std::size_t digits = digits_per_byte * Signature{}.size();
    const std::size_t tail = before_signature.size() + digits + after_signature.size();
    if (bytes.size() <= tail || !bytes.ends_with(after_signature)) {
        return std::nullopt;
    }
    const std::string_view last = bytes.substr(bytes.size() - tail);
    const auto signature = parse_hex(last.substr(before_signature.size(), digits));
    if (!last.starts_with(before_signature) || !signature) {
        return std::nullopt;
    }
    return Parts{std::string(bytes.substr(0, bytes.size() - tail)) + "}", *signature};
}

bool is_of_later_version(const json::value& value) {
    const json::value* version = value.is_object() ? value.get_object().if_contains("v") : nullptr;
    return version != nullptr && version->is_int64() && version->get_int64() > message_version;
}

}  // namespace

std::string seal(const Message& message, const SigningSeed& seed) {
    const std::optional<std::string> objection = objection_to(message);
    ensure(!objection, objection.value_or(""));
    std::string text = to_text(to_json(message));
    const Signature signature = sign(seed, std::string(signed_under) + text);
    text.pop_back();
    text += before_signature;
    text += to_hex(signature);
    text += after_signature;
    ensure(text.size() <= message_bytes_max, "a message that keeps its bounds fits into 1 KiB");
    return text;
}

std::expected<Message, Discard> open(std::string_view bytes, const Keyring& keyring) {
    if (bytes.size() > message_bytes_max) {
        return std::unexpected(Discard::oversized);
    }
    const std::optional<Parts> parts = parts_of(bytes);
    const Result<json::value> value =
        parts ? parse_json(parts->text, limits) : fail(Fault::invalid, "no signature");
    if (!value) {
        return std::unexpected(Discard::malformed);
    }
    if (is_of_later_version(*value)) {
        return std::unexpected(Discard::version_unknown);
    }
    Result<Message> message = from_json<Message>(*value);
    if (!message || objection_to(*message) || to_text(to_json(*message)) != parts->text) {
        return std::unexpected(Discard::malformed);
    }
    const auto key = keyring.find(message->from);
    if (key == keyring.end()) {
        return std::unexpected(Discard::sender_unknown);
    }
    if (!is_signed_by(key->second, std::string(signed_under) + parts->text, parts->signature)) {
        return std::unexpected(Discard::forged);
    }
    return *std::move(message);
}

}  // namespace homeostat::mesh
