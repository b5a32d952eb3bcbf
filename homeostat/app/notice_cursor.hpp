#pragma once

// NoticeCursor: how much of the ledger people have been told of by one channel, in a file beside
// the ledger, LEDGER.notices.
//
// What people are owed is in the ledger; what is kept here is only how far it was told. So a
// successor makes the notices of the rest anew, by the same ids: whoever dies after a message was
// taken and before that is written down tells it twice, and nothing is told by nobody. A cursor
// that cannot be read is one at the beginning, for the same reason; where there is none yet nothing
// is owed, or the first start with a channel would tell of a year.
//
// A channel is known by what it is and whom it reaches, by a digest of the address or of the name
// of the file that holds it. Its place in the list was the choice before: whoever swapped two
// channels had one told twice and the other never.
//
// Pure but for reading and writing the file. Not thread-safe.

#include "homeostat/app/config_people.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

/// Of each channel by its cursor's name: so many groups of the ledger are told.
using NoticeCursors = std::map<std::string, std::uint64_t>;

constexpr std::size_t notice_cursors_bytes_max = 4096;  ///< Of eight channels.

/// "json 16 digits", one for each channel, each another: of two that are the same the second has
/// " 2" behind it.
[[nodiscard]] std::vector<std::string> cursor_names(const std::vector<ChannelConfig>& channels);

/// How far the channel of this name, the `index`th of the list, was told. A file of before names
/// all of them by their places. Absent: it is new.
[[nodiscard]] std::optional<std::uint64_t> told_up_to(const NoticeCursors& kept,
                                                      const std::string& name,
                                                      std::size_t index);

[[nodiscard]] std::filesystem::path notices_file_of(const std::filesystem::path& ledger);

/// Synced. ERRORS: full.
[[nodiscard]] Result<void> write_notice_cursors(const std::filesystem::path& file,
                                                const NoticeCursors& cursors);

/// ERRORS: corrupt: it is no such file, or a larger one.
[[nodiscard]] Result<NoticeCursors> parse_notice_cursors(std::string_view text);

/// Nothing where there is no file. ERRORS: corrupt; full.
[[nodiscard]] Result<NoticeCursors> read_notice_cursors(const std::filesystem::path& file);

/// What one channel has yet to tell.
class NoticeCursor {
  public:
    /// `recorded`: as a process before us left it; absent: there was none. `groups_count`: of the
    /// ledger, as it was found.
    NoticeCursor(std::optional<std::uint64_t> recorded, std::uint64_t groups_count);

    /// Whether a notice of the past is to be told (Notice::due_after). Of the present all are.
    [[nodiscard]] bool owes(std::uint64_t due_after) const { return due_after >= begin_; }

    /// The groups before `looked_at` hold nothing that was not handed to the channel, which has
    /// told all before `owed_after`; absent: all of it.
    void reach(std::optional<std::uint64_t> owed_after, std::uint64_t looked_at);

    [[nodiscard]] std::uint64_t groups() const { return groups_; }

  private:
    std::uint64_t begin_;
    std::uint64_t groups_;
};

}  // namespace homeostat::app
