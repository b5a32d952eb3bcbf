#include "homeostat/net/https_address.hpp"

#include "homeostat/net/refused_address.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

namespace homeostat::net {

namespace {

constexpr std::size_t url_bytes_max = 2048;

/// A percent sign or the like in it would be looked up as it stands.
bool is_host(std::string_view host) {
    constexpr std::size_t host_bytes_max = 253;
    return !host.empty() && host.size() <= host_bytes_max && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == ':';
    });
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool is_port = error == std::errc{} && end == text.data() + text.size() && port > 0;
    return is_port ? std::optional(port) : std::nullopt;
}

}  // namespace

Result<HttpsAddress> parse_https_address(std::string_view text) {
    const auto refuse = [](std::string_view why) {
        return fail(Fault::invalid, "the https address cannot be used: " + std::string(why));
    };
    if (text.size() > url_bytes_max) {
        return refuse("it is too long");
    }
    const auto url = boost::urls::parse_uri(text);
    if (!url || url->scheme() != "https") {
        return refuse("it is no https URL");
    }
    if (url->has_userinfo() || url->has_fragment()) {
        return refuse("neither a user nor a #fragment may be in it");
    }
    HttpsAddress address;
    address.host = std::string(url->host_address());
    if (!is_host(address.host)) {
        return refuse("its host is neither a name nor an address");
    }
    if (const std::string_view why = why_refused(address.host); !why.empty()) {
        return refuse(why);
    }
    if (url->has_port()) {
        const std::string_view port(url->port().data(), url->port().size());
        const std::optional<std::uint16_t> number = port_of(port);
        if (!number) {
            return refuse("the port must be a number from 1 to 65535");
        }
        address.port = *number;
    }
    const auto target = url->encoded_target();
    address.path.assign(target.data(), target.size());
    if (!address.path.starts_with('/')) {
        address.path.insert(address.path.begin(), '/');
    }
    return address;
}

}  // namespace homeostat::net
