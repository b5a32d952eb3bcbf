#pragma once

// SourcesWatchdog: takes marks off whose time is over, though everybody else is dead.
//
// What watchdog.hpp does for overrides: it asks nobody and only ever lets in. A mark without an end
// is over. It holds a lock of its own, so that a watchdog of an older version, which knows no
// marks, is not taken for one that would end them.
//
// Envoy reads all marks again for each change; so what has ended is taken off at most every few
// seconds, all of it together. The agent may write the same file in the same moment: of what is
// lost by that a mark is put on again when it is renewed, and one too many ends by its end, or at
// once: the agent takes the end of what it has taken off.
//
// A file of marks that cannot be read keeps all of them: Envoy goes on as it has loaded it.
//
// Blocks for as long as the files take. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/lock_file.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace homeostat::adapters::envoy {

class SourcesWatchdog {
  public:
    static constexpr std::chrono::seconds pause_between{5};

    /// ERRORS: busy: another one watches this directory; full: it cannot be written.
    [[nodiscard]] static Result<SourcesWatchdog> take(std::string directory);

    /// One look. Gives how many marks it took off; none also where nobody marks at this Envoy.
    /// ERRORS: invalid, full: nothing was changed; ask again later.
    [[nodiscard]] Result<std::size_t> pass(WallTime now);

  private:
    struct Seen {
        os::FileIdentity marks;
        os::FileIdentity ends;
    };

    SourcesWatchdog(std::string directory, os::LockFile lock)
        : directory_(std::move(directory)), lock_(std::move(lock)) {}
    [[nodiscard]] Seen look() const;
    [[nodiscard]] Result<std::size_t> take_off(WallTime now);
    [[nodiscard]] Result<std::size_t> put_again();

    std::string directory_;
    os::LockFile lock_;
    Seen seen_;
    WallTime passed_at_{};
    WallTime next_at_{};  ///< While the files stay as they are, nothing ends before.
    std::string put_;     ///< What it wrote last. A notice of the kernel can be lost: put again.
    int puts_left_{0};
};

}  // namespace homeostat::adapters::envoy
