#pragma once

// Cgroup: a group of processes with a weight, a memory limit and an end of its own (cgroup v2).
//
// Groups can be made only below the one that we are in, only where its directory is ours, and only
// once no process is left in it itself. So we move ourselves into a part of it, "agent", as systemd
// asks of whoever is delegated a group; whom we start from then on is there, too. Processes of
// others are never moved: where there are some, there is no group.
//
// The choice not taken: cgroup v1, which no system sets up any more and which keeps each kind of
// limit in a tree of its own.
//
// Not thread-safe. Calls block as long as the kernel takes.

#include "homeostat/base/result.hpp"
#include "homeostat/os/fd.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace homeostat::os {

/// Where the kernel tells and is told of groups; other places only in tests.
struct CgroupTree {
    std::string root{"/sys/fs/cgroup"};
    std::string own{"/proc/self/cgroup"};
    std::string systemd{"/run/systemd/system"};  ///< There, if systemd owns what it did not give.
};

/// Of which group we could make parts, by its directory; changes nothing.
/// ERRORS: absent: there is no cgroup v2 with processor, memory and number of processes here;
/// refused: the group is not ours; busy: others are in it. The text is a sentence for people
/// without a mend.
[[nodiscard]] Result<std::string> find_delegated_cgroup(const CgroupTree& tree = {});

/// Moves us into its part "agent" and lets it have limited parts. Once is enough; again is
/// harmless. ERRORS: busy: there are processes of others in it; refused.
[[nodiscard]] Result<void> divide_cgroup(const std::string& directory);

struct CgroupLimits {
    std::uint64_t memory_bytes_max{0};  ///< Files that it maps included. 0: no limit.
    std::uint32_t processes_max{0};     ///< Threads included. 0: no limit.
};

class Cgroup {
  public:
    /// A part of `parent`, which has been divided. It gets processor time that nobody else in
    /// `parent` wants, no swap, and runs out of memory as a whole.
    /// ERRORS: busy: somebody is in it; refused.
    [[nodiscard]] static Result<Cgroup> make(const std::string& parent,
                                             const std::string& name,
                                             const CgroupLimits& limits);
    /// Ends whoever is in it, and removes it.
    ~Cgroup();
    Cgroup(Cgroup&&) noexcept = default;
    Cgroup& operator=(Cgroup&&) = delete;
    Cgroup(const Cgroup&) = delete;
    Cgroup& operator=(const Cgroup&) = delete;

    [[nodiscard]] const std::string& directory() const { return directory_; }
    /// A process that writes "0" into it is in the group.
    [[nodiscard]] int entrance_fd() const { return entrance_.number(); }
    /// Whether the kernel has ended somebody in it because its memory was used up, and not the
    /// machine's.
    [[nodiscard]] bool has_run_out_of_memory() const;

  private:
    Cgroup(std::string directory, Fd entrance)
        : directory_(std::move(directory)), entrance_(std::move(entrance)) {}

    std::string directory_;  ///< Empty after a move.
    Fd entrance_;
};

}  // namespace homeostat::os
