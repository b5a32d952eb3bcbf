#include "homeostat/adapters/segment_log/segment_format.hpp"

#include "homeostat/adapters/segment_log/chain.hpp"
#include "homeostat/adapters/segment_log/group_prefix.hpp"
#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstring>
#include <limits>
#include <optional>

namespace homeostat::adapters::segment_log {

namespace {

constexpr std::string_view magic = "HOMEOLG";
constexpr std::size_t version_at = 7;
constexpr std::size_t first_index_at = 8;
constexpr std::size_t previous_at = 16;
constexpr std::size_t ledger_at = 80;
constexpr std::size_t header_crc_at = 144;
static_assert(header_crc_at + sizeof(std::uint32_t) == segment_header_bytes);

constexpr std::array<std::uint32_t, 256> crc_table = [] {
    constexpr std::uint32_t polynomial = 0x82F63B78U;  // Castagnoli, bits reversed.
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit) {
            rest = (rest >> 1U) ^ ((rest & 1U) != 0 ? polynomial : 0U);
        }
        table[byte] = rest;
    }
    return table;
}();

std::uint32_t crc_by_table(std::uint32_t crc, std::string_view bytes) {
    for (const char byte : bytes) {
        crc = crc_table[(crc ^ static_cast<unsigned char>(byte)) & 0xFFU] ^ (crc >> 8U);
    }
    return crc;
}

#if defined(__x86_64__)
/// The same by the processor's instruction for it, eight bytes at once.
__attribute__((target("sse4.2"))) std::uint32_t crc_by_instruction(std::uint32_t crc,
                                                                   std::string_view bytes) {
    std::uint64_t wide = crc;
    while (bytes.size() >= sizeof(std::uint64_t)) {
        std::uint64_t word{};
        std::memcpy(&word, bytes.data(), sizeof(word));
        wide = __builtin_ia32_crc32di(wide, word);
        bytes.remove_prefix(sizeof(word));
    }
    return crc_by_table(static_cast<std::uint32_t>(wide), bytes);
}
#endif

template <std::unsigned_integral T>
void put(std::string& out, T number) {
    for (std::size_t byte = 0; byte < sizeof(T); ++byte) {
        out += static_cast<char>((number >> (8 * byte)) & 0xFFU);
    }
}

/// REQUIRES: `bytes` has sizeof(T) bytes at `at`.
template <std::unsigned_integral T>
T take(std::string_view bytes, std::size_t at) {
    T number = 0;
    for (std::size_t byte = 0; byte < sizeof(T); ++byte) {
        number |= static_cast<T>(static_cast<unsigned char>(bytes[at + byte])) << (8 * byte);
    }
    return number;
}

/// The payload of the frame at `offset`, if a whole and correct one stands there.
std::optional<std::string_view> frame_at(std::string_view segment, std::size_t offset) {
    if (segment.size() - offset < frame_header_bytes) {
        return std::nullopt;
    }
    const std::size_t length = take<std::uint32_t>(segment, offset);
    const std::size_t room = segment.size() - offset - frame_header_bytes;
    if (length == 0 || length > payload_bytes_max || length > room) {
        return std::nullopt;
    }
    const std::string_view payload = segment.substr(offset + frame_header_bytes, length);
    const std::uint32_t crc = crc32c(payload, crc32c(segment.substr(offset, 4)));
    if (crc != take<std::uint32_t>(segment, offset + 4)) {
        return std::nullopt;
    }
    return payload;
}

/// Takes in what the whole frames that begin anywhere behind the torn place say: what was durable
/// when they were written, and when that was. Looks for the brace that begins every payload first,
/// so that noise costs one comparison a byte.
void look_behind(std::string_view segment, FramesEnd& end) {
    std::size_t brace = segment.find('{', end.whole_bytes + frame_header_bytes);
    for (; brace != std::string_view::npos; brace = segment.find('{', brace + 1)) {
        const std::optional<std::string_view> payload =
            frame_at(segment, brace - frame_header_bytes);
        if (!payload) {
            continue;
        }
        const Result<GroupPrefix> prefix = parse_group_prefix(*payload);
        end.durable_count =
            std::max(end.durable_count,
                     prefix ? prefix->durable_count : std::numeric_limits<std::uint64_t>::max());
        end.boot_id = prefix ? prefix->boot_id : std::string_view();
    }
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2");
    if (has_instruction) {
        return ~crc_by_instruction(~seed, bytes);
    }
#endif
    return ~crc_by_table(~seed, bytes);
}

std::string to_bytes(const SegmentHeader& header) {
    ensure(is_hash(header.previous) && is_hash(header.ledger),
           "a segment begins with hashes of the chain");
    std::string bytes(magic);
    put(bytes, format_version);
    put(bytes, header.first_index);
    bytes += header.previous;
    bytes += header.ledger;
    put(bytes, crc32c(bytes));
    return bytes;
}

Result<SegmentHeader> parse_segment_header(std::string_view segment) {
    if (!segment.starts_with(magic)) {
        return fail(Fault::corrupt, "does not begin as a ledger segment does");
    }
    if (segment.size() <= version_at) {
        return fail(Fault::corrupt, "has no whole header");
    }
    const unsigned version = take<std::uint8_t>(segment, version_at);
    if (version != format_version) {
        return fail(Fault::corrupt,
                    "is of format version " + std::to_string(version) +
                        ", and this program reads " + std::to_string(format_version) +
                        ": use the program that wrote it, or name another directory for a new one");
    }
    if (segment.size() < segment_header_bytes) {
        return fail(Fault::corrupt, "has no whole header");
    }
    SegmentHeader header;
    header.first_index = take<std::uint64_t>(segment, first_index_at);
    header.previous = segment.substr(previous_at, hash_digits);
    header.ledger = segment.substr(ledger_at, hash_digits);
    const std::uint32_t crc = crc32c(segment.substr(0, header_crc_at));
    if (crc != take<std::uint32_t>(segment, header_crc_at) || !is_hash(header.previous) ||
        !is_hash(header.ledger)) {
        return fail(Fault::corrupt, "has a damaged header");
    }
    return header;
}

std::string to_frame(std::string_view payload) {
    ensure(!payload.empty() && payload.size() <= payload_bytes_max, "a payload keeps its maximum");
    std::string frame;
    frame.reserve(frame_header_bytes + payload.size());
    put(frame, static_cast<std::uint32_t>(payload.size()));
    put(frame, crc32c(payload, crc32c(frame)));
    frame += payload;
    return frame;
}

FramesEnd read_frames(
    std::string_view segment,
    const std::function<bool(std::string_view payload, std::size_t offset)>& visit) {
    ensure(segment.size() >= segment_header_bytes, "frames stand behind a header");
    FramesEnd end{FramesEnd::Kind::clean, segment_header_bytes};
    while (end.whole_bytes < segment.size()) {
        const std::optional<std::string_view> payload = frame_at(segment, end.whole_bytes);
        if (!payload) {
            end.kind = FramesEnd::Kind::torn;
            look_behind(segment, end);
            return end;
        }
        if (!visit(*payload, end.whole_bytes)) {
            end.kind = FramesEnd::Kind::stopped;
            return end;
        }
        end.whole_bytes += frame_header_bytes + payload->size();
    }
    return end;
}

}  // namespace homeostat::adapters::segment_log
