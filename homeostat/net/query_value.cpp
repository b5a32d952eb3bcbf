#include "homeostat/net/query_value.hpp"

#include <boost/url/pct_string_view.hpp>
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

std::optional<std::string> parse_query_value(std::string_view value) {
    const auto encoded = boost::urls::make_pct_string_view(value);
    return encoded ? std::optional<std::string>(encoded->decode()) : std::nullopt;
}

}  // namespace homeostat::net
