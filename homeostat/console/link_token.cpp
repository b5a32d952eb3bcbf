#include "homeostat/console/link_token.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <bit>

namespace homeostat::console {

namespace {

constexpr char version = 1;
constexpr std::size_t mac_bytes = 32;
constexpr std::size_t number_bytes = 8;
/// So that these bytes vouch for nothing else that the key may ever be used for.
constexpr std::string_view purpose = "homeostat link 1\n";
constexpr std::string_view digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr unsigned digit_bits = 6;
constexpr unsigned byte_bits = 8;

using Mac = std::array<unsigned char, mac_bytes>;

Mac mac_of(std::string_view bytes, const LinkKey& key) {
    const std::string text = std::string(purpose).append(bytes);
    Mac mac{};
    unsigned size = 0;
    const unsigned char* made =
        ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
               reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
    ensure(made != nullptr && size == mac.size(), "OpenSSL has HMAC-SHA256");
    return mac;
}

/// base64url without padding (RFC 4648, 5).
std::string encode(std::string_view bytes) {
    std::string text;
    unsigned pending = 0;
    unsigned bits = 0;
    for (const char c : bytes) {
        pending = pending << byte_bits | static_cast<unsigned char>(c);
        bits += byte_bits;
        while (bits >= digit_bits) {
            bits -= digit_bits;
            text += digits[pending >> bits & 0x3FU];
        }
        pending &= (1U << bits) - 1;
    }
    if (bits > 0) {
        text += digits[pending << (digit_bits - bits) & 0x3FU];
    }
    return text;
}

/// Bytes have one text: bits that are left over have to be 0.
std::optional<std::string> decode(std::string_view text) {
    std::string bytes;
    unsigned pending = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const std::size_t digit = digits.find(c);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        pending = pending << digit_bits | static_cast<unsigned>(digit);
        bits += digit_bits;
        if (bits >= byte_bits) {
            bits -= byte_bits;
            bytes += static_cast<char>(pending >> bits & 0xFFU);
        }
        pending &= (1U << bits) - 1;
    }
    const bool is_canonical = pending == 0 && bits < digit_bits;
    return is_canonical ? std::optional(bytes) : std::nullopt;
}

void add_text(std::string& bytes, const std::string& text) {
    ensure(is_plain_name(text), "a link is made of plain names");
    bytes += static_cast<char>(text.size());
    bytes += text;
}

std::optional<std::string> take_text(std::string_view& rest) {
    const std::size_t size = rest.empty() ? 0 : static_cast<unsigned char>(rest.front());
    if (rest.size() <= size || !is_plain_name(rest.substr(1, size))) {
        return std::nullopt;
    }
    std::string text(rest.substr(1, size));
    rest.remove_prefix(1 + size);
    return text;
}

}  // namespace

std::string bytes_of(const Link& link) {
    std::string bytes(1, version);
    add_text(bytes, link.incident.text());
    add_text(bytes, link.question);
    add_text(bytes, link.person);
    const auto ms = static_cast<std::uint64_t>(link.expires_at.time_since_epoch().count());
    for (std::size_t index = number_bytes; index > 0; --index) {
        bytes += static_cast<char>(ms >> (byte_bits * (index - 1)) & 0xFFU);
    }
    bytes.append(reinterpret_cast<const char*>(link.nonce.data()), link.nonce.size());
    return bytes;
}

std::optional<Link> parse_link(std::string_view bytes) {
    if (!bytes.starts_with(version)) {
        return std::nullopt;
    }
    bytes.remove_prefix(1);
    std::optional<std::string> incident = take_text(bytes);
    std::optional<std::string> question = incident ? take_text(bytes) : std::nullopt;
    std::optional<std::string> person = question ? take_text(bytes) : std::nullopt;
    Link link;
    if (!person || bytes.size() != number_bytes + link.nonce.size()) {
        return std::nullopt;
    }
    std::uint64_t ms = 0;
    for (const char c : bytes.substr(0, number_bytes)) {
        ms = ms << byte_bits | static_cast<unsigned char>(c);
    }
    link.incident = IncidentId(*std::move(incident));
    link.question = *std::move(question);
    link.person = *std::move(person);
    link.expires_at = WallTime{std::chrono::milliseconds{std::bit_cast<std::int64_t>(ms)}};
    std::ranges::copy(bytes.substr(number_bytes), link.nonce.begin());
    return link;
}

std::string token_of(const Link& link, const LinkKey& key) {
    std::string bytes = bytes_of(link);
    const Mac mac = mac_of(bytes, key);
    bytes.append(reinterpret_cast<const char*>(mac.data()), mac.size());
    return encode(bytes);
}

std::optional<Link> parse_token(std::string_view token, const LinkKey& key, WallTime now) {
    if (token.size() > token_bytes_max) {
        return std::nullopt;
    }
    const std::optional<std::string> bytes = decode(token);
    if (!bytes || bytes->size() < mac_bytes) {
        return std::nullopt;
    }
    const std::string_view vouched = std::string_view(*bytes).substr(0, bytes->size() - mac_bytes);
    const Mac mac = mac_of(vouched, key);
    if (::CRYPTO_memcmp(mac.data(), bytes->data() + vouched.size(), mac.size()) != 0) {
        return std::nullopt;
    }
    std::optional<Link> link = parse_link(vouched);
    return link && now < link->expires_at ? std::move(link) : std::nullopt;
}

}  // namespace homeostat::console
