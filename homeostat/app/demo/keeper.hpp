#pragma once

// Keeper: what the demo starts ends with the demo, however the demo ends.
//
// `run_kept` forks twice. The middle process is the keeper: a subreaper, so that every process of
// the tree that loses its parent (instances live in sessions of their own) becomes the keeper's
// child. It holds one end of a pipe whose other end only the outermost process has: when that one
// dies, even by SIGKILL, the pipe closes and the keeper ends the whole tree. The innermost process
// runs `body`.
//
// Not thread-safe: call it before any thread is started.

#include "homeostat/base/result.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace homeostat::app::demo {

struct KeptRun {
    int exit_status{0};                   ///< Of the body; 128 + signal when it was killed.
    std::uint32_t leftover_processes{0};  ///< Alive in the tree after the body had ended.
    bool is_interrupted{false};           ///< SIGINT or SIGTERM came; everything was ended.
};

/// Runs `body` in the innermost process and ends what it leaves behind.
/// ERRORS: absent: a process or a pipe could not be made.
[[nodiscard]] Result<KeptRun> run_kept(const std::function<int()>& body);

/// Processes of the tree under `root`, without `root` itself and without zombies.
[[nodiscard]] std::vector<int> descendants_of(int root);

}  // namespace homeostat::app::demo
