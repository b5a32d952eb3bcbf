#include "homeostat/adapters/segment_log/segment_log.hpp"

#include "homeostat/adapters/segment_log/file_sink.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
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

}  // namespace

/// What belongs to the sink's thread, besides the count of what waits for it.
struct SegmentLog::Copying {
    Copying(const std::filesystem::path& file, const std::filesystem::path& ledger)
        : sink(file, ledger) {}

    FileSink sink;
    bool is_failing{false};
    std::atomic<int> batches_waiting_count{0};
    asio::thread_pool thread{1};
};

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(Options options) {
    if (!options.sink.empty() && is_inside(options.sink, options.directory)) {
        return fail(Fault::invalid, options.sink.string() +
                                        ": the sink lies inside the ledger's directory " +
                                        options.directory.string() + "; put it somewhere else");
    }
    Result<SegmentWriter> writer =
        SegmentWriter::open(WriterOptions{.directory = options.directory,
                                          .boot_id = options.boot_id,
                                          .segment_bytes_max = options.segment_bytes_max,
                                          .probe = options.disk_probe_for_test});
    if (!writer) {
        return std::unexpected<Error>(writer.error());
    }
    return std::unique_ptr<SegmentLog>(new SegmentLog(std::move(options), std::move(*writer)));
}

SegmentLog::SegmentLog(Options options, SegmentWriter writer)
    : options_(std::move(options)), writer_(std::move(writer)) {
    if (!options_.sink.empty()) {
        copying_ = std::make_unique<Copying>(options_.sink, options_.directory);
    }
}

// NOLINTNEXTLINE(bugprone-exception-escape): without memory for a last task there is no going on.
SegmentLog::~SegmentLog() {
    asio::post(writer_thread_, [this] {
        if (writer_.is_ready() && writer_.sync()) {
            hand_to_sink();
        }
    });
    writer_thread_.join();
    if (copying_) {
        copying_->thread.join();
    }
}

Task<Result<ports::Position>> SegmentLog::append(EntryGroup group, ports::Durability durability) {
    auto initiate = [this](auto handler, EntryGroup to_write, ports::Durability how) {
        auto executor = asio::get_associated_executor(handler);
        auto work = asio::make_work_guard(executor);
        auto write_and_tell = [this, how, executor, handler = std::move(handler),
                               work = std::move(work), to_write = std::move(to_write)]() mutable {
            Result<ports::Position> result = write(std::move(to_write), how);
            asio::dispatch(executor,
                           [handler = std::move(handler), result = std::move(result)]() mutable {
                               std::move(handler)(std::move(result));
                           });
            // After the answer, because the sink is no part of the promise.
            if (how == ports::Durability::synced) {
                hand_to_sink();
            }
        };
        asio::post(writer_thread_, std::move(write_and_tell));
    };
    using Signature = void(Result<ports::Position>);
    return asio::async_initiate<const asio::use_awaitable_t<>, Signature>(
        std::move(initiate), asio::use_awaitable, std::move(group), durability);
}

Result<void> SegmentLog::replay(const std::function<void(const EntryGroup&)>& visit) {
    std::promise<Result<void>> promise;
    std::future<Result<void>> answer = promise.get_future();
    asio::post(writer_thread_, [this, &visit, &promise] { promise.set_value(recover(visit)); });
    return answer.get();
}

std::uint64_t SegmentLog::torn_tail_bytes() const {
    return torn_tail_bytes_;
}

Result<void> SegmentLog::recover(const std::function<void(const EntryGroup&)>& visit) {
    std::optional<WitnessPoint> witness;
    bool has_sink = false;
    if (copying_) {
        Result<std::optional<WitnessPoint>> last = last_witness_point(Disk(), options_.sink);
        has_sink = last.has_value();
        if (last) {
            witness = std::move(*last);
        } else {
            tell("the ledger has no witness: " + last.error().text);
        }
    }
    const VisitFound visit_found = [&](const FoundGroup& found) -> Result<void> {
        const EntryGroup& group = found.stored.group;
        if (witness && group.index == witness->index && found.hash != witness->hash) {
            return fail(Fault::corrupt, options_.sink.string() + " has seen another group " +
                                            std::to_string(group.index));
        }
        visit(group);
        return {};
    };
    const Result<LedgerEnd> end = writer_.read(visit_found);
    if (!end) {
        return std::unexpected<Error>(end.error());
    }
    if (witness && witness->index >= end->chain.next_index) {
        writer_.poison(Error{
            Fault::corrupt,
            fmt::format("{}: the ledger ends before group {}, but {} has seen group {}: the end "
                        "was cut off, or this is an older copy",
                        options_.directory.string(), end->chain.next_index, options_.sink.string(),
                        witness->index)});
        return std::unexpected<Error>(*writer_.poisoned_by());
    }
    if (writer_.is_ready()) {
        return {};  // Read again; the recovery is done.
    }
    const Result<void> ready = writer_.go_on_after(*end);
    if (!ready) {
        return ready;
    }
    if (has_sink && !witness && end->chain.next_index > 0) {
        tell(
            fmt::format("{}: none of the ledger's {} groups stands there: it is new, or was taken "
                        "away. It is written from the ledger now, and no witness of the time "
                        "before",
                        options_.sink.string(), end->chain.next_index));
    }
    torn_tail_bytes_ = end->torn_tail_bytes;
    if (torn_tail_bytes_ > 0) {
        tell(fmt::format("{}: cut off {} bytes of a record that a crash left unfinished",
                         options_.directory.string(), torn_tail_bytes_));
    }
    next_index_ = end->chain.next_index;
    lines_first_index_ = next_index_;
    hand_to_sink();
    return {};
}

Result<ports::Position> SegmentLog::write(EntryGroup group, ports::Durability durability) {
    if (!writer_.is_ready() && !writer_.poisoned_by()) {
        const Result<void> ready = recover([](const EntryGroup&) {});
        if (!ready) {
            return std::unexpected<Error>(ready.error());
        }
    }
    const Result<Written> written = writer_.append(std::move(group), durability);
    if (!written) {
        return std::unexpected<Error>(written.error());
    }
    keep_for_sink(*written);
    return written->position;
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
    if (copying_->batches_waiting_count.fetch_add(1) >= batches_waiting_max) {
        copying_->batches_waiting_count.fetch_sub(1);
        return;
    }
    auto copy = [this, lines = std::move(lines), first = lines_first_index_, next = next_index_] {
        const Result<void> copied = copying_->sink.copy(lines, first, next);
        copying_->batches_waiting_count.fetch_sub(1);
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
