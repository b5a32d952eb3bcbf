#include "homeostat/adapters/segment_log/chain.hpp"

#include "homeostat/base/ensure.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

namespace homeostat::adapters::segment_log {

namespace {

std::string to_hex(const std::array<unsigned char, hash_digits / 2>& bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(hash_digits);
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0x0FU];
    }
    return text;
}

}  // namespace

std::string genesis_hash() {
    return std::string(hash_digits, '0');
}

namespace {

/// Looked up once: that takes longer than the hash of a short group. Null without SHA-256 in the
/// library, and then nothing can be hashed.
const EVP_MD* sha256() {
    static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> found(
        EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
    return found.get();
}

}  // namespace

std::string next_hash(std::string_view previous, std::string_view payload) {
    ensure(previous.size() == hash_digits, "a hash of the chain has 64 digits");
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    std::array<unsigned char, hash_digits / 2> digest{};
    // These fail only without memory or without SHA-256 in the library: nothing to go on with.
    ensure(context != nullptr && EVP_DigestInit_ex(context.get(), sha256(), nullptr) == 1 &&
               EVP_DigestUpdate(context.get(), previous.data(), previous.size()) == 1 &&
               EVP_DigestUpdate(context.get(), payload.data(), payload.size()) == 1 &&
               EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1,
           "OpenSSL computes SHA-256");
    return to_hex(digest);
}

bool is_hash(std::string_view text) {
    return text.size() == hash_digits && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

}  // namespace homeostat::adapters::segment_log
