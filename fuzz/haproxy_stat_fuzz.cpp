// Any bytes for HAProxy's replies: the parsers refuse, or return what they promise.

#include "homeostat/adapters/haproxy/edge_view.hpp"
#include "homeostat/adapters/haproxy/runtime_reply.hpp"
#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace haproxy = homeostat::adapters::haproxy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string_view rest = text;
    if (const auto view = haproxy::take_backend(rest, "payments")) {
        homeostat::ensure(text.ends_with(rest), "what is left is the end of what was given");
        for (const auto& server : view->servers) {
            homeostat::ensure(haproxy::find_server(*view, server.name) == &server,
                              "no name stands twice");
        }
    } else {
        homeostat::ensure(view.error().text.size() < 500, "a refusal is short");
    }
    rest = text;
    if (const auto rows = haproxy::take_stat(rest, "payments")) {
        homeostat::ensure(std::ranges::count(*rows, true, &haproxy::StatRow::is_backend) == 1,
                          "the backend's own row is there once");
    }
    rest = text;
    static_cast<void>(haproxy::take_servers_state(rest, "payments"));
    const std::string plain = haproxy::plain_text(text);
    homeostat::ensure(plain.size() <= 200, "plain text keeps its maximum");
    return 0;
}
