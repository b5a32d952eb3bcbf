#pragma once

// Id<Tag>: names that cannot be mixed up with each other.
//
// The text is kept short and plain (see is_plain_name) where it comes from outside, because ids end
// up in proxy commands, file names and log lines.
//
// Pure. Values only.

#include <compare>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat {

template <class Tag>
class Id {
  public:
    Id() = default;
    explicit Id(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

    friend auto operator<=>(const Id&, const Id&) = default;

  private:
    std::string text_;
};

constexpr std::size_t name_bytes_max = 64;

/// Says whether `text` is a name that needs no escaping anywhere: 1–64 of [A-Za-z0-9_.-], not
/// starting with a dot or a dash. SOURCE: HAProxy's and our file names' common subset.
[[nodiscard]] constexpr bool is_plain_name(std::string_view text) {
    if (text.empty() || text.size() > name_bytes_max || text.front() == '.' ||
        text.front() == '-') {
        return false;
    }
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
        if (!is_plain) {
            return false;
        }
    }
    return true;
}

}  // namespace homeostat
