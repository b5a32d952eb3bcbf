#include "homeostat/sense/log_template.hpp"

#include <cstdint>
#include <string>

namespace homeostat::sense {

namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t';
}

bool varies(std::string_view word) {
    for (const char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_digit = c >= '0' && c <= '9';
        if (is_digit || c == '"' || c == '\'' || byte < 0x20 || byte >= 0x7F) {
            return true;
        }
    }
    return false;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_word(std::string_view word, std::string_view wanted) {
    if (word.size() != wanted.size()) {
        return false;
    }
    for (std::size_t index = 0; index < word.size(); ++index) {
        if (lower(word[index]) != wanted[index]) {
            return false;
        }
    }
    return true;
}

/// The line's own level word, with or without brackets or "level=".
LogLevel level_in(std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals != std::string_view::npos && is_word(word.substr(0, equals), "level")) {
        word.remove_prefix(equals + 1);
    }
    while (!word.empty() && (word.front() == '[' || word.front() == '(')) {
        word.remove_prefix(1);
    }
    while (!word.empty() && (word.back() == ']' || word.back() == ':' || word.back() == ')')) {
        word.remove_suffix(1);
    }
    if (is_word(word, "error") || is_word(word, "fatal") || is_word(word, "critical")) {
        return LogLevel::error;
    }
    return is_word(word, "warn") || is_word(word, "warning") ? LogLevel::warning : LogLevel::info;
}

class Hash {
  public:
    void mix(std::string_view text) {
        for (const char c : text) {
            state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;  // FNV-1a
        }
        state_ = (state_ ^ 0xFFU) * 0x100000001B3ULL;
    }
    [[nodiscard]] std::string hex() const {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string text;
        for (int shift = 60; shift >= 0; shift -= 4) {
            text += digits[(state_ >> static_cast<unsigned>(shift)) & 0xFU];
        }
        return text;
    }

  private:
    std::uint64_t state_{0xCBF29CE484222325ULL};
};

/// What of a word belongs to the shape: the key of key=value, or all of it, or nothing.
std::string_view shape_of(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = equals == std::string_view::npos ? word : word.substr(0, equals);
    return varies(name) ? std::string_view("*") : name;
}

}  // namespace

LogTemplate template_of(std::string_view line) {
    line = line.substr(0, line_bytes_max);
    LogTemplate found;
    Hash hash;
    std::size_t words_count = 0;
    bool has_level = false;
    while (!line.empty() && words_count < words_max) {
        std::size_t begin = 0;
        while (begin < line.size() && is_space(line[begin])) {
            ++begin;
        }
        std::size_t end = begin;
        while (end < line.size() && !is_space(line[end])) {
            ++end;
        }
        const std::string_view word = line.substr(begin, end - begin);
        line.remove_prefix(end);
        if (word.empty()) {
            continue;
        }
        const LogLevel level = level_in(word);
        if (!has_level && level != LogLevel::info && words_count < 4) {
            found.level =
                level;  // A level stands at the front; further back it is somebody's text.
            has_level = true;
        }
        hash.mix(shape_of(word));
        ++words_count;
    }
    found.id = TemplateId(hash.hex());
    return found;
}

}  // namespace homeostat::sense
