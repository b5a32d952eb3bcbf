#pragma once

// SignedHead: where a ledger stood at one moment, signed, for a witness outside its directory.
//
// The chain proves everything but its own end, and whoever can write the ledger can write a whole
// new chain. A signed head in another place shows both: the ledger has to hold that group with that
// hash, and only the key's holder can say which. The signature (Ed25519) covers a text of its own,
// not the JSON line, and begins with words that nothing else of ours is signed under.
//
// Blocks only where it reads or writes a key's file. Thread-safe.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace homeostat::adapters::segment_log {

struct SignedHead {
    std::string ledger;       ///< Which ledger: the hash of its first group.
    std::uint64_t index{0};   ///< Of the last group.
    std::string hash;         ///< Of the chain up to and with it.
    std::uint64_t begins{0};  ///< Index of the first group that the ledger still keeps, or is about
                              ///< to keep once what is older has been dropped.
    WallTime wall_at{};       ///< Of that group.
    std::string key;          ///< Which key: id() of it.
    std::string signature;    ///< 128 hex digits.

    static void fields(auto& self, auto&& field) {
        field("ledger", self.ledger);
        field("index", self.index);
        field("hash", self.hash);
        field("begins", self.begins);
        field("wall_at", self.wall_at);
        field("key", self.key);
        field("signature", self.signature);
    }
    friend bool operator==(const SignedHead&, const SignedHead&) = default;
};

/// Longer than any line of ours.
constexpr std::size_t head_line_bytes_max = 1024;

/// The bytes that are signed: everything but the signature, one word and value a line.
[[nodiscard]] std::string signed_text(const SignedHead& head);

/// One line of JSON, with its line feed.
[[nodiscard]] std::string to_head_line(const SignedHead& head);

/// Reads one line without its line feed; says nothing of the signature. ERRORS: corrupt.
[[nodiscard]] Result<SignedHead> parse_head_line(std::string_view line);

class PublicKey {
  public:
    /// ERRORS: absent; invalid: not the PEM of an Ed25519 public key.
    [[nodiscard]] static Result<PublicKey> read(const std::filesystem::path& file);
    [[nodiscard]] static Result<PublicKey> parse(std::string_view pem);

    /// The first 16 hex digits of the SHA-256 of the key's 32 bytes.
    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] std::string pem() const;

    /// ERRORS: corrupt: another key's head, or its signature does not fit what it says.
    [[nodiscard]] Result<void> check(const SignedHead& head) const;

  private:
    friend class SigningKey;
    explicit PublicKey(std::shared_ptr<evp_pkey_st> key);

    std::shared_ptr<evp_pkey_st> key_;  ///< Owned by every copy; never changed.
    std::string id_;
};

class SigningKey {
  public:
    [[nodiscard]] static SigningKey make();

    /// ERRORS: absent; refused: others than its owner may read or write it; invalid: no such key.
    [[nodiscard]] static Result<SigningKey> read(const std::filesystem::path& file);

    /// Puts the key at `file`, mode 0600, and the public one at `file`.pub, mode 0644.
    /// ERRORS: busy: a key is there already, and is never replaced; full.
    [[nodiscard]] Result<void> write(const std::filesystem::path& file) const;

    [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

    /// Fills in `key` and `signature`.
    void sign(SignedHead& head) const;

  private:
    explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : public_key_(std::move(key)) {}

    PublicKey public_key_;  ///< Of a signing key this holds the private half as well.
};

/// Where the public key of the key at `file` lies.
[[nodiscard]] std::filesystem::path public_key_file(const std::filesystem::path& file);

}  // namespace homeostat::adapters::segment_log
