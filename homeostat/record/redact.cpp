#include "homeostat/record/redact.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace homeostat::record {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t spaces_max = 4;        ///< Between a name, its separator and its value.
constexpr std::size_t word_bytes_max = 128;  ///< Longer words are no names.
constexpr std::size_t bearer_bytes_min = 8;  ///< Shorter: "bearer of news".
constexpr std::size_t figure_bytes_max = 7;  ///< Longer ones may be a secret of digits alone.

bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_word(char c) {
    return is_alnum(c) || c == '_' || c == '-';
}

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A part of the text to be replaced.
struct Secret {
    std::size_t begin{0};
    std::size_t end{0};
    std::string_view kind;
};

bool is_word_of(std::string_view word, std::string_view lower) {
    return std::ranges::equal(word, lower, {}, to_lower);
}

/// A word does not go on into the dashes that begin a PEM block.
std::size_t end_of_word(std::string_view text, std::size_t begin) {
    std::size_t at = begin;
    while (at < text.size() && is_word(text[at]) &&
           (at == begin || !text.substr(at).starts_with("-----"))) {
        ++at;
    }
    return at;
}

// --- shapes --------------------------------------------------------------------------------------

struct Shape {
    std::string_view begins;
    std::size_t rest_min;  ///< Bytes behind `begins`; more than a plain word would have.
    std::string_view kind;
};

constexpr std::array shapes{
    Shape{"AKIA", 16, "aws_key"},        Shape{"ASIA", 16, "aws_key"},
    Shape{"ghp_", 20, "github_token"},   Shape{"gho_", 20, "github_token"},
    Shape{"ghu_", 20, "github_token"},   Shape{"ghs_", 20, "github_token"},
    Shape{"ghr_", 20, "github_token"},   Shape{"github_pat_", 20, "github_token"},
    Shape{"glpat-", 20, "gitlab_token"}, Shape{"xoxb-", 10, "slack_token"},
    Shape{"xoxa-", 10, "slack_token"},   Shape{"xoxp-", 10, "slack_token"},
    Shape{"xoxr-", 10, "slack_token"},   Shape{"xoxs-", 10, "slack_token"},
    Shape{"AIza", 35, "google_key"},     Shape{"sk-", 20, "api_key"}};

/// Three words with points between them, the first two of which are JSON in base64url.
std::optional<Secret> jwt_at(std::string_view text, std::size_t begin, std::size_t end) {
    if (!text.substr(begin).starts_with("eyJ") || end >= text.size() || text[end] != '.') {
        return std::nullopt;
    }
    const std::size_t second = end_of_word(text, end + 1);
    if (!text.substr(end + 1).starts_with("eyJ") || second >= text.size() || text[second] != '.') {
        return std::nullopt;
    }
    return Secret{begin, end_of_word(text, second + 1), "jwt"};
}

/// A token that is known by its looks; the word [begin, end) is its beginning.
std::optional<Secret> token_at(std::string_view text, std::size_t begin, std::size_t end) {
    const std::string_view word = text.substr(begin, end - begin);
    for (const Shape& shape : shapes) {
        if (word.starts_with(shape.begins) && word.size() >= shape.begins.size() + shape.rest_min) {
            return Secret{begin, end, shape.kind};
        }
    }
    return jwt_at(text, begin, end);
}

// --- names and their values ----------------------------------------------------------------------

struct Name {
    std::string_view part;
    std::string_view kind;
};

constexpr std::array names{
    Name{"password", "password"},      Name{"passwd", "password"},
    Name{"passphrase", "password"},    Name{"pwd", "password"},
    Name{"secretkey", "secret"},       Name{"secret", "secret"},
    Name{"apikey", "api_key"},         Name{"accesskey", "api_key"},
    Name{"privatekey", "private_key"}, Name{"authorization", "authorization"},
    Name{"credential", "credential"},  Name{"token", "token"}};

/// api_key, api-key and apiKey are one name.
std::string plain_name(std::string_view word) {
    std::string plain;
    for (const char c : word) {
        if (is_alnum(c)) {
            plain += to_lower(c);
        }
    }
    return plain;
}

/// What kind of secret a word announces; empty: none.
std::string_view kind_of_name(std::string_view word) {
    if (word.size() > word_bytes_max) {
        return {};
    }
    const std::string plain = plain_name(word);
    const auto* found = std::ranges::find_if(
        names, [&](const Name& name) { return plain.find(name.part) != npos; });
    const bool is_of_file = plain.ends_with("file");  // "model.token_file: others may read it".
    return found == names.end() || is_of_file ? std::string_view{} : found->kind;
}

/// False for "token-service", which is rather the name of what has to do with tokens. "password_2"
/// and "tokens" end with a name.
bool ends_with_name(std::string_view word) {
    std::string plain = plain_name(word);
    plain.erase(plain.find_last_not_of("0123456789") + 1);
    if (plain.ends_with('s')) {
        plain.pop_back();
    }
    return std::ranges::any_of(names, [&](const Name& name) { return plain.ends_with(name.part); });
}

/// A short number: what stands behind the name of a service in a text of figures.
bool is_figure(std::string_view value) {
    return value.size() <= figure_bytes_max &&
           value.find_first_not_of("0123456789.%") == std::string_view::npos;
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
    const std::size_t limit = std::min(text.size(), at + spaces_max);
    while (at < limit && (text[at] == ' ' || text[at] == '\t')) {
        ++at;
    }
    return at;
}

/// Past a quote, also one that is escaped because the text stands in another one.
std::size_t skip_quote(std::string_view text, std::size_t at) {
    std::size_t quote = at;
    while (quote < text.size() && quote < at + spaces_max && text[quote] == '\\') {
        ++quote;
    }
    const bool is_quote = quote < text.size() && (text[quote] == '"' || text[quote] == '\'');
    return is_quote ? quote + 1 : at;
}

/// Where a value ends that begins at `at`: at its closing quote, or where a bare word ends.
std::size_t end_of_value(std::string_view text, std::size_t at, std::size_t before_quote) {
    if (at == before_quote) {
        return std::min(text.find_first_of(" \t\r\n,;&\"'", at), text.size());
    }
    const std::string_view stops = text[at - 1] == '"' ? "\"\r\n" : "'\r\n";
    const bool is_escaped = at > before_quote + 1;
    std::size_t end = std::min(text.find_first_of(stops, at), text.size());
    while (!is_escaped && end < text.size() && text[end] == text[at - 1] && text[end - 1] == '\\') {
        end = std::min(text.find_first_of(stops, end + 1), text.size());
    }
    // An escaped quote closes with its backslashes before it.
    while (is_escaped && end > at && end < text.size() && text[end - 1] == '\\') {
        --end;
    }
    return end;
}

/// Where a bare value ends: "Bearer" and "Basic" announce the word that is the secret.
std::size_t end_of_bare_value(std::string_view text, std::size_t at) {
    const std::size_t end = end_of_value(text, at, at);
    const std::string_view word = text.substr(at, end - at);
    if (!is_word_of(word, "bearer") && !is_word_of(word, "basic")) {
        return end;
    }
    const std::size_t next = skip_spaces(text, end);
    const std::size_t next_end = end_of_value(text, next, next);
    return next_end == next ? end : next_end;
}

/// The value behind the name that ends at `end`, if it is one. A flag's stands behind a space.
std::optional<Secret> value_behind(std::string_view text,
                                   std::size_t begin,
                                   std::size_t end,
                                   std::string_view kind) {
    std::size_t at = skip_spaces(text, skip_quote(text, end));
    const bool has_separator = at < text.size() && (text[at] == '=' || text[at] == ':');
    const bool is_flag = text.substr(begin, 2) == "--" && at > end;
    if (!has_separator && !is_flag) {
        return std::nullopt;
    }
    at = has_separator ? skip_spaces(text, at + 1) : at;
    const std::size_t value = skip_quote(text, at);
    const bool is_bare = value == at;
    std::size_t value_end =
        is_bare ? end_of_bare_value(text, value) : end_of_value(text, value, at);
    if (is_bare && kind == "authorization") {
        value_end = std::min(text.find_first_of("\r\n\"'", value), text.size());
    }
    const bool is_harmless = is_bare && is_figure(text.substr(value, value_end - value)) &&
                             !ends_with_name(text.substr(begin, end - begin));
    if (value_end == value || is_harmless) {
        return std::nullopt;
    }
    return Secret{value, value_end, kind};
}

std::optional<Secret> bearer_behind(std::string_view text, std::size_t end) {
    const std::size_t value = skip_spaces(text, end);
    std::size_t value_end = value;
    while (value_end < text.size() &&
           (is_word(text[value_end]) || std::string_view("._~+/=").contains(text[value_end]))) {
        ++value_end;
    }
    if (value == end || value_end < value + bearer_bytes_min) {
        return std::nullopt;
    }
    return Secret{value, value_end, "bearer"};
}

/// The first secret that the word [begin, end) is, or announces.
std::optional<Secret> secret_at_word(std::string_view text, std::size_t begin, std::size_t end) {
    if (const std::optional<Secret> token = token_at(text, begin, end)) {
        return token;
    }
    const std::string_view word = text.substr(begin, end - begin);
    if (is_word_of(word, "bearer")) {
        return bearer_behind(text, end);
    }
    const std::string_view kind = kind_of_name(word);
    return kind.empty() ? std::nullopt : value_behind(text, begin, end, kind);
}

// --- what begins with a sign ---------------------------------------------------------------------

/// "user:password" in "://user:password@host".
std::optional<Secret> userinfo_at(std::string_view text, std::size_t at) {
    constexpr std::string_view before = "://";
    if (!text.substr(at).starts_with(before)) {
        return std::nullopt;
    }
    const std::size_t begin = at + before.size();
    const std::size_t end = std::min(text.find_first_of("/?# \t\r\n\"'<>\\", begin), text.size());
    const std::size_t sign = text.substr(begin, end - begin).rfind('@');
    if (sign == npos || sign == 0) {
        return std::nullopt;
    }
    return Secret{begin, begin + sign, "userinfo"};
}

/// A private key in PEM, to its end or to that of the text.
std::optional<Secret> pem_at(std::string_view text, std::size_t at) {
    constexpr std::string_view begins = "-----BEGIN ";
    constexpr std::string_view names_it = "PRIVATE KEY-----";
    constexpr std::string_view ends = "-----END ";
    constexpr std::size_t label_bytes_max = 64;
    if (!text.substr(at).starts_with(begins) ||
        text.substr(at, label_bytes_max).find(names_it) == npos) {
        return std::nullopt;
    }
    const std::size_t end = text.find(ends, at + begins.size());
    const std::size_t dashes = end == npos ? npos : text.find("-----", end + ends.size());
    return Secret{at, dashes == npos ? text.size() : dashes + 5, "private_key"};
}

}  // namespace

std::string redact(std::string_view text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const char c = text[at];
        std::size_t end = at + 1;
        std::optional<Secret> secret;
        if (c == ':') {
            secret = userinfo_at(text, at);
        } else if (c == '-') {
            secret = pem_at(text, at);
        }
        if (!secret && is_word(c)) {
            end = end_of_word(text, at);
            secret = secret_at_word(text, at, end);
            const bool is_escape = at > 0 && text[at - 1] == '\\' && at + 1 < end;
            if (!secret && is_escape) {
                secret = secret_at_word(text, at + 1, end);  // Behind \n, \t and the like.
            }
        }
        if (secret) {
            out.append(text.substr(at, secret->begin - at));
            out.append("[redacted:").append(secret->kind).append("]");
            at = secret->end;
        } else {
            out.append(text.substr(at, end - at));
            at = end;
        }
    }
    return out;
}

void redact(json::value& value) {
    if (auto* text = value.if_string()) {
        const std::string clean = redact(std::string_view(*text));
        if (clean != std::string_view(*text)) {
            *text = clean;
        }
    } else if (auto* items = value.if_array()) {
        for (json::value& item : *items) {
            redact(item);
        }
    } else if (auto* members = value.if_object()) {
        for (auto& member : *members) {
            redact(member.value());
        }
    }
}

}  // namespace homeostat::record
