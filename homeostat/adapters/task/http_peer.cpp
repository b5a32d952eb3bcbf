#include "homeostat/adapters/task/http_peer.hpp"

#include "homeostat/net/header_file.hpp"
#include "homeostat/net/https_address.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/secret_file.hpp"

#include <cstddef>
#include <utility>

namespace homeostat::adapters::task {

namespace {

constexpr std::size_t reply_bytes_max = std::size_t{64} << 10U;

Result<void> take_address(const HttpCall& call, HttpPeer& peer) {
    if (!call.url.starts_with("https://")) {
        Result<net::Address> address = net::parse_endpoint(call.url);
        if (!address) {
            return std::unexpected(address.error());
        }
        peer.at = std::move(address->endpoint);
        peer.path = std::move(address->path);
        return {};
    }
    Result<net::HttpsAddress> address = net::parse_https_address(call.url);
    const Result<std::string> authorities =
        os::read_file(call.authorities, net::tls_settings_bytes_max);
    if (!address || !authorities) {
        return std::unexpected(address ? authorities.error() : address.error());
    }
    auto tls = net::make_tls_context({.authorities = *authorities});
    if (!tls) {
        return fail(call.authorities, tls.error());
    }
    peer.at = net::HttpsPeer{.host = address->host, .port = address->port, .tls = *std::move(tls)};
    peer.path = std::move(address->path);
    return {};
}

}  // namespace

Result<HttpPeer> peer_of(const HttpCall& call) {
    HttpPeer peer;
    if (Result<void> taken = take_address(call, peer); !taken) {
        return std::unexpected(taken.error());
    }
    if (call.headers_file.empty()) {
        return peer;
    }
    const Result<std::string> text =
        os::read_secret_file(call.headers_file, net::header_file_bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<net::HttpHeaders> headers = net::parse_header_file(*text);
    if (!headers) {
        return fail(call.headers_file, headers.error());
    }
    for (const auto& [name, value] : *headers) {
        peer.secrets.push_back(value);
        // "Bearer TOKEN": the token alone is one, too.
        if (const std::size_t space = value.find(' '); space != std::string::npos) {
            peer.secrets.push_back(value.substr(space + 1));
        }
    }
    peer.headers = *std::move(headers);
    return peer;
}

net::HttpRequest request_of(const HttpCall& call, const HttpPeer& peer, const std::string& effect) {
    net::HttpRequest request;
    request.method = call.method;
    request.path = peer.path;
    request.body = call.body;
    request.content_type = call.content_type;
    request.headers = peer.headers;
    if (!effect.empty()) {
        request.headers.emplace_back("Homeostat-Effect", effect);
        request.headers.emplace_back("Idempotency-Key", effect);
    }
    return request;
}

net::HttpClient client_of(boost::asio::any_io_executor executor, const HttpPeer& peer) {
    net::HttpLimits limits;
    limits.body_bytes_max = reply_bytes_max;
    if (const auto* https = std::get_if<net::HttpsPeer>(&peer.at)) {
        return {std::move(executor), *https, limits};
    }
    return {std::move(executor), std::get<net::Endpoint>(peer.at), limits};
}

}  // namespace homeostat::adapters::task
