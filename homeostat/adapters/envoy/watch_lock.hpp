#pragma once

// Whether a watchdog lives that ends overrides and marks for us: it holds DIRECTORY/watchdog.lock,
// and another one for marks, which older watchdogs do not know.
//
// Asked before every override and mark: without a watchdog nothing would end a circuit whose agent
// has died, so none is opened then.

#include <string>

namespace homeostat::adapters::envoy {

[[nodiscard]] std::string watch_lock_path(const std::string& directory);
[[nodiscard]] std::string sources_lock_path(const std::string& directory);

/// To ask takes the lock for a moment if nobody has it; a watchdog that starts in it tries again.
[[nodiscard]] bool has_watchdog(const std::string& directory);
[[nodiscard]] bool has_sources_watchdog(const std::string& directory);

}  // namespace homeostat::adapters::envoy
