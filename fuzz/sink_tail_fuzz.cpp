// Any bytes for the end of a sink's file: its last whole line is found, or nothing of it is cut
// off.
//
// The second use of the input is structure-aware: some of it stands in a line of ours, and a part
// of that line, or anything, stands behind it as a crash or somebody else may have left it.

#include "homeostat/adapters/segment_log/chain.hpp"
#include "homeostat/adapters/segment_log/file_sink.hpp"
#include "homeostat/adapters/segment_log/stored_group.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace segment_log = homeostat::adapters::segment_log;
using homeostat::ensure;

namespace {

/// A line of ours whose group has the number.
std::string line_of(std::uint64_t index) {
    segment_log::StoredGroup stored{.previous = segment_log::genesis_hash()};
    stored.group.index = index;
    const std::string payload = homeostat::to_text(homeostat::to_json(stored));
    return segment_log::to_witness_line(segment_log::next_hash(stored.previous, payload), payload);
}

void find_in_anything(std::string_view bytes) {
    const homeostat::Result<segment_log::SinkTail> tail = segment_log::parse_sink_tail(bytes);
    if (!tail) {
        return;  // The file is left as it is.
    }
    ensure(tail->whole_bytes <= bytes.size(), "no more is whole than there is");
    ensure(tail->last.has_value() == (tail->whole_bytes > 0), "a line, or nothing");
    const std::string_view whole = bytes.substr(0, tail->whole_bytes);
    ensure(whole.empty() || whole.ends_with('\n'), "what is whole ends with a line feed");
    const homeostat::Result<segment_log::SinkTail> again = segment_log::parse_sink_tail(whole);
    ensure(again && again->last == tail->last && again->whole_bytes == tail->whole_bytes,
           "once cut it says the same");
}

void find_before_what_was_torn(std::string_view bytes) {
    const std::uint64_t index = static_cast<unsigned char>(bytes[0]);
    const std::string first = line_of(index);
    const std::string second = line_of(index + 1);
    const std::size_t length = static_cast<unsigned char>(bytes[1]) % second.size();
    const auto torn = segment_log::parse_sink_tail(first + second.substr(0, length));
    ensure(torn && torn->last && torn->last->index == index && torn->whole_bytes == first.size(),
           "whatever a crash leaves of a line is cut off");
    const std::string other = first + std::string(bytes.substr(2)) + "\n";
    const auto tail = segment_log::parse_sink_tail(other);
    ensure(!tail || tail->whole_bytes == other.size(), "a whole line is never cut off");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    find_in_anything(bytes);
    if (size > 2) {
        find_before_what_was_torn(bytes);
    }
    return 0;
}
