#include "homeostat/net/endpoint.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <charconv>

namespace homeostat::net {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t url_bytes_max = 2048;
constexpr std::size_t unix_path_bytes_max = 107;  // sizeof sockaddr_un::sun_path, less its NUL.
constexpr std::uint16_t http_port = 80;

std::unexpected<Error> refuse(std::string_view text, std::string_view why) {
    return fail(Fault::invalid, fmt::format("address '{}': {}", text.substr(0, 200), why));
}

bool is_literal_address(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    return !error;
}

Result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) {
        return refuse(whole, "the port must be a number from 1 to 65535");
    }
    return port;
}

Result<Address> parse_http(std::string_view text) {
    const auto url = boost::urls::parse_uri(text);
    if (!url) {
        return refuse(text, "this is no URL; write http://127.0.0.1:8080/path");
    }
    if (url->scheme() != "http") {
        return refuse(text, "only http: and unix: are supported");
    }
    if (url->has_userinfo() || url->has_fragment()) {
        return refuse(text, "neither a user nor a #fragment may be in it");
    }
    std::string host(url->host_address());
    host = host == "localhost" ? "127.0.0.1" : host;
    if (!is_literal_address(host)) {
        return refuse(text, "the host must be an IP address or localhost; names are not resolved");
    }
    std::uint16_t port = http_port;
    if (url->has_port()) {
        const std::string_view port_text(url->port().data(), url->port().size());
        const Result<std::uint16_t> parsed = parse_port(port_text, text);
        if (!parsed) {
            return std::unexpected(parsed.error());
        }
        port = *parsed;
    }
    const auto target = url->encoded_target();
    std::string path(target.data(), target.size());
    if (!path.starts_with('/')) {
        path.insert(path.begin(), '/');
    }
    return Address{TcpEndpoint{std::move(host), port}, std::move(path)};
}

}  // namespace

Result<Address> parse_endpoint(std::string_view text) {
    if (text.size() > url_bytes_max) {
        return refuse(text, "it is too long");
    }
    if (!text.starts_with(unix_prefix)) {
        return parse_http(text);
    }
    Result<Endpoint> endpoint = unix_endpoint(text.substr(unix_prefix.size()));
    if (!endpoint) {
        return std::unexpected(endpoint.error());
    }
    return Address{*std::move(endpoint), "/"};
}

Result<Endpoint> unix_endpoint(std::string_view path) {
    if (path.empty() || path.find('\0') != std::string_view::npos) {
        return refuse(path, "the path of a UNIX socket is missing");
    }
    if (path.size() > unix_path_bytes_max) {
        return refuse(path, fmt::format("the path of a UNIX socket has at most {} bytes, this has "
                                        "{}; use a shorter or a relative one",
                                        unix_path_bytes_max, path.size()));
    }
    return UnixEndpoint{std::string(path)};
}

std::string to_text(const Endpoint& endpoint) {
    if (const auto* local = std::get_if<UnixEndpoint>(&endpoint)) {
        return std::string(unix_prefix) + local->path;
    }
    const auto& tcp = std::get<TcpEndpoint>(endpoint);
    const bool is_v6 = tcp.host.contains(':');
    return is_v6 ? fmt::format("[{}]:{}", tcp.host, tcp.port)
                 : fmt::format("{}:{}", tcp.host, tcp.port);
}

bool is_local(const Endpoint& endpoint) {
    const auto* tcp = std::get_if<TcpEndpoint>(&endpoint);
    if (tcp == nullptr) {
        return true;
    }
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(tcp->host, error);
    return !error && address.is_loopback();
}

}  // namespace homeostat::net
