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

/// The number of the first segment that is missing before a later one.
std::optional<std::size_t> first_missing(const std::vector<std::filesystem::path>& segments) {
    for (std::size_t number = 0; number < segments.size(); ++number) {
        if (segments[number].filename() != segment_name(number)) {
            return number;
        }
    }
    return std::nullopt;
}

constexpr std::string_view is_missing =
    "is missing, and later segments are there; bring it back from a copy";

/// The files in the directory that are named as segments are, in order.
Result<std::vector<std::filesystem::path>> find_segments(const Disk& disk,
                                                         const std::filesystem::path& directory) {
    const Result<std::vector<std::string>> names = disk.list(directory);
    if (!names) {
        return fail("the ledger", names.error());
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

/// Takes the frames of one segment after the other and keeps where the chain stands.
class Reading {
  public:
    Reading(const Disk& disk, const VisitFound& visit, std::optional<BadPlace>* bad)
        : disk_(disk), visit_(visit), bad_(bad) {}

    /// The first segment read may begin anywhere in the chain; the others where the last one ended.
    Result<void> take_segment(const std::filesystem::path& path, bool is_first, bool is_last) {
        const Result<std::string> bytes = disk_.read(path, 0, segment_bytes_limit + 1);
        if (!bytes) {
            return std::unexpected<Error>(bytes.error());
        }
        if (bytes->size() > segment_bytes_limit) {
            return corrupt_at(path, segment_bytes_limit, "larger than any segment of a ledger");
        }
        const Result<SegmentHeader> header = parse_segment_header(*bytes);
        if (!header) {
            return corrupt_at(path, 0, header.error().text);
        }
        if (is_first) {
            end_.chain = ChainEnd{header->first_index, header->previous};
        }
        if (header->first_index != end_.chain.next_index || header->previous != end_.chain.hash) {
            return corrupt_at(path, 0, "does not continue the segment before it");
        }
        return take_frames(path, *bytes, is_last);
    }

    [[nodiscard]] const LedgerEnd& end() const { return end_; }

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
        if (end.kind == FramesEnd::Kind::corrupt ||
            (end.kind == FramesEnd::Kind::torn && !is_last)) {
            return corrupt_at(path, end.whole_bytes,
                              "the record here is not what was written, and more follows it");
        }
        ++end_.segments_count;
        end_.last_segment_bytes = end.whole_bytes;
        end_.torn_tail_bytes = bytes.size() - end.whole_bytes;
        return {};
    }

    Result<void> take_group(std::string_view payload) {
        const Result<json::value> value = parse_json(payload);
        if (!value) {
            return fail(Fault::corrupt, value.error().text);
        }
        const Result<StoredGroup> stored = from_json<StoredGroup>(*value);
        if (!stored) {
            return fail(Fault::corrupt, stored.error().text);
        }
        if (stored->previous != end_.chain.hash) {
            return fail(Fault::corrupt, "the chain is broken: this record follows another one");
        }
        if (stored->group.index != end_.chain.next_index) {
            return fail(Fault::corrupt, fmt::format("group {} where group {} belongs",
                                                    stored->group.index, end_.chain.next_index));
        }
        end_.chain.hash = next_hash(end_.chain.hash, payload);
        ++end_.chain.next_index;
        return visit_(FoundGroup{*stored, payload, end_.chain.hash});
    }

    const Disk& disk_;
    const VisitFound& visit_;
    std::optional<BadPlace>* bad_;  ///< Null: nobody asks.
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

Result<LedgerEnd> read_segments(const Disk& disk,
                                const std::filesystem::path& directory,
                                std::uint64_t first_index,
                                const VisitFound& visit,
                                std::optional<BadPlace>* bad) {
    const Result<std::vector<std::filesystem::path>> segments = find_segments(disk, directory);
    if (!segments) {
        return std::unexpected<Error>(segments.error());
    }
    if (const std::optional<std::size_t> missing = first_missing(*segments)) {
        if (bad != nullptr) {
            *bad = BadPlace{segment_name(*missing), 0, std::string(is_missing)};
        }
        return missing_from(directory, *missing);
    }
    // Whoever wants everything wants the first file, whatever the headers of others say.
    const Result<std::size_t> first =
        first_index == 0 ? std::size_t{0} : segment_holding(disk, *segments, first_index);
    if (!first) {
        return std::unexpected<Error>(first.error());
    }
    Reading reading(disk, visit, bad);
    for (std::size_t position = *first; position < segments->size(); ++position) {
        // The very first segment has to begin with the genesis, which is where a reading begins.
        const bool is_anywhere = position == *first && *first > 0;
        const bool is_last = position + 1 == segments->size();
        const Result<void> taken =
            reading.take_segment((*segments)[position], is_anywhere, is_last);
        if (!taken) {
            return std::unexpected<Error>(taken.error());
        }
    }
    LedgerEnd end = reading.end();
    end.segments_count = segments->size();
    return end;
}

}  // namespace homeostat::adapters::segment_log
