#pragma once

// Confinement: what a program that we start may still touch, once it runs.
//
// It reads and runs what is named, changes what is named, and nothing else on disk (Landlock). It
// makes streams of UNIX sockets to be called on, and calls nobody: no network, no datagrams, no
// socket of ours (a seccomp filter). It never gains a privilege again, has of root's at most the
// right to open what is named, cannot look into other processes or signal them, and is the first
// that the kernel ends when the machine has no memory left.
//
// No right is needed to set it up. What a kernel does not know is left out: confinement_support
// says so beforehand. What it knows and then refuses ends the start.
//
// The choice not taken: namespaces, which need root or a kernel that lets everybody make some.
//
// Move-only. Not thread-safe.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::os {

struct ConfinementSettings {
    std::vector<std::string> readable;  ///< Files and directories. What is not there is left out.
    std::vector<std::string> writable;  ///< Likewise; in directories it makes files and sockets.
    /// Of its own memory, not of files that it maps. 0: no limit.
    std::uint64_t data_bytes_max{0};
};

struct ConfinementSupport {
    bool files{false};    ///< Landlock: what it reads, changes and looks into.
    bool signals{false};  ///< Landlock's sixth version (Linux 6.12): whom it signals.
    bool network{false};  ///< seccomp, on x86-64 and on arm64.
};

/// What this kernel can do for it.
[[nodiscard]] ConfinementSupport confinement_support();

class Confinement {
  public:
    /// ERRORS: unreachable: a path that cannot be opened, or no room for the rules.
    [[nodiscard]] static Result<Confinement> make(const ConfinementSettings& settings);

    /// From here on, for this process and whatever it runs. Safe between fork and exec. False, with
    /// errno, if the kernel refused a part.
    [[nodiscard]] bool enter() const;

  private:
    Confinement() = default;

    Fd rules_;                         ///< Closed where there is no Landlock.
    std::vector<sock_filter> filter_;  ///< Empty where there is no seccomp.
    sock_fprog program_{};             ///< Of filter_, whose place in memory a move keeps.
    std::uint64_t data_bytes_max_{0};
};

}  // namespace homeostat::os
