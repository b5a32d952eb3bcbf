#pragma once

// FileSink: a copy of every durable group outside the ledger's directory, one JSON line each.
//
// It is also the witness: a ledger whose end was cut off, or that was replaced by an older copy, is
// intact in itself, and only the last line over here tells. So a line is written after its group is
// durable, never before. A sink that fails stops nothing: it catches up from the segments with the
// next group, also over a restart. One that somebody took away is told of and written anew, for as
// a witness it is lost. The choice not taken: pipes and devices, which nobody can read again.
//
// Blocks. Not thread-safe; SegmentLog gives it a thread of its own, because a sink may hang (a
// network disk) while the ledger must not.

#include "homeostat/adapters/segment_log/disk.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace homeostat::adapters::segment_log {

/// One group as the witness knows it.
struct WitnessPoint {
    std::uint64_t index{0};
    std::string hash;

    friend bool operator==(const WitnessPoint&, const WitnessPoint&) = default;
};

/// {"hash":"…","group":<payload>} and a line feed; the payload byte for byte, so that the hash can
/// be computed from the line.
[[nodiscard]] std::string to_witness_line(std::string_view hash, std::string_view payload);

/// Reads one line without its line feed. ERRORS: corrupt.
[[nodiscard]] Result<WitnessPoint> parse_witness_line(std::string_view line);

/// What stands at the end of a sink's file.
struct SinkTail {
    std::optional<WitnessPoint> last;  ///< Nothing: no whole line is there.
    std::uint64_t whole_bytes{0};      ///< Up to and with the last line feed; what is behind it may
                                       ///< be cut off, a crash left it there.
    std::uint64_t torn_bytes{0};       ///< Behind it.
};

/// Finds the last whole line in the last bytes of a sink's file: all of them, or so many that a
/// whole line is among them. ERRORS: corrupt when that line, or what stands behind it, is not ours.
[[nodiscard]] Result<SinkTail> parse_sink_tail(std::string_view bytes);

/// The last whole line of a sink's file; nothing when there is no file or no line yet.
/// ERRORS: corrupt when that line, or what stands behind it, is not ours; invalid: no regular file;
/// full without the right to read.
[[nodiscard]] Result<std::optional<WitnessPoint>> last_witness_point(
    const Disk& disk, const std::filesystem::path& file);

class FileSink {
  public:
    /// `ledger` is the directory to catch up from.
    FileSink(std::filesystem::path file, std::filesystem::path ledger, Disk disk = Disk())
        : path_(std::move(file)), ledger_(std::move(ledger)), disk_(std::move(disk)) {}

    /// Appends the lines of the groups [first_index, next_index). What is missing before them is
    /// read from the ledger; what is there already is left alone. ERRORS: absent: the file was
    /// taken away meanwhile; invalid: no regular file; corrupt: not ours; full.
    [[nodiscard]] Result<void> copy(std::string_view lines,
                                    std::uint64_t first_index,
                                    std::uint64_t next_index);

    /// Of the first group that is not in the file, by what was copied so far.
    [[nodiscard]] std::uint64_t next_index() const { return next_index_; }

  private:
    [[nodiscard]] Result<void> open();
    [[nodiscard]] Result<void> catch_up(std::uint64_t next_index);
    [[nodiscard]] Result<void> write(std::string_view lines);

    std::filesystem::path path_;
    std::filesystem::path ledger_;
    Disk disk_;
    OpenFile file_;
    std::uint64_t next_index_{0};
};

}  // namespace homeostat::adapters::segment_log
