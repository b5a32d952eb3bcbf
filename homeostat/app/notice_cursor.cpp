#include "homeostat/app/notice_cursor.hpp"

#include "homeostat/app/approval_signing.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace homeostat::app {

namespace {

constexpr std::size_t digits_kept = 16;  // Of a digest: channels are few.

}  // namespace

std::vector<std::string> cursor_names(const std::vector<ChannelConfig>& channels) {
    std::map<std::string, std::size_t> counts;
    std::vector<std::string> names;
    for (const ChannelConfig& channel : channels) {
        const bool is_in_file = channel.url.empty();
        const std::string target = is_in_file ? "file " + channel.url_file.string() : channel.url;
        std::string name(to_text(channel.shape));
        name += " " + sha256_of(target).substr(0, digits_kept);
        const std::size_t count = ++counts[name];
        names.push_back(count == 1 ? name : name + " " + std::to_string(count));
    }
    return names;
}

std::optional<std::uint64_t> told_up_to(const NoticeCursors& kept,
                                        const std::string& name,
                                        std::size_t index) {
    const auto is_place = [](const auto& one) { return one.first.starts_with("notify["); };
    const bool is_of_before = std::ranges::all_of(kept, is_place);
    const auto known = kept.find(is_of_before ? channel_name(index) : name);
    return known == kept.end() ? std::nullopt : std::optional(known->second);
}

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

Result<NoticeCursors> parse_notice_cursors(std::string_view text) {
    const Result<json::value> value = parse_json(text, {.bytes_max = notice_cursors_bytes_max});
    Result<NoticeCursors> cursors =
        value ? from_json<NoticeCursors>(*value) : std::unexpected<Error>(value.error());
    return cursors ? std::move(cursors) : fail(Fault::corrupt, cursors.error().text);
}

Result<NoticeCursors> read_notice_cursors(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), notice_cursors_bytes_max);
    if (!text) {
        return text.error().fault == Fault::absent ? Result<NoticeCursors>(NoticeCursors{})
                                                   : std::unexpected(text.error());
    }
    Result<NoticeCursors> cursors = parse_notice_cursors(*text);
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
