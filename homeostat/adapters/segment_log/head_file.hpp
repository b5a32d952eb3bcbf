#pragma once

// HeadFile: the signed heads of a ledger in a file outside its directory, one JSON line each.
//
// The first of the witnesses. Another one (an object store that keeps what it was given, another
// machine) needs the same two words: give the last head back, and take one more.
//
// Blocks. Not thread-safe; HeadKeeper gives it a thread of its own.

#include "homeostat/adapters/segment_log/disk.hpp"
#include "homeostat/adapters/segment_log/signed_head.hpp"
#include "homeostat/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace homeostat::adapters::segment_log {

/// What stands at the end of a file of heads.
struct HeadTail {
    std::optional<SignedHead> last;  ///< Nothing: no whole line is there.
    std::uint64_t whole_bytes{0};  ///< Up to and with the last line feed; what is behind it may be
                                   ///< cut off, a crash left it there.
    std::uint64_t torn_bytes{0};   ///< Behind it.
};

/// Finds the last whole line in the last bytes of a file of heads: all of them, or at least two
/// lines' worth. ERRORS: corrupt when that line, or what stands behind it, is not ours.
[[nodiscard]] Result<HeadTail> parse_head_tail(std::string_view bytes);

class HeadFile {
  public:
    explicit HeadFile(std::filesystem::path file, Disk disk = Disk())
        : path_(std::move(file)), disk_(std::move(disk)) {}

    /// Nothing when there is no file or no line yet. Changes nothing.
    /// ERRORS: absent: not even its directory is there; corrupt: not ours; invalid: no regular
    /// file; full without the right to read.
    [[nodiscard]] Result<std::optional<SignedHead>> last() const;

    /// Adds a line, durable when this returns. A half line that a crash left is cut off before; a
    /// file with none is only appended to. Its directory is never made: where a mount is missing,
    /// the heads would stay on this machine and count as witnessed.
    /// ERRORS: as last(); corrupt: the last head is of another ledger or key, or `head` does not
    /// follow on it; full without the right or the room to write.
    [[nodiscard]] Result<void> append(const SignedHead& head) const;

    /// The same where last() said nothing: what came since is compared before anything follows it.
    /// ERRORS: as append(); busy: there is a head by now.
    [[nodiscard]] Result<void> append_first(const SignedHead& head) const;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    [[nodiscard]] Result<HeadTail> tail() const;
    [[nodiscard]] Result<void> append_behind(const HeadTail& tail, const SignedHead& head) const;

    std::filesystem::path path_;
    Disk disk_;
};

}  // namespace homeostat::adapters::segment_log
