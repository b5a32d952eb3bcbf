#include "homeostat/net/connection.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

const std::string& name_asked_for(const Peer& peer) {
    const std::string& own = peer.tls->server_name;
    return own.empty() ? std::get<TcpEndpoint>(peer.endpoint).host : own;
}

/// Lets the handshake demand a certificate for `name`, and tell the server which one.
bool expect(TlsStream& tls, const std::string& name) {
    SSL* handle = tls.native_handle();
    X509_VERIFY_PARAM* wanted = SSL_get0_param(handle);
    // A name belongs into the list of names; the subject's common name is one for people.
    X509_VERIFY_PARAM_set_hostflags(
        wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    boost::system::error_code error;
    asio::ip::make_address(name, error);
    if (!error) {
        return X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1;
    }
    return X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1 &&
           SSL_set_tlsext_host_name(handle, name.c_str()) == 1;
}

Error handshake_error(const boost::system::error_code& error,
                      TlsStream& tls,
                      const Endpoint& endpoint) {
    const long verified = SSL_get_verify_result(tls.native_handle());
    if (verified != X509_V_OK) {
        return {Fault::unreachable,
                fmt::format("{}: its certificate does not prove who it is: {}", to_text(endpoint),
                            X509_verify_cert_error_string(verified))};
    }
    const Error plain = connect_error(error, endpoint);
    return plain.fault == Fault::unreachable ? Error{plain.fault, "no TLS with " + plain.text}
                                             : plain;
}

Task<Result<void>> shake_hands(Connection& connection, const Peer& peer) {
    connection.tls.emplace(connection.stream, peer.tls->context);
    const std::string& name = name_asked_for(peer);
    if (!expect(*connection.tls, name)) {
        co_return fail(Fault::invalid, fmt::format("'{}' is no name of a server", name));
    }
    boost::system::error_code error;
    co_await connection.tls->async_handshake(asio::ssl::stream_base::client, into(error));
    if (error) {
        co_return std::unexpected(handshake_error(error, *connection.tls, peer.endpoint));
    }
    co_return Result<void>{};
}

/// One address of several gets its share of the time that is left, so that one that swallows
/// everything does not keep us from the next.
Instant share_of(Instant deadline, std::size_t addresses_left) {
    const Instant now = boot_now();
    const bool is_far = deadline > now + std::chrono::hours{24};
    return is_far || deadline <= now
               ? deadline
               : now + (deadline - now) / static_cast<std::int64_t>(addresses_left);
}

Task<Result<void>> connect_to_name(std::optional<Connection>& connection,
                                   const Peer& peer,
                                   asio::any_io_executor executor,
                                   Instant deadline) {
    const Result<std::vector<TcpEndpoint>> addresses = co_await peer.lookup->addresses(deadline);
    if (!addresses) {
        co_return std::unexpected(addresses.error());
    }
    Result<void> connected = fail(Fault::unreachable, to_text(peer.endpoint) + ": no address");
    std::size_t left = addresses->size();
    for (const TcpEndpoint& address : *addresses) {
        connection.emplace(executor);
        const Instant until = share_of(deadline, left--);
        connected = co_await connect(connection->stream, address, until);
        if (connected) {
            break;
        }
    }
    if (connected && !set_deadline(connection->stream, deadline)) {
        connected = fail(Fault::late, to_text(peer.endpoint) + ": no time for TLS");
    }
    if (connected) {
        connected = co_await shake_hands(*connection, peer);
    }
    co_return connected;
}

}  // namespace

Peer peer_of(const asio::any_io_executor& executor, HttpsPeer peer) {
    NameLookup lookup(executor, peer.host, peer.port);
    return {TcpEndpoint{std::move(peer.host), peer.port}, std::move(peer.tls), std::move(lookup)};
}

Task<Result<void>> connect(std::optional<Connection>& connection,
                           const Peer& peer,
                           asio::any_io_executor executor,
                           Instant deadline) {
    Result<void> connected{};
    if (peer.tls) {
        connected = co_await connect_to_name(connection, peer, std::move(executor), deadline);
    } else {
        connection.emplace(executor);
        connected = co_await connect(connection->stream, peer.endpoint, deadline);
    }
    if (!connected) {
        connection.reset();
    }
    co_return connected;
}

Result<RequestMessage> message_of(HttpRequest request, const Endpoint& endpoint, bool is_last) {
    const http::verb verb = http::string_to_verb(request.method);
    if (verb == http::verb::unknown) {
        return fail(Fault::invalid, fmt::format("'{}' is no HTTP method", request.method));
    }
    if (!request.path.starts_with('/') || !is_visible(request.path)) {
        return fail(Fault::invalid, "a request's path starts with / and has no spaces");
    }
    RequestMessage message(verb, request.path, 11);
    const bool is_tcp = std::holds_alternative<TcpEndpoint>(endpoint);
    message.set(http::field::host, is_tcp ? to_text(endpoint) : "localhost");
    message.set(http::field::user_agent, "homeostat");
    for (const auto& [name, value] : request.headers) {
        if (!is_sendable(name, value)) {
            return fail(Fault::invalid, "a header's name or value has bytes that it may not have");
        }
        message.set(name, value);
    }
    if (!is_sendable("Content-Type", request.content_type)) {
        return fail(Fault::invalid, "a content type has bytes that it may not have");
    }
    if (!request.content_type.empty()) {
        message.set(http::field::content_type, request.content_type);
    }
    message.body() = std::move(request.body);
    message.keep_alive(!is_last);
    message.prepare_payload();
    return message;
}

HttpResponse response_of(const http::fields& head, int status, const HttpLimits& limits) {
    HttpResponse response;
    response.status = status;
    response.content_type = std::string(head[http::field::content_type]);
    for (const std::string& name : limits.headers_kept) {
        const auto [begin, end] = head.equal_range(name);
        for (auto field = begin; field != end; ++field) {
            response.headers.emplace_back(name, std::string(field->value()));
        }
    }
    return response;
}

}  // namespace homeostat::net
