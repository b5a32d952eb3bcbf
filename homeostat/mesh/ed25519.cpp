#include "homeostat/mesh/ed25519.hpp"

#include "homeostat/base/ensure.hpp"

#include <openssl/evp.h>

#include <cstddef>
#include <memory>

namespace homeostat::mesh {

namespace {

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Pkey private_key(const SigningSeed& seed) {
    Pkey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
             &EVP_PKEY_free);
    ensure(key != nullptr, "any 32 bytes are an Ed25519 key");
    return key;
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

PublicKey public_key_of(const SigningSeed& seed) {
    PublicKey key{};
    std::size_t size = key.size();
    const Pkey pair = private_key(seed);
    ensure(EVP_PKEY_get_raw_public_key(pair.get(), key.data(), &size) == 1 && size == key.size(),
           "an Ed25519 key has 32 bytes");
    return key;
}

Signature sign(const SigningSeed& seed, std::string_view bytes) {
    Signature signature{};
    std::size_t size = signature.size();
    const Pkey key = private_key(seed);
    const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    ensure(context != nullptr &&
               EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
               EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(bytes),
                              bytes.size()) == 1 &&
               size == signature.size(),
           "OpenSSL signs with Ed25519");
    return signature;
}

bool is_signed_by(const PublicKey& key, std::string_view bytes, const Signature& signature) {
    const Pkey pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()),
                    &EVP_PKEY_free);
    const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    return pkey != nullptr && context != nullptr &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes_of(bytes),
                            bytes.size()) == 1;
}

}  // namespace homeostat::mesh
