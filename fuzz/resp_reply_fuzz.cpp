// Any bytes for Redis's replies: the parser refuses, wants more, or takes just one reply in bounds.

#include "homeostat/adapters/redis/resp.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redis = homeostat::adapters::redis;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view before = rest;
        const auto reply = redis::take_reply(rest);
        if (!reply || !*reply) {
            homeostat::ensure(rest == before, "what is no reply is left alone");
            break;
        }
        homeostat::ensure(before.ends_with(rest) && rest.size() < before.size(),
                          "a reply is taken from the front");
        std::string_view cut = before.substr(0, before.size() - rest.size() - 1);
        const auto sooner = redis::take_reply(cut);
        homeostat::ensure(sooner && !*sooner, "a reply is not whole before its last byte");
        if (const auto* values = std::get_if<redis::Values>(&**reply)) {
            homeostat::ensure(values->size() <= redis::values_max, "so many values at most");
        }
    }
    return 0;
}
