// Any bytes for an address: refused, or one that is written as something that reads back as itself.

#include "homeostat/base/ensure.hpp"
#include "homeostat/net/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace net = homeostat::net;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(net::unix_endpoint(text));
    const auto address = net::parse_endpoint(text);
    if (!address) {
        ensure(!address.error().text.empty(), "a refusal says why");
        return 0;
    }
    ensure(address->path.starts_with('/'), "a path begins at the root");
    for (const char c : address->path) {
        ensure(c > ' ' && c != 0x7f, "nothing in a path ends the request line");
    }
    const bool is_unix = std::holds_alternative<net::UnixEndpoint>(address->endpoint);
    const std::string written = (is_unix ? "" : "http://") + to_text(address->endpoint);
    const auto again = net::parse_endpoint(written);
    ensure(again && again->endpoint == address->endpoint, "written and read, it is the same");
    return 0;
}
