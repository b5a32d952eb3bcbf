#include "homeostat/adapters/segment_log/segment_reader.hpp"

#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace homeostat::adapters::segment_log {

namespace {

constexpr std::size_t name_digits = 6;
constexpr std::string_view suffix = ".hlog";

bool is_segment_name(std::string_view name) {
    return name.size() == name_digits + suffix.size() && name.ends_with(suffix) &&
           std::ranges::all_of(name.substr(0, name_digits),
                               [](char c) { return c >= '0' && c <= '9'; });
}

/// REQUIRES: the name of a segment.
std::size_t number_of(const std::filesystem::path& segment) {
    return std::stoul(segment.filename().string().substr(0, name_digits));
}

/// The number of the first segment that is missing between two others.
std::optional<std::size_t> first_missing(const std::vector<std::filesystem::path>& segments) {
    for (std::size_t position = 1; position < segments.size(); ++position) {
        const std::size_t number = number_of(segments[position - 1]) + 1;
        if (number_of(segments[position]) != number) {
            return number;
        }
    }
    return std::nullopt;
}

constexpr std::string_view is_missing =
    "is missing, and later segments are there; bring it back from a copy";

constexpr std::string_view is_removed =
    "removed while the ledger was read, as its agent does with what is older than record.keep; "
    "read it once more";

/// The files in the directory that are named as segments are, in order.
Result<std::vector<std::filesystem::path>> find_segments(const Disk& disk,
                                                         const std::filesystem::path& directory) {
    const Result<std::vector<std::string>> names = disk.list(directory);
    if (!names) {
        Error error = names.error();
        if (error.fault == Fault::absent) {
            error.text += "; an agent makes it when it first runs";
        }
        return fail("the ledger", error);
    }
    std::vector<std::filesystem::path> segments;
    for (const std::string& name : *names) {
        if (is_segment_name(name)) {
            segments.push_back(directory / name);
        }
    }
    std::ranges::sort(segments);
    return segments;
}

std::unexpected<Error> missing_from(const std::filesystem::path& directory, std::size_t number) {
    return fail(Fault::corrupt,
                fmt::format("{} {}", (directory / segment_name(number)).string(), is_missing));
}

/// What a group says of a shortening, if it does. A quote in a text is escaped, so nothing but the
/// kind of an entry reads like this.
std::optional<DroppedBody> dropped_in(std::string_view payload) {
    if (!payload.contains(R"("entry":"dropped")")) {
        return std::nullopt;
    }
    const Result<json::value> value = parse_json(payload);
    const Result<StoredGroup> stored =
        value ? from_json<StoredGroup>(*value) : std::unexpected(value.error());
    std::optional<DroppedBody> found;
    for (const Entry& entry : stored ? stored->group.entries : std::vector<Entry>{}) {
        Result<DroppedBody> body = entry.kind == EntryKind::dropped
                                       ? from_json<DroppedBody>(entry.body)
                                       : fail(Fault::absent, "of another kind");
        found = body ? std::optional(std::move(*body)) : std::move(found);
    }
    return found;
}

/// Takes the frames of one segment after the other and keeps where the chain stands.
class Reading {
  public:
    Reading(const LedgerFiles& files, const VisitChained& visit, std::optional<BadPlace>* bad)
        : files_(files), visit_(visit), bad_(bad) {}

    /// The first segment read may begin anywhere in the chain; the others where the last one ended.
    Result<void> take_segment(const std::filesystem::path& path, bool is_last) {
        const Result<std::string> bytes = files_.disk.read(path, 0, segment_bytes_limit + 1);
        if (!bytes) {
            is_gone_ = bytes.error().fault == Fault::absent;
            return is_gone_ ? fail(Fault::absent, path.string() + ": " + std::string(is_removed))
                            : std::unexpected<Error>(bytes.error());
        }
        if (bytes->size() > segment_bytes_limit) {
            return corrupt_at(path, segment_bytes_limit, "larger than any segment of a ledger");
        }
        Result<SegmentHeader> header = parse_segment_header(*bytes);
        if (!header) {
            return corrupt_at(path, 0, header.error().text);
        }
        if (end_.segments_count == 0) {
            end_.begin = end_.chain = ChainEnd{header->first_index, header->previous};
            end_.ledger = header->ledger;
        }
        const bool is_begin = header->first_index == 0 && header->previous == genesis_hash() &&
                              header->ledger == genesis_hash();
        const bool goes_on = header->first_index == end_.chain.next_index &&
                             header->previous == end_.chain.hash && header->ledger == end_.ledger;
        if (!goes_on || is_begin != (header->first_index == 0)) {
            return corrupt_at(path, 0, "does not continue the segment before it");
        }
        segment_ = number_of(path);
        return take_frames(path, *bytes, is_last);
    }

    [[nodiscard]] LedgerEnd& end() { return end_; }

    /// The last file that was asked for is not there any longer.
    [[nodiscard]] bool is_gone() const { return is_gone_; }

  private:
    std::unexpected<Error> corrupt_at(const std::filesystem::path& path,
                                      std::size_t offset,
                                      std::string_view what) {
        if (bad_ != nullptr) {
            *bad_ = BadPlace{path.filename().string(), offset, std::string(what)};
        }
        return fail(Fault::corrupt, fmt::format("{} at byte {}: {}", path.string(), offset, what));
    }

    Result<void> take_frames(const std::filesystem::path& path,
                             std::string_view bytes,
                             bool is_last) {
        std::optional<Error> error;
        const FramesEnd end = read_frames(bytes, [&](std::string_view payload, std::size_t offset) {
            const Result<void> taken = take_group(payload);
            if (!taken) {
                error = corrupt_at(path, offset, taken.error().text).error();
                error->fault = taken.error().fault;
            }
            return taken.has_value();
        });
        if (error) {
            return std::unexpected<Error>(std::move(*error));
        }
        if (end.kind == FramesEnd::Kind::torn && is_damage(end, is_last)) {
            return corrupt_at(path, end.whole_bytes,
                              "the record here is not what was written, and more follows it");
        }
        ++end_.segments_count;
        end_.last_segment_bytes = end.whole_bytes;
        end_.torn_tail_bytes = bytes.size() - end.whole_bytes;
        return {};
    }

    /// Says whether what is torn there is more than a crash can have left.
    [[nodiscard]] bool is_damage(const FramesEnd& end, bool is_last) const {
        // A segment is durable before the next one begins.
        const bool was_promised = !is_last || end.durable_count > end_.chain.next_index;
        // While the machine stays on, nothing that was written is lost, synced or not.
        const bool is_on_since = !files_.boot_id.empty() && end.boot_id == files_.boot_id;
        return was_promised || is_on_since;
    }

    Result<void> take_group(std::string_view payload) {
        const Result<GroupPrefix> prefix = parse_group_prefix(payload);
        if (!prefix) {
            return std::unexpected(prefix.error());
        }
        if (prefix->previous != end_.chain.hash) {
            return fail(Fault::corrupt, "the chain is broken: this record follows another one");
        }
        if (prefix->index != end_.chain.next_index || prefix->durable_count > prefix->index) {
            return fail(Fault::corrupt, fmt::format("group {} where group {} belongs",
                                                    prefix->index, end_.chain.next_index));
        }
        end_.chain.hash = next_hash(end_.chain.hash, payload);
        if (++end_.chain.next_index == 1) {
            end_.ledger = end_.chain.hash;
        }
        if (std::optional<DroppedBody> body = dropped_in(payload)) {
            end_.dropped = Dropped{std::move(*body), prefix->wall_at};
        }
        return visit_(ChainedGroup{*prefix, payload, end_.chain.hash, end_.ledger, segment_});
    }

    const LedgerFiles& files_;
    const VisitChained& visit_;
    bool is_gone_{false};
    std::optional<BadPlace>* bad_;  ///< Null: nobody asks.
    std::size_t segment_{0};
    LedgerEnd end_;
};

/// The position of the last segment whose first group is `first_index` or an earlier one. A header
/// that cannot be read counts as earlier: the reading then tells what is wrong with it.
Result<std::size_t> segment_holding(const Disk& disk,
                                    const std::vector<std::filesystem::path>& segments,
                                    std::uint64_t first_index) {
    for (std::size_t position = segments.size(); position > 1; --position) {
        const Result<std::string> bytes =
            disk.read(segments[position - 1], 0, segment_header_bytes);
        if (!bytes) {
            return std::unexpected<Error>(bytes.error());
        }
        const Result<SegmentHeader> header = parse_segment_header(*bytes);
        if (!header || header->first_index <= first_index) {
            return position - 1;
        }
    }
    return std::size_t{0};
}

}  // namespace

std::string segment_name(std::size_t number) {
    return fmt::format("{:0{}}{}", number, name_digits, suffix);
}

Result<std::uint64_t> first_index_in(const LedgerFiles& files) {
    const Result<std::vector<std::filesystem::path>> segments =
        find_segments(files.disk, files.directory);
    if (!segments || segments->empty()) {
        return segments ? Result<std::uint64_t>(0) : std::unexpected<Error>(segments.error());
    }
    const Result<std::string> bytes = files.disk.read(segments->front(), 0, segment_header_bytes);
    const Result<SegmentHeader> header =
        bytes ? parse_segment_header(*bytes) : std::unexpected<Error>(bytes.error());
    if (!header) {
        return fail(segments->front().string(), header.error());
    }
    return header->first_index;
}

Result<std::vector<std::filesystem::path>> list_segments(const Disk& disk,
                                                         const std::filesystem::path& directory) {
    Result<std::vector<std::filesystem::path>> segments = find_segments(disk, directory);
    if (!segments) {
        return segments;
    }
    if (const std::optional<std::size_t> missing = first_missing(*segments)) {
        return missing_from(directory, *missing);
    }
    return segments;
}

namespace {

/// Says whether a ledger that begins later than with its group 0 says so itself.
bool is_dropped_before(const LedgerEnd& end) {
    if (!end.dropped) {
        return false;
    }
    const DroppedBody& body = end.dropped->body;
    const bool is_at_begin =
        body.first_index == end.begin.next_index && body.hash == end.begin.hash;
    return body.ledger == end.ledger && (is_at_begin || body.first_index > end.begin.next_index);
}

/// Reads what was listed. `is_overtaken`: the first file that was wanted was dropped meanwhile, and
/// nothing was visited.
Result<LedgerEnd> read_listed(const LedgerFiles& files,
                              std::uint64_t first_index,
                              const VisitChained& visit,
                              std::optional<BadPlace>* bad,
                              bool& is_overtaken) {
    const Result<std::vector<std::filesystem::path>> segments =
        find_segments(files.disk, files.directory);
    if (!segments) {
        return std::unexpected<Error>(segments.error());
    }
    const auto missing = [&](std::size_t number) {
        if (bad != nullptr) {
            *bad = BadPlace{segment_name(number), 0, std::string(is_missing)};
        }
        return missing_from(files.directory, number);
    };
    if (const std::optional<std::size_t> number = first_missing(*segments)) {
        return missing(*number);
    }
    // Whoever wants everything wants the first file, whatever the headers of others say.
    const Result<std::size_t> first =
        first_index == 0 ? std::size_t{0} : segment_holding(files.disk, *segments, first_index);
    if (!first) {
        is_overtaken = first.error().fault == Fault::absent;
        return std::unexpected<Error>(first.error());
    }
    Reading reading(files, visit, bad);
    for (std::size_t position = *first; position < segments->size(); ++position) {
        const std::filesystem::path& path = (*segments)[position];
        const Result<void> taken = reading.take_segment(path, position + 1 == segments->size());
        if (!taken) {
            is_overtaken = reading.is_gone() && position == *first;
            return std::unexpected<Error>(taken.error());
        }
    }
    LedgerEnd& end = reading.end();
    end.first_segment = segments->empty() ? 0 : number_of(segments->front());
    end.segments_count = segments->size();
    // The name of the first file is not asked: a chain that begins with group 0 has lost nothing.
    const bool is_from_start = *first == 0 && end.begin.next_index > 0;
    if (is_from_start && !is_dropped_before(end)) {
        return missing(std::max<std::size_t>(end.first_segment, 1) - 1);
    }
    return std::move(end);
}

}  // namespace

Result<LedgerEnd> read_chain(const LedgerFiles& files,
                             std::uint64_t first_index,
                             const VisitChained& visit,
                             std::optional<BadPlace>* bad) {
    constexpr int listings_max = 3;  // A writer drops once a day.
    for (int listing = 1;; ++listing) {
        bool is_overtaken = false;
        Result<LedgerEnd> end = read_listed(files, first_index, visit, bad, is_overtaken);
        if (!is_overtaken || listing == listings_max) {
            return end;
        }
    }
}

Result<LedgerEnd> read_segments(const LedgerFiles& files,
                                std::uint64_t first_index,
                                const VisitFound& visit) {
    const VisitChained visit_chained = [&](const ChainedGroup& chained) -> Result<void> {
        const Result<json::value> value = parse_json(chained.payload);
        if (!value) {
            return fail(Fault::corrupt, value.error().text);
        }
        const Result<StoredGroup> stored = from_json<StoredGroup>(*value);
        if (!stored) {
            return fail(Fault::corrupt, stored.error().text);
        }
        if (stored->entries_count != stored->group.entries.size()) {
            return fail(Fault::corrupt,
                        fmt::format("a record of {} entries says that it has {}",
                                    stored->group.entries.size(), stored->entries_count));
        }
        return visit(
            FoundGroup{*stored, chained.payload, chained.hash, chained.ledger, chained.segment});
    };
    return read_chain(files, first_index, visit_chained);
}

Result<std::optional<std::string>> hash_after(const LedgerFiles& files, std::uint64_t index) {
    std::optional<std::string> hash;
    const VisitChained visit = [&](const ChainedGroup& found) -> Result<void> {
        if (found.prefix.index == index) {
            hash = found.hash;
        }
        return hash ? fail(Fault::refused, "enough is read") : Result<void>{};
    };
    const Result<LedgerEnd> end = read_chain(files, index, visit);
    if (!hash && !end) {
        return std::unexpected<Error>(end.error());
    }
    if (!hash && end->begin.next_index == index + 1) {
        hash = end->begin.hash;
    }
    return hash;
}

}  // namespace homeostat::adapters::segment_log
