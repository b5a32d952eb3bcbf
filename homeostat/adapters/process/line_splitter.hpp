#pragma once

// LineSplitter: bytes in pieces → whole lines, within limits.
//
// A line ends with a newline; what stands behind the last one waits for the next piece. Of a line
// that is too long the beginning is kept and the rest skipped, so that a 10 MB line costs 2 KiB.
// Any byte may be in a line but a newline; a carriage return at its end is taken off.
//
// Pure. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::process {

struct Lines {
    std::vector<std::string> lines;
    std::uint64_t dropped_count{0};  ///< Whole lines over `lines_max`, and stretches never read.
};

class LineSplitter {
  public:
    LineSplitter(std::size_t lines_max, std::size_t line_bytes_max)
        : lines_max_(lines_max), line_bytes_max_(line_bytes_max) {}

    /// Takes the next piece; whole lines go to `out`, which gets at most `lines_max` of them.
    void feed(std::string_view piece, Lines& out);

    /// Forgets the beginning of a line; if `is_inside_line`, also what follows up to its end.
    void skip(bool is_inside_line);

  private:
    void append(std::string_view part);
    void finish_line(Lines& out);

    std::size_t lines_max_;
    std::size_t line_bytes_max_;
    std::string line_;
    bool is_skipping_{false};
};

}  // namespace homeostat::adapters::process
