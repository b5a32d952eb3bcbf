#include "homeostat/adapters/process/log_tail.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::process {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{64} * 1024;

}  // namespace

LogTail::LogTail(std::string path) : path_(std::move(path)), older_seen_(older(1)) {
    if (const Result<os::FileIdentity> log = os::identify_target(path_)) {
        offset_ = log->bytes;
        const Result<std::string> last = os::read_part(path_, offset_ - std::min(offset_, 1UL), 1);
        splitter_.skip(last && !last->empty() && *last != "\n");
    }
}

std::optional<os::FileIdentity> LogTail::older(std::uint32_t index) const {
    const Result<os::FileIdentity> file = os::identify_target(path_ + "." + std::to_string(index));
    return file ? std::optional<os::FileIdentity>(*file) : std::nullopt;
}

Result<Lines> LogTail::read_new() {
    Lines lines;
    // log.1 first: a rotation after this look shows as a shorter log, and the next look is
    // complete.
    const std::optional<os::FileIdentity> rotated = older(1);
    const Result<os::FileIdentity> log = os::identify_target(path_);
    if (!log && log.error().fault == Fault::absent) {
        offset_ = 0;
        return lines;
    }
    if (!log) {
        return std::unexpected(log.error());
    }
    const bool has_rotated = rotated && (!older_seen_ || !rotated->is_same_as(*older_seen_));
    if (has_rotated) {
        if (const Result<void> followed = follow_rotation(*rotated, lines); !followed) {
            return std::unexpected(followed.error());
        }
    } else if (log->bytes < offset_) {
        const bool was_shorter = std::exchange(is_shorter_, true);
        if (!was_shorter) {
            return lines;
        }
        offset_ = 0;
        splitter_.skip(false);
    }
    is_shorter_ = false;
    if (const Result<void> read = read_from(path_, lines); !read) {
        return std::unexpected(read.error());
    }
    return lines;
}

Result<void> LogTail::follow_rotation(const os::FileIdentity& rotated, Lines& out) {
    const std::optional<os::FileIdentity> second = older(2);
    // Rotated once: the log.1 of the last look, if there was one, is log.2 now or was thrown away.
    const bool is_next = !second || (older_seen_ && second->is_same_as(*older_seen_));
    const bool has_rest = is_next && rotated.bytes >= offset_;
    older_seen_ = rotated;
    Result<void> read;
    if (has_rest) {
        read = read_from(path_ + ".1", out);
    } else {
        ++out.dropped_count;
        splitter_.skip(false);
    }
    offset_ = 0;
    return read;
}

/// From the offset to the end of the file, inline: at most a few milliseconds from memory.
Result<void> LogTail::read_from(const std::string& path, Lines& out) {
    const Result<os::FileIdentity> file = os::identify_target(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    const std::uint64_t unread = file->bytes - std::min(file->bytes, offset_);
    if (unread > log_bytes_per_look_max) {
        offset_ = file->bytes - log_bytes_per_look_max;
        splitter_.skip(true);
        ++out.dropped_count;
    }
    while (offset_ < file->bytes) {
        const std::size_t wanted = std::min<std::uint64_t>(chunk_bytes, file->bytes - offset_);
        const Result<std::string> piece = os::read_part(path, offset_, wanted);
        if (!piece) {
            return std::unexpected(piece.error());
        }
        if (piece->empty()) {
            break;  // Cut since we asked for its size.
        }
        splitter_.feed(*piece, out);
        offset_ += piece->size();
    }
    return {};
}

}  // namespace homeostat::adapters::process
