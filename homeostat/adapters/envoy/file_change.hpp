#pragma once

// FileChange: one file of Envoy's put in place, and what Envoy has made of it.
//
// A file is written beside its place and renamed onto it: Envoy notices renames onto the path, and
// nothing else. What Envoy reports then decides. It reports the version, which carries our effect's
// id, and the state itself: done. It counts a refusal: what was there before is put back, because
// the next start of Envoy reads the file. It reports neither: a notice of the kernel can be lost,
// so the same file is put again, three times in all, and then it is not known.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/endpoints_file.hpp"
#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace homeostat::adapters::envoy {

/// Envoy takes a filter as a whole or not at all, so its version is all that there is to see.
struct SourcesGoal {};

struct FileChange {
    std::string path;
    std::string before;  ///< The file's bytes, to be put back.
    std::string after;
    std::string version;  ///< Of `after`.
    std::variant<EndpointOrder, SwitchOrder, SourcesGoal> goal;
    std::uint64_t rejected_total{0};  ///< Of such files, before.
};

/// The version under which an effect of ours is written, and whether a file carries such a one, or
/// the watchdog's.
[[nodiscard]] std::string version_for(const EffectId& effect);
[[nodiscard]] bool is_ours(std::string_view version);

/// What is told where nothing was written.
[[nodiscard]] Outcome refused(std::string because);
[[nodiscard]] Outcome nothing_written(const Error& error);
/// A stranger's file that Envoy has not loaded: to rename one of ours onto it would lose it, to
/// rename its like would put it into force.
[[nodiscard]] Outcome file_differs(std::string_view path,
                                   std::string_view in_file,
                                   std::string_view in_envoy);

/// What Envoy makes of the goal. Of an endpoint that it does not have: not reached.
[[nodiscard]] Task<Outcome> carry_out(Admin& admin, FileChange change, Instant deadline);

}  // namespace homeostat::adapters::envoy
