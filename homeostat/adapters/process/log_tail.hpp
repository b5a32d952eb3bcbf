#pragma once

// LogTail: what was written to an instance's log since the last look.
//
// The log is rotated by copying it to log.1 and cutting it (shim/instance_log.hpp), so its inode
// stays and its length falls. A new log.1 says that this has happened: the rest of what was not
// read yet stands there. A log that is shorter without a new log.1 is either in the middle of that,
// and is looked at again next time, or was cut by hand, and is then read from its beginning.
// Rotated twice between two looks, or outgrown: what could not be read counts as one line dropped.
//
// Not thread-safe.

#include "homeostat/adapters/process/line_splitter.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/os/file.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace homeostat::adapters::process {

constexpr std::size_t log_lines_max = 2000;       ///< Of one look.
constexpr std::size_t log_line_bytes_max = 2048;  ///< The rest of a line is not kept.
constexpr std::uint64_t log_bytes_per_look_max = std::uint64_t{8} << 20U;  ///< A few ms of reading.

class LogTail {
  public:
    /// Begins at the end of what is there: earlier lines are not news.
    explicit LogTail(std::string path);

    /// ERRORS: unreachable: the log cannot be read. A log that does not exist has no lines.
    [[nodiscard]] Result<Lines> read_new();

  private:
    [[nodiscard]] Result<void> read_from(const std::string& path, Lines& out);
    [[nodiscard]] Result<void> follow_rotation(const os::FileIdentity& rotated, Lines& out);
    [[nodiscard]] std::optional<os::FileIdentity> older(std::uint32_t index) const;

    std::string path_;
    std::uint64_t offset_{0};
    std::optional<os::FileIdentity> older_seen_;  ///< log.1, when we last looked.
    bool is_shorter_{false};                      ///< Than it was, and no new log.1 says why.
    LineSplitter splitter_{log_lines_max, log_line_bytes_max};
};

}  // namespace homeostat::adapters::process
