#include "homeostat/app/link_key.hpp"

#include "homeostat/app/mesh_key.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

namespace homeostat::app {

namespace {

constexpr std::size_t key_file_bytes_max = 256;
constexpr unsigned owner_only = 0600;

void draw(auto& bytes) {
    ensure(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1, "OpenSSL has chance");
}

Result<console::LinkKey> make_key(const std::filesystem::path& file) {
    console::LinkKey key{};
    draw(key);
    if (const Result<void> made = os::make_directories(os::parent_of(file.string())); !made) {
        return std::unexpected(made.error());
    }
    const Result<void> written =
        os::write_file_atomically(file.string(), to_hex(key) + "\n", owner_only);
    return written ? Result<console::LinkKey>(key) : std::unexpected(written.error());
}

}  // namespace

Result<console::LinkKey> read_or_make_link_key(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
        return make_key(file);
    }
    const Result<std::string> text = os::read_secret_file(file.string(), key_file_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    std::string_view line = *text;
    line.remove_suffix(line.ends_with('\n') ? 1 : 0);
    const std::optional<console::LinkKey> key = parse_key(line);
    return key ? Result<console::LinkKey>(*key)
               : fail(Fault::invalid,
                      fmt::format("{}: not the 64 hex digits of a key; put back what was there, or "
                                  "delete it: links that were sent are good no more then",
                                  file.string()));
}

console::LinkNonce draw_link_nonce() {
    console::LinkNonce nonce{};
    draw(nonce);
    return nonce;
}

}  // namespace homeostat::app
