#include "homeostat/adapters/postgres/postgres_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace homeostat::adapters::postgres {

namespace {

constexpr std::string_view hidden = "[redacted]";

/// What of an address may be a password, as it stands there.
std::vector<std::string_view> secrets_of(std::string_view url) {
    std::vector<std::string_view> secrets;
    const std::size_t scheme = url.find("://");
    if (scheme != std::string_view::npos) {
        const std::string_view rest = url.substr(scheme + 3);
        const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
        const std::size_t at = authority.rfind('@');
        const std::size_t colon = authority.find(':');
        if (at != std::string_view::npos && colon < at) {
            secrets.push_back(authority.substr(colon + 1, at - colon - 1));
        }
    }
    for (const std::string_view name : {"password", "sslpassword"}) {
        for (std::size_t from = url.find(name); from != std::string_view::npos;
             from = url.find(name, from + 1)) {
            std::string_view value = url.substr(from + name.size());
            value.remove_prefix(std::min(value.find_first_not_of(" ='"), value.size()));
            secrets.push_back(value.substr(0, value.find_first_of(" &'")));
        }
    }
    std::erase_if(secrets, [](std::string_view secret) { return secret.empty(); });
    std::ranges::sort(secrets, {}, [](std::string_view secret) { return -std::ssize(secret); });
    return secrets;
}

}  // namespace

std::string without_nul(std::string_view json_text) {
    constexpr std::string_view nul = "\\u0000";
    std::string text;
    text.reserve(json_text.size());
    for (std::size_t at = 0; at < json_text.size();) {
        if (json_text[at] != '\\') {
            text += json_text[at++];
            continue;
        }
        const bool is_nul = json_text.substr(at).starts_with(nul);
        const std::size_t length = is_nul ? nul.size() : 2;
        text += is_nul ? "\\ufffd" : json_text.substr(at, length);
        at += length;
    }
    return text;
}

std::string without_secret(std::string_view says, std::string_view url) {
    // A broken address is quoted in pieces that nothing can be searched for.
    constexpr std::array of_reading{
        "invalid",         "missing \"=\"", "unterminated quoted", "unexpected character",
        "forbidden value", "end of string"};
    const auto names = [&](const char* word) { return says.contains(word); };
    const bool is_of_server = says.contains("FATAL") || says.contains("ERROR");
    if (!is_of_server && std::ranges::any_of(of_reading, names)) {
        return "libpq cannot read the address";
    }
    std::string text(says);
    for (const std::string_view secret : secrets_of(url)) {
        for (std::size_t at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + hidden.size())) {
            text.replace(at, secret.size(), hidden);
        }
    }
    std::ranges::replace(text, '\n', ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

}  // namespace homeostat::adapters::postgres
