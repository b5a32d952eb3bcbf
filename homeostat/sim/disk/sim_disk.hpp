#pragma once

// SimDisk: a disk in memory that loses what was not synced, as disks do when the power goes.
//
// Bytes are durable after sync(), names after sync_directory(); a power loss keeps of the rest
// whatever its `Choose` picks, sector by sector, and every pick is one that some file system may
// make. Whoever enumerates all answers of Choose sees every disk that can be found afterwards.
//
// After a sync that failed nothing that was unsynced then becomes durable any more, though later
// syncs answer well: so do kernels that mark lost pages clean.
//
// Pure. Not thread-safe. Outlives the files and holds it gave out.

#include "homeostat/base/result.hpp"
#include "homeostat/os/disk_calls.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::sim::disk {

constexpr std::size_t sector_bytes = 512;

/// Picks one of so many possibilities: a number below `count`, which is at least 2.
using Choose = std::function<std::uint64_t(std::uint64_t count)>;

/// What a file system promises of bytes that were never synced.
enum class WriteOrder : std::uint8_t {
    kept,  ///< What is there of a file is what it was at some moment, the last write torn.
    none,  ///< Each sector and the size go their own ways (ext4 with data=writeback, XFS).
};

enum class CallKind : std::uint8_t {
    open,
    read,
    append,
    sync,
    rewrite,
    truncate,
    rename,
    remove,
    sync_directory,
    make_directories,
    list,
    take_lock,
};

constexpr auto names_of(std::type_identity<CallKind>) {
    return std::to_array<std::string_view>({"open", "read", "append", "sync", "rewrite", "truncate",
                                            "rename", "remove", "sync_directory",
                                            "make_directories", "list", "take_lock"});
}

/// Lets calls fail.
struct DiskFault {
    int error_number{0};             ///< EIO, ENOSPC, EROFS …
    std::uint64_t call_index{1};     ///< The first to fail: 1 is the next call that counts.
    bool is_sticky{false};           ///< All later ones fail too.
    std::optional<CallKind> only{};  ///< Counts calls of this kind alone; absent: all.
};

class SimDisk final : public os::DiskCalls {
  public:
    Result<os::OpenFile> open(const std::string& path) override;
    Result<std::string> read(const std::string& path,
                             std::uint64_t offset,
                             std::size_t bytes_max) override;
    /// A failure other than EROFS leaves the first half of `bytes` there.
    Result<void> append(const os::OpenFile& file, std::string_view bytes) override;
    Result<void> sync(const os::OpenFile& file) override;
    Result<void> rewrite(const std::string& path, std::string_view bytes) override;
    Result<void> truncate(const os::OpenFile& file, std::uint64_t size) override;
    /// REQUIRES: both lie in one directory.
    Result<void> rename(const std::string& from, const std::string& to) override;
    Result<void> remove(const std::string& path) override;
    Result<void> sync_directory(const std::string& path) override;
    Result<void> make_directories(const std::string& path) override;
    Result<std::vector<std::string>> list(const std::string& path) override;
    Result<std::unique_ptr<os::Hold>> take_lock(const std::string& path) override;

    /// Replaces what was asked for before.
    void fail_with(DiskFault fault) { fault_ = fault; }
    void mend() { fault_.reset(); }
    /// How many calls failed because of what was asked for.
    [[nodiscard]] std::uint64_t faults_count() const { return faults_count_; }

    /// The call with this index (1: the next one) does not happen, nor does any later one: they
    /// fail with EIO until lose_power() or end_processes() begins anew.
    void stop_at(std::uint64_t call_index) { calls_left_ = call_index - 1; }
    [[nodiscard]] bool is_stopped() const { return calls_left_ && *calls_left_ == 0; }
    /// Asked before each call: whether it happens. Where it does not, it is as with stop_at().
    void ask_before(std::function<bool(CallKind)> ask) { ask_ = std::move(ask); }

    /// The machine goes off and on again. Open files, locks and faults end.
    void lose_power(const Choose& choose, WriteOrder order);

    /// 1 with the machine as it was first switched on, one more with each power loss.
    [[nodiscard]] std::uint64_t boots_count() const { return boots_count_; }

    /// Every process ends and the machine goes on: nothing is lost but open files and locks.
    void end_processes();

    /// Of all files together. A write that does not fit fails with ENOSPC. 0: no limit.
    void limit_bytes(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }

    /// The medium changes a bit, unseen. REQUIRES: the file has it.
    void rot(const std::string& path, std::uint64_t bit_index);

    [[nodiscard]] std::uint64_t calls_count() const { return calls_count_; }
    /// Of all files together.
    [[nodiscard]] std::uint64_t bytes_count() const;
    /// Whether anything could be lost now.
    [[nodiscard]] bool has_unsynced() const;

  private:
    class LockHold;
    using NodeNumber = std::uint64_t;  // 0: none.

    /// A change of a file that is not durable: bytes behind its end, or another size.
    struct Change {
        std::uint64_t size{0};  ///< Before appending `bytes`: the file is cut to it.
        std::string bytes;
    };
    struct File {
        std::string bytes;
        std::string durable_bytes;
        std::vector<Change> unsynced;
        bool has_failed{false};  ///< A sync did.
    };
    /// A name that appeared, or went away, and what it replaced is not durable.
    struct NameChange {
        std::string gone;  ///< Empty: none.
        std::string come;
        NodeNumber node{0};
    };
    using Names = std::map<std::string, NodeNumber>;
    struct Directory {
        Names names;
        Names durable_names;
        std::vector<NameChange> unsynced;
    };

    /// What the call has to fail with, or 0.
    [[nodiscard]] int begin_call(CallKind kind);
    [[nodiscard]] NodeNumber find(const std::string& path) const;
    [[nodiscard]] Directory* find_directory(const std::string& path);
    [[nodiscard]] File* find_open(const os::OpenFile& file);
    void change_names(Directory& directory, NameChange change);
    static void apply(Names& names, const NameChange& change);
    static void apply(std::string& bytes, const Change& change);
    static void lose(File& file, const Choose& choose, WriteOrder order);
    /// What is left of a file that was all of `versions`, one after the other.
    static std::string left_in_order(const std::vector<std::string>& versions,
                                     const std::vector<Change>& changes,
                                     const Choose& choose);
    static std::string left_in_any_order(const std::vector<std::string>& versions,
                                         const Choose& choose);

    std::map<NodeNumber, File> files_;
    std::map<NodeNumber, Directory> directories_{{1, {}}};  ///< 1 is the root.
    std::map<std::uint64_t, NodeNumber> open_;
    std::map<std::string, std::uint64_t> locks_;
    std::uint64_t last_number_{1};
    std::uint64_t calls_count_{0};
    std::uint64_t boots_count_{1};
    std::optional<std::uint64_t> calls_left_;
    std::function<bool(CallKind)> ask_;
    std::optional<DiskFault> fault_;
    std::uint64_t faults_count_{0};
    std::uint64_t bytes_max_{0};
};

}  // namespace homeostat::sim::disk
