#include "homeostat/app/notice_cursor.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::size_t file_bytes_max = 4096;  // Of eight channels.

}  // namespace

std::filesystem::path notices_file_of(const std::filesystem::path& ledger) {
    std::string path = ledger.string();
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    return path + ".notices";
}

Result<void> write_notice_cursors(const std::filesystem::path& file, const NoticeCursors& cursors) {
    return os::write_file_atomically(file.string(), to_text(to_json(cursors)) + "\n", 0600);
}

Result<NoticeCursors> read_notice_cursors(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), file_bytes_max);
    if (!text) {
        return text.error().fault == Fault::absent ? Result<NoticeCursors>(NoticeCursors{})
                                                   : std::unexpected(text.error());
    }
    const Result<json::value> value = parse_json(*text);
    Result<NoticeCursors> cursors =
        value ? from_json<NoticeCursors>(*value) : std::unexpected<Error>(value.error());
    return cursors ? std::move(cursors)
                   : fail(Fault::corrupt,
                          file.string() + " is no file of ours: " + cursors.error().text +
                              "; it is written anew, and people are told once more of what they "
                              "may know");
}

NoticeCursor::NoticeCursor(std::optional<std::uint64_t> recorded, std::uint64_t groups_count)
    // One that is beyond the end is of a ledger that was there before this one.
    : begin_(std::min(recorded.value_or(groups_count), groups_count)), groups_(begin_) {}

void NoticeCursor::reach(std::optional<std::uint64_t> owed_after, std::uint64_t looked_at) {
    groups_ = std::max(groups_, std::min(owed_after.value_or(looked_at), looked_at));
}

}  // namespace homeostat::app
