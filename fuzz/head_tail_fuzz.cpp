// Any bytes for the end of a file of signed heads: its last whole line is found, or nothing of it
// is cut off.

#include "homeostat/adapters/segment_log/head_file.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace segment_log = homeostat::adapters::segment_log;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const homeostat::Result<segment_log::HeadTail> tail = segment_log::parse_head_tail(bytes);
    if (!tail) {
        return 0;  // The file is left as it is.
    }
    ensure(tail->whole_bytes <= bytes.size(), "no more is whole than there is");
    ensure(tail->last.has_value() == (tail->whole_bytes > 0), "a line, or nothing");
    const std::string_view whole = bytes.substr(0, tail->whole_bytes);
    const homeostat::Result<segment_log::HeadTail> again = segment_log::parse_head_tail(whole);
    ensure(again && again->last == tail->last && again->whole_bytes == tail->whole_bytes,
           "once cut it says the same");
    if (tail->last) {
        const std::string line = segment_log::to_head_line(*tail->last);
        const auto head = segment_log::parse_head_line(line.substr(0, line.size() - 1));
        ensure(head && *head == *tail->last, "a head reads as it was written");
    }
    return 0;
}
