#pragma once

// Whole files, read with a maximum and written so that a crash leaves the old one or the new one.
//
// Every Error names the path, the system's words and the mend. Calls block for as long as the
// medium takes: they are for small files (records, marks, configuration), never for a request path.
//
// Thread-safe as far as no two callers write the same path.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::os {

/// The whole file. ERRORS: absent; invalid: larger than `bytes_max`; unreachable: not readable.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

/// At most `bytes_max` bytes from `offset` on; fewer at the end of the file.
[[nodiscard]] Result<std::string> read_part(const std::string& path,
                                            std::uint64_t offset,
                                            std::size_t bytes_max);

/// Replaces the file as a whole: temporary file, fsync, rename, fsync of the directory. Durable
/// when it returns. ERRORS: full: no room or no right; the old file is then untouched.
[[nodiscard]] Result<void> write_file_atomically(const std::string& path,
                                                 std::string_view bytes,
                                                 unsigned mode = 0644);

/// Adds `bytes` at the end and waits until they are durable (fdatasync). A file that did not exist
/// is created. ERRORS: full; a part may have been written then.
[[nodiscard]] Result<void> append_to_file(const std::string& path, std::string_view bytes);

/// Writes all of `bytes`, however often the kernel takes only a part. `path` is for the Error.
[[nodiscard]] Result<void> write_all(const Fd& file,
                                     std::string_view bytes,
                                     const std::string& path);

/// Makes the entries of a directory durable: what was created, renamed or deleted in it.
[[nodiscard]] Result<void> sync_directory(const std::string& path);

/// Makes the directory and its parents, for nobody but us: what is in them is ours to show. Nothing
/// to do is success.
[[nodiscard]] Result<void> make_directories(const std::string& path);

/// Deletes the file if it is there.
[[nodiscard]] Result<void> remove_file(const std::string& path);

/// What a symbolic link says, not followed. ERRORS: absent; invalid: not a link.
[[nodiscard]] Result<std::string> read_link(const std::string& path);

/// Names of the directories in a directory, sorted, at most `count_max` of them.
[[nodiscard]] Result<std::vector<std::string>> list_directories(const std::string& path,
                                                                std::size_t count_max);

/// Also through a link. False for what cannot be looked at.
[[nodiscard]] bool is_directory(const std::string& path);

/// Which file stands at a path: a file renamed keeps it, a new one under the old name has another.
struct FileIdentity {
    std::uint64_t device{0};
    std::uint64_t inode{0};
    std::int64_t modified_ns{0};  ///< Of the wall clock, since 1970.
    std::uint64_t bytes{0};

    /// The same file with nothing written to it in between.
    [[nodiscard]] bool is_same_as(const FileIdentity& other) const {
        return device == other.device && inode == other.inode && modified_ns == other.modified_ns;
    }
};

/// The file itself, a link is not followed. ERRORS: absent.
[[nodiscard]] Result<FileIdentity> identify_file(const std::string& path);

/// What is read at `path`: of a link the file that it leads to. ERRORS: absent, also at the end of
/// a link.
[[nodiscard]] Result<FileIdentity> identify_target(const std::string& path);

/// "/a/b" of "/a/b/c"; "." of "c".
[[nodiscard]] std::string parent_of(const std::string& path);

}  // namespace homeostat::os
