// Keys: which files hold one, how large they may be, and what is left where one cannot be written.

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/signed_head.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

namespace homeostat::adapters::segment_log {

namespace {

std::filesystem::path key_of(const ScratchForTest& scratch) {
    return scratch.path() / "ledger.key";
}

/// Puts a key of another kind than ours there, and its public half.
void write_another_kind(const std::filesystem::path& file) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"), &EVP_PKEY_free);
    const auto open = [](const std::filesystem::path& path) {
        return std::unique_ptr<BIO, decltype(&BIO_free_all)>(BIO_new_file(path.c_str(), "w"),
                                                             &BIO_free_all);
    };
    const auto private_half = open(file);
    const auto public_half = open(public_key_file(file));
    ensure(PEM_write_bio_PrivateKey(private_half.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) == 1 &&
               PEM_write_bio_PUBKEY(public_half.get(), key.get()) == 1,
           "a key of another kind is made");
    ensure(::chmod(file.c_str(), 0600) == 0, "it is for us alone");
}

/// In a child whose files may have no more bytes than that. Says whether a key was written.
bool is_written_within(const std::filesystem::path& file, rlim_t bytes_max) {
    const pid_t child = ::fork();
    ensure(child >= 0, "a process can be started");
    if (child == 0) {
        const rlimit limit{.rlim_cur = bytes_max, .rlim_max = bytes_max};
        std::signal(SIGXFSZ, SIG_IGN);
        ensure(::setrlimit(RLIMIT_FSIZE, &limit) == 0, "a file's size can be limited");
        ::_exit(SigningKey::make().write(file) ? 0 : 1);
    }
    int status = 0;
    ensure(::waitpid(child, &status, 0) == child, "a child can be waited for");
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status) == 0;
}

}  // namespace

TEST_CASE("a key is named by the first digits of its hash, as verifiers elsewhere compute them") {
    // The first test key of RFC 8032; SHA-256 of its 32 bytes by sha256sum.
    const Result<PublicKey> key = PublicKey::parse(
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
        "-----END PUBLIC KEY-----\n");
    REQUIRE(key);
    CHECK(key->id() == "21fe31dfa154a261");
}

TEST_CASE("a key of another kind is none of ours") {
    const ScratchForTest scratch;
    write_another_kind(key_of(scratch));
    CHECK(SigningKey::read(key_of(scratch)).error().fault == Fault::invalid);
    CHECK(PublicKey::read(public_key_file(key_of(scratch))).error().fault == Fault::invalid);
}

TEST_CASE("a file of up to 4,096 bytes may hold a key, and a larger one is said to be too large") {
    const ScratchForTest scratch;
    REQUIRE(SigningKey::make().write(key_of(scratch)));
    std::string bytes = read_for_test(key_of(scratch));
    bytes.resize(4096, '\n');
    write_for_test(key_of(scratch), bytes);
    CHECK(SigningKey::read(key_of(scratch)));
    write_for_test(key_of(scratch), bytes + "\n");
    const Result<SigningKey> large = SigningKey::read(key_of(scratch));
    REQUIRE_FALSE(large);
    CHECK(large.error().fault == Fault::invalid);
    CHECK(large.error().text.contains("larger than 4096 bytes"));
}

TEST_CASE("a key that cannot be written is none, and nothing of it is left behind") {
    const ScratchForTest scratch;
    SUBCASE("a directory stands where it is written to first") {
        std::filesystem::create_directory(key_of(scratch).string() + ".new");
        CHECK(SigningKey::make().write(key_of(scratch)).error().fault != Fault::busy);
    }
    SUBCASE("its own directory cannot be made") {
        write_for_test(scratch.path() / "a file", "");
        CHECK_FALSE(SigningKey::make().write(scratch.path() / "a file" / "below" / "key"));
    }
    SUBCASE("there is room for its public half only") {
        const ScratchForTest other;
        REQUIRE(is_written_within(key_of(other), 4096));
        const auto private_bytes = std::filesystem::file_size(key_of(other));
        REQUIRE(std::filesystem::file_size(public_key_file(key_of(other))) < private_bytes);
        CHECK_FALSE(is_written_within(key_of(scratch), private_bytes - 1));
        CHECK(std::filesystem::exists(public_key_file(key_of(scratch))));
        CHECK_FALSE(std::filesystem::exists(key_of(scratch).string() + ".new"));
    }
    CHECK_FALSE(std::filesystem::exists(key_of(scratch)));
}

}  // namespace homeostat::adapters::segment_log
