#pragma once

// TLS towards a server: whom we trust, and who we are.
//
// The server's certificate is always verified, against the authorities that are given and for the
// name or address that is asked for; there is no switch that leaves it out. TLS 1.2 is the oldest
// version. What is trusted by the machine is not: a server of our own cluster is vouched for by
// that cluster's authority and by nobody else.
//
// Names. An HttpsPeer may have one where an Endpoint may not: who reads addresses from a file of
// others' (a kubeconfig) finds names in it, and the certificate says whether the right machine
// answers. They are looked up afresh for each connection, and no longer than its deadline.
//
// Values only.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace homeostat::net {

/// All as PEM.
struct TlsSettings {
    std::string authorities;    ///< Who may have signed the server's certificate.
    std::string certificate{};  ///< Ours, with its chain; empty: we show none.
    std::string key{};          ///< Of that certificate, without a passphrase.
    std::string server_name{};  ///< What the server's is for; empty: the host that is asked.
};

/// More authorities than any machine trusts, as bytes of PEM.
constexpr std::size_t tls_settings_bytes_max = std::size_t{1} << 20U;

/// What was made of it; for net/*.cpp alone.
struct TlsContext;

/// ERRORS: invalid, naming what is wrong with which part.
[[nodiscard]] Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsSettings& settings);

struct HttpsPeer {
    std::string host;  ///< A name, or a literal address without brackets.
    std::uint16_t port{443};
    /// Owned by whoever made it and by each connection that began with it: a newer identity takes
    /// its place while the older one's connections go on.
    std::shared_ptr<TlsContext> tls;
};

}  // namespace homeostat::net
