#include "homeostat/adapters/segment_log/segment_format.hpp"

#include "homeostat/adapters/segment_log/chain.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

struct Read {
    std::vector<std::string> payloads;
    FramesEnd end;
};

Read read_all(std::string_view segment) {
    Read read;
    read.end = read_frames(segment, [&read](std::string_view payload, std::size_t) {
        read.payloads.emplace_back(payload);
        return true;
    });
    return read;
}

std::string header_bytes() {
    return to_bytes(SegmentHeader{0, genesis_hash(), genesis_hash()});
}

const std::vector<std::string> three{R"({"a":1})", R"({"b":[2,"x"]})", R"({"c":{"d":null}})"};

std::string segment_of_three() {
    std::string segment = header_bytes();
    for (const std::string& payload : three) {
        segment += to_frame(payload);
    }
    return segment;
}

}  // namespace

TEST_CASE("the CRC is CRC-32C, also when it is computed in parts") {
    CHECK(crc32c("123456789") == 0xE3069283U);  // RFC 3720's check value.
    CHECK(crc32c("456789", crc32c("123")) == crc32c("123456789"));
    // By bytes it goes through the table, as a whole by the processor where it can.
    std::string text;
    std::uint32_t by_bytes = 0;
    for (int byte = 0; byte < 100; ++byte) {
        CHECK(crc32c(text) == by_bytes);
        text += static_cast<char>(37 * byte);
        by_bytes = crc32c(text.substr(text.size() - 1), by_bytes);
    }
}

TEST_CASE("the chain's hash is SHA-256 of the hash before and the payload") {
    // printf '%064d{}' 0 | sha256sum
    CHECK(next_hash(genesis_hash(), "{}") ==
          "5508d2b710e64bc470079e1b211d9c58e21011e59d0559e422345dc19d659a75");
    CHECK(is_hash(genesis_hash()));
    CHECK_FALSE(is_hash(std::string(63, '0')));
    CHECK_FALSE(is_hash(std::string(64, 'A')));
}

TEST_CASE("a segment header reads as it was written") {
    const SegmentHeader header{0x0102030405060708U, next_hash(genesis_hash(), "{}"),
                               next_hash(genesis_hash(), "{1}")};
    const Result<SegmentHeader> read = parse_segment_header(to_bytes(header));
    REQUIRE(read);
    CHECK(*read == header);
}

TEST_CASE("no byte of a segment header can change unnoticed") {
    for (std::size_t at = 0; at < segment_header_bytes; ++at) {
        CAPTURE(at);
        std::string bytes = header_bytes();
        bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
        CHECK_FALSE(parse_segment_header(bytes));
        CHECK_FALSE(parse_segment_header(header_bytes().substr(0, at)));
    }
}

TEST_CASE("a segment of another format version is named by it, with the mend") {
    std::string segment = to_bytes({7, std::string(64, 'a'), std::string(64, 'b')});
    segment[7] = '\x03';
    const Result<SegmentHeader> header = parse_segment_header(segment);
    REQUIRE_FALSE(header);
    CHECK(header.error().fault == Fault::corrupt);
    CHECK(header.error().text.contains("is of format version 3, and this program reads 2"));
    CHECK(header.error().text.contains("name another directory for a new one"));
    CHECK(parse_segment_header("HOMEOLG").error().text == "has no whole header");
}

TEST_CASE("frames read as they were written") {
    const Read read = read_all(segment_of_three());
    CHECK(read.payloads == three);
    CHECK(read.end.kind == FramesEnd::Kind::clean);
    CHECK(read.end.whole_bytes == segment_of_three().size());
}

TEST_CASE("a segment cut at any byte has a torn tail and all whole frames before it") {
    const std::string segment = segment_of_three();
    for (std::size_t bytes = segment_header_bytes; bytes < segment.size(); ++bytes) {
        CAPTURE(bytes);
        const Read read = read_all(segment.substr(0, bytes));
        const bool is_between = read.end.whole_bytes == bytes;
        CHECK(read.end.kind == (is_between ? FramesEnd::Kind::clean : FramesEnd::Kind::torn));
        CHECK(read.payloads.size() < three.size());
        CHECK(read_all(segment.substr(0, read.end.whole_bytes)).payloads == read.payloads);
    }
}

TEST_CASE("behind a wrong byte the whole frames that follow are found") {
    const std::string segment = segment_of_three();
    const std::size_t last_at = segment.size() - frame_header_bytes - three.back().size();
    for (std::size_t at = segment_header_bytes; at < segment.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            CAPTURE(at);
            CAPTURE(bit);
            std::string changed = segment;
            changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
            const FramesEnd end = read_all(changed).end;
            CHECK(end.kind == FramesEnd::Kind::torn);
            CHECK((end.durable_count > 0) == (at < last_at));
            CHECK(end.whole_bytes <= at);
        }
    }
}

TEST_CASE("zeros behind the last frame, as a power loss leaves them, are a torn tail") {
    const Read read = read_all(segment_of_three() + std::string(4096, '\0'));
    CHECK(read.end.kind == FramesEnd::Kind::torn);
    CHECK(read.payloads == three);
}

TEST_CASE("a length over the maximum is refused before anything is read for it") {
    std::string frame = to_frame("{}");
    frame[3] = '\x7F';
    CHECK(read_all(header_bytes() + frame).end.kind == FramesEnd::Kind::torn);
}

TEST_CASE("reading stops where the visitor says so") {
    std::size_t visits_count = 0;
    const FramesEnd end = read_frames(
        segment_of_three(), [&](std::string_view, std::size_t) { return ++visits_count < 2; });
    CHECK(end.kind == FramesEnd::Kind::stopped);
    CHECK(end.whole_bytes == segment_header_bytes + frame_header_bytes + three[0].size());
}

namespace {

/// A frame that says this length, whatever stands in it, and has the checksum for that.
std::string frame_of(std::uint32_t length, std::string_view payload) {
    std::string frame;
    for (int byte = 0; byte < 4; ++byte) {
        frame += static_cast<char>((length >> (8 * byte)) & 0xFFU);
    }
    const std::uint32_t crc = crc32c(payload, crc32c(frame));
    for (int byte = 0; byte < 4; ++byte) {
        frame += static_cast<char>((crc >> (8 * byte)) & 0xFFU);
    }
    return frame.append(payload);
}

/// One whose checksum ends in a brace, just before the payload's own.
std::string frame_with_two_braces() {
    std::string frame;
    for (int number = 0; frame.empty() || frame[frame_header_bytes - 1] != '{'; ++number) {
        frame = to_frame(R"({"n":)" + std::to_string(number) + "}");
    }
    return frame;
}

}  // namespace

TEST_CASE("a payload of any size up to the maximum reads as it was written") {
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, payload_bytes_max}) {
        CAPTURE(size);
        const std::string payload(size, '{');
        CHECK(to_frame(payload) == frame_of(static_cast<std::uint32_t>(size), payload));
        const Read read = read_all(header_bytes() + to_frame(payload));
        CHECK(read.end.kind == FramesEnd::Kind::clean);
        CHECK(read.payloads == std::vector{payload});
    }
}

TEST_CASE("a length that no frame of ours has is refused, whatever the checksum says") {
    const std::string large(payload_bytes_max + 1, '{');
    for (const std::string& frame :
         {frame_of(0, ""), frame_of(3, "{}"), frame_of(18, "{}"),
          frame_of(payload_bytes_max + 1, large), frame_of(payload_bytes_max, "{}")}) {
        const Read read = read_all(header_bytes() + to_frame("{}") + frame);
        CHECK(read.end.kind == FramesEnd::Kind::torn);
        CHECK(read.payloads == std::vector<std::string>{"{}"});
        CHECK(read.end.durable_count == 0);
    }
}

TEST_CASE("a whole frame is found behind whatever stands before it") {
    for (const std::string& frame : {to_frame("{}"), to_frame(three[1]), frame_with_two_braces()}) {
        for (const char noise : {'x', '{', '\0'}) {
            for (std::size_t size = 1; size < 20; ++size) {
                CAPTURE(noise);
                CAPTURE(size);
                const Read read = read_all(header_bytes() + std::string(size, noise) + frame);
                CHECK(read.end.whole_bytes == segment_header_bytes);
                CHECK(read.end.durable_count > 0);
            }
        }
    }
}

}  // namespace homeostat::adapters::segment_log
