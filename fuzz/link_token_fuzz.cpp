// Any bytes as the token of a link: refused unless this key has vouched for it, and a link that was
// vouched for comes back as it was, in its one form.

#include "homeostat/base/ensure.hpp"
#include "homeostat/console/link_token.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace console = homeostat::console;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const console::LinkKey key{1, 2, 3};
    const homeostat::WallTime now{std::chrono::milliseconds{1'796'000'000'000}};
    if (const auto link = console::parse_token(bytes, key, now)) {
        ensure(console::token_of(*link, key) == bytes, "a token has one form");
        ensure(now < link->expires_at, "a token is good for a time");
    }
    if (const auto link = console::parse_link(bytes)) {
        ensure(console::bytes_of(*link) == bytes, "a link has one form");
        const auto token = console::token_of(*link, key);
        const auto again = console::parse_token(token, key, now);
        ensure(again.has_value() == (now < link->expires_at), "its time alone makes it old");
        ensure(!again || *again == *link, "it comes back as it was");
        ensure(!console::parse_token(token, console::LinkKey{1, 2, 4}, now),
               "another key vouches for nothing");
    }
    return 0;
}
