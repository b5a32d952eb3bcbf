#pragma once

// ScriptedTlsPeer: as ScriptedPeer, over TLS.
//
// It shows the certificate that a test gives it, notes what it was asked for by name and who the
// client says it is, and says after the handshake what the script has.

#include "homeostat/net/certificates_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::net {

struct TlsScript {
    IssuedForTest identity;
    std::string clients_authority{};  ///< Not empty: who has no certificate of it is refused.
    int version_max{TLS1_3_VERSION};
};

class ScriptedTlsPeer {
  public:
    ScriptedTlsPeer(boost::asio::io_context& context,
                    const TlsScript& tls,
                    std::deque<ScriptLine> script)
        : context_(context),
          acceptor_(context, {boost::asio::ip::address_v4::loopback(), 0}),
          script_(std::move(script)) {
        namespace asio = boost::asio;
        tls_.use_certificate_chain(asio::buffer(tls.identity.certificate));
        tls_.use_private_key(asio::buffer(tls.identity.key), asio::ssl::context::pem);
        SSL_CTX_set_max_proto_version(tls_.native_handle(), tls.version_max);
        SSL_CTX_set_min_proto_version(tls_.native_handle(), TLS1_VERSION);
        SSL_CTX_set_security_level(tls_.native_handle(), 0);  // Or TLS 1.1 could not be tried.
        if (!tls.clients_authority.empty()) {
            tls_.add_certificate_authority(asio::buffer(tls.clients_authority));
            tls_.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
        }
        asio::co_spawn(context_, accept_all(), asio::detached);
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] std::size_t connections_count() const { return connections_count_; }
    [[nodiscard]] const std::vector<std::string>& requests() const { return requests_; }
    /// Of the last handshake: the name that was asked for, and the client's own. Empty: none.
    [[nodiscard]] const std::string& name_asked() const { return name_asked_; }
    [[nodiscard]] const std::string& client_name() const { return client_name_; }

    /// What the next requests are answered by.
    void add(ScriptLine line) { script_.push_back(std::move(line)); }
    /// Ends all connections that are kept, as a server does that has waited long enough.
    void close_all() {
        for (const std::weak_ptr<Wire>& weak : wires_) {
            if (const std::shared_ptr<Wire> wire = weak.lock()) {
                boost::system::error_code ignored;
                wire->next_layer().close(ignored);
            }
        }
        wires_.clear();
    }

  private:
    using Socket = boost::asio::ip::tcp::socket;
    using Wire = boost::asio::ssl::stream<Socket>;

    static auto into(boost::system::error_code& error) {
        return boost::asio::redirect_error(boost::asio::use_awaitable, error);
    }

    Task<void> accept_all() {
        boost::system::error_code error;
        while (!error) {
            Socket socket = co_await acceptor_.async_accept(into(error));
            if (!error) {
                ++connections_count_;
                boost::asio::co_spawn(context_, serve(std::move(socket)), boost::asio::detached);
            }
        }
    }

    void note(SSL* handle) {
        const char* asked = SSL_get_servername(handle, TLSEXT_NAMETYPE_host_name);
        name_asked_ = asked == nullptr ? "" : asked;
        client_name_.clear();
        if (const X509* certificate = SSL_get0_peer_certificate(handle)) {
            std::array<char, 64> name{};
            X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                      name.data(), static_cast<int>(name.size()));
            client_name_ = name.data();
        }
    }

    Task<void> serve(Socket socket) {
        // Owned by this frame and, where the script says so, for as long as the test lasts.
        const auto wire = std::make_shared<Wire>(std::move(socket), tls_);
        wires_.emplace_back(wire);
        boost::system::error_code error;
        co_await wire->async_handshake(Wire::server, into(error));
        if (!error) {
            note(wire->native_handle());
        }
        while (!error) {
            std::array<char, 65536> bytes{};
            const std::size_t size =
                co_await wire->async_read_some(boost::asio::buffer(bytes), into(error));
            if (error) {
                co_return;
            }
            requests_.emplace_back(bytes.data(), size);
            if (script_.empty()) {
                continue;
            }
            const ScriptLine line = std::move(script_.front());
            script_.pop_front();
            co_await boost::asio::async_write(*wire, boost::asio::buffer(line.say), into(error));
            if (line.then == ScriptLine::Then::closes) {
                co_return;
            }
            if (line.then == ScriptLine::Then::hangs) {
                kept_.push_back(wire);
                co_return;
            }
        }
    }

    boost::asio::io_context& context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_server};
    std::deque<ScriptLine> script_;
    std::vector<std::string> requests_;
    std::vector<std::weak_ptr<Wire>> wires_;
    std::vector<std::shared_ptr<Wire>> kept_;
    std::size_t connections_count_{0};
    std::string name_asked_;
    std::string client_name_;
};

}  // namespace homeostat::net
