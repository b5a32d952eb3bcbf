#include "homeostat/console/web_address.hpp"

#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/https_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace homeostat::console {

namespace {

constexpr std::uint16_t https_port = 443;
constexpr std::uint16_t http_port = 80;
constexpr std::string_view mend = "write one as in https://homeostat.example/path";

auto wrong(std::string_view what) {
    return fail(Fault::invalid, fmt::format("{} — {}", what, mend));
}

std::string lower(std::string text) {
    for (char& c : text) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

Result<WebAddress> parse_plain(std::string_view text) {
    const Result<net::Address> address = net::parse_endpoint(text);
    const auto* endpoint = address ? std::get_if<net::TcpEndpoint>(&address->endpoint) : nullptr;
    if (endpoint == nullptr || !net::is_local(*endpoint)) {
        return wrong("http is read by anybody on the way, and for this machine only: 127.0.0.1");
    }
    return WebAddress{false, lower(endpoint->host), endpoint->port, address->path};
}

}  // namespace

Result<WebAddress> parse_web_address(std::string_view text) {
    const bool is_printable =
        std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7F'; });
    if (text.size() > web_address_bytes_max || !is_printable) {
        return wrong("it is too long, or has a character that no address may have");
    }
    const std::string_view authority =
        text.substr(0, text.find_first_of("/?#", text.find("//") + 2));
    if (authority.contains('@')) {
        return wrong("it has credentials in it, which would be shown with it");
    }
    if (text.starts_with("http://")) {
        return parse_plain(text);
    }
    Result<net::HttpsAddress> address = net::parse_https_address(text);
    if (!address) {
        return wrong(address.error().text);
    }
    return WebAddress{true, lower(std::move(address->host)), address->port,
                      std::move(address->path)};
}

std::string authority_of(const WebAddress& address) {
    const std::string host = address.host.contains(':') ? "[" + address.host + "]" : address.host;
    const bool is_usual = address.port == (address.is_tls ? https_port : http_port);
    return is_usual ? host : fmt::format("{}:{}", host, address.port);
}

std::string origin_of(const WebAddress& address) {
    return (address.is_tls ? "https://" : "http://") + authority_of(address);
}

}  // namespace homeostat::console
