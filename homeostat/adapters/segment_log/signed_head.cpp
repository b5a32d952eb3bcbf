#include "homeostat/adapters/segment_log/signed_head.hpp"

#include "homeostat/adapters/segment_log/chain.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/error.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

namespace homeostat::adapters::segment_log {

namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t signature_bytes = 64;
constexpr std::size_t key_id_digits = 16;
constexpr std::size_t key_file_bytes_max = 4096;
constexpr int hex_base = 16;

using Pkey = std::shared_ptr<EVP_PKEY>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Pkey owned(EVP_PKEY* key) {
    return {key, &EVP_PKEY_free};
}

Bio bio_over(std::string_view bytes) {
    return {BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), &BIO_free_all};
}

std::string contents_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string to_hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(byte));
    }
    return text;
}

bool is_hex(std::string_view text, std::size_t digits) {
    return text.size() == digits &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// REQUIRES: an even number of hex digits.
std::string from_hex(std::string_view text) {
    std::string bytes;
    for (std::size_t at = 0; at < text.size(); at += 2) {
        bytes += static_cast<char>(std::stoi(std::string(text.substr(at, 2)), nullptr, hex_base));
    }
    return bytes;
}

std::string id_of(EVP_PKEY* key) {
    std::array<unsigned char, key_bytes> raw{};
    std::size_t size = raw.size();
    ensure(EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1, "an Ed25519 key has 32 bytes");
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int digest_size{};
    ensure(EVP_Digest(raw.data(), size, digest.data(), &digest_size, EVP_sha256(), nullptr) == 1,
           "OpenSSL computes SHA-256");
    const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest_size);
    return to_hex(bytes).substr(0, key_id_digits);
}

bool is_ed25519(EVP_PKEY* key) {
    return key != nullptr && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519;
}

std::unexpected<Error> no_key(const std::filesystem::path& file, std::string_view what) {
    return fail(Fault::invalid,
                fmt::format("{} does not hold {}; bring the key back from a copy, or name another "
                            "file",
                            file.string(), what));
}

std::unexpected<Error> is_there_already(const std::filesystem::path& file) {
    return fail(Fault::busy, file.string() +
                                 " is there already, and a key is never replaced; move it away, or "
                                 "name another file");
}

Result<std::string> read_key_file(const std::filesystem::path& file) {
    Result<std::string> bytes = os::read_file(file.string(), key_file_bytes_max);
    if (!bytes && bytes.error().fault != Fault::absent) {
        return fail(Fault::invalid, bytes.error().text);
    }
    return bytes;
}

/// Puts a file with mode 0600 at `path`, whole, and only where nothing stands, not even a link to
/// nowhere. ERRORS: busy: something does; full.
Result<void> place_key(const std::string& path, std::string_view bytes) {
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());  // Of a process that ended in between.
    const os::Fd file(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.is_open()) {
        return std::unexpected(os::write_error("make", beside, errno));
    }
    Result<void> done = os::write_all(file, bytes, beside);
    if (done && ::fsync(file.number()) != 0) {
        done = std::unexpected(os::write_error("make durable", beside, errno));
    }
    // Unlike a rename, a link replaces nothing.
    if (done && ::link(beside.c_str(), path.c_str()) != 0) {
        done = errno == EEXIST ? is_there_already(path)
                               : std::unexpected(os::write_error("put in place", path, errno));
    }
    ::unlink(beside.c_str());
    return done ? os::sync_directory(os::parent_of(path)) : done;
}

}  // namespace

std::string signed_text(const SignedHead& head) {
    const auto wall_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(head.wall_at.time_since_epoch());
    return fmt::format(
        "homeostat ledger head 2\nledger {}\nindex {}\nhash {}\nbegins {}\nwall_ms {}\nkey {}\n",
        head.ledger, head.index, head.hash, head.begins, wall_ms.count(), head.key);
}

std::string to_head_line(const SignedHead& head) {
    return to_text(to_json(head)) + "\n";
}

Result<SignedHead> parse_head_line(std::string_view line) {
    if (line.size() >= head_line_bytes_max) {
        return fail(Fault::corrupt, "longer than any signed head");
    }
    const Result<json::value> value = parse_json(line);
    if (!value) {
        return fail(Fault::corrupt, "no signed head: " + value.error().text);
    }
    Result<SignedHead> head = from_json<SignedHead>(*value);
    if (!head) {
        return fail(Fault::corrupt, "no signed head: " + head.error().text);
    }
    if (!is_hash(head->ledger) || !is_hash(head->hash) || !is_hex(head->key, key_id_digits) ||
        !is_hex(head->signature, 2 * signature_bytes)) {
        return fail(Fault::corrupt, "no signed head: a hash, key or signature is none");
    }
    return head;
}

PublicKey::PublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {
    id_ = id_of(key_.get());
}

Result<PublicKey> PublicKey::parse(std::string_view pem) {
    const Bio bio = bio_over(pem);
    Pkey key = owned(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!is_ed25519(key.get())) {
        return fail(Fault::invalid, "not the PEM of an Ed25519 public key");
    }
    return PublicKey(std::move(key));
}

Result<PublicKey> PublicKey::read(const std::filesystem::path& file) {
    const Result<std::string> bytes = read_key_file(file);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    Result<PublicKey> key = parse(*bytes);
    if (!key) {
        return no_key(file, "an Ed25519 public key in PEM");
    }
    return key;
}

std::string PublicKey::pem() const {
    const Bio bio(BIO_new(BIO_s_mem()), &BIO_free_all);
    ensure(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), key_.get()) == 1,
           "OpenSSL writes a public key");
    return contents_of(bio.get());
}

Result<void> PublicKey::check(const SignedHead& head) const {
    if (head.key != id_) {
        return fail(Fault::corrupt,
                    fmt::format("the head is signed with the key {}, not with {}", head.key, id_));
    }
    const std::string text = signed_text(head);
    const std::string signature = from_hex(head.signature);
    const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    ensure(context != nullptr &&
               EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1,
           "OpenSSL knows Ed25519");
    if (EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                         text.size()) != 1) {
        return fail(Fault::corrupt, "the head's signature does not fit what it says");
    }
    return {};
}

SigningKey SigningKey::make() {
    Pkey key = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    ensure(key != nullptr, "OpenSSL makes an Ed25519 key");
    return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::read(const std::filesystem::path& file) {
    const Result<void> kept = os::check_secret_file(file.string());
    if (!kept && kept.error().fault == Fault::refused) {
        return std::unexpected<Error>(kept.error());
    }
    const Result<std::string> bytes = read_key_file(file);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    const Bio bio = bio_over(*bytes);
    Pkey key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (!is_ed25519(key.get())) {
        return no_key(file, "an Ed25519 private key in PEM");
    }
    return SigningKey(std::move(key));
}

Result<void> SigningKey::write(const std::filesystem::path& file) const {
    // Before anything is looked for: through "new/../key" nothing is found until `new` is there.
    if (Result<void> made = os::make_directories(os::parent_of(file.string())); !made) {
        return made;
    }
    struct stat status{};
    if (::lstat(file.c_str(), &status) == 0) {
        return is_there_already(file);
    }
    const Bio bio(BIO_new(BIO_s_mem()), &BIO_free_all);
    ensure(bio != nullptr && PEM_write_bio_PrivateKey(bio.get(), public_key_.key_.get(), nullptr,
                                                      nullptr, 0, nullptr, nullptr) == 1,
           "OpenSSL writes a private key");
    // The public key first: with the private one in place a crash must not leave it alone.
    const Result<void> done =
        os::write_file_atomically(public_key_file(file).string(), public_key_.pem());
    return done ? place_key(file.string(), contents_of(bio.get())) : done;
}

void SigningKey::sign(SignedHead& head) const {
    head.key = public_key_.id();
    const std::string text = signed_text(head);
    std::array<unsigned char, signature_bytes> signature{};
    std::size_t size = signature.size();
    const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    ensure(context != nullptr &&
               EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                                  public_key_.key_.get()) == 1 &&
               EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(text),
                              text.size()) == 1 &&
               size == signature.size(),
           "OpenSSL signs with Ed25519");
    head.signature = to_hex({reinterpret_cast<const char*>(signature.data()), size});
}

std::filesystem::path public_key_file(const std::filesystem::path& file) {
    return file.string() + ".pub";
}

}  // namespace homeostat::adapters::segment_log
