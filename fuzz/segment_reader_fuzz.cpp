// Any bytes for a ledger's segment and for a line of its sink: read as what they are, or refused.
//
// A third use of the input is structure-aware: it becomes the payload of a frame between two
// others, and one byte of the three is changed; the change must not go unnoticed.

#include "homeostat/adapters/segment_log/chain.hpp"
#include "homeostat/adapters/segment_log/file_sink.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace segment_log = homeostat::adapters::segment_log;
using homeostat::ensure;

namespace {

std::string header_bytes() {
    return segment_log::to_bytes(
        segment_log::SegmentHeader{0, segment_log::genesis_hash(), segment_log::genesis_hash()});
}

std::vector<std::string> payloads_of(std::string_view segment, segment_log::FramesEnd& end) {
    std::vector<std::string> payloads;
    end = segment_log::read_frames(segment, [&payloads](std::string_view payload, std::size_t) {
        payloads.emplace_back(payload);
        return true;
    });
    return payloads;
}

void read_anything(std::string_view bytes) {
    static_cast<void>(segment_log::parse_segment_header(bytes));
    static_cast<void>(segment_log::parse_witness_line(bytes));
    const std::string segment = header_bytes() + std::string(bytes);
    segment_log::FramesEnd end;
    std::string again = header_bytes();
    for (const std::string& payload : payloads_of(segment, end)) {
        again += segment_log::to_frame(payload);
    }
    ensure(again == segment.substr(0, end.whole_bytes), "the whole part writes as it was read");
}

void change_one_byte(std::string_view bytes) {
    const std::size_t at = static_cast<unsigned char>(bytes[0]);
    const std::string payload = "{" + std::string(bytes.substr(1));
    const std::string between = segment_log::to_frame(payload);
    std::string segment =
        header_bytes() + segment_log::to_frame("{}") + between + segment_log::to_frame("{}");
    const std::size_t begin =
        segment_log::segment_header_bytes + segment_log::frame_header_bytes + 2;
    segment[begin + at % between.size()] ^= 0x20;
    segment_log::FramesEnd end;
    const std::vector<std::string> payloads = payloads_of(segment, end);
    ensure(payloads.size() == 1 && end.kind == segment_log::FramesEnd::Kind::torn &&
               end.durable_count > 0,
           "a whole frame behind a changed one is found");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read_anything(bytes);
    if (size > 1 && size < segment_log::payload_bytes_max) {
        change_one_byte(bytes);
    }
    return 0;
}
