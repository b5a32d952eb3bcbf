#include "homeostat/adapters/segment_log/head_file.hpp"

#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>

namespace homeostat::adapters::segment_log {

namespace {

constexpr std::string_view line_begin = R"({"ledger":")";

/// Of zeros that a power loss left where bytes were not written yet; more is none of ours.
constexpr std::size_t zeros_max = std::size_t{64} << 10U;
/// Holds a whole line, whatever may stand torn behind it.
constexpr std::size_t tail_bytes_max = 2 * head_line_bytes_max + zeros_max;

/// Says whether `text` may be what a crash left of a line of ours: only that may be cut off.
bool begins_as_a_line(std::string_view text) {
    text = text.substr(0, text.find_last_not_of('\0') + 1);
    return text.size() < head_line_bytes_max &&
           (text.starts_with(line_begin) || line_begin.starts_with(text));
}

/// What is wrong with writing `head` behind `last`; empty: nothing.
std::string objection_to(const SignedHead& head, const SignedHead& last) {
    if (head.ledger != last.ledger) {
        return "its last head is of another ledger";
    }
    if (head.key != last.key) {
        return fmt::format("its last head is signed with the key {}, and the next one with {}",
                           last.key, head.key);
    }
    if (head.index < last.index) {
        return fmt::format(
            "it has the head of group {}, and the ledger ends at group {}: the end was cut off, or "
            "this is an older copy",
            last.index, head.index);
    }
    if (head.index == last.index && head.hash != last.hash) {
        return fmt::format("it has seen another group {}", last.index);
    }
    if (head.begins < last.begins) {
        return fmt::format(
            "it has seen that the ledger keeps group {} and later ones, and here it "
            "begins at group {}: this is an older copy",
            last.begins, head.begins);
    }
    return {};
}

}  // namespace

Result<HeadTail> parse_head_tail(std::string_view bytes) {
    const std::size_t end = bytes.rfind('\n');
    const std::size_t torn_begin = end == std::string_view::npos ? 0 : end + 1;
    if (!begins_as_a_line(bytes.substr(torn_begin))) {
        return fail(Fault::corrupt, "it has no line feed and does not begin as one of ours");
    }
    if (end == std::string_view::npos) {
        return HeadTail{.last = {}, .whole_bytes = 0, .torn_bytes = bytes.size()};
    }
    const std::string_view before = bytes.substr(0, end);
    const std::size_t begin = before.rfind('\n');
    Result<SignedHead> head =
        parse_head_line(before.substr(begin == std::string_view::npos ? 0 : begin + 1));
    if (!head) {
        return std::unexpected(head.error());
    }
    return HeadTail{.last = std::move(*head),
                    .whole_bytes = torn_begin,
                    .torn_bytes = bytes.size() - torn_begin};
}

Result<HeadTail> HeadFile::tail() const {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path_, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        const std::string directory = os::parent_of(path_.string());
        if (!std::filesystem::is_directory(directory, error)) {
            return fail(Fault::absent,
                        fmt::format("{}: the directory {} is not there; mount it, or make it by "
                                    "hand: a witness's directory is never made here",
                                    path_.string(), directory));
        }
        return HeadTail{};
    }
    if (!error && !std::filesystem::is_regular_file(status)) {
        return fail(Fault::invalid,
                    path_.string() + " is no regular file, and heads are read again; name a file");
    }
    const std::uintmax_t size = std::filesystem::file_size(path_, error);
    if (error) {
        return fail(Fault::full, path_.string() + ": " + error.message());
    }
    const std::uint64_t begin = size > tail_bytes_max ? size - tail_bytes_max : 0;
    const Result<std::string> bytes = disk_.read(path_, begin, tail_bytes_max);
    if (!bytes) {
        return std::unexpected(bytes.error());
    }
    Result<HeadTail> tail = parse_head_tail(*bytes);
    if (tail && !tail->last && begin > 0) {
        tail = fail(Fault::corrupt, "no whole line in its last bytes");
    }
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
    return found ? append_behind(*found, head) : std::unexpected(found.error());
}

Result<void> HeadFile::append_first(const SignedHead& head) const {
    const Result<HeadTail> found = tail();
    if (found && found->last) {
        return fail(Fault::busy, path_.string() + ": a head has come there meanwhile");
    }
    return found ? append_behind(*found, head) : std::unexpected(found.error());
}

Result<void> HeadFile::append_behind(const HeadTail& tail, const SignedHead& head) const {
    const std::string wrong = tail.last ? objection_to(head, *tail.last) : std::string();
    if (!wrong.empty()) {
        return fail(Fault::corrupt, path_.string() + ": " + wrong);
    }
    const Result<OpenFile> file = disk_.open(path_);
    if (!file) {
        return std::unexpected(file.error());
    }
    // An append-only file (chattr +a) refuses even to be cut to the size that it has.
    Result<void> done;
    if (tail.torn_bytes > 0) {
        done = disk_.truncate(*file, tail.whole_bytes);
    }
    done = done ? disk_.append(*file, to_head_line(head)) : done;
    done = done ? disk_.sync(*file) : done;
    const bool is_new = tail.whole_bytes == 0;
    return done && is_new ? disk_.sync_directory(os::parent_of(path_.string())) : done;
}

}  // namespace homeostat::adapters::segment_log
