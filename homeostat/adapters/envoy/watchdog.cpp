#include "homeostat/adapters/envoy/watchdog.hpp"

#include "homeostat/adapters/envoy/options.hpp"
#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/adapters/envoy/watch_lock.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <utility>

namespace homeostat::adapters::envoy {

namespace {

constexpr int puts_again_max = 2;

}  // namespace

Result<Watchdog> Watchdog::take(std::string directory) {
    Result<os::LockFile> lock = os::LockFile::take(watch_lock_path(directory));
    if (!lock) {
        return std::unexpected(lock.error());
    }
    return Watchdog(std::move(directory), *std::move(lock));
}

Result<std::vector<std::string>> Watchdog::pass(WallTime now) {
    const std::string path = runtime_path(directory_);
    const Result<std::string> text = os::read_file(path, runtime_file_limits.bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    const Result<RuntimeFile> file = RuntimeFile::parse(*text);
    if (!file) {
        return fail(path, file.error());
    }
    std::vector<std::string> ended = file->ended_keys(now);
    if (ended.empty()) {
        const Result<void> put = put_again(*text);
        return put ? Result<std::vector<std::string>>(std::move(ended))
                   : std::unexpected(put.error());
    }
    std::vector<SwitchOrder> orders;
    for (const std::string& key : ended) {
        orders.push_back({key, std::nullopt});
    }
    put_ = file->render(fmt::format("w-{}", now.time_since_epoch().count()), orders);
    puts_left_ = puts_again_max;
    if (Result<void> written = os::write_file_atomically(path, put_); !written) {
        return std::unexpected(written.error());
    }
    return ended;
}

/// Not if somebody has written another one since.
Result<void> Watchdog::put_again(std::string_view found) {
    if (puts_left_ == 0 || found != put_) {
        puts_left_ = 0;
        return {};
    }
    --puts_left_;
    return os::write_file_atomically(runtime_path(directory_), put_);
}

}  // namespace homeostat::adapters::envoy
