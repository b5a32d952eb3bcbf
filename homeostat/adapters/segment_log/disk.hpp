#pragma once

// Disk: the system calls that the ledger makes on its files.
//
// Every call passes `DiskProbe` first. Production has none; a test uses it to end the process at
// exactly this call, or to let it fail with an errno that no real disk gives on demand. The calls
// themselves are os::DiskCalls: this machine's, or a simulator's.
//
// May block. Thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/os/disk_calls.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::segment_log {

enum class DiskCall : std::uint8_t {
    open,
    read,
    write,
    sync,
    truncate,
    rename,
    sync_directory,
    remove
};

/// Answers 0 to let the call happen, or an errno to let it fail with.
using DiskProbe = std::function<int(DiskCall)>;

using os::OpenFile;

class Disk {
  public:
    /// `calls` outlives it.
    explicit Disk(DiskProbe probe = {}, os::DiskCalls& calls = os::system_disk())
        : probe_(std::move(probe)), calls_(&calls) {}

    /// Opens for appending, mode 0600; makes the file if there is none.
    [[nodiscard]] Result<OpenFile> open(const std::filesystem::path& path) const;

    /// Reads the bytes [`offset`, `offset` + `bytes_max`) as far as the file has them.
    [[nodiscard]] Result<std::string> read(const std::filesystem::path& path,
                                           std::uint64_t offset,
                                           std::size_t bytes_max) const;

    /// Appends all of `bytes`, or fails; a part of them may stand in the file then.
    [[nodiscard]] Result<void> append(const OpenFile& file, std::string_view bytes) const;

    /// After a failure nothing may be believed about the file any more, not even on a second try.
    [[nodiscard]] Result<void> sync(const OpenFile& file) const;

    /// See os::DiskCalls. To the probe it is a write.
    [[nodiscard]] Result<void> rewrite(const std::filesystem::path& path,
                                       std::string_view bytes) const;

    [[nodiscard]] Result<void> truncate(const OpenFile& file, std::uint64_t size) const;

    /// Puts a file of these bytes at `path`: it is there whole or, after a failure, not at all.
    /// Durable once the directory is synced.
    [[nodiscard]] Result<void> place(const std::filesystem::path& path,
                                     std::string_view bytes) const;

    [[nodiscard]] Result<void> sync_directory(const std::filesystem::path& directory) const;

    /// Nothing to remove is success.
    [[nodiscard]] Result<void> remove(const std::filesystem::path& path) const;

    // As in os::DiskCalls. The probe does not see them: a ledger makes them before it writes.
    [[nodiscard]] Result<void> make_directories(const std::filesystem::path& directory) const;
    [[nodiscard]] Result<std::vector<std::string>> list(
        const std::filesystem::path& directory) const;
    [[nodiscard]] Result<std::unique_ptr<os::Hold>> take_lock(
        const std::filesystem::path& path) const;

  private:
    [[nodiscard]] Result<void> rename(const std::filesystem::path& from,
                                      const std::filesystem::path& to) const;
    /// The errno that the probe wants, or 0.
    [[nodiscard]] int probed(DiskCall call) const { return probe_ ? probe_(call) : 0; }

    DiskProbe probe_;
    os::DiskCalls* calls_;
};

}  // namespace homeostat::adapters::segment_log
