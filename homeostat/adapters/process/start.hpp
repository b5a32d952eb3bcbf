#pragma once

// Starting an instance through the shim.
//
// A launch is prepared first: command, program, version and the record that it must follow are
// checked while nothing is touched yet, so that a start which cannot work never costs the process
// that runs now. The record's identity goes with the launch, and the shim compares it under the
// instance's lock: a start that comes late, after somebody else's, is refused.

#include "homeostat/adapters/process/instance_state.hpp"
#include "homeostat/adapters/process/options.hpp"
#include "homeostat/adapters/process/run_directory.hpp"
#include "homeostat/adapters/process/versions.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/os/child.hpp"
#include "homeostat/ports/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace homeostat::adapters::process {

struct Launch {
    InstanceId instance;
    EffectId effect;
    PerArtifact<VersionId> versions;
    os::Program program;         ///< The shim and the instance's command behind it.
    std::uint64_t log_bytes{0};  ///< What stood in the log before: not this process's words.
};

/// Checks what can be checked. ERRORS: absent: program or a version; invalid: command or instance;
/// refused: the program may not be executed.
[[nodiscard]] Result<Launch> prepare_launch(const Options& options,
                                            const InstanceId& instance,
                                            const PerArtifact<VersionId>& versions,
                                            const EffectId& effect);

/// Binds a launch to the record that stands there now.
void bind_to_record(Launch& launch, const InstanceState& state);

/// Runs the shim and waits until it says that the program runs. ERRORS: busy, absent, full,
/// invalid: nothing has begun; unreachable, late: read the world, it may have.
Task<Result<void>> carry_out(Launch launch,
                             Instant deadline,
                             ports::Clock& clock,
                             std::function<void(Phase)> on_phase);

/// The last words of an instance in its log since the launch: at most three lines and 400 bytes,
/// without control characters. Empty if it said nothing.
[[nodiscard]] std::string last_words(const Options& options, const Launch& launch);

}  // namespace homeostat::adapters::process
