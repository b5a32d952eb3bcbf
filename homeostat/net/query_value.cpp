#include "homeostat/net/query_value.hpp"

#include <fmt/format.h>

#include <iterator>

namespace homeostat::net {

std::string to_query_value(std::string_view text) {
    std::string value;
    for (const char c : text) {
        const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                   (c >= '0' && c <= '9') || std::string_view("-._~").contains(c);
        if (is_unreserved) {
            value += c;
        } else {
            fmt::format_to(std::back_inserter(value), "%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return value;
}

}  // namespace homeostat::net
