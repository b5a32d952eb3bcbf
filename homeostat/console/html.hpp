#pragma once

// Html: the one writer of pages. Whatever is given to it as text is shown as text.
//
// There is no way to hand it markup: elements and their attributes are named by the program, and
// every text and value is made plain (base/plain.hpp) and escaped. So a log line, a service's name
// or a person's words cannot become an element, a script or a style.
//
// Pure.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::console {

/// As it stands between tags and within quotes: nothing in it is markup.
[[nodiscard]] std::string escaped(std::string_view text);

/// Longer texts are cut, visibly.
constexpr std::size_t page_text_bytes_max = 8192;

/// A name that stands in the program's text, and in no other.
class Word {
  public:
    consteval Word(const char* text) : text_(text) {}  // NOLINT: it is meant to be implicit.
    [[nodiscard]] std::string_view text() const { return text_; }

  private:
    std::string_view text_;
};

struct Attribute {
    Word name;
    std::string_view value;
};

class Html {
  public:
    /// Begins an element.
    Html& open(Word tag, std::initializer_list<Attribute> attributes = {});
    /// Ends the one that was begun last.
    Html& close();
    Html& text(std::string_view text);
    /// An element with nothing but text in it.
    Html& line(Word tag, std::string_view text, std::initializer_list<Attribute> attributes = {});
    /// An element that has no end.
    Html& single(Word tag, std::initializer_list<Attribute> attributes);

    /// REQUIRES: every element has been ended.
    [[nodiscard]] std::string take();

  private:
    void begin(Word tag, std::initializer_list<Attribute> attributes);

    std::string out_;
    std::vector<Word> open_;
};

}  // namespace homeostat::console
