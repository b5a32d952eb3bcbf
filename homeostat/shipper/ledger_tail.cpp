#include "homeostat/shipper/ledger_tail.hpp"

#include "homeostat/adapters/segment_log/group_prefix.hpp"
#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/stored_group.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/outbox/batch_making.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace homeostat::shipper {

namespace log = adapters::segment_log;

/// What one reading has taken so far.
struct LedgerTail::Taking {
    TailLimits limits;
    outbox::Batch batch;
    std::size_t payload_bytes{0};
    std::uint64_t durable_count{0};
    bool is_full{false};

    /// REQUIRES: the group is the next one. ERRORS: corrupt.
    Result<void> take(const log::GroupPrefix& prefix,
                      std::string_view payload,
                      std::string_view hash) {
        const Result<json::value> value = parse_json(payload);
        const Result<log::StoredGroup> stored =
            value ? from_json<log::StoredGroup>(*value) : std::unexpected<Error>(value.error());
        if (!stored) {
            return fail(Fault::corrupt,
                        fmt::format("group {}: {}", prefix.index, stored.error().text));
        }
        if (batch.next_group == batch.first_group) {
            batch.first_group = prefix.index;
        }
        outbox::add_group(batch, stored->group, hash);
        durable_count = std::max(durable_count, prefix.durable_count);
        payload_bytes += payload.size();
        is_full = payload_bytes >= limits.payload_bytes_max ||
                  batch.next_group - batch.first_group >= limits.groups_max;
        return {};
    }
};

namespace {

/// Ends a reading that has enough; not told to anybody.
std::unexpected<Error> enough() {
    return fail(Fault::refused, "enough is read");
}

std::unexpected<Error> other_history(std::uint64_t group) {
    return fail(Fault::corrupt,
                fmt::format("the sink has another group {} than the ledger: that is another "
                            "history. Find out which of both was changed (`homeostat "
                            "verify-ledger`) before anything more is sent",
                            group));
}

}  // namespace

LedgerTail::LedgerTail(log::LedgerFiles files, std::string service, TailLimits limits)
    : files_(std::move(files)), service_(std::move(service)), limits_(limits) {}

std::filesystem::path LedgerTail::segment_path(std::size_t number) const {
    return files_.directory / log::segment_name(number);
}

Result<std::optional<std::string>> LedgerTail::ledger() const {
    std::optional<std::string> name;
    const Result<std::optional<std::uint64_t>> last = last_group_of(files_);
    if (!last || !*last) {
        return last ? Result<std::optional<std::string>>(name)
                    : std::unexpected<Error>(last.error());
    }
    const Result<log::LedgerEnd> end =
        log::read_chain(files_, **last, [&](const log::ChainedGroup& found) -> Result<void> {
            name = found.ledger;
            return enough();
        });
    if (!name && !end) {
        return std::unexpected<Error>(end.error());
    }
    return name;
}

Result<outbox::Batch> LedgerTail::read_behind(const std::string& ledger,
                                              const outbox::Cursor& cursor) {
    const auto begin = [&] {
        Taking taking{.limits = limits_, .batch = {}};
        taking.batch.ledger = ledger;
        taking.batch.service = service_;
        taking.batch.first_group = taking.batch.next_group = cursor.next_group;
        taking.batch.hash = cursor.hash;
        return taking;
    };
    Taking taking = begin();
    const bool goes_on = place_ && place_->chain.next_index == cursor.next_group;
    const Result<bool> on = goes_on ? read_on(taking) : Result<bool>(false);
    if (!on) {
        place_.reset();
        return std::unexpected(on.error());
    }
    if (!*on) {
        place_.reset();
        taking = begin();
        if (const Result<void> anew = read_anew(cursor, taking); !anew) {
            place_.reset();
            return std::unexpected(anew.error());
        }
    }
    if (const Result<void> durable = make_durable(taking); !durable) {
        place_.reset();
        return std::unexpected(durable.error());
    }
    return std::move(taking.batch);
}

/// One reading that checks its cursor.
struct LedgerTail::Anew {
    const outbox::Cursor& cursor;
    Taking& taking;
    Place place{};
    bool has_seen_any{false};

    /// Of the group before the cursor's; what is known of it, if that is anything.
    [[nodiscard]] std::uint64_t before() const {
        return cursor.next_group == 0 ? 0 : cursor.next_group - 1;
    }
    [[nodiscard]] bool is_another(std::string_view hash) const {
        return cursor.next_group > 0 && !cursor.hash.empty() && hash != cursor.hash;
    }

    Result<void> visit(const log::ChainedGroup& found) {
        if (!has_seen_any || found.segment != place.segment) {
            place.segment = found.segment;
            place.offset = log::segment_header_bytes;
            place.last_offset = 0;
            has_seen_any = true;
        }
        if (taking.is_full) {
            return enough();
        }
        if (found.ledger != taking.batch.ledger) {
            return fail(Fault::busy, "the ledger was exchanged for another one");
        }
        place.last_offset = place.offset;
        place.before = found.prefix.previous;
        place.offset += log::frame_header_bytes + found.payload.size();
        place.chain = {found.prefix.index + 1, std::string(found.hash)};
        if (found.prefix.index == before() && is_another(found.hash)) {
            return other_history(before());
        }
        return found.prefix.index < cursor.next_group
                   ? Result<void>{}
                   : taking.take(found.prefix, found.payload, found.hash);
    }

    [[nodiscard]] Result<void> check(const log::LedgerEnd& end) const {
        if (end.chain.next_index < cursor.next_group + (cursor.is_begun ? 1 : 0)) {
            return fail(Fault::corrupt,
                        fmt::format("the ledger ends with group {}, and the sink has one more at "
                                    "least: its end was cut off, or an older copy put back. Bring "
                                    "the ledger back, or begin a new one (docs/sinks.md)",
                                    end.chain.next_index == 0 ? 0 : end.chain.next_index - 1));
        }
        const bool begins_there = end.begin.next_index == cursor.next_group;
        return begins_there && is_another(end.begin.hash) ? other_history(before())
                                                          : Result<void>{};
    }
};

Result<void> LedgerTail::read_anew(const outbox::Cursor& cursor, Taking& taking) {
    Anew anew{.cursor = cursor, .taking = taking};
    const Result<log::LedgerEnd> end =
        log::read_chain(files_, anew.before(),
                        [&anew](const log::ChainedGroup& found) { return anew.visit(found); });
    if (!end && !taking.is_full) {
        return std::unexpected<Error>(end.error());
    }
    if (end) {
        if (Result<void> checked = anew.check(*end); !checked) {
            return checked;
        }
    }
    if (anew.has_seen_any) {
        place_ = std::move(anew.place);
    }
    return {};
}

Result<bool> LedgerTail::enter_next_segment() {
    const std::filesystem::path path = segment_path(place_->segment + 1);
    const Result<std::string> bytes = files_.disk.read(path, 0, log::segment_header_bytes);
    const Result<log::SegmentHeader> header =
        bytes ? log::parse_segment_header(*bytes) : std::unexpected<Error>(bytes.error());
    if (!header) {
        // Not there, or just being made.
        return bytes || bytes.error().fault == Fault::absent
                   ? Result<bool>(false)
                   : std::unexpected<Error>(bytes.error());
    }
    const bool goes_on =
        header->first_index == place_->chain.next_index && header->previous == place_->chain.hash;
    if (goes_on) {
        place_->segment += 1;
        place_->offset = log::segment_header_bytes;
        place_->last_offset = 0;
    }
    return goes_on;
}

Result<bool> LedgerTail::take_part(std::string_view part, Taking& taking) {
    // The reader of frames wants a header in front; what it says is not looked at.
    const std::string bytes =
        log::to_bytes(log::SegmentHeader{0, log::genesis_hash(), log::genesis_hash()}) +
        std::string(part);
    std::optional<Error> error;
    bool is_chained = true;
    // The last group once more: another file may stand under that name meanwhile.
    bool is_known = place_->last_offset > 0;
    const auto visit = [&](std::string_view payload, std::size_t /*offset*/) {
        if (std::exchange(is_known, false)) {
            is_chained = log::next_hash(place_->before, payload) == place_->chain.hash;
            return is_chained;
        }
        if (taking.is_full) {
            return false;
        }
        const Result<log::GroupPrefix> prefix = log::parse_group_prefix(payload);
        is_chained = prefix && prefix->index == place_->chain.next_index &&
                     prefix->previous == place_->chain.hash;
        if (!is_chained) {
            return false;
        }
        std::string hash = log::next_hash(place_->chain.hash, payload);
        const Result<void> taken = taking.take(*prefix, payload, hash);
        error = taken ? std::nullopt : std::optional(taken.error());
        place_->before = std::exchange(place_->chain.hash, std::move(hash));
        place_->chain.next_index = prefix->index + 1;
        place_->last_offset = place_->offset;
        place_->offset += log::frame_header_bytes + payload.size();
        return taken.has_value();
    };
    static_cast<void>(log::read_frames(bytes, visit));  // Where it ends, the place says.
    return error ? std::unexpected<Error>(std::move(*error))
                 : Result<bool>(is_chained && !is_known);
}

Result<LedgerTail::Step> LedgerTail::step_on(Taking& taking) {
    // Room for the frame before and a whole one behind as much as is wanted.
    const std::size_t part_bytes =
        limits_.payload_bytes_max + 2 * (log::payload_bytes_max + log::frame_header_bytes);
    const std::filesystem::path path = segment_path(place_->segment);
    const Result<os::FileIdentity> file = os::identify_file(path.string());
    if (!file || file->bytes < place_->offset) {
        return Step::lost;
    }
    if (file->bytes == place_->offset) {
        const Result<bool> entered = enter_next_segment();
        return entered ? Result<Step>(*entered ? Step::on : Step::at_end)
                       : std::unexpected<Error>(entered.error());
    }
    const std::uint64_t from = place_->last_offset > 0 ? place_->last_offset : place_->offset;
    const Result<std::string> part = files_.disk.read(path, from, part_bytes);
    const std::uint64_t offset_before = place_->offset;
    const Result<bool> is_chained = part ? take_part(*part, taking) : Result<bool>(false);
    if (!is_chained) {
        return std::unexpected<Error>(is_chained.error());
    }
    const bool has_moved = place_->offset > offset_before;
    // Else a frame is being written, or a torn end; with a segment behind it, damage.
    if (*is_chained && !has_moved && is_last_segment()) {
        return Step::at_end;
    }
    return *is_chained && has_moved ? Step::on : Step::lost;
}

bool LedgerTail::is_last_segment() const {
    return !os::identify_file(segment_path(place_->segment + 1).string()).has_value();
}

Result<bool> LedgerTail::read_on(Taking& taking) {
    Step step = Step::on;
    while (step == Step::on && !taking.is_full) {
        const Result<Step> next = step_on(taking);
        if (!next) {
            return std::unexpected<Error>(next.error());
        }
        step = *next;
    }
    return step != Step::lost;
}

Result<void> LedgerTail::make_durable(const Taking& taking) const {
    const bool is_durable = taking.durable_count >= taking.batch.next_group;
    if (is_durable || taking.batch.next_group == taking.batch.first_group) {
        return {};
    }
    // A segment is durable before the next one begins: so it is the last one that may not be.
    const Result<std::vector<std::filesystem::path>> segments =
        log::list_segments(files_.disk, files_.directory);
    if (!segments || segments->empty()) {
        return segments ? fail(Fault::absent, "the ledger has gone")
                        : std::unexpected<Error>(segments.error());
    }
    const os::Fd file(::open(segments->back().c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open() || ::fdatasync(file.number()) != 0) {
        return fail(Fault::full, fmt::format("{} cannot be synced: {}", segments->back().string(),
                                             std::generic_category().message(errno)));
    }
    return {};
}

Result<std::optional<std::uint64_t>> last_group_of(const log::LedgerFiles& files) {
    const Result<std::vector<std::filesystem::path>> segments =
        log::list_segments(files.disk, files.directory);
    if (!segments) {
        return std::unexpected<Error>(segments.error());
    }
    for (auto path = segments->rbegin(); path != segments->rend(); ++path) {
        const Result<std::string> bytes = files.disk.read(*path, 0, log::segment_bytes_limit);
        if (!bytes) {
            return std::unexpected<Error>(bytes.error());
        }
        std::optional<std::uint64_t> last;
        if (log::parse_segment_header(*bytes)) {
            const auto visit = [&last](std::string_view payload, std::size_t /*offset*/) {
                const Result<log::GroupPrefix> prefix = log::parse_group_prefix(payload);
                last = prefix ? std::optional(prefix->index) : last;
                return prefix.has_value();
            };
            static_cast<void>(log::read_frames(*bytes, visit));  // Where it ends matters to none.
        }
        if (last) {
            return last;
        }
    }
    return std::optional<std::uint64_t>();
}

}  // namespace homeostat::shipper
