#include "homeostat/adapters/segment_log/segment_log.hpp"

#include "homeostat/adapters/segment_log/copying.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <optional>
#include <utility>

namespace homeostat::adapters::segment_log {

namespace asio = boost::asio;

namespace {

/// Batches of lines that may wait for a slow sink, and the bytes that may wait for a sync.
constexpr int batches_waiting_max = 64;
constexpr std::size_t lines_bytes_max = std::size_t{1} << 20U;

/// Says whether `file` lies inside `directory`: a sink there would be lost with the ledger.
bool is_inside(const std::filesystem::path& file, const std::filesystem::path& directory) {
    const std::filesystem::path inner = std::filesystem::weakly_canonical(file);
    const std::filesystem::path outer = std::filesystem::weakly_canonical(directory);
    const auto mismatch = std::ranges::mismatch(outer, inner);
    return mismatch.in1 == outer.end();
}

/// What has to lie outside the ledger's directory, so that it is not lost with it.
std::vector<std::pair<std::string_view, std::filesystem::path>> files_outside(
    const Options& options) {
    std::vector<std::pair<std::string_view, std::filesystem::path>> files;
    if (!options.sink.empty()) {
        files.emplace_back("sink", options.sink);
    }
    if (options.heads) {
        files.emplace_back("key", options.heads->key);
        for (const std::filesystem::path& witness : options.heads->witnesses) {
            files.emplace_back("witness", witness);
        }
    }
    return files;
}

}  // namespace

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(Options options) {
    for (const auto& [what, file] : files_outside(options)) {
        if (is_inside(file, options.directory)) {
            return fail(Fault::invalid,
                        fmt::format("{}: the {} lies inside the ledger's directory {}; put it "
                                    "somewhere else",
                                    file.string(), what, options.directory.string()));
        }
    }
    Result<SegmentWriter> writer =
        SegmentWriter::open(WriterOptions{.directory = options.directory,
                                          .boot_id = options.boot_id,
                                          .segment_bytes_max = options.segment_bytes_max,
                                          .probe = options.disk_probe_for_test});
    if (!writer) {
        return std::unexpected<Error>(writer.error());
    }
    std::unique_ptr<HeadKeeper> heads;
    if (options.heads) {
        auto opened = HeadKeeper::open(
            *options.heads,
            [tell = options.on_news](auto news) {
                if (tell) {
                    tell(news);
                }
            },
            [directory = options.directory](std::uint64_t index) {
                return hash_after(std::filesystem::path(directory), index);
            });
        if (!opened) {
            return std::unexpected<Error>(opened.error());
        }
        heads = std::move(*opened);
    }
    return std::unique_ptr<SegmentLog>(
        new SegmentLog(std::move(options), std::move(*writer), std::move(heads)));
}

SegmentLog::SegmentLog(Options options, SegmentWriter writer, std::unique_ptr<HeadKeeper> heads)
    : options_(std::move(options)),
      writer_(std::move(writer)),
      retention_(options_.keep),
      heads_(std::move(heads)),
      has_own_thread_(options_.threads == nullptr),
      threads_(has_own_thread_ ? std::make_shared<asio::thread_pool>(1) : options_.threads),
      strand_(threads_->get_executor()) {
    if (!options_.sink.empty()) {
        copying_ = std::make_unique<Copying>(options_.sink, options_.directory);
    }
}

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a last task there is no going on.
SegmentLog::~SegmentLog() {
    std::promise<void> promise;
    const std::future<void> has_ended = promise.get_future();
    asio::post(strand_, [this, ended = std::move(promise)] mutable {
        if (writer_.is_ready() && writer_.finish()) {
            hand_to_witnesses();
        }
        *is_open_ = false;  // What is still to be dropped waits for the next start.
        drop_timer_.cancel();
        ended.set_value();
    });
    has_ended.wait();
    if (has_own_thread_) {
        threads_->stop();
        threads_->join();
    }
    if (copying_) {
        copying_->thread.join();
    }
}

Task<Result<ports::Position>> SegmentLog::append(EntryGroup group, ports::Durability durability) {
    auto initiate = [this](auto handler, EntryGroup to_write, ports::Durability how) {
        auto executor = asio::get_associated_executor(handler);
        auto work = asio::make_work_guard(executor);
        Answer answer = [executor, handler = std::move(handler),
                         work = std::move(work)](Result<ports::Position> result) mutable {
            asio::dispatch(executor,
                           [handler = std::move(handler), result = std::move(result)] mutable {
                               std::move(handler)(std::move(result));
                           });
        };
        enqueue({std::move(to_write), how, std::move(answer)});
    };
    using Signature = void(Result<ports::Position>);
    return asio::async_initiate<const asio::use_awaitable_t<>, Signature>(
        std::move(initiate), asio::use_awaitable, std::move(group), durability);
}

void SegmentLog::enqueue(Waiting waiting) {
    const std::lock_guard hold(waiting_mutex_);
    waiting_.push_back(std::move(waiting));
    if (!is_batch_due_) {
        asio::post(strand_, [this] { write_batch(); });
        is_batch_due_ = true;  // Not before: if no task could be made, the next append asks again.
    }
}

/// Writes what has come to wait since the last batch, in order, and syncs once for all of it.
void SegmentLog::write_batch() {
    std::vector<Waiting> batch;
    {
        const std::lock_guard hold(waiting_mutex_);
        batch.swap(waiting_);
        is_batch_due_ = false;
    }
    std::vector<Result<ports::Position>> results;
    bool is_sync_wanted = false;
    for (Waiting& waiting : batch) {
        results.push_back(write(std::move(waiting.group)));
        is_sync_wanted = is_sync_wanted || (results.back().has_value() &&
                                            waiting.durability == ports::Durability::synced);
    }
    const Result<void> synced = is_sync_wanted ? writer_.sync() : Result<void>{};
    for (std::size_t position = 0; position < batch.size(); ++position) {
        const bool is_lost =
            results[position] && !synced && batch[position].durability == ports::Durability::synced;
        batch[position].answer(is_lost ? std::unexpected(synced.error())
                                       : std::move(results[position]));
    }
    // After the answers, because witnesses are no part of the promise.
    if (is_sync_wanted && synced) {
        hand_to_witnesses();
    }
}

std::optional<HeadKeeper::Taken> SegmentLog::taken_by(const std::filesystem::path& witness) const {
    return heads_ ? heads_->taken_by(witness) : std::nullopt;
}

void SegmentLog::hurry_head() {
    if (heads_) {
        heads_->hurry();
    }
}

std::string SegmentLog::objection() const {
    return heads_ ? heads_->objection() : std::string();
}

Result<void> SegmentLog::replay(const std::function<void(const EntryGroup&)>& visit) {
    std::promise<Result<void>> promise;
    std::future<Result<void>> answer = promise.get_future();
    asio::post(strand_, [this, &visit, &promise] { promise.set_value(recover(visit)); });
    return answer.get();
}

std::uint64_t SegmentLog::torn_tail_bytes() const {
    return torn_tail_bytes_;
}

/// What witnesses say of the ledger, as far as they can be asked.
class SegmentLog::Witnessed {
  public:
    void add(std::string who, std::uint64_t index, std::string hash) {
        points_.push_back({std::move(who), index, std::move(hash)});
    }

    void add(const std::vector<HeadKeeper::Seen>& heads) {
        for (const HeadKeeper::Seen& seen : heads) {
            add(seen.witness.string(), seen.head.index, seen.head.hash);
        }
    }

    /// ERRORS: corrupt: a witness has seen another group.
    [[nodiscard]] Result<void> compare(const FoundGroup& found) const {
        for (const Point& point : points_) {
            if (point.index == found.stored.group.index && point.hash != found.hash) {
                return fail(Fault::corrupt,
                            fmt::format("{} has seen another group {}", point.who, point.index));
            }
        }
        return {};
    }

    /// ERRORS: corrupt: a witness has seen more than there is.
    [[nodiscard]] Result<void> compare_end(const std::filesystem::path& directory,
                                           const ChainEnd& begin,
                                           std::uint64_t next_index) const {
        for (const Point& point : points_) {
            const bool is_before = point.index + 1 < begin.next_index;
            const bool is_other = point.index + 1 == begin.next_index && point.hash != begin.hash;
            if (is_before || is_other) {  // Nothing is dropped before every copy has it.
                return fail(
                    Fault::corrupt,
                    fmt::format("{}: the ledger begins with group {} and does not go on "
                                "from group {}, which {} has seen",
                                directory.string(), begin.next_index, point.index, point.who));
            }
            if (point.index >= next_index) {
                return fail(Fault::corrupt,
                            fmt::format("{}: the ledger ends before group {}, but {} has seen "
                                        "group {}: the end was cut off, or this is an older copy",
                                        directory.string(), next_index, point.who, point.index));
            }
        }
        return {};
    }

  private:
    struct Point {
        std::string who;
        std::uint64_t index{0};
        std::string hash;
    };
    std::vector<Point> points_;
};

Result<void> SegmentLog::recover(const std::function<void(const EntryGroup&)>& visit) {
    Witnessed witnessed;
    const bool is_sink_new = ask_sink(witnessed);
    witnessed.add(heads_ ? heads_->seen() : std::vector<HeadKeeper::Seen>{});
    std::optional<LedgerHead> last;
    const VisitFound visit_found = [&](const FoundGroup& found) -> Result<void> {
        const EntryGroup& group = found.stored.group;
        if (Result<void> agrees = witnessed.compare(found); !agrees) {
            return agrees;
        }
        if (Result<void> known = learn_ledger(found); !known) {
            return known;
        }
        if (!writer_.is_ready()) {
            retention_.learn(found.stored, found.segment);
        }
        last = LedgerHead{group.index, std::string(found.hash), group.wall_at};
        name_ = found.ledger;
        visit(group);
        return {};
    };
    const Result<LedgerEnd> end = writer_.read(visit_found);
    if (!end) {
        return std::unexpected<Error>(end.error());
    }
    Result<void> is_whole =
        witnessed.compare_end(options_.directory, end->begin, end->chain.next_index);
    is_whole = is_whole ? check_beginning(*end) : is_whole;
    if (!is_whole) {
        writer_.poison(is_whole.error());
        return is_whole;
    }
    if (writer_.is_ready()) {
        return {};  // Read again; the recovery is done.
    }
    if (Result<void> ready = writer_.go_on_after(*end); !ready) {
        return ready;
    }
    begins_ = end->begin.next_index;
    if (heads_) {  // A dropping that was agreed on may not be all done.
        begins_ = std::max(begins_, heads_->begins_witnessed());
    }
    if (last) {
        last->begins = begins_;
    }
    head_ = std::move(last);
    tell_of_recovery(*end, is_sink_new);
    hand_to_witnesses();
    drop_old();
    has_started_ = true;
    return {};
}

/// True when the sink is there, or can be made, and has no line.
bool SegmentLog::ask_sink(Witnessed& witnessed) const {
    if (!copying_) {
        return false;
    }
    const Result<std::optional<WitnessPoint>> last = last_witness_point(Disk(), options_.sink);
    if (!last) {
        tell("the ledger has no witness: " + last.error().text);
        return false;
    }
    if (*last) {
        witnessed.add(options_.sink.string(), (*last)->index, (*last)->hash);
    }
    return !*last;
}

/// The hash of group 0 is the ledger's name. ERRORS: corrupt: a witness knows another.
Result<void> SegmentLog::learn_ledger(const FoundGroup& found) {
    if (!heads_ || writer_.is_ready()) {
        return {};
    }
    for (const HeadKeeper::Seen& seen : heads_->seen()) {
        if (seen.head.ledger != found.ledger) {
            return fail(Fault::corrupt,
                        seen.witness.string() +
                            " is a witness of another ledger; bring that ledger back, or move this "
                            "file away to begin anew");
        }
    }
    heads_->begin(std::string(found.ledger));
    return {};
}

void SegmentLog::tell_of_recovery(const LedgerEnd& end, bool is_sink_new) {
    if (is_sink_new && end.chain.next_index > 0) {
        tell(
            fmt::format("{}: none of the ledger's {} groups stands there: it is new, or was taken "
                        "away. It is written from the ledger now, and no witness of the time "
                        "before",
                        options_.sink.string(), end.chain.next_index));
    }
    if (heads_ && heads_->seen().empty() && end.chain.next_index > 0) {
        tell(
            fmt::format("no witness has a signed head of the ledger's {} groups: it is new, or was "
                        "taken away. From now on there is one",
                        end.chain.next_index));
    }
    torn_tail_bytes_ = end.torn_tail_bytes;
    if (torn_tail_bytes_ > 0) {
        tell(fmt::format("{}: cut off {} bytes of a record that a crash left unfinished",
                         options_.directory.string(), torn_tail_bytes_));
    }
    next_index_ = end.chain.next_index;
}

Result<ports::Position> SegmentLog::write(EntryGroup group) {
    if (!writer_.is_ready() && !writer_.poisoned_by()) {
        const Result<void> ready = recover([](const EntryGroup&) {});
        if (!ready) {
            return std::unexpected<Error>(ready.error());
        }
    }
    const WallTime wall_at = group.wall_at;
    const Result<Written> written = writer_.append(std::move(group), ports::Durability::written);
    if (!written) {
        return std::unexpected<Error>(written.error());
    }
    const ports::Position& position = written->position;
    head_ = LedgerHead{position.index, position.hash, wall_at, begins_};
    retention_.learn(written->stored, writer_.segment());
    if (heads_ && position.index == 0) {
        heads_->begin(position.hash);
    }
    keep_for_sink(*written);
    return position;
}

void SegmentLog::hand_to_witnesses() {
    hand_to_sink();
    if (heads_ && head_ && !writer_.poisoned_by()) {
        heads_->took(*head_);
    }
}

void SegmentLog::keep_for_sink(const Written& written) {
    next_index_ = written.position.index + 1;
    if (!copying_) {
        return;
    }
    if (lines_.size() > lines_bytes_max) {
        lines_.clear();  // The sink reads them from the segments.
    }
    if (lines_.empty()) {
        lines_first_index_ = written.position.index;
    }
    lines_ += to_witness_line(written.position.hash, written.payload);
}

void SegmentLog::hand_to_sink() {
    std::string lines = std::exchange(lines_, {});
    if (!copying_ || writer_.poisoned_by()) {
        return;
    }
    copying_->durable_index.store(next_index_);
    if (copying_->batches_waiting_count.load() >= batches_waiting_max) {
        copying_->is_behind.store(true);
        return;
    }
    copying_->batches_waiting_count.fetch_add(1);
    auto copy = [this, lines = std::move(lines), first = lines_first_index_, next = next_index_] {
        copying_->batches_waiting_count.fetch_sub(1);
        Result<void> copied = copying_->sink.copy(lines, first, next);
        // Whoever found no place had all the others before it: one of them sees this, at the latest
        // the last one, so that nothing is missing after the end.
        if (copied && copying_->is_behind.exchange(false)) {
            copied = copying_->sink.copy({}, next, copying_->durable_index.load());
        }
        copying_->next_index.store(copying_->sink.next_index());
        if (std::exchange(copying_->is_failing, !copied) == !copied) {
            return;
        }
        tell(copied ? options_.sink.string() + ": the ledger's sink works again"
                    : "the ledger's sink fails, the ledger goes on: " + copied.error().text);
    };
    asio::post(copying_->thread, std::move(copy));
}

void SegmentLog::tell(std::string_view news) const {
    if (options_.on_news) {
        options_.on_news(news);
    }
}

}  // namespace homeostat::adapters::segment_log
