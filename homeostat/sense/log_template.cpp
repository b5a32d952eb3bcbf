#include "homeostat/sense/log_template.hpp"

#include "homeostat/base/fnv1a.hpp"

#include <algorithm>
#include <optional>

namespace homeostat::sense {

namespace {

using namespace std::string_view_literals;

/// A level stands at the front; further back it is somebody's text.
constexpr std::size_t level_words_max = 5;
/// Quoted messages in a line that are read. Each may be looked through once for its end.
constexpr std::size_t opens_max = 8;

bool is_space(char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
}
bool is_quote(char c) {
    return c == '"' || c == '\'' || c == '`';
}
/// Between words, besides spaces. A word ends at each of these.
bool is_separator(char c) {
    return is_space(c) || ",;{}[]()|<>=\\"sv.contains(c);
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string_view without_punctuation(std::string_view word) {
    constexpr std::string_view marks = ".:!?'`";
    while (!word.empty() && marks.contains(word.back())) {
        word.remove_suffix(1);
    }
    return word;
}

class Scanner {
  public:
    explicit Scanner(std::string_view line) : line_(line.substr(0, line_bytes_max)) {}

    LogShape scan() {
        if (is_frame()) {
            take(fnv1a("stack frame"));
            return shape_;
        }
        while (at_ < line_.size() && shape_.words_count < words_max) {
            step();
        }
        return shape_;
    }

  private:
    [[nodiscard]] char at(std::size_t place) const {
        return place < line_.size() ? line_[place] : '\0';
    }

    /// A line of a stack trace: there is one for each place in a program, and none says more than
    /// the line above the first of them.
    [[nodiscard]] bool is_frame() const {
        const std::size_t begin = line_.find_first_not_of(" \t");
        if (begin == 0 || begin == std::string_view::npos) {
            return false;
        }
        const std::string_view rest = line_.substr(begin);
        return rest.starts_with("at "sv) || rest.starts_with("File \""sv) ||
               rest.starts_with("... "sv);
    }

    void step() {
        const char c = line_[at_];
        if (c == '\\' && "nrt"sv.contains(at(at_ + 1))) {
            // A line break inside a message: a stack trace, as a rule.
            at_ = opened_end_ > at_ ? opened_end_ : at_ + 2;
        } else if (at_ == opened_end_ || is_separator(c)) {
            ++at_;
        } else if (is_quote(c)) {
            read_quoted();
        } else {
            read_word();
        }
    }

    /// An apostrophe inside a word is no end.
    [[nodiscard]] bool ends_at(std::size_t place, char quote) const {
        return line_[place] == quote && (quote != '\'' || !is_letter(at(place + 1)));
    }
    /// The mark that no text in such quotes ends any more.
    bool& hopeless(char quote) {
        return quote == '"' ? no_double_ : quote == '\'' ? no_single_ : no_back_;
    }

    /// Where the text ends that the quote at `open` begins.
    [[nodiscard]] std::optional<std::size_t> close_of(std::size_t open) {
        const char quote = line_[open];
        bool& is_hopeless = hopeless(quote);
        if (is_hopeless || (quote == '\'' && is_space(at(open + 1)))) {
            return std::nullopt;
        }
        const bool is_escaped = open > 0 && line_[open - 1] == '\\';
        for (std::size_t place = open + 1; place < line_.size(); ++place) {
            if (line_[place] == '\\' && !is_escaped) {
                ++place;
            } else if (ends_at(place, quote)) {
                return place - (is_escaped && line_[place - 1] == '\\' ? 1 : 0);
            }
        }
        is_hopeless = true;  // Nor does any later one have an end.
        return std::nullopt;
    }

    void read_quoted() {
        const std::optional<std::size_t> close = close_of(at_);
        if (!close) {
            ++at_;
            return;
        }
        const std::string_view text = line_.substr(at_ + 1, *close - at_ - 1);
        at_ = *close + (line_[*close] == '\\' ? 2 : 1);
        if (at(at_) == ':') {
            ++at_;
            take_key(text);
            return;
        }
        if (text.size() > 8 && text.substr(text.size() - 8).starts_with("HTTP/"sv)) {
            shape_.pieces.add(fnv1a("httprequest"));  // The number behind it is a status.
        }
        take(0);
    }

    void read_word() {
        const std::size_t begin = at_;
        while (at_ < line_.size() && !is_separator(line_[at_]) && line_[at_] != '"') {
            ++at_;
        }
        std::string_view word = line_.substr(begin, at_ - begin);
        if (word.starts_with('/') || word.contains("://"sv)) {
            while (at_ < line_.size() && !is_space(line_[at_]) &&
                   !"\"<>)]}"sv.contains(line_[at_])) {
                ++at_;
            }
            take(0);
            return;
        }
        const bool is_key = at(at_) == '=' && !is_space(at(at_ + 1)) && at(at_ + 1) != '=';
        if (is_key && at_ + 1 < line_.size()) {
            ++at_;
            take_key(word);
            return;
        }
        take_word(word);
    }

    void take_key(std::string_view key) {
        const LogWord seen = look_at(key);
        add_key(seen.varies || seen.is_mark ? 0 : seen.hash);
        const KeyKind kind = kind_of_key(key);
        if (kind == KeyKind::telling && tells_) {
            add_pieces(key, shape_.pieces);
        }
        while (at_ < line_.size() && is_space(line_[at_])) {
            ++at_;
        }
        if (at_ < line_.size() && !"{["sv.contains(line_[at_])) {
            read_value(kind);
        }
    }

    void read_value(KeyKind kind) {
        const std::size_t begin = at_;
        if (is_quote(line_[at_])) {
            const std::optional<std::size_t> close = close_of(at_);
            if (close && kind == KeyKind::telling && opens_count_ < opens_max) {
                ++opens_count_;
                opened_end_ = *close;
                ++at_;
                return;
            }
            at_ = close ? *close + 1 : at_ + 1;
            take_value(line_.substr(begin + 1, close ? *close - begin - 1 : 0), kind);
            return;
        }
        if (kind == KeyKind::telling) {
            return;
        }
        while (at_ < line_.size() && !is_space(line_[at_]) && !",;)]}\""sv.contains(line_[at_])) {
            ++at_;
        }
        take_value(line_.substr(begin, at_ - begin), kind);
    }

    void take_value(std::string_view value, KeyKind kind) {
        if (kind == KeyKind::level) {
            shape_.level = level_of_field(value).value_or(LogLevel::info);
            has_level_ = true;
            add_key(look_at(value).hash);
        }
    }

    void take_word(std::string_view raw) {
        const std::string_view word = without_punctuation(raw);
        const LogWord seen = look_at(word);
        if (seen.is_mark) {
            // Redis marks its warnings so, and has no other word for a level.
            if (word == "#"sv && !has_level_ && follows_variable()) {
                shape_.level = LogLevel::warning;
                has_level_ = true;
            }
            return;
        }
        const bool is_only_level = is_level(word);
        if (tells_ && !seen.is_path && word.size() <= 2 * word_bytes_max) {
            add_pieces(word, shape_.pieces);
        }
        if (is_only_level) {
            add_key(seen.hash);
            return;
        }
        const bool is_date = (follows_variable() || shape_.words_count == 0) && is_date_word(word);
        const bool is_quantity = follows_variable() && is_unit(word);
        take(seen.varies || is_date || is_quantity ? 0 : seen.hash);
    }

    /// Says whether this is the line's word for its level, and takes it for that.
    bool is_level(std::string_view word) {
        if (has_level_ || shape_.words_count >= level_words_max) {
            return false;
        }
        const std::optional<LogLevel> level = level_of(word);
        if (level) {
            shape_.level = *level;
            has_level_ = true;
            tells_ = word != "STATEMENT"sv;  // What follows is what somebody asked the database.
        }
        return level && is_nothing_else(word);
    }

    /// "Traceback" and "Exception" say more than a level, and so does "ERROR:root:text".
    [[nodiscard]] static bool is_nothing_else(std::string_view word) {
        return word.size() <= 8 && !word.contains(':');
    }

    void add_key(std::uint64_t key) {
        shape_.keys = (shape_.keys ^ key) * 0x9E3779B97F4A7C15ULL;
        shape_.keys ^= shape_.keys >> 32U;
    }

    [[nodiscard]] bool follows_variable() const {
        return shape_.words_count > 0 && shape_.words[shape_.words_count - 1] == 0;
    }

    void take(std::uint64_t word) {
        if (shape_.words_count < words_max && (word != 0 || !follows_variable())) {
            shape_.words[shape_.words_count++] = word;
        }
    }

    std::string_view line_;
    std::size_t at_{0};
    std::size_t opened_end_{line_bytes_max + 1};  ///< Of the quoted message that is being read.
    std::size_t opens_count_{0};
    bool has_level_{false};
    bool tells_{true};
    bool no_double_{false};
    bool no_single_{false};
    bool no_back_{false};
    LogShape shape_;
};

}  // namespace

LogShape shape_of(std::string_view line) {
    return Scanner(line).scan();
}

}  // namespace homeostat::sense
