#pragma once

// SegmentWriter: the one writer of a ledger's directory.
//
// A write for which there is no room is cut off again, so that a full disk leaves whole groups
// only, and a later one may find room. After any other failure it is *poisoned*: nobody can say
// what the disk holds then, so it answers every later append with that failure (an fsync that
// failed once may "succeed" the next time without having written anything). A new start reads the
// disk and finds out.
//
// Blocks. Not thread-safe; SegmentLog gives it a thread of its own.

#include "homeostat/adapters/segment_log/disk.hpp"
#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/entry.hpp"
#include "homeostat/os/kept_path.hpp"
#include "homeostat/ports/ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace homeostat::adapters::segment_log {

struct WriterOptions {
    os::KeptPath directory;  ///< Made if it is not there.
    std::string boot_id;     ///< Of the boot that the groups' `at` belongs to.
    /// A new segment begins before this is passed: small enough to read whole into memory.
    std::size_t segment_bytes_max{std::size_t{16} << 20U};
    DiskProbe probe;
    os::DiskCalls* disk{&os::system_disk()};  ///< Outlives the writer.
};

struct Written {
    ports::Position position;
    std::string payload;
    StoredGroup stored;
};

class SegmentWriter {
  public:
    /// Takes the lock of the directory, and holds it for life.
    /// ERRORS: busy with the holder's pid; full without the right or the room to write.
    [[nodiscard]] static Result<SegmentWriter> open(WriterOptions options);

    /// Reads what is there. Changes nothing. An error poisons: the ledger is then read-only.
    [[nodiscard]] Result<LedgerEnd> read(const VisitFound& visit);

    /// Makes the writer go on after `end`. Unless the process before ended in order, cuts a torn
    /// tail off and makes durable what that process may have left unsynced, or failed to sync.
    /// REQUIRES: `end` is what read() found.
    [[nodiscard]] Result<void> go_on_after(const LedgerEnd& end);

    /// REQUIRES: go_on_after() was called. ERRORS: full: nothing was written, or poisoned; corrupt:
    /// poisoned; invalid: this group is too large or has no JSON form, nothing else is wrong.
    [[nodiscard]] Result<Written> append(EntryGroup group, ports::Durability durability);

    [[nodiscard]] Result<void> sync();

    /// Makes durable what there is and marks the end as an orderly one, so that the next start need
    /// not write the last segment again. An end without the mark costs that and nothing else.
    [[nodiscard]] Result<void> finish();

    /// Removes the segments before the one of this number, oldest first, each for good before the
    /// next. REQUIRES: a group that is durable says so, and the last segment is not among them.
    /// ERRORS: one could not be removed, they stay, and a later call may go on; or poisoned: a sync
    /// of the directory failed, and the next one would answer well whatever the disk has.
    [[nodiscard]] Result<void> drop_before(std::size_t segment);

    /// Every later append fails with `error`.
    void poison(Error error);

    [[nodiscard]] bool is_ready() const { return file_.is_open(); }
    [[nodiscard]] const std::optional<Error>& poisoned_by() const { return poisoned_by_; }
    [[nodiscard]] const ChainEnd& chain() const { return chain_; }
    [[nodiscard]] const std::string& ledger() const { return ledger_; }
    [[nodiscard]] std::size_t first_segment() const { return first_segment_; }
    /// Number of the file that is written to. REQUIRES: is_ready().
    [[nodiscard]] std::size_t segment() const { return next_segment_ - 1; }

  private:
    explicit SegmentWriter(WriterOptions options);
    [[nodiscard]] std::string end_mark() const;
    [[nodiscard]] Result<void> open_last(const LedgerEnd& end);
    [[nodiscard]] Result<void> make_durable(const std::filesystem::path& path,
                                            const LedgerEnd& end) const;
    [[nodiscard]] Result<void> begin_segment();
    [[nodiscard]] Result<void> write_frame(const std::string& frame);
    [[nodiscard]] std::unexpected<Error> poison_and_fail(const Error& error);

    WriterOptions options_;
    Disk disk_;
    std::unique_ptr<os::Hold> lock_;
    OpenFile file_;  ///< The last segment.
    std::uint64_t file_bytes_{0};
    std::size_t first_segment_{0};
    std::size_t next_segment_{0};
    ChainEnd chain_;
    std::string ledger_ = genesis_hash();  ///< Which ledger, once it has a group.
    std::uint64_t durable_count_{0};       ///< Groups of it.
    std::optional<Error> poisoned_by_;
};

}  // namespace homeostat::adapters::segment_log
