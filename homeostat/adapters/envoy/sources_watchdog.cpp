#include "homeostat/adapters/envoy/sources_watchdog.hpp"

#include "homeostat/adapters/envoy/options.hpp"
#include "homeostat/adapters/envoy/source_ends.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/adapters/envoy/watch_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace homeostat::adapters::envoy {

namespace {

constexpr int puts_again_max = 2;

/// Envoy knows no ends: it keeps all that it has loaded.
std::unexpected<Error> unreadable(const Error& error) {
    return fail(error.fault, fmt::format("{}; until it is mended Envoy goes on denying what it had "
                                         "loaded, and nobody is let in",
                                         error.text));
}

}  // namespace

Result<SourcesWatchdog> SourcesWatchdog::take(std::string directory) {
    Result<os::LockFile> lock = os::LockFile::take(sources_lock_path(directory));
    if (!lock) {
        return std::unexpected(lock.error());
    }
    return SourcesWatchdog(std::move(directory), *std::move(lock));
}

/// What is not there has an identity of zeros.
SourcesWatchdog::Seen SourcesWatchdog::look() const {
    return {os::identify_file(sources_path(directory_)).value_or(os::FileIdentity{}),
            os::identify_file(ends_path(directory_)).value_or(os::FileIdentity{})};
}

Result<std::size_t> SourcesWatchdog::pass(WallTime now) {
    const Seen seen = look();
    if (seen.marks.inode == 0) {
        return 0;
    }
    const bool is_as_before =
        seen.marks.is_same_as(seen_.marks) && seen.ends.is_same_as(seen_.ends);
    const bool is_clock_back = now < passed_at_;
    passed_at_ = now;
    if (is_as_before && !is_clock_back && puts_left_ > 0) {
        return put_again();
    }
    puts_left_ = 0;
    if (is_as_before && !is_clock_back && now < next_at_) {
        return 0;
    }
    seen_ = seen;
    next_at_ = now;  // Until it succeeds it is tried again.
    return take_off(now);
}

Result<std::size_t> SourcesWatchdog::take_off(WallTime now) {
    const std::string path = sources_path(directory_);
    // The marks first: their ends were there before them.
    const Result<std::string> text = os::read_file(path, sources_file_limits.bytes_max);
    if (!text) {
        return unreadable(text.error());
    }
    Result<SourcesFile> file = SourcesFile::parse(*text);
    if (!file) {
        return unreadable(fail(path, file.error()).error());
    }
    const Result<std::string> ends_text =
        os::read_file(ends_path(directory_), sources_file_limits.bytes_max);
    const SourceEnds ends =
        ends_text ? parse_source_ends(*ends_text).value_or(SourceEnds{}) : SourceEnds{};
    const std::vector<Network> ended = ended_sources(*file, ends, now);
    for (const Network& source : ended) {
        file->marks.erase(source);
    }
    const WallTime next = next_end(*file, ends);
    if (ended.empty()) {
        next_at_ = next;
        return 0;
    }
    if (!look().marks.is_same_as(seen_.marks)) {
        return 0;  // Somebody writes just now; the next look judges what they wrote.
    }
    file->version = fmt::format("w-{}", now.time_since_epoch().count());
    put_ = file->render();
    if (Result<void> written = os::write_file_atomically(path, put_); !written) {
        return std::unexpected(written.error());
    }
    seen_ = look();
    next_at_ = std::max(next, now + pause_between);
    puts_left_ = puts_again_max;
    return ended.size();
}

Result<std::size_t> SourcesWatchdog::put_again() {
    --puts_left_;
    if (Result<void> written = os::write_file_atomically(sources_path(directory_), put_);
        !written) {
        return std::unexpected(written.error());
    }
    seen_ = look();
    return 0;
}

}  // namespace homeostat::adapters::envoy
