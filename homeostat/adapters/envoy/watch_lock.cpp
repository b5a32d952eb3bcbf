#include "homeostat/adapters/envoy/watch_lock.hpp"

#include "homeostat/os/lock_file.hpp"

namespace homeostat::adapters::envoy {

std::string watch_lock_path(const std::string& directory) {
    return directory + "/watchdog.lock";
}

bool has_watchdog(const std::string& directory) {
    const Result<os::LockFile> lock = os::LockFile::take(watch_lock_path(directory));
    return !lock && lock.error().fault == Fault::busy;
}

}  // namespace homeostat::adapters::envoy
