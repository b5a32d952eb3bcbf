#include "homeostat/sense/log_word.hpp"

#include "homeostat/base/fnv1a.hpp"

#include <algorithm>
#include <string>

namespace homeostat::sense {

namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t fnv_basis = 0xCBF29CE484222325ULL;
constexpr std::uint64_t fnv_prime = 0x100000001B3ULL;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
char lower(char c) {
    return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
bool is_of_hex(char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}
/// Letters of other alphabets count as letters, whatever they are.
bool is_of_piece(char c) {
    return is_digit(c) || is_upper(c) || is_lower(c) || static_cast<unsigned char>(c) >= 0x80;
}

std::string lower(std::string_view word) {
    std::string text(word.substr(0, word_bytes_max));
    std::ranges::transform(text, text.begin(), [](char c) { return lower(c); });
    return text;
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
}

constexpr std::array error_words{"error"sv,     "err"sv,       "fatal"sv,     "critical"sv,
                                 "crit"sv,      "panic"sv,     "severe"sv,    "alert"sv,
                                 "emerg"sv,     "emergency"sv, "exception"sv, "traceback"sv,
                                 "unhandled"sv, "uncaught"sv,  "failure"sv};
constexpr std::array warning_words{"warn"sv, "warning"sv, "wrn"sv};
constexpr std::array info_words{"info"sv,   "information"sv, "debug"sv,  "trace"sv,
                                "notice"sv, "verbose"sv,     "finest"sv, "fine"sv};
/// PostgreSQL's, in capitals: "log" and the others begin ordinary sentences, too.
constexpr std::array info_capitals{"LOG"sv,       "DETAIL"sv,  "HINT"sv,
                                   "STATEMENT"sv, "CONTEXT"sv, "QUERY"sv};

constexpr std::array date_words{"Jan"sv, "Feb"sv, "Mar"sv, "Apr"sv, "May"sv, "Jun"sv, "Jul"sv,
                                "Aug"sv, "Sep"sv, "Oct"sv, "Nov"sv, "Dec"sv, "Mon"sv, "Tue"sv,
                                "Wed"sv, "Thu"sv, "Fri"sv, "Sat"sv, "Sun"sv, "AM"sv,  "PM"sv,
                                "UTC"sv, "GMT"sv, "CET"sv, "CEST"sv};

constexpr std::array units{"ns"sv,   "us"sv,    "µs"sv,           "ms"sv,      "s"sv,
                           "sec"sv,  "secs"sv,  "second"sv,       "seconds"sv, "m"sv,
                           "min"sv,  "mins"sv,  "minute"sv,       "minutes"sv, "h"sv,
                           "hour"sv, "hours"sv, "milliseconds"sv, "byte"sv,    "bytes"sv,
                           "B"sv,    "KB"sv,    "kB"sv,           "MB"sv,      "GB"sv,
                           "KiB"sv,  "MiB"sv,   "GiB"sv,          "percent"sv};

constexpr std::array level_keys{"level"sv,     "lvl"sv,       "severity"sv,     "loglevel"sv,
                                "levelname"sv, "log.level"sv, "severity_text"sv};
constexpr std::array telling_keys{"msg"sv,
                                  "message"sv,
                                  "error"sv,
                                  "err"sv,
                                  "errors"sv,
                                  "reason"sv,
                                  "cause"sv,
                                  "exception"sv,
                                  "exc"sv,
                                  "detail"sv,
                                  "details"sv,
                                  "desc"sv,
                                  "description"sv,
                                  "event"sv,
                                  "status"sv,
                                  "status_code"sv,
                                  "statuscode"sv,
                                  "code"sv,
                                  "errno"sv,
                                  "error_code"sv,
                                  "errorcode"sv,
                                  "sqlstate"sv,
                                  "grpc_code"sv,
                                  "grpc.code"sv,
                                  "grpc_status"sv,
                                  "exit_code"sv,
                                  "exitcode"sv,
                                  "signal"sv,
                                  "errmsg"sv,
                                  "error.message"sv,
                                  "exception_type"sv,
                                  "error.type"sv,
                                  "http_status"sv,
                                  "http.status_code"sv,
                                  "exit_status"sv};

constexpr std::array state_words{
    "up"sv,      "down"sv,    "on"sv,      "off"sv,     "ok"sv,    "not"sv,     "no"sv,
    "online"sv,  "offline"sv, "open"sv,    "close"sv,   "start"sv, "stop"sv,    "begin"sv,
    "end"sv,     "lost"sv,    "found"sv,   "done"sv,    "begun"sv, "success"sv, "failure"sv,
    "fail"sv,    "healthy"sv, "well"sv,    "ill"sv,     "ready"sv, "busy"sv,    "idle"sv,
    "full"sv,    "empty"sv,   "valid"sv,   "invalid"sv, "true"sv,  "false"sv,   "known"sv,
    "unknown"sv, "primary"sv, "replica"sv, "leader"sv,  "ahead"sv, "behind"sv,  "before"sv,
    "after"sv,   "above"sv,   "below"sv,   "alive"sv,   "dead"sv,  "broken"sv,  "sent"sv,
    "read"sv,    "write"sv,   "in"sv,      "out"sv,     "from"sv,  "to"sv,      "with"sv,
    "without"sv};

constexpr auto state_hashes = [] {
    std::array<std::uint64_t, state_words.size()> hashes{};
    std::ranges::transform(state_words, hashes.begin(), fnv1a);
    std::ranges::sort(hashes);
    return hashes;
}();

bool says_what_happened(std::string_view word, std::uint64_t hash) {
    const bool is_participle = word.size() >= 5 && word.ends_with("ed"sv);
    return is_participle || std::ranges::binary_search(state_hashes, hash);
}

/// "E1127": a level and the day, as Kubernetes' programs write it.
std::optional<LogLevel> level_of_klog(std::string_view word) {
    if (word.size() != 5 || !std::ranges::all_of(word.substr(1), is_digit)) {
        return std::nullopt;
    }
    switch (word.front()) {
        case 'E':
        case 'F':
            return LogLevel::error;
        case 'W':
            return LogLevel::warning;
        case 'I':
            return LogLevel::info;
        default:
            return std::nullopt;
    }
}

}  // namespace

LogWord look_at(std::string_view word) {
    LogWord seen;
    bool has_digit = false;
    bool has_piece = false;
    bool is_hex = true;
    std::size_t slashes_count = 0;
    std::uint64_t hash = fnv_basis;
    for (const char c : word) {
        hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
        has_digit = has_digit || is_digit(c);
        has_piece = has_piece || is_of_piece(c);
        is_hex = is_hex && is_of_hex(c);
        slashes_count += c == '/' ? 1 : 0;
        seen.is_path = seen.is_path || c == '@';
    }
    seen.is_mark = !has_piece;
    seen.is_path = seen.is_path || slashes_count > 1 || word.starts_with('/');
    seen.varies =
        has_digit || seen.is_path || word.size() > word_bytes_max || (is_hex && word.size() >= 8);
    hash = (hash << 1U) | (says_what_happened(word, hash) ? 1U : 0U);
    seen.hash = hash == 0 ? 2 : hash;
    return seen;
}

void add_pieces(std::string_view text, Pieces& pieces) {
    std::uint64_t hash = fnv_basis;
    bool is_open = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const char before = at == 0 ? ' ' : text[at - 1];
        const char after = at + 1 == text.size() ? ' ' : text[at + 1];
        const bool begins =
            is_upper(c) && (is_lower(before) || (is_upper(before) && is_lower(after)));
        if (is_open && (begins || !is_of_piece(c))) {
            pieces.add(hash);
            hash = fnv_basis;
            is_open = false;
        }
        if (is_of_piece(c)) {
            hash = (hash ^ static_cast<unsigned char>(lower(c))) * fnv_prime;
            is_open = true;
        }
    }
    if (is_open) {
        pieces.add(hash);
    }
}

std::optional<LogLevel> level_of(std::string_view word) {
    if (std::optional<LogLevel> level = level_of_klog(word)) {
        return level;
    }
    word = word.substr(0, word.find(':'));  // Python's "ERROR:root:text".
    if (is_one_of(word, info_capitals)) {
        return LogLevel::info;
    }
    constexpr std::size_t level_bytes_max = 11;
    if (word.size() > level_bytes_max) {
        return std::nullopt;
    }
    const std::string name = lower(word);
    if (is_one_of(name, error_words)) {
        return LogLevel::error;
    }
    if (is_one_of(name, warning_words)) {
        return LogLevel::warning;
    }
    return is_one_of(name, info_words) ? std::optional(LogLevel::info) : std::nullopt;
}

std::optional<LogLevel> level_of_field(std::string_view text) {
    // SOURCE: pino's levels: 40 is warn, 50 error, 60 fatal.
    if (text == "50"sv || text == "60"sv) {
        return LogLevel::error;
    }
    return text == "40"sv ? std::optional(LogLevel::warning) : level_of(text);
}

bool is_date_word(std::string_view word) {
    return word.size() <= 4 && is_one_of(word, date_words);
}

bool is_unit(std::string_view word) {
    return word.size() <= 12 && is_one_of(word, units);
}

KeyKind kind_of_key(std::string_view key) {
    if (key.size() > 16) {
        return KeyKind::other;
    }
    const std::string name = lower(key);
    if (is_one_of(name, level_keys)) {
        return KeyKind::level;
    }
    return is_one_of(name, telling_keys) ? KeyKind::telling : KeyKind::other;
}

}  // namespace homeostat::sense
