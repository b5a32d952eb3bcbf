#pragma once

// BoundedLines: the lines of a stream, of which none is held beyond a bound.
//
// A longer one is read to its end and passed over, in blocks, so that whoever wrote a line of
// gigabytes costs time and no memory. It is named by its number like any other.
//
// Not thread-safe. Reads from the stream that it was given, which outlives it.

#include <cstddef>
#include <istream>
#include <string>

namespace homeostat::app {

class BoundedLines {
  public:
    BoundedLines(std::istream& stream, std::size_t bytes_max);

    /// False at the end. A last line without an end of line is one.
    [[nodiscard]] bool next();

    [[nodiscard]] const std::string& text() const { return text_; }  ///< Empty if too long.
    [[nodiscard]] bool is_too_long() const { return is_too_long_; }
    [[nodiscard]] std::size_t number() const { return number_; }  ///< The first is 1.

  private:
    [[nodiscard]] bool fill();
    void take(std::size_t count);

    std::istream& stream_;
    std::size_t bytes_max_;
    std::string block_;
    std::size_t block_at_{0};
    std::string text_;
    bool is_too_long_{false};
    std::size_t number_{0};
};

}  // namespace homeostat::app
