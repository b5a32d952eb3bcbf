#include "homeostat/net/tls.hpp"

#include "homeostat/net/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include <string>
#include <string_view>

namespace homeostat::net {

namespace asio = boost::asio;

namespace {

std::unexpected<Error> refuse(std::string_view part, const boost::system::error_code& error) {
    return fail(Fault::invalid, fmt::format("{}: {}", part, error.message()));
}

Result<void> take_authorities(asio::ssl::context& context, const std::string& pem) {
    boost::system::error_code error;
    // An encrypted one, for whose passphrase OpenSSL would ask at the terminal, is refused unread.
    if (pem.contains("Proc-Type:")) {
        error = asio::error::invalid_argument;
    } else {
        context.add_certificate_authority(asio::buffer(pem), error);
    }
    if (error || pem.empty()) {
        return fail(Fault::invalid,
                    "the authority's certificate: no PEM that can be read; it "
                    "begins with -----BEGIN CERTIFICATE-----");
    }
    return {};
}

Result<void> take_identity(asio::ssl::context& context, const TlsSettings& settings) {
    boost::system::error_code error;
    context.use_certificate_chain(asio::buffer(settings.certificate), error);
    if (error) {
        return refuse("our certificate is no PEM that can be read", error);
    }
    context.use_private_key(asio::buffer(settings.key), asio::ssl::context::pem, error);
    if (error) {
        return refuse("our key is no PEM without a passphrase, or not that certificate's", error);
    }
    if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
        return fail(Fault::invalid, "our key is not that of our certificate");
    }
    return {};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_tls_context(const TlsSettings& settings) {
    const std::size_t bytes =
        settings.authorities.size() + settings.certificate.size() + settings.key.size();
    if (bytes > tls_settings_bytes_max) {
        return fail(Fault::invalid, fmt::format("certificates and key have {} bytes; {} are the "
                                                "most",
                                                bytes, tls_settings_bytes_max));
    }
    if (settings.certificate.empty() != settings.key.empty()) {
        return fail(Fault::invalid, "a certificate of ours and its key belong together");
    }
    auto made = std::make_shared<TlsContext>();
    asio::ssl::context& context = made->context;
    // OpenSSL would ask at the terminal.
    context.set_password_callback([](std::size_t, auto) { return std::string(); });
    context.set_verify_mode(asio::ssl::verify_peer);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    made->server_name = settings.server_name;
    if (Result<void> taken = take_authorities(context, settings.authorities); !taken) {
        return std::unexpected(taken.error());
    }
    if (!settings.certificate.empty()) {
        if (Result<void> taken = take_identity(context, settings); !taken) {
            return std::unexpected(taken.error());
        }
    }
    return made;
}

}  // namespace homeostat::net
