#include "homeostat/net/http_message.hpp"

#include <algorithm>

namespace homeostat::net {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_same_name(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right,
                              [](char one, char other) { return lower(one) == lower(other); });
}

}  // namespace

std::string_view header_of(const HttpHeaders& headers, std::string_view name) {
    const auto found = std::ranges::find_if(
        headers, [name](const auto& header) { return is_same_name(header.first, name); });
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

std::string joined_header_of(const HttpHeaders& headers, std::string_view name) {
    std::string values;
    for (const auto& [its_name, value] : headers) {
        if (is_same_name(its_name, name)) {
            values += values.empty() ? value : "," + value;
        }
    }
    return values;
}

bool is_sendable(std::string_view name, std::string_view value) {
    const auto is_of_name = [](char c) { return c > ' ' && c < '\x7f' && c != ':'; };
    const auto is_of_value = [](char c) { return (c >= ' ' && c != '\x7f') || c == '\t'; };
    return !name.empty() && std::ranges::all_of(name, is_of_name) &&
           std::ranges::all_of(value, is_of_value);
}

}  // namespace homeostat::net
