#pragma once

// CheckpointStore: where commits are kept, and who may add to a thread.
//
// One suite (store_cases_for_test.hpp) holds every store to what stands here.

#include "homeostat/base/result.hpp"
#include "homeostat/graph/commit.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::graph {

enum class Durability : std::uint8_t {
    written,  ///< In order, and after a crash of the process.
    synced,   ///< Also after a loss of power.
};

/// Bytes of a commit's body that every store takes; a graph keeps within them (Limits). A ledger's
/// group holds 1 MiB, and in it a body is twice as long, in hex.
constexpr std::size_t body_bytes_everywhere = std::size_t{480} << 10U;

/// ERRORS: invalid, naming the commit: it does not come after `last` (null: it is not a first one),
/// or is not what its hash says. For the stores.
[[nodiscard]] Result<void> check_next(const Commit* last, const Commit& commit);

class CheckpointStore {
  public:
    virtual ~CheckpointStore() = default;

    /// Makes the caller the one writer of the thread, which need not exist yet. Whoever was it
    /// before is refused from now on. Gives the epoch to append with: 1, 2, 3, … ERRORS: full,
    /// corrupt.
    [[nodiscard]] virtual Result<std::uint64_t> claim(const std::string& thread) = 0;

    /// Keeps one commit, whole or not at all.
    /// ERRORS: refused: another writer has claimed the thread; invalid: it is not the thread's next
    /// (its number or its parent), not as its hash says, or longer than `body_bytes_everywhere` and
    /// than this store takes; full: nothing was kept, a later append
    /// may find room; corrupt: nothing can be kept any more.
    [[nodiscard]] virtual Result<void> append(const Commit& commit,
                                              std::uint64_t epoch,
                                              Durability durability) = 0;

    /// What a thread is made of: its latest snapshot at or before commit `until`, and the commits
    /// from there on to `until`, oldest first. `until` 0: the latest.
    /// ERRORS: absent: no such thread or commit; corrupt, naming the place.
    [[nodiscard]] virtual Result<std::vector<Commit>> read(const std::string& thread,
                                                           std::uint64_t until = 0) const = 0;

    /// Newest first, at most `count_max`, only those below `before`; 0: from the latest on.
    /// ERRORS: absent, corrupt.
    [[nodiscard]] virtual Result<std::vector<Commit>> history(const std::string& thread,
                                                              std::uint64_t before,
                                                              std::size_t count_max) const = 0;

    /// By name.
    [[nodiscard]] virtual Result<std::vector<std::string>> threads() const = 0;
};

}  // namespace homeostat::graph
