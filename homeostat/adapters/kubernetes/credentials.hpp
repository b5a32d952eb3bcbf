#pragma once

// BearerToken and TlsIdentity: what we prove ourselves by, fixed or from files that somebody
// renews.
//
// A kubelet writes a new token about each hour, and whoever issues certificates a new pair, well
// before the old one ends. The files are looked at before each request and read only when one is
// another; should they not be readable for a moment, or a certificate and its key not fit each
// other yet, what was read last is still good.
//
// Small files, read inline. Not thread-safe; lives on one strand.

#include "homeostat/base/result.hpp"
#include "homeostat/net/tls.hpp"
#include "homeostat/os/file.hpp"

#include <array>
#include <cstddef>
#include <memory>
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

/// Where the parts of net::TlsSettings are read again; empty: that part never changes.
struct TlsFiles {
    std::string authorities;
    std::string certificate;
    std::string key;
};

class TlsIdentity {
  public:
    /// `settings`: as the files were just read. ERRORS: as net::make_tls_context.
    [[nodiscard]] static Result<TlsIdentity> make(net::TlsSettings settings, TlsFiles files);

    /// What a connection begins with now: another one once the files are, and make one.
    [[nodiscard]] const std::shared_ptr<net::TlsContext>& current();

  private:
    using Identities = std::array<std::optional<os::FileIdentity>, 3>;

    TlsIdentity(net::TlsSettings settings, TlsFiles files, std::shared_ptr<net::TlsContext> made);

    [[nodiscard]] Identities identities_now() const;
    [[nodiscard]] Result<void> read();

    net::TlsSettings settings_;
    TlsFiles files_;
    std::shared_ptr<net::TlsContext> context_;
    Identities identities_;  ///< Of the files that were read last.
};

}  // namespace homeostat::adapters::kubernetes
