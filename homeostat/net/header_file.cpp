#include "homeostat/net/header_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ranges>
#include <string>
#include <utility>

namespace homeostat::net {

namespace {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white = " \t\r";
    const std::size_t first = text.find_first_not_of(white);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

/// What a request says of itself is not another's to say.
bool is_ours(std::string_view name) {
    constexpr std::array ours{"content-type", "content-length", "host", "connection",
                              "transfer-encoding"};
    std::string lower(name);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return std::ranges::find(ours, lower) != ours.end();
}

}  // namespace

Result<HttpHeaders> parse_header_file(std::string_view text) {
    if (text.size() > header_file_bytes_max) {
        return fail(Fault::invalid,
                    fmt::format("it has more than {} bytes", header_file_bytes_max));
    }
    HttpHeaders headers;
    std::size_t number = 0;
    for (const auto part : std::views::split(text, '\n')) {
        number += 1;
        const std::string_view line = trimmed(std::string_view(part));
        if (line.empty()) {
            continue;
        }
        const std::size_t colon = std::min(line.find(':'), line.size());
        const std::string_view name = line.substr(0, colon);
        const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
        if (colon == line.size() || value.empty() || !is_sendable(name, value)) {
            return fail(Fault::invalid,
                        fmt::format("line {} is no header; write Name: value", number));
        }
        if (is_ours(name)) {
            return fail(Fault::invalid,
                        fmt::format("line {} sets a header that belongs to the request itself; "
                                    "leave it out",
                                    number));
        }
        if (headers.size() == headers_max) {
            return fail(Fault::invalid, fmt::format("it has more than {} headers", headers_max));
        }
        headers.emplace_back(name, value);
    }
    return headers;
}

}  // namespace homeostat::net
