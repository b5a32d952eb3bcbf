#include "homeostat/app/approvals_place.hpp"

#include "homeostat/adapters/segment_log/signed_head.hpp"
#include "homeostat/app/mesh_key.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/os/file.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

constexpr std::size_t key_file_bytes_max = 256;

/// The 32 bytes of a key that was read already.
mesh::PublicKey raw_key_of(const ledger::PublicKey& key) {
    const std::string pem = key.pem();
    const std::unique_ptr<BIO, decltype(&BIO_free)> bytes(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    ensure(bytes != nullptr, "OpenSSL has room for a key");
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> read(
        PEM_read_bio_PUBKEY(bytes.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    mesh::PublicKey raw{};
    std::size_t size = raw.size();
    ensure(read != nullptr && EVP_PKEY_get_raw_public_key(read.get(), raw.data(), &size) == 1 &&
               size == raw.size(),
           "an Ed25519 key has 32 bytes");
    return raw;
}

/// Nothing: the ledger signs no heads yet.
Result<std::optional<mesh::PublicKey>> ledger_key_of(const Config& config) {
    const Result<ledger::PublicKey> key =
        ledger::PublicKey::read(ledger::public_key_file(config.key_file));
    if (key) {
        return raw_key_of(*key);
    }
    return key.error().fault == Fault::absent ? Result<std::optional<mesh::PublicKey>>(std::nullopt)
                                              : fail("record.key", key.error());
}

/// The public half lies beside the private one before that is there.
Result<std::optional<mesh::PublicKey>> mesh_key_of(const Config& config) {
    if (!config.mesh) {
        return std::nullopt;
    }
    const Result<std::string> text =
        os::read_file(config.mesh->key_file.string() + ".pub", key_file_bytes_max);
    if (!text && text.error().fault == Fault::absent) {
        return std::nullopt;
    }
    if (!text) {
        return fail("mesh.key", text.error());
    }
    return parse_key(text->substr(0, text->find('\n')));
}

}  // namespace

heal::Approvers approvers_listed_in(const Config& config) {
    heal::Approvers approvers;
    approvers.service = config.service;
    if (!config.approvals) {
        return approvers;
    }
    for (const ApproverConfig& one : config.approvals->approvers) {
        // What the file says was looked at when it was read.
        approvers.listed.push_back({one.name, parse_key(one.key).value_or(mesh::PublicKey{})});
    }
    approvers.quorum = config.approvals->quorum;
    approvers.quorum_of = config.approvals->quorum_of;
    return approvers;
}

Result<heal::Approvers> approvers_of(const Config& config) {
    heal::Approvers approvers = approvers_listed_in(config);
    if (approvers.listed.empty()) {
        return approvers;
    }
    for (const auto& own : {ledger_key_of(config), mesh_key_of(config)}) {
        if (!own) {
            return std::unexpected(own.error());
        }
        if (*own) {
            approvers.own_keys.push_back(**own);
        }
    }
    const Result<void> checked = heal::check(approvers);
    return checked ? Result<heal::Approvers>(std::move(approvers))
                   : fail("approvals", checked.error());
}

}  // namespace homeostat::app
