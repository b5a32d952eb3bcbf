#include "homeostat/adapters/segment_log/segment_writer.hpp"

#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace homeostat::adapters::segment_log {

namespace {

/// Of the file that marks an orderly end.
constexpr std::string_view end_name = "end";

/// The bytes to write for `stored`, read back once: what a later start could not read (bytes that
/// are not UTF-8, a body deeper than the parser goes) must not get in.
Result<std::string> payload_of(const StoredGroup& stored) {
    std::string payload = to_text(to_json(stored));
    if (payload.size() > payload_bytes_max) {
        return fail(Fault::invalid, fmt::format("a group of {} bytes; a ledger takes at most {}",
                                                payload.size(), payload_bytes_max));
    }
    const Result<json::value> read_back = parse_json(payload);
    if (!read_back) {
        return fail("a group that could not be read again", read_back.error());
    }
    return payload;
}

/// Two reactions are all a caller has: wait for room, or call a person to look at the disk.
Fault fault_of(const Error& error) {
    const bool is_medium = error.fault == Fault::corrupt || error.fault == Fault::unreachable;
    return is_medium ? Fault::corrupt : Fault::full;
}

}  // namespace

SegmentWriter::SegmentWriter(WriterOptions options)
    : options_(std::move(options)), disk_(options_.probe, *options_.disk) {}

Result<SegmentWriter> SegmentWriter::open(WriterOptions options) {
    ensure(options.segment_bytes_max <= segment_bytes_limit, "a segment can be read again");
    SegmentWriter writer(std::move(options));
    const std::string directory = writer.options_.directory.string();
    const Result<void> made = writer.disk_.make_directories(directory);
    if (!made) {
        return fail("the ledger's directory", made.error());
    }
    Result<std::unique_ptr<os::Hold>> lock = writer.disk_.take_lock(directory + "/lock");
    if (!lock) {
        return std::unexpected<Error>(lock.error());
    }
    writer.lock_ = std::move(*lock);
    return writer;
}

Result<LedgerEnd> SegmentWriter::read(const VisitFound& visit) {
    Result<LedgerEnd> end = read_segments({options_.directory, options_.boot_id, disk_}, 0, visit);
    if (!end) {
        return poison_and_fail(end.error());
    }
    return end;
}

Result<void> SegmentWriter::go_on_after(const LedgerEnd& end) {
    ensure(!is_ready(), "a writer begins once");
    if (poisoned_by_) {
        return std::unexpected<Error>(*poisoned_by_);
    }
    chain_ = end.chain;
    ledger_ = end.ledger;
    first_segment_ = end.first_segment;
    next_segment_ = end.next_segment();
    durable_count_ = chain_.next_index;
    return end.segments_count == 0 ? begin_segment() : open_last(end);
}

Result<void> SegmentWriter::open_last(const LedgerEnd& end) {
    const std::filesystem::path path = options_.directory / segment_name(segment());
    file_bytes_ = end.last_segment_bytes;
    const Result<std::string> mark =
        disk_.read(options_.directory / end_name, 0, end_mark().size() + 1);
    const bool is_in_order = end.torn_tail_bytes == 0 && mark && *mark == end_mark();
    if (Result<void> ready = is_in_order ? Result<void>{} : make_durable(path, end); !ready) {
        return poison_and_fail(ready.error());
    }
    Result<OpenFile> last = disk_.open(path);
    if (!last) {
        return poison_and_fail(last.error());
    }
    file_ = std::move(*last);
    return {};
}

/// What the file of an orderly end holds. It is compared and never read: whatever else stands there
/// only means that the last segment is written again.
std::string SegmentWriter::end_mark() const {
    return fmt::format("ended in order: {} bytes in {}, groups below {}, chain {}\n", file_bytes_,
                       segment_name(segment()), chain_.next_index, chain_.hash);
}

/// Written again, not only synced: the process before us may have ended because a sync failed, and
/// then the medium lacks what we have just read. Beside the old file, and put in its place: a power
/// loss in the middle leaves the old one as it is.
Result<void> SegmentWriter::make_durable(const std::filesystem::path& path,
                                         const LedgerEnd& end) const {
    const Result<std::string> bytes = disk_.read(path, 0, end.last_segment_bytes);
    if (!bytes) {
        return std::unexpected<Error>(bytes.error());
    }
    Result<void> done = disk_.place(path, *bytes);
    if (!done && fault_of(done.error()) == Fault::full) {
        // No room for another one: a full disk is no reason not to start, so over the old one.
        const Result<OpenFile> last = disk_.open(path);
        done = last ? disk_.truncate(*last, end.last_segment_bytes)
                    : std::unexpected<Error>(last.error());
        done = done ? disk_.rewrite(path, *bytes) : done;
    }
    // So with its name: the process before us may have ended between rename and sync.
    return done ? disk_.sync_directory(options_.directory) : done;
}

Result<Written> SegmentWriter::append(EntryGroup group, ports::Durability durability) {
    if (poisoned_by_) {
        return std::unexpected<Error>(*poisoned_by_);
    }
    ensure(is_ready(), "a writer appends after what is there");
    group.index = chain_.next_index;
    group.boot_id = options_.boot_id;
    const std::uint64_t entries_count = group.entries.size();
    StoredGroup stored{chain_.hash, durable_count_, entries_count, std::move(group)};
    Result<std::string> payload = payload_of(stored);
    if (!payload) {
        return std::unexpected<Error>(payload.error());
    }
    Result<void> done = write_frame(to_frame(*payload));
    if (!done) {
        return std::unexpected<Error>(done.error());
    }
    chain_.hash = next_hash(chain_.hash, *payload);
    Written written{{chain_.next_index, chain_.hash}, std::move(*payload), std::move(stored)};
    if (++chain_.next_index == 1) {
        ledger_ = chain_.hash;
    }
    if (durability == ports::Durability::synced) {
        done = sync();
    }
    if (!done) {
        return std::unexpected<Error>(done.error());
    }
    return written;
}

Result<void> SegmentWriter::write_frame(const std::string& frame) {
    const bool is_empty = file_bytes_ == segment_header_bytes;
    if (!is_empty && file_bytes_ + frame.size() > options_.segment_bytes_max) {
        // The old segment becomes durable first: only the last one may ever end torn.
        Result<void> begun = sync();
        begun = begun ? begin_segment() : begun;
        if (!begun) {
            return begun;
        }
    }
    const Result<void> done = disk_.append(file_, frame);
    if (!done) {
        // If this fails too, the next start finds a torn tail and cuts it.
        const Result<void> cut = disk_.truncate(file_, file_bytes_);
        const bool is_as_before = cut && fault_of(done.error()) == Fault::full;
        return is_as_before ? fail(Fault::full, done.error().text) : poison_and_fail(done.error());
    }
    file_bytes_ += frame.size();
    return {};
}

Result<void> SegmentWriter::sync() {
    if (poisoned_by_) {
        return std::unexpected<Error>(*poisoned_by_);
    }
    const Result<void> done = disk_.sync(file_);
    if (!done) {
        return poison_and_fail(done.error());
    }
    durable_count_ = chain_.next_index;
    return {};
}

Result<void> SegmentWriter::finish() {
    // The mark itself may become durable when it likes: one that is lost, or of an earlier end,
    // only means that the last segment is written again.
    const Result<void> synced = sync();
    return synced ? disk_.place(options_.directory / end_name, end_mark()) : synced;
}

Result<void> SegmentWriter::drop_before(std::size_t segment) {
    ensure(is_ready() && segment < next_segment_, "the last segment stays");
    while (first_segment_ < segment) {
        // In order also after a power loss: a gap between segments would be damage.
        const Result<void> removed =
            disk_.remove(options_.directory / segment_name(first_segment_));
        if (!removed) {
            return fail(Fault::full, removed.error().text);
        }
        // The names of new segments have to become durable in that directory as well.
        if (const Result<void> synced = disk_.sync_directory(options_.directory); !synced) {
            return poison_and_fail(synced.error());
        }
        ++first_segment_;
    }
    return {};
}

Result<void> SegmentWriter::begin_segment() {
    const std::filesystem::path path = options_.directory / segment_name(next_segment_);
    const std::string header = to_bytes(SegmentHeader{chain_.next_index, chain_.hash, ledger_});
    Result<void> placed = disk_.place(path, header);
    if (!placed && fault_of(placed.error()) == Fault::full) {
        return fail(Fault::full,
                    placed.error().text);  // Nothing is there; a later try may succeed.
    }
    placed = placed ? disk_.sync_directory(options_.directory) : placed;
    if (!placed) {
        return poison_and_fail(placed.error());
    }
    Result<OpenFile> file = disk_.open(path);
    if (!file) {
        return poison_and_fail(file.error());
    }
    file_ = std::move(*file);
    file_bytes_ = header.size();
    ++next_segment_;
    return {};
}

void SegmentWriter::poison(Error error) {
    if (!poisoned_by_) {
        poisoned_by_ = std::move(error);
    }
}

std::unexpected<Error> SegmentWriter::poison_and_fail(const Error& error) {
    const Fault fault = fault_of(error);
    poison(Error{fault, error.text});
    return fail(fault, error.text);
}

}  // namespace homeostat::adapters::segment_log
