#include "homeostat/adapters/segment_log/head_file.hpp"

#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>

namespace homeostat::adapters::segment_log {

namespace {

constexpr std::string_view line_begin = R"({"ledger":")";

/// Says whether `text` may be what a crash left of a line of ours: only that may be cut off.
bool begins_as_a_line(std::string_view text) {
    return text.size() < head_line_bytes_max &&
           (text.starts_with(line_begin) || line_begin.starts_with(text));
}

}  // namespace

Result<HeadTail> parse_head_tail(std::string_view bytes) {
    const std::size_t end = bytes.rfind('\n');
    const std::size_t torn_begin = end == std::string_view::npos ? 0 : end + 1;
    if (!begins_as_a_line(bytes.substr(torn_begin))) {
        return fail(Fault::corrupt, "it has no line feed and does not begin as one of ours");
    }
    if (end == std::string_view::npos) {
        return HeadTail{};
    }
    const std::string_view before = bytes.substr(0, end);
    const std::size_t begin = before.rfind('\n');
    Result<SignedHead> head =
        parse_head_line(before.substr(begin == std::string_view::npos ? 0 : begin + 1));
    if (!head) {
        return std::unexpected(head.error());
    }
    return HeadTail{std::move(*head), torn_begin};
}

Result<HeadTail> HeadFile::tail() const {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path_, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        return HeadTail{};
    }
    if (!error && !std::filesystem::is_regular_file(status)) {
        return fail(Fault::invalid,
                    path_.string() + " is no regular file, and heads are read again; name a file");
    }
    const std::uintmax_t size = error ? 0 : std::filesystem::file_size(path_, error);
    if (error) {
        return fail(Fault::full, path_.string() + ": " + error.message());
    }
    const std::uint64_t begin = size > 2 * head_line_bytes_max ? size - 2 * head_line_bytes_max : 0;
    const Result<std::string> bytes = disk_.read(path_, begin, 2 * head_line_bytes_max);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    Result<HeadTail> tail = parse_head_tail(*bytes);
    if (!tail) {
        return fail(
            Fault::corrupt,
            fmt::format("{}: the last line is no signed head ({}); bring the file back from "
                        "a copy, or move it away if it is another's",
                        path_.string(), tail.error().text));
    }
    tail->whole_bytes += tail->last ? begin : 0;
    return tail;
}

Result<std::optional<SignedHead>> HeadFile::last() const {
    Result<HeadTail> found = tail();
    if (!found) {
        return std::unexpected(found.error());
    }
    return std::move(found->last);
}

Result<void> HeadFile::append(const SignedHead& head) const {
    const Result<HeadTail> found = tail();
    if (!found) {
        return std::unexpected(found.error());
    }
    Result<void> done = os::make_directories(os::parent_of(path_.string()));
    if (!done) {
        return done;
    }
    const Result<OpenFile> file = disk_.open(path_);
    if (!file) {
        return std::unexpected(file.error());
    }
    done = disk_.truncate(*file, found->whole_bytes);
    done = done ? disk_.append(*file, to_head_line(head)) : done;
    done = done ? disk_.sync(*file) : done;
    const bool is_new = found->whole_bytes == 0;
    return done && is_new ? disk_.sync_directory(os::parent_of(path_.string())) : done;
}

}  // namespace homeostat::adapters::segment_log
