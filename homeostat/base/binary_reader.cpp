#include "homeostat/base/binary_reader.hpp"

#include "homeostat/base/binary_writer.hpp"

#include <bit>
#include <cmath>
#include <string>

namespace homeostat {

namespace {

std::unexpected<Error> refuse(std::size_t offset, std::string_view says) {
    return std::unexpected<Error>(corrupt_at(offset, says));
}

std::uint64_t byte_of(char c) {
    return static_cast<unsigned char>(c);
}

}  // namespace

Error corrupt_at(std::size_t offset, std::string_view says) {
    return Error{Fault::corrupt, "at byte " + std::to_string(offset) + ": " + std::string(says)};
}

Result<std::uint64_t> BinaryReader::take_unsigned() {
    constexpr unsigned last_shift = 63;  // The tenth byte has room for one bit.
    const std::size_t begin = offset_;
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift <= last_shift && bytes_left() > 0; shift += 7) {
        const std::uint64_t byte = byte_of(bytes_[offset_]);
        ++offset_;
        if (shift == last_shift && byte > 1) {
            return refuse(begin, "a number over 64 bits");
        }
        number |= (byte & 0x7FU) << shift;
        if (byte < 0x80U) {
            const bool is_shortest = byte != 0 || shift == 0;
            return is_shortest ? Result<std::uint64_t>(number)
                               : refuse(begin, "a number in more bytes than it needs");
        }
    }
    return refuse(begin, "cut off inside a number");
}

Result<std::int64_t> BinaryReader::take_signed() {
    const Result<std::uint64_t> zigzag = take_unsigned();
    if (!zigzag) {
        return std::unexpected<Error>(zigzag.error());
    }
    const std::uint64_t sign = (*zigzag & 1U) != 0 ? ~std::uint64_t{0} : 0;
    return static_cast<std::int64_t>((*zigzag >> 1U) ^ sign);
}

Result<bool> BinaryReader::take_bool() {
    if (bytes_left() == 0) {
        return refuse(offset_, "cut off before a bool");
    }
    const std::uint64_t byte = byte_of(bytes_[offset_]);
    if (byte > 1) {
        return refuse(offset_, "a bool is 0 or 1, not " + std::to_string(byte));
    }
    ++offset_;
    return byte == 1;
}

Result<double> BinaryReader::take_double() {
    if (bytes_left() < sizeof(double)) {
        return refuse(offset_, "cut off inside a double");
    }
    std::uint64_t bits = 0;
    for (unsigned index = 0; index < sizeof(double); ++index) {
        bits |= byte_of(bytes_[offset_ + index]) << (8 * index);
    }
    const auto number = std::bit_cast<double>(bits);
    if (std::isnan(number) && bits != binary_detail::nan_bits) {
        return refuse(offset_, "a NaN that is not the one which is written");
    }
    offset_ += sizeof(double);
    return number;
}

Result<std::string_view> BinaryReader::take_text() {
    const Result<std::size_t> length = take_count(1);
    if (!length) {
        return std::unexpected<Error>(length.error());
    }
    const std::string_view text = bytes_.substr(offset_, *length);
    offset_ += text.size();
    return text;
}

Result<std::size_t> BinaryReader::take_count(std::size_t bytes_each_min) {
    const std::size_t begin = offset_;
    const Result<std::uint64_t> count = take_unsigned();
    if (!count) {
        return std::unexpected<Error>(count.error());
    }
    const std::size_t count_max =
        bytes_each_min == 0 ? byteless_elements_left_ : bytes_left() / bytes_each_min;
    if (*count > count_max) {
        return refuse(begin, std::to_string(*count) + " announced, and room for " +
                                 std::to_string(count_max));
    }
    byteless_elements_left_ -= bytes_each_min == 0 ? *count : 0;
    return *count;
}

std::optional<Error> BinaryReader::finish() const {
    if (bytes_left() == 0) {
        return std::nullopt;
    }
    return corrupt_at(offset_, "bytes left over: " + std::to_string(bytes_left()));
}

}  // namespace homeostat
