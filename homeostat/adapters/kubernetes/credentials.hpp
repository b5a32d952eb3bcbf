#pragma once

// BearerToken: what we prove ourselves by, fixed or from a file that somebody renews.
//
// A kubelet writes a new token about each hour, well before the old one ends. The file is looked at
// before each request and read only when it is another; should it not be readable for a moment, the
// token that was read last is still good.
//
// A small file, read inline. Not thread-safe; lives on one strand.

#include "homeostat/base/result.hpp"
#include "homeostat/os/file.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

/// One that carries claims of many groups has some KiB. More fits into no server's header.
constexpr std::size_t token_bytes_max = std::size_t{12} << 10U;

/// Says whether it can stand in a header: some visible ASCII.
[[nodiscard]] bool is_bearer_token(std::string_view text);

class BearerToken {
  public:
    /// `path`: empty: `fixed` for ever; and that empty: there is none.
    BearerToken(std::string fixed, std::string path);

    /// The token as it is now; empty: we have none and need none.
    /// ERRORS: refused: the file could never be read, or has no token in it.
    [[nodiscard]] Result<std::string> current();

    /// Reads the file however old it looks, and says whether the token is another than `used`.
    [[nodiscard]] bool is_another_than(const std::string& used);

  private:
    Result<void> read();

    std::string token_;
    std::string path_;
    std::optional<os::FileIdentity> identity_{};  ///< Of the file that was read last.
};

}  // namespace homeostat::adapters::kubernetes
