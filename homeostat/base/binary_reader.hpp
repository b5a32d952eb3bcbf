#pragma once

// BinaryReader: takes the numbers and texts of base/binary.hpp off a buffer, one after another, and
// refuses what no writer of ours would have written there.
//
// Every value has one form only: a number that could be shorter is refused like one that is cut
// off. So what was read is written as the same bytes again, and a digest over the bytes is one over
// the values. After a refusal the rest of the buffer means nothing.
//
// Pure. The buffer outlives the reader and every text that it gave.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace homeostat {

/// Elements of one buffer that take no bytes: nothing else says how many there can be. More than
/// any list of ours has, few enough to be made in a moment.
constexpr std::size_t byteless_elements_max = 65'536;

class BinaryReader {
  public:
    explicit BinaryReader(std::string_view bytes) : bytes_(bytes) {}

    /// Of the next byte, from the start of the buffer.
    [[nodiscard]] std::size_t offset() const { return offset_; }
    [[nodiscard]] std::size_t bytes_left() const { return bytes_.size() - offset_; }

    /// Seven bits a byte, the lowest first; the top bit says that another byte follows (LEB128).
    /// ERRORS: corrupt: cut off, over 64 bits, longer than it need be.
    [[nodiscard]] Result<std::uint64_t> take_unsigned();

    /// 0, -1, 1, -2, … as the unsigned 0, 1, 2, 3, … (zigzag), so that small ones are short.
    /// ERRORS: corrupt, likewise.
    [[nodiscard]] Result<std::int64_t> take_signed();

    /// One byte. ERRORS: corrupt: cut off, neither 0 nor 1.
    [[nodiscard]] Result<bool> take_bool();

    /// Eight bytes, the lowest first: IEEE 754. ERRORS: corrupt: cut off, another NaN than
    /// nan_bits.
    [[nodiscard]] Result<double> take_double();

    /// The length and as many bytes; a view into the buffer.
    /// ERRORS: corrupt: a length that is no number, or more than is left.
    [[nodiscard]] Result<std::string_view> take_text();

    /// How many elements follow, each of `bytes_each_min` or more: so many that there is room for.
    /// ERRORS: corrupt: a count that is no number, or for which too little is left.
    [[nodiscard]] Result<std::size_t> take_count(std::size_t bytes_each_min);

    /// Nothing when the buffer was used up, else the refusal.
    [[nodiscard]] std::optional<Error> finish() const;

  private:
    std::string_view bytes_;
    std::size_t offset_{0};
    std::size_t byteless_elements_left_{byteless_elements_max};
};

/// Of the value that begins at byte `offset`.
[[nodiscard]] Error corrupt_at(std::size_t offset, std::string_view says);

}  // namespace homeostat
