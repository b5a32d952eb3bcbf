#pragma once

// DiskCalls: the calls to the file system that a log of records lives on.
//
// An interface for one reason: what a power loss leaves of unsynced writes cannot be had from a
// real disk on demand. `system_disk()` is this machine's; sim/disk keeps another one in memory, and
// one suite of cases (disk_cases_for_test.hpp) runs on both.
//
// May block. The machine's is thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::os {

/// A file that is open for appending.
struct OpenFile {
    Fd descriptor;            ///< Of this machine's; closed on a disk in memory.
    std::string path;         ///< For the errors: a person has to mend that file.
    std::uint64_t number{0};  ///< Of a disk in memory, from 1; 0 on this machine's.

    [[nodiscard]] bool is_open() const { return descriptor.is_open() || number != 0; }
};

/// A lock is held for as long as this lives.
class Hold {
  public:
    Hold() = default;
    virtual ~Hold() = default;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
};

class DiskCalls {
  public:
    virtual ~DiskCalls() = default;

    /// Opens for appending, mode 0600; makes the file if there is none.
    [[nodiscard]] virtual Result<OpenFile> open(const std::string& path) = 0;

    /// Reads the bytes [`offset`, `offset` + `bytes_max`) as far as the file has them.
    [[nodiscard]] virtual Result<std::string> read(const std::string& path,
                                                   std::uint64_t offset,
                                                   std::size_t bytes_max) = 0;

    /// Appends all of `bytes`, or fails; a part of them may stand in the file then.
    [[nodiscard]] virtual Result<void> append(const OpenFile& file, std::string_view bytes) = 0;

    /// Makes the file's bytes and size durable, not its name.
    [[nodiscard]] virtual Result<void> sync(const OpenFile& file) = 0;

    /// Writes `bytes` over the beginning of a file, however they stand there already, and makes the
    /// whole durable. What an earlier process wrote and could not sync is in the file as anybody
    /// reads it, and may never have reached the medium; a sync alone does not send it again.
    [[nodiscard]] virtual Result<void> rewrite(const std::string& path, std::string_view bytes) = 0;

    [[nodiscard]] virtual Result<void> truncate(const OpenFile& file, std::uint64_t size) = 0;

    /// Durable once the directory is synced. An open file stays open under its new name.
    [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;

    /// Nothing to remove is success.
    [[nodiscard]] virtual Result<void> remove(const std::string& path) = 0;

    [[nodiscard]] virtual Result<void> sync_directory(const std::string& path) = 0;

    /// With its parents, and durable with them: what stands in a directory that a power loss takes
    /// away is lost, however well it was synced. Nothing to do is success.
    [[nodiscard]] virtual Result<void> make_directories(const std::string& path) = 0;

    /// The names in a directory, in no order. ERRORS: absent; full without the right to look.
    [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& path) = 0;

    /// A lock between processes. ERRORS: busy with the holder; full.
    [[nodiscard]] virtual Result<std::unique_ptr<Hold>> take_lock(const std::string& path) = 0;

  protected:
    // A disk in memory may be copied, to lose its power in more than one way.
    DiskCalls() = default;
    DiskCalls(const DiskCalls&) = default;
    DiskCalls& operator=(const DiskCalls&) = default;
    DiskCalls(DiskCalls&&) = default;
    DiskCalls& operator=(DiskCalls&&) = default;
};

/// This machine's files. It has no state of its own.
[[nodiscard]] DiskCalls& system_disk();

}  // namespace homeostat::os
