#pragma once

// The bytes of a segment file: a header, then frames.
//
//   header  "HOMEOLG"  u8 version  u64 first index  64 hex digits: the chain so far
//           64 hex digits: the hash of group 0, zeros in the segment that begins with it  u32 CRC
//   frame   u32 length  u32 CRC of length and payload  payload
//
// Numbers are little-endian, the CRC is CRC-32C. What stands behind a frame that does not check out
// is searched for whole frames: a damaged length cannot swallow the groups behind it. Each of those
// says how much was durable when it was written, and in which boot (group_prefix.hpp): by that the
// reader knows whether the group in the hole had been promised to anybody, and whether a power loss
// can have made it.
//
// Pure. Thread-safe.

#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace homeostat::adapters::segment_log {

constexpr std::uint8_t format_version = 2;
constexpr std::size_t segment_header_bytes = 148;
constexpr std::size_t frame_header_bytes = 8;
/// Of one group. A superstep with its checkpoint takes some 10 KiB.
constexpr std::size_t payload_bytes_max = std::size_t{1} << 20U;

struct SegmentHeader {
    std::uint64_t first_index{0};  ///< Of the first group in the segment.
    std::string previous;          ///< The chain's hash before that group.
    std::string ledger;            ///< Which ledger: group 0's hash, or zeros before it is known.

    friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

/// REQUIRES: `previous` and `ledger` are hashes.
[[nodiscard]] std::string to_bytes(const SegmentHeader& header);

/// Reads the header at the beginning of `segment`. ERRORS: corrupt, with what is wrong.
[[nodiscard]] Result<SegmentHeader> parse_segment_header(std::string_view segment);

/// REQUIRES: 1…payload_bytes_max bytes.
[[nodiscard]] std::string to_frame(std::string_view payload);

/// Where the frames of a segment end, and why.
struct FramesEnd {
    enum class Kind : std::uint8_t {
        clean,    ///< The last frame ends with the file.
        torn,     ///< At `whole_bytes` stands no whole frame.
        stopped,  ///< `visit` refused the frame at `whole_bytes`.
    };
    Kind kind{Kind::clean};
    std::size_t whole_bytes{0};  ///< Up to here everything is as it was written.
    /// Where it is torn: so many groups of the ledger were durable when a frame behind that place
    /// was written. 0: no whole frame stands there. A frame whose payload is not one of ours counts
    /// as knowing of all that can be.
    std::uint64_t durable_count{0};
    std::string boot_id{};  ///< Likewise: the boot in which the last of those frames was written.
};

/// Hands each whole frame's payload and its offset in the file to `visit`, until that says false.
/// REQUIRES: `segment` begins with a header.
[[nodiscard]] FramesEnd read_frames(
    std::string_view segment,
    const std::function<bool(std::string_view payload, std::size_t offset)>& visit);

}  // namespace homeostat::adapters::segment_log
