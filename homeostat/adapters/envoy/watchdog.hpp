#pragma once

// Watchdog: ends overrides whose time is over, though everybody else is dead.
//
// Envoy's files have no expiry. So each override of ours carries its end, and a process that does
// nothing else takes away what has ended: it asks nobody, knows no agent and no incident, and only
// ever restores what is usual. It holds a lock for as long as it lives, by which the actuator knows
// that an override would end.
//
// The agent may write the same file in the same moment. Whichever of the two is lost is noticed:
// the agent reads back what it wrote, and what has ended is still ended at the next pass. A file
// that took something away is put again at the next passes, because a notice of the kernel can be
// lost and here nobody reads back.
//
// Blocks for as long as a small file takes. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/os/lock_file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

class Watchdog {
  public:
    /// ERRORS: busy: another one watches this directory; full: it cannot be written.
    [[nodiscard]] static Result<Watchdog> take(std::string directory);

    /// One look at the file. Gives the keys that it took away, none if there was nothing to do.
    /// ERRORS: absent, invalid, full: nothing was changed; ask again later.
    [[nodiscard]] Result<std::vector<std::string>> pass(WallTime now);

  private:
    Watchdog(std::string directory, os::LockFile lock)
        : directory_(std::move(directory)), lock_(std::move(lock)) {}
    [[nodiscard]] Result<void> put_again(std::string_view found);

    std::string directory_;
    os::LockFile lock_;
    std::string put_;  ///< What it wrote last; empty: it need not be put again.
    int puts_left_{0};
};

}  // namespace homeostat::adapters::envoy
