#include "homeostat/adapters/envoy/watch_lock.hpp"

#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/os/lock_file.hpp"

#include <fmt/format.h>

#include <string>

namespace homeostat::adapters::envoy {

namespace {

bool is_held(const std::string& path) {
    const Result<os::LockFile> lock = os::LockFile::take(path);
    return !lock && lock.error().fault == Fault::busy;
}

}  // namespace

std::string watch_lock_path(const std::string& directory) {
    return directory + "/watchdog.lock";
}

std::string sources_lock_path(const std::string& directory) {
    return fmt::format("{}/{}.lock", directory, sources_filter);
}

bool has_watchdog(const std::string& directory) {
    return is_held(watch_lock_path(directory));
}

bool has_sources_watchdog(const std::string& directory) {
    return is_held(sources_lock_path(directory));
}

}  // namespace homeostat::adapters::envoy
