#include "homeostat/app/mesh_key.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/mesh/message.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <sys/stat.h>

#include <charconv>
#include <cstddef>

namespace homeostat::app {

namespace {

constexpr std::size_t key_file_bytes_max = 256;
constexpr unsigned owner_only = 0600;
constexpr int hex_base = 16;

std::string_view line_of(std::string_view text) {
    return text.ends_with('\n') ? text.substr(0, text.size() - 1) : text;
}

Result<mesh::SigningSeed> make_key(const std::filesystem::path& file) {
    mesh::SigningSeed seed{};
    ensure(RAND_bytes(seed.data(), static_cast<int>(seed.size())) == 1, "OpenSSL has chance");
    if (const Result<void> made = os::make_directories(os::parent_of(file.string())); !made) {
        return std::unexpected(made.error());
    }
    // The public half first: a crash in between leaves a key that nobody has.
    const std::string open = to_hex(mesh::public_key_of(seed)) + "\n";
    Result<void> written = os::write_file_atomically(file.string() + ".pub", open);
    if (written) {
        written = os::write_file_atomically(file.string(), to_hex(seed) + "\n", owner_only);
    }
    if (!written) {
        return std::unexpected(written.error());
    }
    return seed;
}

}  // namespace

std::string to_hex(const mesh::PublicKey& key) {
    std::string text;
    for (const std::uint8_t byte : key) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::optional<mesh::PublicKey> parse_key(std::string_view hex) {
    mesh::PublicKey key{};
    constexpr std::string_view digits = "0123456789abcdef";
    if (hex.size() != 2 * key.size() || hex.find_first_not_of(digits) != std::string_view::npos) {
        return std::nullopt;
    }
    for (std::size_t index = 0; index < key.size(); ++index) {
        const char* begin = hex.data() + 2 * index;
        std::from_chars(begin, begin + 2, key.at(index), hex_base);
    }
    return key;
}

Result<mesh::SigningSeed> read_or_make_key(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
        return make_key(file);
    }
    const Result<std::string> text = os::read_secret_file(file.string(), key_file_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    const std::optional<mesh::SigningSeed> seed = parse_key(line_of(*text));
    if (!seed) {
        return fail(Fault::invalid,
                    fmt::format("{}: not the 64 hex digits of a key; put back what was there, or "
                                "delete it and tell the neighbours of the new one",
                                file.string()));
    }
    return *seed;
}

Result<std::uint64_t> begin_epoch(const std::filesystem::path& file) {
    std::uint64_t stored = 0;
    const Result<std::string> text = os::read_file(file.string(), key_file_bytes_max);
    if (!text && text.error().fault != Fault::absent) {
        return std::unexpected(text.error());
    }
    if (text) {
        const std::string_view line = line_of(*text);
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), stored);
        if (error != std::errc{} || end != line.data() + line.size() ||
            stored >= mesh::number_max) {
            return fail(Fault::invalid,
                        fmt::format("{}: no epoch; write a number that is higher than any that the "
                                    "neighbours have seen",
                                    file.string()));
        }
    }
    if (const Result<void> made = os::make_directories(os::parent_of(file.string())); !made) {
        return std::unexpected(made.error());
    }
    const Result<void> written =
        os::write_file_atomically(file.string(), fmt::format("{}\n", stored + 1));
    if (!written) {
        return std::unexpected(written.error());
    }
    return stored;
}

}  // namespace homeostat::app
