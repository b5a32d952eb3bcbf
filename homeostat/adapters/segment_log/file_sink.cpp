#include "homeostat/adapters/segment_log/file_sink.hpp"

#include "homeostat/adapters/segment_log/segment_format.hpp"
#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <system_error>

namespace homeostat::adapters::segment_log {

namespace {

constexpr std::string_view before_hash = R"({"hash":")";
constexpr std::string_view before_group = R"(","group":)";
constexpr std::string_view after_group = "}";
constexpr std::size_t around_bytes =
    before_hash.size() + hash_digits + before_group.size() + after_group.size();
constexpr std::size_t line_bytes_max = around_bytes + payload_bytes_max + 1;

/// Says whether `text` may be what a crash left of a line of ours: only that may be cut off.
bool begins_as_a_line(std::string_view text) {
    const std::string_view start = text.substr(0, before_hash.size());
    const std::string_view hash = text.substr(start.size(), hash_digits);
    const std::string_view middle =
        text.substr(start.size() + hash.size()).substr(0, before_group.size());
    return text.size() < line_bytes_max && before_hash.starts_with(start) &&
           hash.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
           before_group.starts_with(middle);
}

/// False once somebody has moved or removed it: what is written then is seen by nobody.
bool is_at_its_path(const OpenFile& file) {
    struct stat open{};
    struct stat found{};
    return ::fstat(file.descriptor.number(), &open) == 0 &&
           ::stat(file.path.c_str(), &found) == 0 && open.st_dev == found.st_dev &&
           open.st_ino == found.st_ino;
}

std::unexpected<Error> none_of_this_ledger(const std::filesystem::path& file,
                                           std::string_view because) {
    return fail(Fault::corrupt,
                fmt::format("{}: the last line is none of this ledger ({}); move the file away, or "
                            "name another one",
                            file.string(), because));
}

/// While catching up, lines are written in batches of about this size.
constexpr std::size_t batch_bytes = std::size_t{256} << 10U;

Result<SinkTail> read_tail(const Disk& disk, const std::filesystem::path& file) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(file, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        return SinkTail{};
    }
    if (!error && !std::filesystem::is_regular_file(status)) {  // Opening a pipe might not return.
        return fail(Fault::invalid, file.string() +
                                        " is no regular file, and a sink is read again, as the "
                                        "ledger's witness; name a file (`tail -F` sends it on)");
    }
    const std::uintmax_t size = std::filesystem::file_size(file, error);
    if (error) {
        return fail(Fault::full, file.string() + ": " + error.message());
    }
    // Two lines' worth holds one whole line, whatever stands torn behind it.
    const std::uint64_t begin = size > 2 * line_bytes_max ? size - 2 * line_bytes_max : 0;
    const Result<std::string> bytes = disk.read(file, begin, 2 * line_bytes_max);
    if (!bytes) {
        return std::unexpected<Error>(bytes.error());
    }
    Result<SinkTail> tail = parse_sink_tail(*bytes);
    if (!tail) {
        return none_of_this_ledger(file, tail.error().text);
    }
    tail->whole_bytes += tail->last ? begin : 0;
    return tail;
}

}  // namespace

std::string to_witness_line(std::string_view hash, std::string_view payload) {
    std::string line;
    line.reserve(around_bytes + payload.size() + 1);
    line.append(before_hash).append(hash).append(before_group).append(payload);
    line.append(after_group).append("\n");
    return line;
}

Result<WitnessPoint> parse_witness_line(std::string_view line) {
    if (line.size() <= around_bytes || !line.starts_with(before_hash) ||
        !line.ends_with(after_group)) {
        return fail(Fault::corrupt, "not a line of a ledger's sink");
    }
    const std::string_view hash = line.substr(before_hash.size(), hash_digits);
    const std::string_view rest = line.substr(before_hash.size() + hash_digits);
    if (!is_hash(hash) || !rest.starts_with(before_group)) {
        return fail(Fault::corrupt, "not a line of a ledger's sink");
    }
    const std::string_view payload =
        line.substr(around_bytes - after_group.size(), line.size() - around_bytes);
    const Result<json::value> value = parse_json(payload);
    if (!value) {
        return fail(Fault::corrupt, value.error().text);
    }
    const Result<StoredGroup> stored = from_json<StoredGroup>(*value);
    if (!stored || !is_hash(stored->previous)) {
        return fail(Fault::corrupt, stored ? "no hash before it" : stored.error().text);
    }
    if (next_hash(stored->previous, payload) != hash) {
        return fail(Fault::corrupt, "its hash is not the one of its group");
    }
    return WitnessPoint{stored->group.index, std::string(hash)};
}

Result<SinkTail> parse_sink_tail(std::string_view bytes) {
    const std::size_t end = bytes.rfind('\n');
    const std::size_t torn_begin = end == std::string_view::npos ? 0 : end + 1;
    if (!begins_as_a_line(bytes.substr(torn_begin))) {
        return fail(Fault::corrupt, "it has no line feed and does not begin as one of ours");
    }
    if (end == std::string_view::npos) {
        return SinkTail{.last = {}, .whole_bytes = 0, .torn_bytes = bytes.size()};
    }
    const std::string_view whole = bytes.substr(0, end);
    const std::size_t before = whole.rfind('\n');
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    const Result<WitnessPoint> point = parse_witness_line(whole.substr(start));
    if (!point) {
        return std::unexpected<Error>(point.error());
    }
    return SinkTail{
        .last = *point, .whole_bytes = torn_begin, .torn_bytes = bytes.size() - torn_begin};
}

Result<std::optional<WitnessPoint>> last_witness_point(const Disk& disk,
                                                       const std::filesystem::path& file) {
    Result<SinkTail> tail = read_tail(disk, file);
    if (!tail) {
        return std::unexpected<Error>(tail.error());
    }
    return std::move(tail->last);
}

Result<void> FileSink::copy(std::string_view lines,
                            std::uint64_t first_index,
                            std::uint64_t next_index) {
    if (file_.is_open() && !is_at_its_path(file_)) {
        file_ = OpenFile();
        return fail(Fault::absent, path_.string() +
                                       " is not there any more; with the next record it is "
                                       "written anew, and no witness of the time before");
    }
    Result<void> done;
    if (!file_.is_open()) {
        done = open();
    }
    if (!done || next_index <= next_index_) {
        return done;
    }
    if (first_index != next_index_ || lines.empty()) {
        return catch_up(next_index);
    }
    done = write(lines);
    next_index_ = done ? next_index : next_index_;
    return done;
}

Result<void> FileSink::open() {
    if (const Result<void> made = os::make_directories(os::parent_of(path_.string())); !made) {
        return made;
    }
    const Result<SinkTail> tail = read_tail(disk_, path_);
    if (!tail) {
        return std::unexpected<Error>(tail.error());
    }
    Result<OpenFile> file = disk_.open(path_);
    if (!file) {
        return std::unexpected<Error>(file.error());
    }
    // An append-only file (chattr +a) refuses even to be cut to the size that it has.
    if (tail->torn_bytes > 0) {
        if (const Result<void> cut = disk_.truncate(*file, tail->whole_bytes); !cut) {
            return cut;
        }
    }
    file_ = std::move(*file);
    next_index_ = tail->last ? tail->last->index + 1 : 0;
    return {};
}

Result<void> FileSink::catch_up(std::uint64_t next_index) {
    std::string batch;
    std::uint64_t batch_next_index = next_index_;
    const auto flush = [&] -> Result<void> {
        const Result<void> written = write(batch);
        if (written) {
            next_index_ = batch_next_index;
        }
        batch.clear();
        return written;
    };
    const VisitFound visit = [&](const FoundGroup& found) -> Result<void> {
        const std::uint64_t index = found.stored.group.index;
        if (index < batch_next_index || index >= next_index) {
            return {};
        }
        batch += to_witness_line(found.hash, found.payload);
        batch_next_index = index + 1;
        return batch.size() < batch_bytes ? Result<void>() : flush();
    };
    const Result<LedgerEnd> end = read_segments({ledger_, {}, disk_}, next_index_, visit);
    if (!end) {
        return std::unexpected<Error>(end.error());
    }
    return batch.empty() ? Result<void>() : flush();
}

Result<void> FileSink::write(std::string_view lines) {
    const Result<void> done = disk_.append(file_, lines);
    if (!done) {
        file_ = OpenFile();  // A part of a line may stand there; open() cuts it and counts anew.
    }
    return done;
}

}  // namespace homeostat::adapters::segment_log
