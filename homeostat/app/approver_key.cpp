#include "homeostat/app/approver_key.hpp"

#include "homeostat/app/mesh_key.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <sys/stat.h>

#include <optional>
#include <string>

namespace homeostat::app {

namespace {

constexpr std::size_t key_file_bytes_max = 256;
constexpr unsigned owner_only = 0600;

}  // namespace

Result<mesh::SigningSeed> make_approver_key(const std::filesystem::path& file) {
    struct stat status{};
    if (::lstat(file.c_str(), &status) == 0) {
        return fail(Fault::busy, file.string() +
                                     ": there is a file already; a key is never "
                                     "replaced, name another one");
    }
    mesh::SigningSeed seed{};
    ensure(RAND_bytes(seed.data(), static_cast<int>(seed.size())) == 1, "OpenSSL has chance");
    const Result<void> written =
        os::write_file_atomically(file.string(), to_hex(seed) + "\n", owner_only);
    return written ? Result<mesh::SigningSeed>(seed) : std::unexpected(written.error());
}

Result<mesh::SigningSeed> read_approver_key(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_secret_file(file.string(), key_file_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    const std::string_view line = std::string_view(*text).substr(0, text->find('\n'));
    const std::optional<mesh::SigningSeed> seed = parse_key(line);
    return seed ? Result<mesh::SigningSeed>(*seed)
                : fail(Fault::invalid, file.string() +
                                           ": not the 64 hex digits of a key; "
                                           "`homeostat approver-key FILE` makes one");
}

}  // namespace homeostat::app
