#pragma once

// SegmentLog: the ledger, kept as a chain of records in append-only segment files.
//
// A group is one frame: whole or not there. A thread of its own, or one of a few that several
// ledgers share, writes and syncs, so that the strand that appends only ever waits; another one
// copies durable groups to the sink, so that a sink that hangs delays nobody. Lines that a slow
// sink did not take are dropped here and read from the segments later. A ledger that is corrupt, or
// older than a witness (the sink, a signed head), is read-only: every append fails.
//
// REQUIRES: outlives no executor that appends to it: end the log first, then the io_context.

#include "homeostat/adapters/segment_log/disk.hpp"
#include "homeostat/adapters/segment_log/head_keeper.hpp"
#include "homeostat/adapters/segment_log/retention.hpp"
#include "homeostat/adapters/segment_log/segment_writer.hpp"
#include "homeostat/os/kept_path.hpp"
#include "homeostat/ports/ledger.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::segment_log {

struct Copying;

struct Options {
    os::KeptPath directory;
    std::string boot_id;                                    ///< Of the running system.
    std::size_t segment_bytes_max{std::size_t{16} << 20U};  ///< See WriterOptions.
    os::KeptPath sink;                   ///< Outside `directory`; empty: no copy, and no witness.
    std::optional<HeadOptions> heads{};  ///< Nothing: no signed heads.
    Duration keep{Duration::zero()};     ///< See retention.hpp; zero: everything, for ever.
    /// Hears what a person should know and what stops nothing: a torn tail that was cut, a sink
    /// that fails or works again. Called on threads of the log.
    std::function<void(std::string_view)> on_news;
    /// On which it writes, one task after another; null: on a thread of its own. Owned by whoever
    /// has several ledgers, and by each of these.
    std::shared_ptr<boost::asio::thread_pool> threads{};
    DiskProbe disk_probe_for_test;
    std::function<Moment()> clocks_for_test{};  ///< Of the boot `boot_id`.
    /// Until what is old is looked for again; zero: a day, or a minute where something stood in
    /// the way.
    Duration drop_again_for_test{Duration::zero()};
};

class SegmentLog final : public ports::Ledger {
  public:
    /// Takes the directory's lock. ERRORS: busy, with the holder; full; invalid for a sink, a
    /// witness or a key inside the ledger's directory; those of HeadKeeper::open.
    [[nodiscard]] static Result<std::unique_ptr<SegmentLog>> open(Options options);

    /// Finishes what was appended and copies it to the sink.
    ~SegmentLog() override;
    SegmentLog(const SegmentLog&) = delete;
    SegmentLog& operator=(const SegmentLog&) = delete;

    /// Never cut off by a cancellation: once asked for, a group is written, and told so. Groups
    /// that wait for the disk at once become durable with one sync.
    Task<Result<ports::Position>> append(EntryGroup group, ports::Durability durability) override;

    /// Reads, checks and, the first time, recovers: a torn tail is cut off. Then, and once a day,
    /// what is older than `keep` is dropped, on a thread of the log. Blocks.
    /// ERRORS: corrupt, with file and offset, or when a witness has seen more or other; full.
    Result<void> replay(const std::function<void(const EntryGroup&)>& visit) override;

    /// Bytes that the recovery cut off.
    [[nodiscard]] std::uint64_t torn_tail_bytes() const;

    /// The ledger's name, once replay() has found a group; empty: it had none.
    [[nodiscard]] const std::string& name() const { return name_; }

    /// Why nothing may be done on our own judgement now, as HeadKeeper says it; empty: it may.
    [[nodiscard]] std::string objection() const;

    /// The last head that this witness took of this process; nothing: it took none.
    [[nodiscard]] std::optional<HeadKeeper::Taken> taken_by(
        const std::filesystem::path& witness) const;
    /// Sends a head out now. Does not block.
    void hurry_head();

  private:
    class Witnessed;
    using Answer = std::move_only_function<void(Result<ports::Position>)>;
    struct Waiting {
        EntryGroup group;
        ports::Durability durability;
        Answer answer;
    };
    SegmentLog(Options options, SegmentWriter writer, std::unique_ptr<HeadKeeper> heads);
    void enqueue(Waiting waiting);

    // All of these run on the writer's strand.
    [[nodiscard]] Result<void> recover(const std::function<void(const EntryGroup&)>& visit);
    [[nodiscard]] bool ask_sink(Witnessed& witnessed) const;
    [[nodiscard]] Result<void> learn_ledger(const FoundGroup& found);
    [[nodiscard]] Result<void> check_beginning(const LedgerEnd& end) const;
    void tell_of_recovery(const LedgerEnd& end, bool is_sink_new);
    void drop_old();
    [[nodiscard]] Result<void> record_drop(const Retention::Cut& cut);
    [[nodiscard]] std::string waits_with_drop() const;
    void drop_next_segment();
    void drop_again_after(Duration span);  // Runs as drop_old().
    [[nodiscard]] Moment now() const;
    [[nodiscard]] Result<ports::Position> write(EntryGroup group);
    void write_batch();
    void hand_to_witnesses();
    void keep_for_sink(const Written& written);
    void hand_to_sink();
    void tell(std::string_view news) const;

    Options options_;
    SegmentWriter writer_;
    std::uint64_t torn_tail_bytes_{0};
    std::string name_;
    std::string lines_;  ///< Of groups that are written and not yet durable.
    std::uint64_t lines_first_index_{0};
    std::uint64_t next_index_{0};
    std::optional<LedgerHead> head_;  ///< Of the last group.
    Retention retention_;
    std::uint64_t begins_{0};  ///< First group that is kept once all is dropped that is agreed on.
    std::optional<Retention::Cut> drop_;  ///< Is recorded, and not yet all done.
    std::string drop_waits_for_;          ///< That it was told so; empty: it does not wait.
    bool has_started_{false};             ///< Others may be appending.
    std::unique_ptr<Copying> copying_;    ///< The sink's side; empty without one.
    std::unique_ptr<HeadKeeper> heads_;   ///< Empty without witnesses.
    std::mutex waiting_mutex_;            ///< Of the next two.
    std::vector<Waiting> waiting_;        ///< What the writer's thread takes next, all at once.
    bool is_batch_due_{false};            ///< It is on its way to take them.
    const bool has_own_thread_;
    std::shared_ptr<boost::asio::thread_pool> threads_;  ///< See Options::threads.
    boost::asio::strand<boost::asio::thread_pool::executor_type> strand_;
    /// False once the last task of ours has run: what comes after it finds nothing of this any
    /// more. Owned by this and by each such task.
    std::shared_ptr<bool> is_open_{std::make_shared<bool>(true)};
    boost::asio::steady_timer drop_timer_{strand_};
};

}  // namespace homeostat::adapters::segment_log
